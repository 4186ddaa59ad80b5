namespace MailCore.Storage.InMemory;

/// <summary>
/// An immutable list that grows cheaply: versions share one array and each sees only its own part of it. Only the newest version
/// may be added to, under the lock of its account; what an abandoned version wrote is overwritten.
/// </summary>
internal readonly struct AppendLog<T>
{
    private readonly T[]? _items;
    private readonly int _count;

    private AppendLog(T[] items, int count) => (_items, _count) = (items, count);

    public int Count => _count;

    public ReadOnlySpan<T> Items => _items.AsSpan(0, _count);

    public AppendLog<T> Add(T item) => Add([item]);

    public AppendLog<T> Add(ReadOnlySpan<T> items)
    {
        var room = _items ?? [];
        if (_count + items.Length > room.Length)
        {
            room = new T[Math.Max(4, Math.Max(_count + items.Length, Math.Min(_count * 2, _count + 64 * 1024)))];
            Items.CopyTo(room);
        }

        items.CopyTo(room.AsSpan(_count));
        return new AppendLog<T>(room, _count + items.Length);
    }

    /// <summary>Replaces an item in a list whose array no older version shares.</summary>
    public T Set(int index, T item) => _items![index] = item;

    public AppendLog<T> DropFirst(int count) => count == 0 ? this : new AppendLog<T>(Items[count..].ToArray(), _count - count);
}

using System.Buffers;

namespace MailCore.Imap.Sorting;

/// <summary>A list whose array comes from the pool and goes back there.</summary>
internal sealed class RentedList<T> : IDisposable
    where T : unmanaged
{
    private T[] _array = [];

    public int Count { get; private set; }

    public int Capacity => _array.Length;

    public Span<T> Span => _array.AsSpan(0, Count);

    public ref T this[int index] => ref _array[index];

    /// <summary>A list of so many, all the same.</summary>
    public static RentedList<T> Of(int count, T value)
    {
        var list = new RentedList<T>();
        list.Extend(count, value);
        return list;
    }

    public void Add(T value)
    {
        if (Count == _array.Length)
        {
            Reserve(Math.Max(1024, 2 * Count));
        }

        _array[Count++] = value;
    }

    /// <summary>Adds the same so many times.</summary>
    public void Extend(int count, T value)
    {
        Reserve(Count + count);
        _array.AsSpan(Count, count).Fill(value);
        Count += count;
    }

    /// <summary>Forgets what is behind.</summary>
    public void Truncate(int count) => Count = count;

    public void Dispose()
    {
        if (_array.Length > 0)
        {
            ArrayPool<T>.Shared.Return(_array);
        }

        (_array, Count) = ([], 0);
    }

    private void Reserve(int capacity)
    {
        if (capacity <= _array.Length)
        {
            return;
        }

        var larger = ArrayPool<T>.Shared.Rent(capacity);
        Span.CopyTo(larger);
        if (_array.Length > 0)
        {
            ArrayPool<T>.Shared.Return(_array);
        }

        _array = larger;
    }
}

namespace MailCore.Storage.InMemory;

/// <summary>
/// One column of a block: a single value for as long as all rows agree, an array after. Copies share the array; as with
/// <see cref="AppendLog{T}"/>, rows at and after a copy's count may be overwritten by its successor only.
/// </summary>
internal struct Column<T>
{
    private T _same;
    private T[]? _each;

    public readonly T this[int row] => _each is { } each ? each[row] : _same;

    /// <summary>Adds a value behind <paramref name="count"/> others; <paramref name="capacity"/> is the block's.</summary>
    public void Add(T value, int count, int capacity)
    {
        if (_each is null)
        {
            if (count == 0)
            {
                _same = value;
                return;
            }

            if (EqualityComparer<T>.Default.Equals(_same, value))
            {
                return;
            }

            _each = new T[capacity];
            Array.Fill(_each, _same, 0, count);
            _same = default!;
        }
        else if (count == _each.Length)
        {
            Array.Resize(ref _each, capacity);
        }

        _each[count] = value;
    }

    /// <summary>Replaces a value without being seen by copies.</summary>
    public void Replace(int row, T value, int count, int capacity)
    {
        var each = new T[capacity];
        for (var i = 0; i < count; i++)
        {
            each[i] = i == row ? value : this[i];
        }

        _each = each;
        _same = default!;
    }
}

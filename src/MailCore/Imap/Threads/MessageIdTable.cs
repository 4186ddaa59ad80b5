namespace MailCore.Imap.Threads;

/// <summary>Numbers for message identifiers, from 0 on in the order in which they are met. Compared octet by octet (RFC 5256 3).</summary>
internal sealed class MessageIdTable
{
    private readonly List<int> _ends = [];
    private readonly List<int> _next = [];
    private byte[] _octets = [];
    private int _used;
    private int[] _buckets = new int[64];

    public MessageIdTable() => Array.Fill(_buckets, -1);

    public int Count => _ends.Count;

    /// <summary>Octets of memory.</summary>
    public long Size => _octets.Length + (4L * (_ends.Capacity + _next.Capacity + _buckets.Length));

    /// <summary>The number of an identifier; <see cref="Count"/> grows when it is new.</summary>
    public int NumberOf(ReadOnlySpan<byte> id)
    {
        for (var number = _buckets[BucketOf(id)]; number >= 0; number = _next[number])
        {
            if (At(number).SequenceEqual(id))
            {
                return number;
            }
        }

        if (Count == _buckets.Length)
        {
            Grow();
        }

        Store(id);
        Chain(Count - 1, id);
        return Count - 1;
    }

    /// <summary>A number that no identifier has.</summary>
    public int NewNumber()
    {
        _ends.Add(_used);
        _next.Add(-1);
        return Count - 1;
    }

    private ReadOnlySpan<byte> At(int number) => _octets.AsSpan(number == 0 ? 0 : _ends[number - 1], _ends[number] - (number == 0 ? 0 : _ends[number - 1]));

    // Seeded for each process: nobody can send identifiers that all meet in one bucket.
    private int BucketOf(ReadOnlySpan<byte> id)
    {
        var hash = default(HashCode);
        hash.AddBytes(id);
        return hash.ToHashCode() & (_buckets.Length - 1);
    }

    private void Store(ReadOnlySpan<byte> id)
    {
        if (_octets.Length - _used < id.Length)
        {
            Array.Resize(ref _octets, Math.Max(2 * _octets.Length, _used + id.Length + 1024));
        }

        id.CopyTo(_octets.AsSpan(_used));
        _used += id.Length;
        _ends.Add(_used);
        _next.Add(-1);
    }

    private void Chain(int number, ReadOnlySpan<byte> id)
    {
        var bucket = BucketOf(id);
        _next[number] = _buckets[bucket];
        _buckets[bucket] = number;
    }

    private void Grow()
    {
        _buckets = new int[2 * _buckets.Length];
        Array.Fill(_buckets, -1);
        for (var number = 0; number < Count; number++)
        {
            // One without an identifier is never looked for.
            if (!At(number).IsEmpty)
            {
                Chain(number, At(number));
            }
        }
    }
}

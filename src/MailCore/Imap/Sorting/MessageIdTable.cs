namespace MailCore.Imap.Sorting;

/// <summary>Numbers for message identifiers, from 0 on in the order in which they are met. Compared octet by octet (RFC 5256 3).</summary>
internal sealed class MessageIdTable
{
    private const int Least = 64;
    private const int UsualOctets = 64;

    private int[] _ends = [];
    private int[] _next = [];
    private int[] _hashes = [];
    private byte[] _octets = [];
    private int[] _buckets = [];

    public int Count { get; private set; }

    /// <summary>Octets of memory.</summary>
    public long Size => _octets.Length + (4L * (_ends.Length + _next.Length + _hashes.Length + _buckets.Length));

    private int Used => Count == 0 ? 0 : _ends[Count - 1];

    /// <summary>The number of an identifier; <see cref="Count"/> grows when it is new.</summary>
    public int NumberOf(ReadOnlySpan<byte> id)
    {
        var hash = HashOf(id);
        if (_buckets.Length > 0)
        {
            for (var number = _buckets[BucketOf(hash)] - 1; number >= 0; number = _next[number] - 1)
            {
                if (_hashes[number] == hash && At(number).SequenceEqual(id))
                {
                    return number;
                }
            }
        }

        if (Count == _ends.Length)
        {
            Grow(Math.Max(Least, Count + (Count / 2)));
        }

        Store(id, hash);
        return Count - 1;
    }

    /// <summary>Makes room for the identifiers of all messages, when they name as many as those so far did, and no unusual lot.</summary>
    public void Expect(int messages, int all)
    {
        var count = (int)Math.Min(Count * (long)all / messages, 2L * all);
        if (count > _ends.Length)
        {
            Grow(count);
        }

        var octets = (int)Math.Min(Used * (long)all / messages, Math.Min(UsualOctets * (long)count, Array.MaxLength));
        if (octets > _octets.Length)
        {
            Array.Resize(ref _octets, octets);
        }
    }

    // Seeded for each process: nobody can send identifiers that all meet in one bucket.
    private static int HashOf(ReadOnlySpan<byte> id)
    {
        var hash = default(HashCode);
        hash.AddBytes(id);
        return hash.ToHashCode();
    }

    private int BucketOf(int hash) => (int)((uint)hash % (uint)_buckets.Length);

    private ReadOnlySpan<byte> At(int number)
    {
        var start = number == 0 ? 0 : _ends[number - 1];
        return _octets.AsSpan(start, _ends[number] - start);
    }

    private void Store(ReadOnlySpan<byte> id, int hash)
    {
        var used = Used;
        if (_octets.Length - used < id.Length)
        {
            Array.Resize(ref _octets, (int)Math.Clamp(_octets.Length * 3L / 2, checked(used + id.Length + 1024), Array.MaxLength));
        }

        id.CopyTo(_octets.AsSpan(used));
        (_ends[Count], _hashes[Count]) = (used + id.Length, hash);
        Chain(Count++);
    }

    // Both arrays hold numbers above 0, so that 0 is none.
    private void Chain(int number)
    {
        ref var bucket = ref _buckets[BucketOf(_hashes[number])];
        _next[number] = bucket;
        bucket = number + 1;
    }

    private void Grow(int capacity)
    {
        Array.Resize(ref _ends, capacity);
        Array.Resize(ref _hashes, capacity);
        _next = new int[capacity];
        _buckets = new int[capacity];
        for (var number = 0; number < Count; number++)
        {
            Chain(number);
        }
    }
}

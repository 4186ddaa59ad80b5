namespace MailCore.Mime;

/// <summary>Reads the octets of an encoded summary where they stand. Never throws: damage sets <see cref="Failed"/> and yields empty values.</summary>
internal ref struct SummarySpanReader(ReadOnlySpan<byte> octets)
{
    private const int More = 0x80;

    private readonly ReadOnlySpan<byte> _octets = octets;
    private int _position;

    public bool Failed { get; private set; }

    public readonly int Position => _position;

    public readonly bool AtEnd => _position == _octets.Length;

    public void Fail() => Failed = true;

    public byte Byte()
    {
        if (_position < _octets.Length)
            return _octets[_position++];

        Failed = true;
        return 0;
    }

    /// <summary>A number in groups of seven bits, the lowest first.</summary>
    public long Number()
    {
        ulong value = 0;
        for (var shift = 0; shift < 63; shift += 7)
        {
            var next = Byte();
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
                return (long)value;
        }

        Failed = true;
        return 0;
    }

    public ReadOnlySpan<byte> Octets()
    {
        var length = Number();
        if (length > _octets.Length - _position)
        {
            Failed = true;
            return default;
        }

        var slice = _octets.Slice(_position, (int)length);
        _position += (int)length;
        return slice;
    }

    /// <summary>Entries up to the octet that ends their list.</summary>
    public ReadOnlySpan<byte> Addresses()
    {
        var start = _position;
        while (TryEntry(out _))
        {
        }

        return _octets[start.._position];
    }

    /// <summary>False at the end of the list and at damage.</summary>
    public bool TryEntry(out AddressEntryView entry)
    {
        var flags = Byte();
        entry = default;
        if (flags < More || Failed)
            return false;

        var name = Optional(flags, 1);
        Optional(flags, 2);
        entry = new AddressEntryView
        {
            HasName = (flags & 1) != 0,
            HasMailbox = (flags & 4) != 0,
            HasHost = (flags & 8) != 0,
            Name = name,
            Mailbox = Optional(flags, 4),
            Host = Optional(flags, 8),
        };
        return !Failed;
    }

    private ReadOnlySpan<byte> Optional(int flags, int bit) => (flags & bit) != 0 ? Octets() : default;
}

namespace MailCore.Mime;

/// <summary>Reads the octets of an encoded summary. Never throws: damage sets <see cref="Failed"/> and yields empty values.</summary>
internal ref struct SummaryReader(ReadOnlyMemory<byte> octets)
{
    private readonly ReadOnlySpan<byte> _span = octets.Span;
    private int _position;

    public bool Failed { get; private set; }

    public readonly bool AtEnd => _position == _span.Length;

    public readonly ReadOnlyMemory<byte> Rest => octets[_position..];

    public void Fail() => Failed = true;

    public byte Byte()
    {
        if (_position < _span.Length)
            return _span[_position++];

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

    public int Count(int max)
    {
        var value = Number();
        if (value <= max)
            return (int)value;

        Failed = true;
        return 0;
    }

    public ReadOnlyMemory<byte> Octets()
    {
        var length = Number();
        if (length > _span.Length - _position)
        {
            Failed = true;
            return default;
        }

        var slice = octets.Slice(_position, (int)length);
        _position += (int)length;
        return slice;
    }

    // A bare null would become an empty memory, by way of byte[].
    public ReadOnlyMemory<byte>? Optional(int flags, int bit) => (flags & bit) != 0 ? Octets() : default(ReadOnlyMemory<byte>?);
}

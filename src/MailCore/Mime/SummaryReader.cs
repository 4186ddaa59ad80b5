namespace MailCore.Mime;

/// <summary>As <see cref="SummarySpanReader"/>, for values that are kept.</summary>
internal ref struct SummaryReader(ReadOnlyMemory<byte> octets)
{
    private SummarySpanReader _reader = new(octets.Span);

    public readonly bool Failed => _reader.Failed;

    public readonly bool AtEnd => _reader.AtEnd;

    public readonly ReadOnlyMemory<byte> Rest => octets[_reader.Position..];

    public void Fail() => _reader.Fail();

    public byte Byte() => _reader.Byte();

    /// <summary>A number in groups of seven bits, the lowest first.</summary>
    public long Number() => _reader.Number();

    public int Count(int max)
    {
        var value = Number();
        if (value <= max)
            return (int)value;

        Fail();
        return 0;
    }

    public ReadOnlyMemory<byte> Octets()
    {
        var length = _reader.Octets().Length;
        return octets.Slice(_reader.Position - length, length);
    }

    // A bare null would become an empty memory, by way of byte[].
    public ReadOnlyMemory<byte>? Optional(int flags, int bit) => (flags & bit) != 0 ? Octets() : default(ReadOnlyMemory<byte>?);
}

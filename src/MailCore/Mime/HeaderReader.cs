using System.Buffers;
using System.Text;

namespace MailCore.Mime;

/// <summary>
/// Enumerates the fields of a header block, up to its empty line or the end of the octets. Lines end in CRLF or LF. A line that is
/// neither a field nor the continuation of one comes as a field without a name, so that every octet belongs to some field.
/// </summary>
/// <param name="block">Octets that begin with the first field.</param>
public ref struct HeaderReader(ReadOnlySpan<byte> block)
{
    private readonly ReadOnlySpan<byte> _block = block;
    private int _position;

    /// <summary>The field that <see cref="MoveNext"/> found.</summary>
    public HeaderField Current { get; private set; }

    /// <summary>For foreach.</summary>
    public readonly HeaderReader GetEnumerator() => this;

    /// <summary>Finds the next field; false at the empty line or the end.</summary>
    public bool MoveNext()
    {
        var rest = _block[_position..];
        if (rest.IsEmpty || rest[0] == '\n' || rest.StartsWith("\r\n"u8))
            return false;

        var length = FieldLength(rest);
        Current = new HeaderField(rest[..length], _position);
        _position += length;
        return true;
    }

    private static int FieldLength(ReadOnlySpan<byte> rest)
    {
        var length = 0;
        while (true)
        {
            var end = rest[length..].IndexOf((byte)'\n');
            if (end < 0)
                return rest.Length;

            length += end + 1;
            if (length == rest.Length || rest[length] is not ((byte)' ' or (byte)'\t'))
                return length;
        }
    }
}

/// <summary>One field of a header block.</summary>
public readonly ref struct HeaderField
{
    private static readonly SearchValues<byte> NotInNames = SearchValues.Create(
        [.. Enumerable.Range(0, 33).Select(i => (byte)i), 127]);

    internal HeaderField(ReadOnlySpan<byte> raw, int offset)
    {
        Raw = raw;
        Offset = offset;
        var colon = raw.IndexOf((byte)':');
        var name = colon < 0 ? default : raw[..colon].TrimEnd(" \t"u8);
        if (name.ContainsAny(NotInNames))
            name = default;

        Name = name;
        RawValue = name.IsEmpty ? raw : raw[(colon + 1)..];
    }

    /// <summary>Without the colon and white space before it; empty for a broken line.</summary>
    public ReadOnlySpan<byte> Name { get; }

    /// <summary>All behind the colon, with folding and the last line end; the whole line for a broken one.</summary>
    public ReadOnlySpan<byte> RawValue { get; }

    /// <summary>The field as it stands, from the first octet of its name to its last line end.</summary>
    public ReadOnlySpan<byte> Raw { get; }

    /// <summary>Of <see cref="Raw"/>, from the start of the block.</summary>
    public int Offset { get; }

    /// <summary>Whether the name is this one, without regard to case.</summary>
    public bool Is(ReadOnlySpan<byte> name) => Ascii.EqualsIgnoreCase(Name, name);

    /// <summary>
    /// Writes the value unfolded and without white space around it; octets inside are not changed otherwise.
    /// </summary>
    /// <param name="destination">At least as long as <see cref="RawValue"/>.</param>
    /// <returns>Octets written.</returns>
    public int Unfold(Span<byte> destination)
    {
        var value = RawValue.Trim(" \t\r\n"u8);
        var written = 0;
        while (true)
        {
            var end = value.IndexOf((byte)'\n');
            if (end < 0)
            {
                value.CopyTo(destination[written..]);
                return written + value.Length;
            }

            var line = end > 0 && value[end - 1] == '\r' ? value[..(end - 1)] : value[..end];
            line.CopyTo(destination[written..]);
            written += line.Length;
            value = value[(end + 1)..];
        }
    }
}

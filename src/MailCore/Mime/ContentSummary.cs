using System.Text;

namespace MailCore.Mime;

/// <summary>What of a part's encoded fields decides how its body is read.</summary>
internal readonly ref struct ContentSummary
{
    private readonly ReadOnlySpan<byte> _type;
    private readonly ReadOnlySpan<byte> _subtype;
    private readonly ReadOnlySpan<byte> _parameters;

    /// <param name="fields">As <see cref="HeaderBlock"/> wrote them, the type first.</param>
    /// <param name="typeLength">Octets of the type with its parameters; 0 when there is none.</param>
    /// <param name="present">Which fields follow.</param>
    public ContentSummary(ReadOnlySpan<byte> fields, int typeLength, PartFields present)
    {
        var rest = fields[typeLength..];
        TransferEncoding = present.HasFlag(PartFields.TransferEncoding) ? Take(ref rest) : default;
        if (typeLength == 0)
            return;

        rest = fields[..typeLength];
        _type = Take(ref rest);
        _subtype = Take(ref rest);
        _parameters = rest;
    }

    public ReadOnlySpan<byte> TransferEncoding { get; }

    public ReadOnlySpan<byte> Charset => Parameter("charset"u8);

    public MediaKind Kind =>
        Ascii.EqualsIgnoreCase(_type, "multipart"u8) ? MediaKind.Multipart
        : Ascii.EqualsIgnoreCase(_type, "message"u8) && (Ascii.EqualsIgnoreCase(_subtype, "rfc822"u8) || Ascii.EqualsIgnoreCase(_subtype, "global"u8))
            ? MediaKind.Message : MediaKind.Leaf;

    public bool IsDigest => Kind == MediaKind.Multipart && Ascii.EqualsIgnoreCase(_subtype, "digest"u8);

    public bool IsHtml => Ascii.EqualsIgnoreCase(_type, "text"u8) && Ascii.EqualsIgnoreCase(_subtype, "html"u8);

    /// <summary>Whether a preview can be made of it.</summary>
    public bool IsReadable => _type.IsEmpty || IsHtml || (Ascii.EqualsIgnoreCase(_type, "text"u8) && Ascii.EqualsIgnoreCase(_subtype, "plain"u8));

    /// <summary>The boundary without the white space that it can't end in; nothing when there is none.</summary>
    public void Boundary(ref PooledBytes into)
    {
        var plain = Parameter("boundary"u8).TrimEnd(" \t"u8);
        if (!plain.IsEmpty)
        {
            into.Append(plain);
            return;
        }

        // RFC 2231 applies to every parameter; charset and language mean nothing here.
        var extended = Parameter("boundary*"u8);
        ParameterText.PercentDecode(extended[(extended.LastIndexOf((byte)'\'') + 1)..], ref into);
    }

    private ReadOnlySpan<byte> Parameter(ReadOnlySpan<byte> name)
    {
        var rest = _parameters;
        for (var left = rest.IsEmpty ? 0 : Number(ref rest); left > 0; left--)
        {
            var found = Take(ref rest);
            var value = Take(ref rest);
            if (Ascii.EqualsIgnoreCase(found, name))
                return value;
        }

        return default;
    }

    private static ReadOnlySpan<byte> Take(scoped ref ReadOnlySpan<byte> rest)
    {
        var length = Number(ref rest);
        var value = rest[..length];
        rest = rest[length..];
        return value;
    }

    private static int Number(scoped ref ReadOnlySpan<byte> rest)
    {
        int value = 0, shift = 0, index = 0;
        do
        {
            value |= (rest[index] & 0x7F) << shift;
            shift += 7;
        }
        while (rest[index++] >= 0x80);

        rest = rest[index..];
        return value;
    }
}

using System.Buffers;

namespace MailCore.Smtp.Wire;

/// <summary>
/// The parameters behind a path (RFC 5321 4.1.2 Mail-parameters): keywords, each with or without a value. Spaces may repeat.
/// </summary>
internal ref struct EsmtpParameters(ReadOnlySpan<byte> text)
{
    private static readonly SearchValues<byte> KeywordOctets = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-"u8);

    private ReadOnlySpan<byte> _rest = text;

    /// <summary>Compare without case.</summary>
    public ReadOnlySpan<byte> Keyword { get; private set; }

    /// <summary>Empty also where <see cref="HasValue"/> is false.</summary>
    public ReadOnlySpan<byte> Value { get; private set; }

    public bool HasValue { get; private set; }

    /// <summary>The value holds no octet of UTF-8; few parameters may (RFC 6531 3.3).</summary>
    public readonly bool IsAscii => !Value.ContainsAnyInRange((byte)0x80, (byte)0xff);

    /// <summary>What stands next is no parameter.</summary>
    public bool IsMalformed { get; private set; }

    /// <summary>False at the end and at something malformed.</summary>
    public bool MoveNext()
    {
        var rest = _rest.TrimStart((byte)' ');
        if (rest.IsEmpty)
        {
            return false;
        }

        // The first one is set off from the path by a space, too.
        IsMalformed = rest.Length == _rest.Length;
        var end = rest.IndexOf((byte)' ');
        var parameter = end < 0 ? rest : rest[..end];
        _rest = rest[parameter.Length..];
        var equals = parameter.IndexOf((byte)'=');
        HasValue = equals >= 0;
        Keyword = HasValue ? parameter[..equals] : parameter;
        Value = HasValue ? parameter[(equals + 1)..] : default;
        IsMalformed |= Keyword.IsEmpty || Keyword[0] == '-' || Keyword.ContainsAnyExcept(KeywordOctets)
            || (HasValue && (Value.IsEmpty || Value.Contains((byte)'=') || Value.ContainsAnyInRange((byte)0, (byte)' ') || Value.Contains((byte)0x7f)));
        return !IsMalformed;
    }
}

namespace MailCore.Pop3.Wire;

/// <summary>A command line: a keyword, and what stands behind the first space (RFC 1939 3).</summary>
internal readonly ref struct Pop3Line
{
    private Pop3Line(ReadOnlySpan<byte> keyword, ReadOnlySpan<byte> rest)
    {
        Keyword = keyword;
        Rest = rest;
    }

    public ReadOnlySpan<byte> Keyword { get; }

    /// <summary>Everything, as in a password with spaces at its ends.</summary>
    public ReadOnlySpan<byte> Rest { get; }

    /// <summary>Without spaces at the ends.</summary>
    public ReadOnlySpan<byte> Argument => Rest.Trim((byte)' ');

    public static Pop3Line Parse(ReadOnlySpan<byte> line)
    {
        var space = line.IndexOf((byte)' ');
        return space < 0 ? new(line, default) : new(line[..space], line[(space + 1)..]);
    }

    /// <summary>Cuts the first word off; empty when there is none.</summary>
    public static ReadOnlySpan<byte> TakeWord(ref ReadOnlySpan<byte> text)
    {
        text = text.TrimStart((byte)' ');
        var space = text.IndexOf((byte)' ');
        var word = space < 0 ? text : text[..space];
        text = space < 0 ? default : text[(space + 1)..].TrimStart((byte)' ');
        return word;
    }

    /// <summary>Reads decimal digits and nothing else; a number too large for any message becomes <see cref="long.MaxValue"/>.</summary>
    public static bool TryParseNumber(ReadOnlySpan<byte> text, out long number)
    {
        number = 0;
        if (text.IsEmpty)
        {
            return false;
        }

        foreach (var octet in text)
        {
            if (!char.IsAsciiDigit((char)octet))
            {
                return false;
            }

            var digit = octet - '0';
            number = number > (long.MaxValue - digit) / 10 ? long.MaxValue : number * 10 + digit;
        }

        return true;
    }
}

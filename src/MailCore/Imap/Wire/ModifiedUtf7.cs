using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace MailCore.Imap.Wire;

/// <summary>
/// Mailbox names as IMAP4rev1 writes them (RFC 3501 5.1.3): printable ASCII stands for itself, '&amp;' for "&amp;-", and all else is
/// UTF-16 in base64 with ',' for '/'. Each name has exactly one form; no other is understood.
/// </summary>
internal static class ModifiedUtf7
{
    private const string Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

    public static bool IsDirect(string name)
    {
        foreach (var c in name)
        {
            if (!IsPrintable(c) || c == '&')
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The name in ASCII.</summary>
    public static string Encode(string name)
    {
        if (IsDirect(name))
        {
            return name;
        }

        var text = new StringBuilder(name.Length * 2);
        for (var i = 0; i < name.Length;)
        {
            if (name[i] == '&')
            {
                text.Append("&-");
                i++;
            }
            else if (IsPrintable(name[i]))
            {
                text.Append(name[i++]);
            }
            else
            {
                i = EncodeRun(name, i, text);
            }
        }

        return text.ToString();
    }

    /// <summary>The name in Unicode; false for octets that are not the one form of a name. Lone surrogates pass: what is a name is not decided here.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> octets, [NotNullWhen(true)] out string? name)
    {
        name = null;
        var text = new StringBuilder(octets.Length);
        var afterRun = false;
        while (!octets.IsEmpty)
        {
            var c = (char)octets[0];
            octets = octets[1..];
            if (!IsPrintable(c))
            {
                return false;
            }

            if (c != '&')
            {
                text.Append(c);
                afterRun = false;
                continue;
            }

            var end = octets.IndexOf((byte)'-');
            if (end < 0)
            {
                return false;
            }

            if (end == 0)
            {
                text.Append('&');
                afterRun = false;
            }
            else if (afterRun || !TryDecodeRun(octets[..end], text))
            {
                // Two runs that touch would be a second form of the same name.
                return false;
            }
            else
            {
                afterRun = true;
            }

            octets = octets[(end + 1)..];
        }

        name = text.ToString();
        return true;
    }

    private static bool IsPrintable(char c) => c is >= ' ' and <= '~';

    private static int EncodeRun(string name, int at, StringBuilder text)
    {
        text.Append('&');
        var bits = 0;
        var count = 0;
        for (; at < name.Length && !IsPrintable(name[at]); at++)
        {
            bits = (bits << 16) | name[at];
            count += 16;
            while (count >= 6)
            {
                count -= 6;
                text.Append(Digits[(bits >> count) & 63]);
            }

            bits &= (1 << count) - 1;
        }

        if (count > 0)
        {
            text.Append(Digits[(bits << (6 - count)) & 63]);
        }

        text.Append('-');
        return at;
    }

    private static bool TryDecodeRun(ReadOnlySpan<byte> digits, StringBuilder text)
    {
        var bits = 0;
        var count = 0;
        foreach (var digit in digits)
        {
            var value = Digits.IndexOf((char)digit);
            if (value < 0)
            {
                return false;
            }

            bits = (bits << 6) | value;
            count += 6;
            if (count >= 16)
            {
                count -= 16;
                var c = (char)(bits >> count);
                if (IsPrintable(c))
                {
                    return false;
                }

                text.Append(c);
                bits &= (1 << count) - 1;
            }
        }

        // Bits left over are padding: fewer than a digit, and zero.
        return count < 6 && bits == 0;
    }
}

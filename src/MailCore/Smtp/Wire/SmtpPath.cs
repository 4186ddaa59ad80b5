using System.Text.Unicode;
using MailCore.Messaging;

namespace MailCore.Smtp.Wire;

/// <summary>A Reverse-path or Forward-path in angle brackets (RFC 5321 4.1.2, RFC 6531 3.3).</summary>
/// <param name="Address">Null for "&lt;&gt;".</param>
/// <param name="Length">Octets from '&lt;' to '&gt;'.</param>
/// <param name="IsInternationalized">It holds octets outside ASCII.</param>
internal readonly record struct SmtpPath(EmailAddress? Address, int Length, bool IsInternationalized)
{
    private const int MaxMailbox = EmailAddress.MaxLocalPart * 2 + 3 + EmailAddress.MaxDomain;

    /// <summary>Reads the path that <paramref name="text"/> begins with. A source route is checked and forgotten (RFC 5321 C).</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out SmtpPath path)
    {
        path = default;
        var end = FindEnd(text);
        if (end < 0)
        {
            return false;
        }

        var inner = text[1..end];
        if (inner.IsEmpty)
        {
            path = new SmtpPath(null, end + 1, false);
            return true;
        }

        Span<char> characters = stackalloc char[MaxMailbox];
        if ((inner[0] == '@' && !SkipRoute(ref inner))
            || Utf8.ToUtf16(inner, characters, out _, out var count, replaceInvalidSequences: false) != System.Buffers.OperationStatus.Done)
        {
            return false;
        }

        EmailAddress? address;
        if (count == 10 && characters[..count].Equals("postmaster", StringComparison.OrdinalIgnoreCase))
        {
            address = EmailAddress.Postmaster;
        }
        else if (!EmailAddress.TryParse(characters[..count], out address))
        {
            return false;
        }

        path = new SmtpPath(address, end + 1, inner.ContainsAnyInRange((byte)0x80, (byte)0xff));
        return true;
    }

    /// <summary>The '&gt;' that stands outside quotes, or -1.</summary>
    private static int FindEnd(ReadOnlySpan<byte> text)
    {
        if (text.IsEmpty || text[0] != '<')
        {
            return -1;
        }

        var isQuoted = false;
        for (var i = 1; i < text.Length; i++)
        {
            switch (text[i])
            {
                case (byte)'>' when !isQuoted:
                    return i;
                case (byte)'"':
                    isQuoted = !isQuoted;
                    break;
                case (byte)'\\' when isQuoted:
                    i++;
                    break;
            }
        }

        return -1;
    }

    /// <summary>A-d-l of RFC 5321 4.1.2: "@one,@two:".</summary>
    private static bool SkipRoute(ref ReadOnlySpan<byte> text)
    {
        Span<char> characters = stackalloc char[EmailAddress.MaxDomain + 1];
        while (!text.IsEmpty && text[0] == '@')
        {
            // A literal of IPv6 holds colons.
            var literal = text.Length > 1 && text[1] == '[' ? text.IndexOf((byte)']') : 0;
            if (literal < 0)
            {
                return false;
            }

            var length = text[literal..].IndexOfAny((byte)',', (byte)':') + literal;
            if (length <= literal
                || Utf8.ToUtf16(text[1..length], characters, out _, out var count, replaceInvalidSequences: false) != System.Buffers.OperationStatus.Done
                || !EmailAddress.IsDomain(characters[..count]))
            {
                return false;
            }

            var isLast = text[length] == ':';
            text = text[(length + 1)..];
            if (isLast)
            {
                return !text.IsEmpty && text[0] != '@';
            }
        }

        return false;
    }
}

using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Text;

namespace MailCore.Messaging;

/// <summary>
/// An SMTP mailbox (RFC 5321 4.1.2, RFC 6531 3.3): a local part and a domain, both as text. The local part is kept unquoted and
/// compares ordinally; the domain compares without case. Never holds CR, LF, NUL or another control character.
/// </summary>
public sealed class EmailAddress : IEquatable<EmailAddress>
{
    /// <summary>Octets of a local part, RFC 5321 4.5.3.1.1.</summary>
    public const int MaxLocalPart = 64;

    /// <summary>Octets of a domain, RFC 5321 4.5.3.1.2.</summary>
    public const int MaxDomain = 255;

    private static readonly SearchValues<char> AtomSpecials = SearchValues.Create("()<>[]:;@\\,.\" ");

    // Written into trace fields and logs several times over; any thread makes the same text.
    private string? _text;

    private EmailAddress(string localPart, string domain) => (LocalPart, Domain) = (localPart, domain);

    /// <summary>Without quotes and backslashes.</summary>
    public string LocalPart { get; }

    /// <summary>As written, without a trailing dot; an address literal keeps its brackets. Empty only for a bare "postmaster".</summary>
    public string Domain { get; }

    /// <summary>Whether either part holds a character outside ASCII, so that SMTPUTF8 is needed.</summary>
    public bool IsInternationalized => !Ascii.IsValid(LocalPart) || !Ascii.IsValid(Domain);

    /// <summary>The local part quoted where the grammar wants it, '@' and the domain: what goes over the wire.</summary>
    public override string ToString() => _text ??= Write();

    /// <summary>Parses or throws <see cref="FormatException"/>.</summary>
    public static EmailAddress Parse(string text) =>
        TryParse(text, out var address) ? address : throw new FormatException($"'{text}' is not an e-mail address.");

    /// <summary>Parses a Mailbox without brackets. Quoted local parts, address literals and UTF-8 are understood; source routes are not part of an address.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, [NotNullWhen(true)] out EmailAddress? address) =>
        TryParse(text.AsSpan(), out address);

    /// <inheritdoc cref="TryParse(string?, out EmailAddress?)"/>
    public static bool TryParse(ReadOnlySpan<char> text, [NotNullWhen(true)] out EmailAddress? address)
    {
        address = null;
        if (text.IsEmpty || IsIllFormed(text) || !TryLocalPart(text, out var local, out var rest)
            || rest.Length < 2 || rest[0] != '@' || !TryDomain(rest[1..], out var domain))
        {
            return false;
        }

        address = new EmailAddress(local, domain);
        return true;
    }

    /// <summary>The bare "postmaster" that RFC 5321 4.1.1.3 allows in RCPT TO; its domain is empty.</summary>
    public static EmailAddress Postmaster { get; } = new("postmaster", "");

    /// <summary>The same local part at another domain.</summary>
    public EmailAddress WithDomain(string domain) =>
        !IsIllFormed(domain) && TryDomain(domain, out var valid) ? new EmailAddress(LocalPart, valid) : throw new FormatException($"'{domain}' is not a mail domain.");

    /// <summary>Another local part, unquoted, at the same domain.</summary>
    public EmailAddress WithLocalPart(string localPart)
    {
        ArgumentNullException.ThrowIfNull(localPart);
        return localPart.Length > 0 && Encoding.UTF8.GetByteCount(localPart) <= MaxLocalPart && !ContainsControl(localPart) && !IsIllFormed(localPart)
            ? new EmailAddress(localPart, Domain)
            : throw new FormatException($"'{localPart}' is not a local part.");
    }

    /// <summary>Whether the text is a domain name or address literal as RFC 5321 4.1.2 and 4.1.3 have it; U-labels are allowed.</summary>
    public static bool IsDomain(ReadOnlySpan<char> text) => !IsIllFormed(text) && TryTrimDomain(ref text);

    /// <inheritdoc/>
    public bool Equals([NotNullWhen(true)] EmailAddress? other) =>
        other is not null && LocalPart == other.LocalPart && string.Equals(Domain, other.Domain, StringComparison.OrdinalIgnoreCase);

    /// <inheritdoc/>
    public override bool Equals([NotNullWhen(true)] object? obj) => Equals(obj as EmailAddress);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(LocalPart, StringComparer.OrdinalIgnoreCase.GetHashCode(Domain));

    private string Write()
    {
        var local = IsDotString(LocalPart) ? LocalPart : Quote(LocalPart);
        return Domain.Length == 0 ? local : $"{local}@{Domain}";
    }

    /// <summary>Lone surrogates can't be written as UTF-8, and U+FFFD stands for something lost.</summary>
    private static bool IsIllFormed(ReadOnlySpan<char> text)
    {
        if (!Ascii.IsValid(text))
        {
            foreach (var rune in text.EnumerateRunes())
            {
                if (rune == Rune.ReplacementChar)
                {
                    return true;
                }
            }
        }

        return false;
    }

    private static bool TryLocalPart(ReadOnlySpan<char> text, out string local, out ReadOnlySpan<char> rest)
    {
        local = "";
        rest = default;
        if (text[0] == '"')
        {
            var unquoted = new StringBuilder();
            for (var i = 1; i < text.Length; i++)
            {
                var c = text[i];
                if (c == '"')
                {
                    local = unquoted.ToString();
                    rest = text[(i + 1)..];
                    return Encoding.UTF8.GetByteCount(local) <= MaxLocalPart;
                }

                if (c == '\\' && ++i < text.Length)
                {
                    c = text[i];
                }

                if (char.IsControl(c) || i >= text.Length)
                {
                    return false;
                }

                unquoted.Append(c);
            }

            return false;
        }

        var at = text.IndexOf('@');
        if (at <= 0 || !IsDotString(text[..at]) || Encoding.UTF8.GetByteCount(text[..at]) > MaxLocalPart)
        {
            return false;
        }

        local = text[..at].ToString();
        rest = text[at..];
        return true;
    }

    private static bool IsDotString(ReadOnlySpan<char> text)
    {
        foreach (var range in text.Split('.'))
        {
            var atom = text[range];
            if (atom.IsEmpty || atom.ContainsAny(AtomSpecials) || ContainsControl(atom))
            {
                return false;
            }
        }

        return true;
    }

    private static bool ContainsControl(ReadOnlySpan<char> text)
    {
        foreach (var c in text)
        {
            if (char.IsControl(c))
            {
                return true;
            }
        }

        return false;
    }

    private static bool TryDomain(ReadOnlySpan<char> text, out string domain)
    {
        var isDomain = TryTrimDomain(ref text);
        domain = isDomain ? text.ToString() : "";
        return isDomain;
    }

    private static bool TryTrimDomain(ref ReadOnlySpan<char> text)
    {
        if (text.Length > 1 && text[^1] == '.' && text[0] != '[')
        {
            text = text[..^1];
        }

        return !text.IsEmpty && Encoding.UTF8.GetByteCount(text) <= MaxDomain && (text[0] == '[' ? IsLiteral(text) : IsName(text));
    }

    private static bool IsName(ReadOnlySpan<char> text)
    {
        foreach (var range in text.Split('.'))
        {
            var label = text[range];
            if (label.IsEmpty || label.Length > 63 || label[0] == '-' || label[^1] == '-')
            {
                return false;
            }

            foreach (var c in label)
            {
                // '_' is not in the grammar but is in use; U-labels are any letter outside ASCII.
                if (!(char.IsAsciiLetterOrDigit(c) || c is '-' or '_' || (c >= 0x80 && !char.IsControl(c))))
                {
                    return false;
                }
            }
        }

        return true;
    }

    private static bool IsLiteral(ReadOnlySpan<char> text)
    {
        if (text[^1] != ']')
        {
            return false;
        }

        var inner = text[1..^1];
        return inner.StartsWith("IPv6:", StringComparison.OrdinalIgnoreCase)
            ? inner.Contains(':') && IPAddress.TryParse(inner[5..], out var six) && six.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6
            : inner.Count('.') == 3 && IPAddress.TryParse(inner, out var four) && four.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork;
    }

    private static string Quote(string local)
    {
        var quoted = new StringBuilder(local.Length + 2).Append('"');
        foreach (var c in local)
        {
            if (c is '"' or '\\')
            {
                quoted.Append('\\');
            }

            quoted.Append(c);
        }

        return quoted.Append('"').ToString();
    }
}

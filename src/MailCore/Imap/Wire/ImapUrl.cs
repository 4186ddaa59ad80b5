using System.Text;
using MailCore.Storage;

namespace MailCore.Imap.Wire;

/// <summary>A URL of a message or a part of one on this server (RFC 5092), relative to the user's mail or to the selected mailbox.</summary>
/// <param name="Mailbox">Null for the selected one.</param>
/// <param name="UidValidity">Null for any.</param>
/// <param name="Uid">Of the message.</param>
/// <param name="Section">What of it; with a part of that, too (RFC 5550 3).</param>
internal sealed record ImapUrl(MailboxName? Mailbox, uint? UidValidity, Uid Uid, FetchItem Section)
{
    private const string Uidvalidity = ";UIDVALIDITY=";

    /// <summary>Null for what is no such URL, and for one with a server's name.</summary>
    public static ImapUrl? Parse(ReadOnlySpan<byte> url)
    {
        if (!Ascii.IsValid(url))
        {
            return null;
        }

        var text = Encoding.ASCII.GetString(url);
        if (text.StartsWith("//", StringComparison.Ordinal) || text.StartsWith("imap:", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        var place = Take(ref text, ";UID=");
        if (place is not ("" or [.., '/']) || !TryPlace(place.TrimEnd('/'), out var mailbox, out var validity))
        {
            return null;
        }

        var partial = TakeLast(ref text, "/;PARTIAL=");
        var section = TakeLast(ref text, "/;SECTION=");
        return TryNumber(text, out var uid) && SectionOf(section ?? "") is { } item && TryPartial(partial, ref item)
            ? new ImapUrl(mailbox, validity, new Uid(uid), item)
            : null;
    }

    /// <summary>A URL as it may stand in a response code (RFC 4469 5): whatever the client sent.</summary>
    public static string ToResponseText(ReadOnlySpan<byte> url)
    {
        var text = new StringBuilder();
        foreach (var octet in url[..Math.Min(url.Length, 1024)])
        {
            _ = octet is > 0x20 and < 0x7F and not ((byte)']' or (byte)'"' or (byte)'\\')
                ? text.Append((char)octet)
                : text.Append(System.Globalization.CultureInfo.InvariantCulture, $"%{octet:X2}");
        }

        return text.ToString();
    }

    // What stands before the words, which the rest then no longer has.
    private static string? Take(ref string text, string words)
    {
        var at = text.IndexOf(words, StringComparison.OrdinalIgnoreCase);
        if (at < 0)
        {
            return null;
        }

        var before = text[..at];
        text = text[(at + words.Length)..];
        return before;
    }

    private static string? TakeLast(ref string text, string words)
    {
        var at = text.IndexOf(words, StringComparison.OrdinalIgnoreCase);
        if (at < 0)
        {
            return null;
        }

        var after = text[(at + words.Length)..];
        text = text[..at];
        return after;
    }

    private static bool TryPlace(string place, out MailboxName? mailbox, out uint? validity)
    {
        (mailbox, validity) = (null, null);
        if (TakeLast(ref place, Uidvalidity) is { } given)
        {
            if (!TryNumber(given, out var number))
            {
                return false;
            }

            validity = number;
        }

        var name = place.StartsWith('/') ? place[1..] : place;
        if (name.Length == 0)
        {
            return true;
        }

        if (Decode(name) is not { } octets || !System.Text.Unicode.Utf8.IsValid(octets) || !MailboxName.TryParse(Encoding.UTF8.GetString(octets), out var parsed))
        {
            return false;
        }

        mailbox = parsed;
        return true;
    }

    private static FetchItem? SectionOf(string section)
    {
        if (Decode(section) is not { } octets)
        {
            return null;
        }

        var reader = new ImapReader([.. "BODY.PEEK["u8, .. octets, (byte)']'], maxDepth: 1);
        var items = reader.FetchItems();
        reader.End();
        return !reader.Failed && items is [{ Kind: FetchKind.Section } item] ? item : null;
    }

    private static bool TryPartial(string? partial, ref FetchItem item)
    {
        if (partial is null)
        {
            return true;
        }

        var cut = partial.IndexOf('.', StringComparison.Ordinal);
        var length = 0u;
        if (!TryNumber(cut < 0 ? partial : partial[..cut], out var start, mayBeZero: true) || (cut >= 0 && !TryNumber(partial[(cut + 1)..], out length)))
        {
            return false;
        }

        item = item with { PartialStart = start, PartialLength = cut < 0 ? null : length };
        return true;
    }

    private static bool TryNumber(string text, out uint number, bool mayBeZero = false) =>
        uint.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out number) && (mayBeZero || number > 0);

    private static byte[]? Decode(string text)
    {
        var octets = new List<byte>(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '%')
            {
                octets.Add((byte)text[i]);
            }
            else if (i + 2 < text.Length && byte.TryParse(text.AsSpan(i + 1, 2), System.Globalization.NumberStyles.AllowHexSpecifier, System.Globalization.CultureInfo.InvariantCulture, out var octet))
            {
                octets.Add(octet);
                i += 2;
            }
            else
            {
                return null;
            }
        }

        return [.. octets];
    }
}

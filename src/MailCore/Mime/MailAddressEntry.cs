using System.Text;

namespace MailCore.Mime;

/// <summary>
/// One address in the form of RFC 9051's ENVELOPE. A group begins with an entry that has a <see cref="Mailbox"/> (the group's
/// name) and no <see cref="Host"/>, and ends with an entry that has neither. An address without a domain has an empty host, not
/// a missing one. The octets are as in the header, quotes and backslashes removed; encoded words stay encoded.
/// </summary>
/// <param name="Name">Display name, or the trailing comment where there is none.</param>
/// <param name="Route">Source route (RFC 5322 4.4 obs-route) with its '@' signs and without the colon.</param>
/// <param name="Mailbox">Local part or name of a group.</param>
/// <param name="Host">Domain.</param>
public readonly record struct MailAddressEntry(
    ReadOnlyMemory<byte>? Name,
    ReadOnlyMemory<byte>? Route,
    ReadOnlyMemory<byte>? Mailbox,
    ReadOnlyMemory<byte>? Host)
{
    /// <summary>Whether this entry opens a group.</summary>
    public bool IsGroupStart => Mailbox is not null && Host is null;

    /// <summary>Whether this entry closes a group.</summary>
    public bool IsGroupEnd => Mailbox is null && Host is null;

    /// <summary>The display name with encoded words decoded; null when there is none.</summary>
    public string? DecodedName => Name is { } name ? EncodedWords.Decode(name.Span) : null;

    /// <summary>Local part, '@' and domain as text; null for a group's marks.</summary>
    public string? Address
    {
        get
        {
            if (Mailbox is not { } mailbox || Host is not { } host)
                return null;

            var local = Encoding.UTF8.GetString(mailbox.Span);
            return host.IsEmpty ? local : $"{local}@{Encoding.UTF8.GetString(host.Span)}";
        }
    }

    /// <summary>For debuggers and logs.</summary>
    public override string ToString() =>
        IsGroupStart ? $"{Encoding.UTF8.GetString(Mailbox!.Value.Span)}:" : IsGroupEnd ? ";" : Name is null ? $"<{Address}>" : $"{DecodedName} <{Address}>";
}

using System.Security.Cryptography;
using MailCore.Authentication;
using MailCore.Storage;

namespace MailCore.Imap.Notify;

/// <summary>What a client has been told of a mailbox that it listens to.</summary>
/// <param name="name">The client's name for it.</param>
/// <param name="info">As it was then, with the name that its owner has for it.</param>
/// <param name="rights">Of the user.</param>
internal sealed class WatchedMailbox(string name, MailboxInfo info, MailboxRights rights)
{
    public string Name => name;

    public MailboxInfo Info { get; set; } = info;

    /// <summary>Those the rules name, whatever the rights.</summary>
    public NotifyEvents Named { get; init; }

    /// <summary>RFC 5465 5: all events need the right to read.</summary>
    public bool HasNoAccess { get; } = !MailboxPermissions.Allows(rights, MailboxOperation.Read);

    public NotifyEvents Events => HasNoAccess ? NotifyEvents.None : Named;

    /// <summary>Digests of its annotations; null while they are not of interest.</summary>
    public Dictionary<string, Guid>? Metadata { get; set; }

    public static Guid DigestOf(ReadOnlySpan<byte> value)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(value, digest);
        return new Guid(digest[..16]);
    }

    public static Dictionary<string, Guid> DigestsOf(IEnumerable<MetadataEntry> entries) =>
        entries.ToDictionary(static entry => entry.Entry, static entry => DigestOf(entry.Value.Span));

    /// <summary>Names that are in one and not in the other, or with other values.</summary>
    public static List<string> Differences(Dictionary<string, Guid> before, Dictionary<string, Guid> after) =>
        [.. before.Keys.Union(after.Keys)
            .Where(entry => !before.TryGetValue(entry, out var old) || !after.TryGetValue(entry, out var now) || old != now)
            .Order(StringComparer.Ordinal)];
}

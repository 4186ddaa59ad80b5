using System.Security.Cryptography;
using MailCore.Authentication;
using MailCore.Storage;

namespace MailCore.Imap.Notify;

/// <summary>What a client has been told of a mailbox that it listens to.</summary>
internal sealed class WatchedMailbox(MailboxInfo info, MailboxRights rights)
{
    public MailboxInfo Info { get; set; } = info;

    public MailboxRights Rights { get; set; } = rights;

    /// <summary>Those the rules name, whatever the rights.</summary>
    public NotifyEvents Named { get; set; }

    /// <summary>RFC 5465 5: all events need the right to read.</summary>
    public bool HasNoAccess => !Rights.HasFlag(MailboxRights.Read);

    public NotifyEvents Events => HasNoAccess ? NotifyEvents.None : Named;

    /// <summary>Digests of its annotations; null while they are not of interest.</summary>
    public Dictionary<string, Guid>? Metadata { get; set; }

    public static Guid DigestOf(ReadOnlySpan<byte> value)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(value, digest);
        return new Guid(digest[..16]);
    }

    public static Dictionary<string, Guid> DigestsOf(IReadOnlyList<MetadataEntry> entries) =>
        entries.ToDictionary(static entry => entry.Entry, static entry => DigestOf(entry.Value.Span));

    /// <summary>Names that are in one and not in the other, or with other values.</summary>
    public static List<string> Differences(Dictionary<string, Guid> before, Dictionary<string, Guid> after) =>
        [.. before.Keys.Union(after.Keys)
            .Where(entry => !before.TryGetValue(entry, out var old) || !after.TryGetValue(entry, out var now) || old != now)
            .Order(StringComparer.Ordinal)];
}

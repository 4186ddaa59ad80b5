using System.Collections.Immutable;

namespace MailCore.Storage.InMemory;

/// <summary>A mailbox that was deleted: its rows stay readable for a while.</summary>
internal sealed record DeletedMailbox(DateTimeOffset Expires, MailboxState State);

/// <summary>One account at one moment; immutable.</summary>
internal sealed record AccountState
{
    public static ImmutableSortedDictionary<string, byte[]> NoMetadata { get; } = ImmutableSortedDictionary.Create<string, byte[]>(StringComparer.Ordinal);

    public long ModSeq { get; init; }

    /// <summary>When a mailbox was last created, renamed, deleted or (un)subscribed, or the metadata below was set.</summary>
    public long StructureModSeq { get; init; }

    public ImmutableDictionary<MailboxId, MailboxState> Mailboxes { get; init; } = ImmutableDictionary<MailboxId, MailboxState>.Empty;

    public ImmutableSortedDictionary<string, MailboxId> Names { get; init; } = ImmutableSortedDictionary.Create<string, MailboxId>(StringComparer.Ordinal);

    public ImmutableSortedSet<string> Subscriptions { get; init; } = ImmutableSortedSet.Create<string>(StringComparer.Ordinal);

    public ImmutableList<DeletedMailbox> Deleted { get; init; } = [];

    /// <summary>Deletions for the feed, oldest first.</summary>
    public AppendLog<(long ModSeq, MailboxId Id)> Removed { get; init; }

    /// <summary>Deletions up to this ModSeq may be missing.</summary>
    public long OldestKept { get; init; }

    /// <summary>The highest UIDVALIDITY that a name had and has no more.</summary>
    public ImmutableDictionary<string, uint> UsedValidities { get; init; } = ImmutableDictionary<string, uint>.Empty;

    public uint LastUidValidity { get; init; }

    public long QuotaUsed { get; init; }

    public long? QuotaLimit { get; init; }

    public long Messages { get; init; }

    public long? MessageLimit { get; init; }

    public ImmutableSortedDictionary<string, byte[]> Metadata { get; init; } = NoMetadata;
}

namespace MailCore.Storage;

/// <summary>A mailbox as of the answer that holds it.</summary>
/// <param name="Id">Stable across renames.</param>
/// <param name="Name">Full name, hierarchy levels separated by '/', Unicode; the inbox is always "INBOX".</param>
/// <param name="UidValidity">RFC 9051 2.3.1.1; differs when a mailbox of this name is made again.</param>
/// <param name="UidNext">The next message's UID or a lower bound of it.</param>
/// <param name="HighestModSeq">Of this mailbox, not of the account (RFC 7162).</param>
/// <param name="Messages">Rows.</param>
/// <param name="Unseen">Rows without \Seen.</param>
/// <param name="Deleted">Rows with \Deleted.</param>
/// <param name="Bytes">Sum of the rows' sizes, prefixes included.</param>
/// <param name="RecentFrom">The lowest UID that no session has yet claimed as \Recent.</param>
/// <param name="Keywords">
/// Index i is bit 8 + i of a flag word. Only grows; at most <see cref="StorageLimits.KeywordsPerMailbox"/>. Names compare without
/// case and keep their first spelling.
/// </param>
public sealed record MailboxInfo(
    MailboxId Id,
    string Name,
    uint UidValidity,
    Uid UidNext,
    ModSeq HighestModSeq,
    long Messages,
    long Unseen,
    long Deleted,
    long Bytes,
    Uid RecentFrom,
    IReadOnlyList<string> Keywords)
{
    /// <summary>The RFC 6154 attribute with its backslash ("\Sent"), or null.</summary>
    public string? SpecialUse { get; init; }

    /// <summary>RFC 4314, in ordinal order of the identifiers; the account's own user, who may do anything, need not be in it.</summary>
    public IReadOnlyList<AclEntry> Acl { get; init; } = [];
}

/// <summary>What an identifier may do with a mailbox.</summary>
/// <param name="Identifier">A user or group as the host names them.</param>
/// <param name="Rights">Letters of RFC 4314 2, each once, in ordinal order.</param>
public sealed record AclEntry(string Identifier, string Rights);

/// <summary>An annotation of a mailbox or an account (RFC 5464).</summary>
/// <param name="Entry">Its name, in lower case.</param>
/// <param name="Value">Any octets.</param>
public sealed record MetadataEntry(string Entry, ReadOnlyMemory<byte> Value)
{
    /// <summary>Characters of a name, at the most.</summary>
    public const int MaxNameLength = 255;

    /// <summary>Checks an entry name by RFC 5464 4.1 and puts it into lower case.</summary>
    public static bool TryParseName([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] string? text, out string name)
    {
        name = text?.ToLowerInvariant() ?? "";
        return (name.StartsWith("/private/", StringComparison.Ordinal) || name.StartsWith("/shared/", StringComparison.Ordinal))
            && name.Length <= MaxNameLength && name[^1] != '/' && !name.Contains("//", StringComparison.Ordinal)
            && name.All(static c => c is > '\x1f' and < '\x7f' and not '*' and not '%');
    }
}

/// <summary>An account as of one ModSeq.</summary>
/// <param name="AsOf">Every change up to this one is in the answer, and none after it.</param>
/// <param name="Mailboxes">In ordinal order of their names.</param>
/// <param name="Subscriptions">Names, which need not exist.</param>
/// <param name="QuotaUsed">Octets.</param>
/// <param name="QuotaLimit">Octets, or null for no limit.</param>
public sealed record AccountSnapshot(
    ModSeq AsOf,
    IReadOnlyList<MailboxInfo> Mailboxes,
    IReadOnlyList<string> Subscriptions,
    long QuotaUsed,
    long? QuotaLimit)
{
    /// <summary>Messages of all mailboxes together that the quota allows, or null for no limit.</summary>
    public long? MessageLimit { get; init; }

    /// <summary>Messages of all mailboxes together.</summary>
    public long Messages => Mailboxes.Sum(static info => info.Messages);
}

/// <summary>
/// Up to <see cref="StorageLimits.RowsPerSegment"/> rows in UID order, a column each. Immutable once handed out.
/// </summary>
/// <param name="Uids">Strictly ascending.</param>
/// <param name="Flags">System flags in the low eight bits, keywords above (<see cref="SystemFlags"/>).</param>
/// <param name="ModSeqs">Of the row's last change.</param>
/// <param name="Sizes">Octets, the prefix included.</param>
public sealed record ColumnSegment(uint[] Uids, ulong[] Flags, long[] ModSeqs, uint[] Sizes)
{
    /// <summary>No rows.</summary>
    public static ColumnSegment Empty { get; } = new([], [], [], []);

    /// <summary>Rows.</summary>
    public int Count => Uids.Length;
}

/// <summary>A whole mailbox, valid at one ModSeq; the segments are read once, in order.</summary>
public sealed record MailboxLoad(ModSeq AsOf, MailboxInfo Info, IAsyncEnumerable<ColumnSegment> Segments);

/// <summary>What <see cref="IAccountStore.ReadAsync"/> shall fill in.</summary>
[Flags]
public enum MessageFields
{
    /// <summary>UID and <see cref="MessageRow.Expunged"/> only.</summary>
    None = 0,

    /// <summary>Internal date and save date.</summary>
    Dates = 1,

    /// <summary>EMAILID.</summary>
    EmailId = 2,

    /// <summary>Content id and prefix.</summary>
    Content = 4,

    /// <summary>The summary that was given at the append.</summary>
    Summary = 8,

    /// <summary>Everything.</summary>
    All = Dates | EmailId | Content | Summary,
}

/// <summary>Details of one message.</summary>
/// <param name="Uid">Its UID in the mailbox asked.</param>
/// <param name="InternalDate">RFC 9051 2.3.3, to the second, with the zone it was given in.</param>
/// <param name="SaveDate">When it came into this mailbox (RFC 8514).</param>
/// <param name="EmailId">Kept by copies.</param>
/// <param name="Content">Names the octets behind the prefix.</param>
/// <param name="Prefix">Octets that stand before the content for this recipient alone: trace headers.</param>
/// <param name="Summary">As given at the append or by <see cref="PutSummary"/>; opaque to stores.</param>
/// <param name="Expunged">No longer in the mailbox, still readable.</param>
public sealed record MessageRow(
    Uid Uid,
    DateTimeOffset InternalDate,
    DateTimeOffset SaveDate,
    EmailId EmailId,
    ContentId Content,
    ReadOnlyMemory<byte> Prefix,
    ReadOnlyMemory<byte> Summary,
    bool Expunged);

/// <summary>What changed in one mailbox.</summary>
/// <param name="Info">The mailbox now.</param>
/// <param name="Changed">Rows new or altered since, as they are now.</param>
/// <param name="Vanished">UIDs that left since, ascending; also those that came and left in between.</param>
public sealed record MailboxDelta(MailboxInfo Info, ColumnSegment Changed, uint[] Vanished);

/// <summary>The answer of <see cref="IAccountStore.ChangesSinceAsync"/>.</summary>
/// <param name="AsOf">Every change up to this one is in the answer: ask from here next.</param>
/// <param name="Truncated">Too much or too long ago: nothing else here counts but <paramref name="AsOf"/> and <paramref name="OldestKept"/>; load again.</param>
/// <param name="OldestKept">Questions from this ModSeq on can be answered exactly.</param>
/// <param name="Mailboxes">Those with any change of rows, name, keywords or attributes.</param>
/// <param name="Removed">Mailboxes deleted since.</param>
/// <param name="StructureChanged">A mailbox was created, renamed, deleted or (un)subscribed, or the account's own metadata changed since.</param>
public sealed record ChangeSet(
    ModSeq AsOf,
    bool Truncated,
    ModSeq OldestKept,
    IReadOnlyList<MailboxDelta> Mailboxes,
    IReadOnlyList<MailboxId> Removed,
    bool StructureChanged);

namespace MailCore.Storage;

/// <summary>Changes of one account that happen together or not at all, in order, under one ModSeq.</summary>
public sealed record ChangeBatch(AccountId Account, IReadOnlyList<StoreChange> Changes);

/// <summary>One change; the records below are all there are.</summary>
public abstract record StoreChange;

/// <summary>Adds a message.</summary>
/// <param name="Mailbox">Where.</param>
/// <param name="Content">Staged in the same store; stays the caller's to dispose.</param>
/// <param name="Prefix">Octets before the content for this recipient alone; counted in the size.</param>
/// <param name="Flags">Initial system flags.</param>
/// <param name="Keywords">Initial keywords; new names are added to the mailbox.</param>
/// <param name="InternalDate">RFC 9051 2.3.3.</param>
/// <param name="Summary">Kept as it is.</param>
public sealed record AppendMessage(
    MailboxId Mailbox,
    StagedContent Content,
    ReadOnlyMemory<byte> Prefix,
    SystemFlags Flags,
    IReadOnlyList<string> Keywords,
    DateTimeOffset InternalDate,
    ReadOnlyMemory<byte> Summary) : StoreChange
{
    /// <summary>
    /// When the account saw this key within 7 days the append does nothing and succeeds, with the UID it had the first time
    /// (or none, when that message is gone).
    /// </summary>
    public string? DeliveryKey { get; init; }

    /// <summary>For imports: take this UID, which must be at least UIDNEXT.</summary>
    public Uid? KeepUid { get; init; }

    /// <summary>For imports and copies between accounts.</summary>
    public EmailId? KeepEmailId { get; init; }

    /// <summary>Do not refuse for quota.</summary>
    public bool IgnoreQuota { get; init; }
}

/// <summary>
/// Alters flags of those of the UIDs that exist. With <paramref name="UnchangedSince"/> a row changed later is left alone and
/// named in <see cref="ChangeResult.Refused"/> (RFC 7162 3.1.3). A row whose flags already are as asked does not change.
/// </summary>
public sealed record SetFlags(
    MailboxId Mailbox,
    uint[] Uids,
    FlagMode Mode,
    SystemFlags Flags,
    IReadOnlyList<string> Keywords,
    ModSeq? UnchangedSince) : StoreChange
{
    /// <summary>A row's flag word after this change. The bits of the keywords are the store's to find.</summary>
    public ulong Combine(ulong flagWord, ulong keywordBits) => Mode switch
    {
        FlagMode.Add => flagWord | (ulong)Flags | keywordBits,
        FlagMode.Remove => flagWord & ~((ulong)Flags | keywordBits),
        _ => (ulong)Flags | keywordBits,
    };
}

/// <summary>Removes messages; with <paramref name="OnlyDeleted"/> only those that carry \Deleted at the moment of the commit.</summary>
public sealed record Expunge(MailboxId Mailbox, uint[] Uids, bool OnlyDeleted) : StoreChange;

/// <summary>
/// Copies messages, with flags, dates, prefix, summary and EMAILID, in the order of <paramref name="Uids"/>; a move expunges
/// the sources in the same commit. UIDs that do not exist are passed over. Both mailboxes belong to the batch's account.
/// </summary>
public sealed record Copy(MailboxId From, uint[] Uids, MailboxId To, bool Move) : StoreChange;

/// <summary>
/// Makes a mailbox; parents are not made. Its UIDVALIDITY is higher than any this name had before: a
/// <paramref name="KeepUidValidity"/> that is not is refused with <see cref="CommitError.NotSupported"/>, as is a name that
/// <see cref="MailboxName"/> does not parse. The name is stored as that type writes it, so "inbox" exists already; only an import
/// may make it again: with a <paramref name="KeepUidValidity"/>, lower ones too, as long as it never held a message.
/// </summary>
public sealed record CreateMailbox(string Name, uint? KeepUidValidity = null) : StoreChange
{
    /// <summary>RFC 6154 attribute with its backslash, or null.</summary>
    public string? SpecialUse { get; init; }
}

/// <summary>
/// Renames a mailbox and all below it, to below itself too; <see cref="CommitError.MailboxExists"/> when any of the new names is
/// taken. INBOX is never renamed by this, <see cref="CommitError.NotSupported"/>: engines move its messages. UIDVALIDITY stays,
/// unless the new name had a higher or the same one before: then it becomes a higher one (RFC 9051 2.3.1.1).
/// </summary>
public sealed record RenameMailbox(MailboxId Id, string Name) : StoreChange;

/// <summary>Deletes a mailbox and its messages, metadata and ACL, not those below it. INBOX is refused with <see cref="CommitError.NotSupported"/>.</summary>
public sealed record DeleteMailbox(MailboxId Id) : StoreChange;

/// <summary>Adds or removes a subscription; the name need not exist.</summary>
public sealed record Subscribe(string Name, bool On) : StoreChange;

/// <summary>
/// Claims \Recent (RFC 3501 2.3.2) for one session: <see cref="ChangeResult.RecentFrom"/> is the first UID that the claimer
/// owns, and the mailbox's RecentFrom becomes UIDNEXT. Changes no ModSeq.
/// </summary>
public sealed record ClaimRecent(MailboxId Id) : StoreChange;

/// <summary>Replaces a message's summary, when a newer version of MailCore made a better one. Changes no ModSeq.</summary>
public sealed record PutSummary(MailboxId Id, Uid Uid, ReadOnlyMemory<byte> Summary) : StoreChange;

/// <summary>Sets both limits of the account, in octets and in messages of all mailboxes; null lifts one. Changes no ModSeq.</summary>
public sealed record SetQuota(long? Limit, long? MessageLimit = null) : StoreChange;

/// <summary>
/// Sets an annotation (RFC 5464) of a mailbox or, without one, of the account; no value removes it. The mailbox is then in the
/// feed as one whose attributes changed. Setting what is set changes nothing.
/// </summary>
/// <param name="Mailbox">Whose, or null for the account's own.</param>
/// <param name="Entry">"/private/..." or "/shared/..." in lower case, as <see cref="MetadataEntry.TryParseName"/> writes it; stores compare it ordinally.</param>
/// <param name="Value">
/// Any octets, copied by the store. More than <see cref="StorageLimits.MetadataOctets"/> of them, or more entries than
/// <see cref="StorageLimits.MetadataEntries"/>, are refused with <see cref="CommitError.TooMany"/>.
/// </param>
public sealed record SetMetadata(MailboxId? Mailbox, string Entry, byte[]? Value) : StoreChange;

/// <summary>
/// Alters what an identifier may do with a mailbox (RFC 4314). Stores keep access control lists, engines obey them. Setting what is
/// set changes nothing.
/// </summary>
/// <param name="Mailbox">Which.</param>
/// <param name="Identifier">Compared ordinally.</param>
/// <param name="Mode">How <paramref name="Rights"/> combine with those it has.</param>
/// <param name="Rights">Letters. When none are left the identifier leaves the list.</param>
public sealed record SetAcl(MailboxId Mailbox, string Identifier, FlagMode Mode, string Rights) : StoreChange
{
    /// <summary>
    /// Whether there is an identifier and no control character in it or among the rights; otherwise the change is refused with
    /// <see cref="CommitError.NotSupported"/>.
    /// </summary>
    public bool IsWellFormed => Identifier.Length > 0 && !Identifier.Any(char.IsControl) && !Rights.Any(char.IsControl);

    /// <summary>The list after this change, in ordinal order of the identifiers; the same object when nothing changes.</summary>
    public IReadOnlyList<AclEntry> ApplyTo(IReadOnlyList<AclEntry> acl)
    {
        ArgumentNullException.ThrowIfNull(acl);
        var before = acl.FirstOrDefault(entry => entry.Identifier == Identifier)?.Rights ?? "";
        var after = string.Concat((Mode switch
        {
            FlagMode.Add => before.Union(Rights),
            FlagMode.Remove => before.Except(Rights),
            _ => Rights.Distinct(),
        }).Order());
        if (after == before)
        {
            return acl;
        }

        var others = acl.Where(entry => entry.Identifier != Identifier);
        return [.. (after.Length == 0 ? others : others.Append(new AclEntry(Identifier, after))).OrderBy(static entry => entry.Identifier, StringComparer.Ordinal)];
    }
}

/// <summary>Why a batch was rejected; the change to blame is <see cref="CommitResult.FailedAt"/>.</summary>
public enum CommitError
{
    /// <summary>It was not.</summary>
    None,

    /// <summary>The mailbox named does not exist.</summary>
    NoMailbox,

    /// <summary>There is one of this name.</summary>
    MailboxExists,

    /// <summary>The append or copy would pass the quota, in octets or messages.</summary>
    OverQuota,

    /// <summary>More keywords than <see cref="StorageLimits.KeywordsPerMailbox"/>.</summary>
    KeywordLimit,

    /// <summary>The store can't do this, or must not (deleting INBOX, a UID already used).</summary>
    NotSupported,

    /// <summary>The account does not exist.</summary>
    NoAccount,

    /// <summary>The store's own access rules forbid it.</summary>
    NoPermission,

    /// <summary>More metadata entries, octets of one, or identifiers of an ACL than <see cref="StorageLimits"/> allows.</summary>
    TooMany,
}

/// <summary>What one change did.</summary>
/// <param name="Mailbox">Appended to, copied into, created or altered.</param>
/// <param name="UidValidity">Of that mailbox.</param>
/// <param name="SourceUids">Rows copied, altered or expunged.</param>
/// <param name="NewUids">UIDs given, pairwise with <paramref name="SourceUids"/> for a copy.</param>
/// <param name="Refused">UIDs left alone because of UNCHANGEDSINCE.</param>
/// <param name="RecentFrom">For <see cref="ClaimRecent"/>.</param>
public sealed record ChangeResult(
    MailboxId Mailbox,
    uint UidValidity,
    uint[] SourceUids,
    uint[] NewUids,
    uint[] Refused,
    Uid RecentFrom);

/// <summary>What became of a batch.</summary>
/// <param name="Error">None when it took effect.</param>
/// <param name="FailedAt">Index of the change that failed, or -1.</param>
/// <param name="ModSeq">Null when nothing changed that needs one.</param>
/// <param name="Changes">One per change, in order; empty when rejected.</param>
public sealed record CommitResult(CommitError Error, int FailedAt, ModSeq? ModSeq, IReadOnlyList<ChangeResult> Changes);

using System.IO.Pipelines;

namespace MailCore.Storage;

/// <summary>
/// Where messages live: the contract a store author implements. All members are thread-safe. MailCore opens an account
/// once per process and calls nothing here while it waits for a client.
/// </summary>
public interface IMailStore
{
    /// <summary>What this store can do; constant for its life. Engines announce no capability that it can't honour.</summary>
    StoreTraits Traits { get; }

    /// <summary>Opens an account, creating its INBOX on first use; null when the store has no such account and makes none.</summary>
    ValueTask<IAccountStore?> OpenAsync(AccountId account, CancellationToken cancellationToken);

    /// <summary>
    /// Reads <paramref name="bytes"/> to its end into a place from which a commit can take them without copying. The octets
    /// are kept as they are. No lock and no transaction is held while reading: the client may be slow. If reading fails or
    /// is cancelled, nothing stays behind and the reader's exception is passed on. The pipe is the caller's to complete.
    /// </summary>
    ValueTask<StagedContent> StageAsync(PipeReader bytes, StageHint hint, CancellationToken cancellationToken);

    /// <summary>
    /// Opens stored octets for ranged reads; null when they are gone. Content of an expunged message stays readable for at
    /// least 35 minutes after its expunge and for as long as a reader of it is open.
    /// </summary>
    ValueTask<IContentReader?> OpenContentAsync(ContentId id, CancellationToken cancellationToken);

    /// <summary>
    /// The only way anything changes. Each batch is atomic, gets a <see cref="ModSeq"/> that no other batch of its account
    /// shares, and succeeds or is rejected on its own; batches may share one flush. On return a successful batch is visible
    /// to every reader and, with <see cref="StoreTraits.Durable"/>, on stable storage. Results stand in the order of the batches.
    /// Throws when the store itself failed (disk full, I/O error): then no batch took effect that was not reported before.
    /// </summary>
    ValueTask<IReadOnlyList<CommitResult>> CommitAsync(IReadOnlyList<ChangeBatch> batches, CancellationToken cancellationToken);

    /// <summary>
    /// Accounts with a mailbox whose access control list has an entry for one of the identifiers, compared ordinally, in no particular
    /// order. Asked for each LIST and for each command that names a mailbox of another account. Only stores with <see cref="StoreTraits.Acl"/>
    /// have any.
    /// </summary>
    ValueTask<IReadOnlyList<AccountId>> FindSharingAsync(IReadOnlyList<string> identifiers, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyList<AccountId>>([]);
}

/// <summary>What a store can honour.</summary>
[Flags]
public enum StoreTraits
{
    /// <summary>
    /// Nothing beyond reading. A change that needs a trait which is not claimed is refused with <see cref="CommitError.NotSupported"/>;
    /// <see cref="ClaimRecent"/> and <see cref="PutSummary"/> need none, and a store may forget what they say.
    /// </summary>
    None = 0,

    /// <summary>A returned commit survives a power cut.</summary>
    Durable = 1,

    /// <summary>Several processes may use the store at once.</summary>
    MultiNode = 2,

    /// <summary>One staged content can be appended to several accounts and is kept once.</summary>
    SharedContent = 4,

    /// <summary>Octets, prefixes and summaries come out exactly as they went in; other stores keep what they make of a message.</summary>
    FaithfulContent = 8,

    /// <summary>Quotas are enforced inside the commit (<see cref="SetQuota"/>).</summary>
    Quota = 16,

    /// <summary>Clients may define keywords.</summary>
    Keywords = 32,

    /// <summary>Clients may create, rename and delete mailboxes, and subscribe to names.</summary>
    Mailboxes = 64,

    /// <summary>Access control lists are kept (<see cref="SetAcl"/>).</summary>
    Acl = 128,

    /// <summary>Annotations of mailboxes and accounts are kept (<see cref="SetMetadata"/>).</summary>
    Metadata = 256,

    /// <summary>Messages can be added (<see cref="AppendMessage"/>).</summary>
    Append = 512,

    /// <summary>System flags can be changed (<see cref="SetFlags"/>).</summary>
    Flags = 1024,

    /// <summary>Messages can be removed (<see cref="Storage.Expunge"/>).</summary>
    Expunge = 2048,

    /// <summary>Messages can be copied and moved within an account (<see cref="Storage.Copy"/>).</summary>
    Copy = 4096,

    /// <summary>What an import keeps is kept: <see cref="AppendMessage.KeepUid"/>, <see cref="AppendMessage.KeepEmailId"/>, UIDVALIDITY.</summary>
    Import = 8192,

    /// <summary>Messages can be added, flagged and removed.</summary>
    Writes = Append | Flags | Expunge,
}

/// <summary>One account of a store. Every answer is one consistent snapshot, taken without waiting for writers.</summary>
public interface IAccountStore
{
    /// <summary>The account's mailboxes, subscriptions and quota as of one ModSeq.</summary>
    ValueTask<AccountSnapshot> SnapshotAsync(CancellationToken cancellationToken);

    /// <summary>Every row of a mailbox in UID order as packed columns, all as of one ModSeq; null when there is no such mailbox.</summary>
    ValueTask<MailboxLoad?> LoadAsync(MailboxId mailbox, CancellationToken cancellationToken);

    /// <summary>
    /// Details of at most <see cref="StorageLimits.UidsPerRead"/> messages, in the order asked for. A UID that never existed,
    /// or was expunged longer ago than the store remembers, is left out; one expunged recently comes with
    /// <see cref="MessageRow.Expunged"/> set. Fields not asked for are default.
    /// </summary>
    ValueTask<IReadOnlyList<MessageRow>> ReadAsync(MailboxId mailbox, ReadOnlyMemory<Uid> uids, MessageFields fields, CancellationToken cancellationToken);

    /// <summary>
    /// Shows what <see cref="ReadAsync"/> would give to <paramref name="handler"/>, in the same order, for looking at very many
    /// messages: a store that need not copy to do so has its own. The handler is called before this returns, does not wait and keeps
    /// nothing. <see cref="MessageFields.Content"/> is not shown.
    /// </summary>
    async ValueTask ScanAsync(MailboxId mailbox, ReadOnlyMemory<Uid> uids, MessageFields fields, MessageGlanceHandler handler, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(handler);
        foreach (var row in await ReadAsync(mailbox, uids, fields, cancellationToken))
        {
            handler(new MessageGlance(row));
        }
    }

    /// <summary>
    /// All that changed after <paramref name="since"/>, in all mailboxes or in <paramref name="scope"/>: one snapshot, never
    /// a page. When more than <paramref name="limit"/> rows changed, or <paramref name="since"/> is older than the store
    /// remembers expunges, or newer than the account is (its store was restored from a backup), the answer is
    /// <see cref="ChangeSet.Truncated"/> and the caller loads again.
    /// </summary>
    ValueTask<ChangeSet> ChangesSinceAsync(ModSeq since, MailboxId? scope, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// All annotations of a mailbox or, for null, of the account, in ordinal order of their names; none for a mailbox that is not there.
    /// Only stores with <see cref="StoreTraits.Metadata"/> have any.
    /// </summary>
    ValueTask<IReadOnlyList<MetadataEntry>> ReadMetadataAsync(MailboxId? mailbox, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyList<MetadataEntry>>([]);
}

/// <summary>Ranged, concurrent reads of immutable octets.</summary>
public interface IContentReader : IAsyncDisposable
{
    /// <summary>Octets in all.</summary>
    long Length { get; }

    /// <summary>Reads octets from <paramref name="offset"/> on; returns how many, 0 only at or past the end.</summary>
    ValueTask<int> ReadAsync(long offset, Memory<byte> into, CancellationToken cancellationToken);
}

/// <summary>What is known of octets before they are read.</summary>
/// <param name="Length">Their announced number (SIZE=, a literal's length), or null. A hint: the truth may differ.</param>
/// <param name="For">Accounts they are probably for; may be empty.</param>
public readonly record struct StageHint(long? Length, IReadOnlyList<AccountId> For);

/// <summary>
/// Octets received but not yet part of any mailbox. Filters, MIME parsing and delivery read them; a commit takes them, in as
/// many mailboxes as it names. Disposing gives up this claim: content that no commit took is dropped.
/// </summary>
public abstract class StagedContent : IAsyncDisposable
{
    /// <summary>The name it has in the store once committed.</summary>
    public abstract ContentId Id { get; }

    /// <summary>Octets staged.</summary>
    public abstract long Length { get; }

    /// <summary>Opens the staged octets; may be called again and again until disposal.</summary>
    public abstract ValueTask<IContentReader> OpenAsync(CancellationToken cancellationToken);

    /// <inheritdoc/>
    public abstract ValueTask DisposeAsync();
}

using System.IO.Pipelines;
using MailCore.Storage;

namespace MailCore.Tests.Storage.WrongStores;

/// <summary>Does as the store inside does, for others to do otherwise.</summary>
internal abstract class StoreWrapper(IMailStore inner) : IMailStore
{
    public virtual StoreTraits Traits => inner.Traits;

    protected IMailStore Inner => inner;

    public virtual async ValueTask<IAccountStore?> OpenAsync(AccountId account, CancellationToken cancellationToken) =>
        await inner.OpenAsync(account, cancellationToken) is { } opened ? new Account(this, opened) : null;

    public virtual ValueTask<StagedContent> StageAsync(PipeReader bytes, StageHint hint, CancellationToken cancellationToken) =>
        inner.StageAsync(bytes, hint, cancellationToken);

    public virtual ValueTask<IContentReader?> OpenContentAsync(ContentId id, CancellationToken cancellationToken) =>
        inner.OpenContentAsync(id, cancellationToken);

    public virtual ValueTask<IReadOnlyList<AccountId>> FindSharingAsync(IReadOnlyList<string> identifiers, CancellationToken cancellationToken) =>
        inner.FindSharingAsync(identifiers, cancellationToken);

    public virtual ValueTask<IReadOnlyList<CommitResult>> CommitAsync(IReadOnlyList<ChangeBatch> batches, CancellationToken cancellationToken) =>
        inner.CommitAsync(batches, cancellationToken);

    protected virtual ValueTask<AccountSnapshot> SnapshotAsync(IAccountStore account) => account.SnapshotAsync(default);

    protected virtual ValueTask<MailboxLoad?> LoadAsync(IAccountStore account, MailboxId mailbox) => account.LoadAsync(mailbox, default);

    protected virtual ValueTask<IReadOnlyList<MessageRow>> ReadAsync(IAccountStore account, MailboxId mailbox, ReadOnlyMemory<Uid> uids, MessageFields fields) =>
        account.ReadAsync(mailbox, uids, fields, default);

    protected virtual ValueTask ScanAsync(IAccountStore account, MailboxId mailbox, ReadOnlyMemory<Uid> uids, MessageFields fields, MessageGlanceHandler handler) =>
        account.ScanAsync(mailbox, uids, fields, handler, default);

    protected virtual ValueTask<ChangeSet> ChangesSinceAsync(IAccountStore account, ModSeq since, MailboxId? scope, int limit) =>
        account.ChangesSinceAsync(since, scope, limit, default);

    protected virtual ValueTask<IReadOnlyList<MetadataEntry>> ReadMetadataAsync(IAccountStore account, MailboxId? mailbox) =>
        account.ReadMetadataAsync(mailbox, default);

    protected ValueTask<IReadOnlyList<CommitResult>> CommitChangedAsync(IReadOnlyList<ChangeBatch> batches, Func<StoreChange, StoreChange> alter) =>
        Inner.CommitAsync([.. batches.Select(batch => batch with { Changes = [.. batch.Changes.Select(alter)] })], default);

    protected static async IAsyncEnumerable<ColumnSegment> Segments(IEnumerable<ColumnSegment> segments)
    {
        await Task.CompletedTask;
        foreach (var segment in segments)
        {
            yield return segment;
        }
    }

    protected static ColumnSegment Where(ColumnSegment segment, Func<uint, long, bool> keep)
    {
        int[] rows = [.. Enumerable.Range(0, segment.Count).Where(row => keep(segment.Uids[row], segment.ModSeqs[row]))];
        return new ColumnSegment(
            [.. rows.Select(row => segment.Uids[row])],
            [.. rows.Select(row => segment.Flags[row])],
            [.. rows.Select(row => segment.ModSeqs[row])],
            [.. rows.Select(row => segment.Sizes[row])]);
    }

    private sealed class Account(StoreWrapper owner, IAccountStore inner) : IAccountStore
    {
        public ValueTask<AccountSnapshot> SnapshotAsync(CancellationToken cancellationToken) => owner.SnapshotAsync(inner);

        public ValueTask<MailboxLoad?> LoadAsync(MailboxId mailbox, CancellationToken cancellationToken) => owner.LoadAsync(inner, mailbox);

        public ValueTask<IReadOnlyList<MessageRow>> ReadAsync(
            MailboxId mailbox, ReadOnlyMemory<Uid> uids, MessageFields fields, CancellationToken cancellationToken) =>
            owner.ReadAsync(inner, mailbox, uids, fields);

        public ValueTask ScanAsync(
            MailboxId mailbox, ReadOnlyMemory<Uid> uids, MessageFields fields, MessageGlanceHandler handler, CancellationToken cancellationToken) =>
            owner.ScanAsync(inner, mailbox, uids, fields, handler);

        public ValueTask<ChangeSet> ChangesSinceAsync(ModSeq since, MailboxId? scope, int limit, CancellationToken cancellationToken) =>
            owner.ChangesSinceAsync(inner, since, scope, limit);

        public ValueTask<IReadOnlyList<MetadataEntry>> ReadMetadataAsync(MailboxId? mailbox, CancellationToken cancellationToken) =>
            owner.ReadMetadataAsync(inner, mailbox);
    }
}

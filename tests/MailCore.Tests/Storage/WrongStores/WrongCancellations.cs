using MailCore.Storage;

namespace MailCore.Tests.Storage.WrongStores;

/// <summary>Commits change by change and stops between two of them when asked to.</summary>
internal sealed class HalfCommitStore(IMailStore inner) : StoreWrapper(inner)
{
    public override async ValueTask<IReadOnlyList<CommitResult>> CommitAsync(IReadOnlyList<ChangeBatch> batches, CancellationToken cancellationToken)
    {
        var results = new List<CommitResult>();
        foreach (var batch in batches)
        {
            var whole = new CommitResult(CommitError.None, -1, null, []);
            foreach (var change in batch.Changes)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var one = (await Inner.CommitAsync([batch with { Changes = [change] }], default))[0];
                whole = whole with { ModSeq = one.ModSeq ?? whole.ModSeq, Changes = [.. whole.Changes, .. one.Changes] };
                await Task.Yield();
            }

            results.Add(whole);
        }

        return results;
    }
}

/// <summary>Keeps its lock when a commit is cancelled.</summary>
internal sealed class KeptLockStore(IMailStore inner) : StoreWrapper(inner), IDisposable
{
    private readonly SemaphoreSlim _gate = new(1);

    public void Dispose() => _gate.Dispose();

    public override async ValueTask<IReadOnlyList<CommitResult>> CommitAsync(IReadOnlyList<ChangeBatch> batches, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(CancellationToken.None);
        await Task.Yield();
        cancellationToken.ThrowIfCancellationRequested();
        var results = await Inner.CommitAsync(batches, CancellationToken.None);
        _gate.Release();
        return results;
    }
}

/// <summary>Answers a read that was cancelled with what it had by then.</summary>
internal sealed class SwallowedCancellationStore(IMailStore inner) : StoreWrapper(inner)
{
    public override async ValueTask<IAccountStore?> OpenAsync(AccountId account, CancellationToken cancellationToken) =>
        new Account((await Inner.OpenAsync(account, cancellationToken))!);

    private sealed class Account(IAccountStore inner) : IAccountStore
    {
        public ValueTask<AccountSnapshot> SnapshotAsync(CancellationToken cancellationToken) => inner.SnapshotAsync(cancellationToken);

        public ValueTask<MailboxLoad?> LoadAsync(MailboxId mailbox, CancellationToken cancellationToken) => inner.LoadAsync(mailbox, cancellationToken);

        public async ValueTask<IReadOnlyList<MessageRow>> ReadAsync(MailboxId mailbox, ReadOnlyMemory<Uid> uids, MessageFields fields, CancellationToken cancellationToken)
        {
            var rows = new List<MessageRow>();
            for (var i = 0; i < uids.Length && !cancellationToken.IsCancellationRequested; i++)
            {
                rows.AddRange(await inner.ReadAsync(mailbox, uids.Slice(i, 1), fields, default));
                await Task.Yield();
            }

            return rows;
        }

        public ValueTask<ChangeSet> ChangesSinceAsync(ModSeq since, MailboxId? scope, int limit, CancellationToken cancellationToken) =>
            inner.ChangesSinceAsync(since, scope, limit, cancellationToken);
    }
}

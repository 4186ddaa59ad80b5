using MailCore.Storage;

namespace MailCore.Tests.Storage.WrongStores;

/// <summary>
/// Gives UIDs in one commit and shows the rows in another: every second append is shown only after a later one was. With
/// <paramref name="restamp"/> it has a new ModSeq then, so that only the order is wrong; without, pollers never hear of it.
/// </summary>
internal sealed class UidBeforeRowStore(IMailStore inner, bool restamp) : StoreWrapper(inner), IDisposable
{
    private readonly SemaphoreSlim _gate = new(1);
    private readonly HashSet<uint> _hidden = [];
    private int _commits;

    public void Dispose() => _gate.Dispose();

    public override async ValueTask<IReadOnlyList<CommitResult>> CommitAsync(IReadOnlyList<ChangeBatch> batches, CancellationToken cancellationToken)
    {
        IReadOnlyList<CommitResult> results;
        uint hidden;
        await _gate.WaitAsync(cancellationToken);
        try
        {
            results = await Inner.CommitAsync(batches, cancellationToken);
            hidden = batches is [{ Changes: [AppendMessage] }] && results[0].Changes is [{ NewUids: [var uid] }] && uid % 2 == 0 ? uid : 0;
            _hidden.Add(hidden);
        }
        finally
        {
            _gate.Release();
        }

        var commits = Interlocked.Increment(ref _commits);
        for (var turn = 0; hidden != 0 && turn < 200 && Volatile.Read(ref _commits) < commits + 2; turn++)
        {
            await Task.Yield();
        }

        await _gate.WaitAsync(cancellationToken);
        _hidden.Remove(hidden);
        if (restamp && hidden != 0)
        {
            var mailbox = results[0].Changes[0].Mailbox;
            await Inner.CommitAsync(
                [
                    new ChangeBatch(batches[0].Account, [
                        new SetFlags(mailbox, [hidden], FlagMode.Add, SystemFlags.Draft, [], null),
                        new SetFlags(mailbox, [hidden], FlagMode.Remove, SystemFlags.Draft, [], null),
                    ]),
                ],
                cancellationToken);
        }

        _gate.Release();
        return results;
    }

    protected override async ValueTask<ChangeSet> ChangesSinceAsync(IAccountStore account, ModSeq since, MailboxId? scope, int limit)
    {
        await _gate.WaitAsync();
        try
        {
            var changes = await account.ChangesSinceAsync(since, scope, limit, default);
            return changes with
            {
                Mailboxes = [.. changes.Mailboxes.Select(delta => delta with
                {
                    Changed = Where(delta.Changed, (uid, _) => !_hidden.Contains(uid)),
                    Info = delta.Info with { Messages = delta.Info.Messages - _hidden.Count(static uid => uid != 0), UidNext = new Uid(1) },
                })],
            };
        }
        finally
        {
            _gate.Release();
        }
    }
}

/// <summary>Forgets some of the rows that vanished.</summary>
internal sealed class LostTombstoneStore(IMailStore inner) : StoreWrapper(inner)
{
    protected override async ValueTask<ChangeSet> ChangesSinceAsync(IAccountStore account, ModSeq since, MailboxId? scope, int limit)
    {
        var changes = await account.ChangesSinceAsync(since, scope, limit, default);
        return changes with { Mailboxes = [.. changes.Mailboxes.Select(static delta => delta with { Vanished = [.. delta.Vanished.Where(static uid => uid % 10 != 3)] })] };
    }
}

/// <summary>Does not tell that a moved message left its source.</summary>
internal sealed class SilentMoveStore(IMailStore inner) : StoreWrapper(inner)
{
    private readonly HashSet<(MailboxId, uint)> _moved = [];

    public override async ValueTask<IReadOnlyList<CommitResult>> CommitAsync(IReadOnlyList<ChangeBatch> batches, CancellationToken cancellationToken)
    {
        var results = await Inner.CommitAsync(batches, cancellationToken);
        for (var i = 0; i < results.Count; i++)
        {
            foreach (var (change, result) in batches[i].Changes.Zip(results[i].Changes))
            {
                if (change is Copy { Move: true } move)
                {
                    _moved.UnionWith(result.SourceUids.Select(uid => (move.From, uid)));
                }
            }
        }

        return results;
    }

    protected override async ValueTask<ChangeSet> ChangesSinceAsync(IAccountStore account, ModSeq since, MailboxId? scope, int limit)
    {
        var changes = await account.ChangesSinceAsync(since, scope, limit, default);
        return changes with
        {
            Mailboxes = [.. changes.Mailboxes.Select(delta => delta with { Vanished = [.. delta.Vanished.Where(uid => !_moved.Contains((delta.Info.Id, uid)))] })],
        };
    }
}

/// <summary>Hands the feed out in pages, each up to the ModSeq of its last row.</summary>
internal sealed class PagedFeedStore(IMailStore inner) : StoreWrapper(inner)
{
    protected override async ValueTask<ChangeSet> ChangesSinceAsync(IAccountStore account, ModSeq since, MailboxId? scope, int limit)
    {
        var changes = await account.ChangesSinceAsync(since, scope, limit, default);
        if (!changes.Truncated)
        {
            return changes;
        }

        changes = await account.ChangesSinceAsync(since, scope, int.MaxValue, default);
        var last = changes.Mailboxes.SelectMany(static delta => delta.Changed.ModSeqs).Order().Take(limit).LastOrDefault(since.Value);
        return changes with
        {
            AsOf = new ModSeq(last),
            Mailboxes = [.. changes.Mailboxes.Select(delta => delta with { Changed = Where(delta.Changed, (_, modSeq) => modSeq <= last) })],
        };
    }
}

/// <summary>Takes the rows first and the ModSeq that they are valid at after.</summary>
internal sealed class LateAsOfStore(IMailStore inner) : StoreWrapper(inner)
{
    protected override async ValueTask<MailboxLoad?> LoadAsync(IAccountStore account, MailboxId mailbox)
    {
        var load = await account.LoadAsync(mailbox, default);
        for (var turn = 0; turn < 20; turn++)
        {
            await Task.Yield();
        }

        return load is null ? null : load with { AsOf = (await account.SnapshotAsync(default)).AsOf };
    }
}

/// <summary>Says of each mailbox the HIGHESTMODSEQ of the account.</summary>
internal sealed class AccountWideHighestModSeqStore(IMailStore inner) : StoreWrapper(inner)
{
    protected override async ValueTask<AccountSnapshot> SnapshotAsync(IAccountStore account)
    {
        var snapshot = await account.SnapshotAsync(default);
        return snapshot with { Mailboxes = [.. snapshot.Mailboxes.Select(info => info with { HighestModSeq = snapshot.AsOf })] };
    }
}

/// <summary>Answers about all mailboxes when asked about one.</summary>
internal sealed class ScopelessFeedStore(IMailStore inner) : StoreWrapper(inner)
{
    protected override ValueTask<ChangeSet> ChangesSinceAsync(IAccountStore account, ModSeq since, MailboxId? scope, int limit) =>
        account.ChangesSinceAsync(since, null, limit, default);
}

/// <summary>Shows each load one commit late.</summary>
internal sealed class StaleLoadStore(IMailStore inner) : StoreWrapper(inner)
{
    private readonly Dictionary<MailboxId, MailboxLoad?> _last = [];

    public override async ValueTask<IReadOnlyList<CommitResult>> CommitAsync(IReadOnlyList<ChangeBatch> batches, CancellationToken cancellationToken)
    {
        var account = (await Inner.OpenAsync(batches[0].Account, cancellationToken))!;
        foreach (var info in (await account.SnapshotAsync(cancellationToken)).Mailboxes)
        {
            _last[info.Id] = await account.LoadAsync(info.Id, cancellationToken);
        }

        return await Inner.CommitAsync(batches, cancellationToken);
    }

    protected override ValueTask<MailboxLoad?> LoadAsync(IAccountStore account, MailboxId mailbox) =>
        _last.Remove(mailbox, out var last) ? ValueTask.FromResult(last) : account.LoadAsync(mailbox, default);
}

/// <summary>Believes that nothing has changed until a hint says so; and every third hint gets lost.</summary>
internal sealed class HintedStore(IMailStore inner) : StoreWrapper(inner)
{
    private int _commits;
    private volatile bool _hinted = true;

    public override async ValueTask<IReadOnlyList<CommitResult>> CommitAsync(IReadOnlyList<ChangeBatch> batches, CancellationToken cancellationToken)
    {
        var results = await Inner.CommitAsync(batches, cancellationToken);
        _hinted |= ++_commits % 3 != 0;
        return results;
    }

    protected override async ValueTask<ChangeSet> ChangesSinceAsync(IAccountStore account, ModSeq since, MailboxId? scope, int limit)
    {
        if (!_hinted && since.Value > 0)
        {
            return new ChangeSet(since, false, default, [], [], false);
        }

        _hinted = false;
        return await account.ChangesSinceAsync(since, scope, limit, default);
    }
}

/// <summary>Forgets expunges in time, and does not say so.</summary>
internal sealed class ShortMemoryStore(IMailStore inner) : StoreWrapper(inner)
{
    protected override async ValueTask<ChangeSet> ChangesSinceAsync(IAccountStore account, ModSeq since, MailboxId? scope, int limit)
    {
        var changes = await account.ChangesSinceAsync(since, scope, limit, default);
        return changes.AsOf.Value - since.Value < 10 || since.Value == 0
            ? changes
            : changes with { Mailboxes = [.. changes.Mailboxes.Select(static delta => delta with { Vanished = [] })] };
    }
}

/// <summary>Says that nothing has changed since a time that never was.</summary>
internal sealed class FutureFeedStore(IMailStore inner) : StoreWrapper(inner)
{
    protected override async ValueTask<ChangeSet> ChangesSinceAsync(IAccountStore account, ModSeq since, MailboxId? scope, int limit) =>
        await account.ChangesSinceAsync(since, scope, limit, default) with { Truncated = false };
}

/// <summary>Counts an octet too many in each row.</summary>
internal sealed class WrongSizeStore(IMailStore inner) : StoreWrapper(inner)
{
    protected override async ValueTask<MailboxLoad?> LoadAsync(IAccountStore account, MailboxId mailbox) =>
        await account.LoadAsync(mailbox, default) is { } load ? load with { Segments = Enlarged(load.Segments) } : null;

    private static async IAsyncEnumerable<ColumnSegment> Enlarged(IAsyncEnumerable<ColumnSegment> segments)
    {
        await foreach (var segment in segments)
        {
            yield return segment with { Sizes = [.. segment.Sizes.Select(static size => size + 1)] };
        }
    }
}

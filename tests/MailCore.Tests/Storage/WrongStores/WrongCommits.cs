using MailCore.Storage;

namespace MailCore.Tests.Storage.WrongStores;

/// <summary>Commits batches of one account together, under one ModSeq.</summary>
internal sealed class SharedModSeqStore(IMailStore inner) : StoreWrapper(inner)
{
    public override async ValueTask<IReadOnlyList<CommitResult>> CommitAsync(IReadOnlyList<ChangeBatch> batches, CancellationToken cancellationToken)
    {
        if (batches.Select(static batch => batch.Account).Distinct().Count() != 1)
        {
            return await Inner.CommitAsync(batches, cancellationToken);
        }

        var all = new ChangeBatch(batches[0].Account, [.. batches.SelectMany(static batch => batch.Changes)]);
        var result = (await Inner.CommitAsync([all], cancellationToken))[0];
        var changes = new Queue<ChangeResult>(result.Changes);
        return [.. batches.Select(batch => result with { Changes = [.. batch.Changes.TakeWhile(_ => changes.Count > 0).Select(_ => changes.Dequeue())] })];
    }
}

/// <summary>Commits the changes of a batch one by one.</summary>
internal sealed class PiecemealStore(IMailStore inner) : StoreWrapper(inner)
{
    public override async ValueTask<IReadOnlyList<CommitResult>> CommitAsync(IReadOnlyList<ChangeBatch> batches, CancellationToken cancellationToken)
    {
        var results = new List<CommitResult>();
        foreach (var batch in batches)
        {
            var whole = new CommitResult(CommitError.None, -1, null, []);
            for (var i = 0; i < batch.Changes.Count && whole.Error == CommitError.None; i++)
            {
                var one = (await Inner.CommitAsync([new ChangeBatch(batch.Account, [batch.Changes[i]])], cancellationToken))[0];
                whole = one.Error == CommitError.None
                    ? whole with { ModSeq = one.ModSeq ?? whole.ModSeq, Changes = [.. whole.Changes, .. one.Changes] }
                    : new CommitResult(one.Error, i, null, []);
            }

            results.Add(whole);
        }

        return results;
    }
}

/// <summary>Blames the first change of a batch whatever failed.</summary>
internal sealed class WrongBlameStore(IMailStore inner) : StoreWrapper(inner)
{
    public override async ValueTask<IReadOnlyList<CommitResult>> CommitAsync(IReadOnlyList<ChangeBatch> batches, CancellationToken cancellationToken) =>
        [.. (await Inner.CommitAsync(batches, cancellationToken)).Select(static result => result with { FailedAt = Math.Min(result.FailedAt, 0) })];
}

/// <summary>Expunges what it is told without looking at \Deleted.</summary>
internal sealed class UncheckedExpungeStore(IMailStore inner) : StoreWrapper(inner)
{
    public override ValueTask<IReadOnlyList<CommitResult>> CommitAsync(IReadOnlyList<ChangeBatch> batches, CancellationToken cancellationToken) =>
        CommitChangedAsync(batches, static change => change is Expunge expunge ? expunge with { OnlyDeleted = false } : change);
}

/// <summary>Sets flags whatever changed meanwhile.</summary>
internal sealed class UnconditionalStore(IMailStore inner) : StoreWrapper(inner)
{
    public override ValueTask<IReadOnlyList<CommitResult>> CommitAsync(IReadOnlyList<ChangeBatch> batches, CancellationToken cancellationToken) =>
        CommitChangedAsync(batches, static change => change is SetFlags set ? set with { UnchangedSince = null } : change);
}

/// <summary>Copies in UID order.</summary>
internal sealed class SortedCopyStore(IMailStore inner) : StoreWrapper(inner)
{
    public override ValueTask<IReadOnlyList<CommitResult>> CommitAsync(IReadOnlyList<ChangeBatch> batches, CancellationToken cancellationToken) =>
        CommitChangedAsync(batches, static change => change is Copy copy ? copy with { Uids = [.. copy.Uids.Order()] } : change);
}

/// <summary>Looks at the quota before the commit instead of inside it.</summary>
internal sealed class QuotaRaceStore(IMailStore inner) : StoreWrapper(inner)
{
    public override async ValueTask<IReadOnlyList<CommitResult>> CommitAsync(IReadOnlyList<ChangeBatch> batches, CancellationToken cancellationToken)
    {
        if (batches is not [{ Changes: [AppendMessage { IgnoreQuota: false } append] } batch])
        {
            return await Inner.CommitAsync(batches, cancellationToken);
        }

        var snapshot = await (await Inner.OpenAsync(batch.Account, cancellationToken))!.SnapshotAsync(cancellationToken);
        if (snapshot.QuotaUsed + append.Prefix.Length + append.Content.Length > snapshot.QuotaLimit)
        {
            return [new CommitResult(CommitError.OverQuota, 0, null, [])];
        }

        for (var turn = 0; turn < 50; turn++)
        {
            await Task.Yield();
        }

        return await Inner.CommitAsync([batch with { Changes = [append with { IgnoreQuota = true }] }], cancellationToken);
    }
}

/// <summary>Drops keywords that find no place any more, and says all is well.</summary>
internal sealed class KeywordOverflowStore(IMailStore inner) : StoreWrapper(inner)
{
    public override async ValueTask<IReadOnlyList<CommitResult>> CommitAsync(IReadOnlyList<ChangeBatch> batches, CancellationToken cancellationToken)
    {
        var results = await Inner.CommitAsync(batches, cancellationToken);
        return results.Any(static result => result.Error == CommitError.KeywordLimit)
            ? await CommitChangedAsync(batches, static change => change switch
            {
                AppendMessage append => append with { Keywords = [] },
                SetFlags set => set with { Keywords = [] },
                _ => change,
            })
            : results;
    }
}

/// <summary>Looks for a delivery key before the commit instead of inside it.</summary>
internal sealed class DeliveryRaceStore(IMailStore inner) : StoreWrapper(inner)
{
    private readonly Dictionary<(AccountId, string), CommitResult> _seen = [];

    public override async ValueTask<IReadOnlyList<CommitResult>> CommitAsync(IReadOnlyList<ChangeBatch> batches, CancellationToken cancellationToken)
    {
        if (batches is not [{ Changes: [AppendMessage { DeliveryKey: { } key } append] } batch])
        {
            return await Inner.CommitAsync(batches, cancellationToken);
        }

        lock (_seen)
        {
            if (_seen.TryGetValue((batch.Account, key), out var before))
            {
                return [before with { ModSeq = null }];
            }
        }

        for (var turn = 0; turn < 50; turn++)
        {
            await Task.Yield();
        }

        var results = await Inner.CommitAsync([batch with { Changes = [append with { DeliveryKey = null }] }], cancellationToken);
        lock (_seen)
        {
            _seen[(batch.Account, key)] = results[0];
        }

        return results;
    }
}

/// <summary>Lets everybody claim \Recent.</summary>
internal sealed class RecentForAllStore(IMailStore inner) : StoreWrapper(inner)
{
    public override async ValueTask<IReadOnlyList<CommitResult>> CommitAsync(IReadOnlyList<ChangeBatch> batches, CancellationToken cancellationToken)
    {
        if (batches is not [{ Changes: [ClaimRecent claim] } batch])
        {
            return await Inner.CommitAsync(batches, cancellationToken);
        }

        var info = (await (await Inner.OpenAsync(batch.Account, cancellationToken))!.SnapshotAsync(cancellationToken)).Mailboxes.Single(info => info.Id == claim.Id);
        return [new CommitResult(CommitError.None, -1, null, [new ChangeResult(claim.Id, info.UidValidity, [], [], [], info.RecentFrom)])];
    }
}

/// <summary>Renames a mailbox and leaves those below it behind.</summary>
internal sealed class RenameAloneStore(IMailStore inner) : StoreWrapper(inner)
{
    public override async ValueTask<IReadOnlyList<CommitResult>> CommitAsync(IReadOnlyList<ChangeBatch> batches, CancellationToken cancellationToken)
    {
        if (batches is not [{ Changes: [RenameMailbox rename] } batch])
        {
            return await Inner.CommitAsync(batches, cancellationToken);
        }

        var before = (await (await Inner.OpenAsync(batch.Account, cancellationToken))!.SnapshotAsync(cancellationToken)).Mailboxes;
        var results = await Inner.CommitAsync(batches, cancellationToken);
        if (results[0].Error == CommitError.None)
        {
            var name = before.Single(info => info.Id == rename.Id).Name;
            var left = before.Where(info => info.Name.StartsWith(name + "/", StringComparison.Ordinal)).Select(info => new RenameMailbox(info.Id, info.Name));
            foreach (var back in left)
            {
                await Inner.CommitAsync([new ChangeBatch(batch.Account, [back])], cancellationToken);
            }
        }

        return results;
    }
}

using MailCore.Storage.Sqlite.Content;
using MailCore.Storage.Sqlite.Database;

namespace MailCore.Storage.Sqlite.Writing;

/// <summary>The batches of one call of CommitAsync, each in a savepoint of its own.</summary>
internal sealed class CommitWork(WriteContext context, IReadOnlyList<ChangeBatch> batches, Action<AccountId, ModSeq> publish, long weight) : WriteWork<IReadOnlyList<CommitResult>>
{
    private static readonly Sql Savepoint = new("SAVEPOINT batch");
    private static readonly Sql RollbackTo = new("ROLLBACK TO batch");
    private static readonly Sql Release = new("RELEASE batch");

    private readonly CommitResult[] _results = new CommitResult[batches.Count];
    private readonly List<SqliteStagedContent> _taken = [];

    public override long Weight => weight;

    protected override IReadOnlyList<CommitResult> Result => _results;

    public override void Run(StoreConnection db)
    {
        _taken.Clear();
        for (var i = 0; i < _results.Length; i++)
        {
            var takenBefore = _taken.Count;
            db.Use(Savepoint).Run();
            _results[i] = Run(db, batches[i]);
            if (_results[i].Error != CommitError.None)
            {
                db.Use(RollbackTo).Run();
                _taken.RemoveRange(takenBefore, _taken.Count - takenBefore);
            }

            db.Use(Release).Run();
        }
    }

    public override void Committed()
    {
        foreach (var content in _taken)
        {
            content.MarkCommitted();
        }

        for (var i = 0; i < _results.Length; i++)
        {
            if (_results[i].ModSeq is { } modSeq)
            {
                publish(batches[i].Account, modSeq);
            }
        }

        base.Committed();
    }

    private static CommitResult Rejected(CommitError error, int failedAt) => new(error, failedAt, null, []);

    private CommitResult Run(StoreConnection db, ChangeBatch batch)
    {
        if (AccountBatch.Load(context, db, batch.Account) is not { } account)
        {
            return Rejected(CommitError.NoAccount, -1);
        }

        var results = new ChangeResult[batch.Changes.Count];
        for (var i = 0; i < results.Length; i++)
        {
            var error = Apply(account, batch.Changes[i], out var result);
            if (error != CommitError.None)
            {
                return Rejected(error, i);
            }

            results[i] = result!;
        }

        account.Save();
        return new CommitResult(CommitError.None, -1, account.Allocated, results);
    }

    private CommitError Apply(AccountBatch account, StoreChange change, out ChangeResult? result)
    {
        switch (change)
        {
            case AppendMessage append:
                return MessageChanges.Append(account, append, _taken, out result);
            case Copy copy:
                return MessageChanges.Copy(account, copy, out result);
            case SetFlags set:
                return FlagChanges.SetFlags(account, set, out result);
            case Expunge expunge:
                return FlagChanges.Expunge(account, expunge, out result);
            case PutSummary put:
                return FlagChanges.PutSummary(account, put, out result);
            case CreateMailbox create:
                return MailboxChanges.Create(account, create, out result);
            case RenameMailbox rename:
                return MailboxChanges.Rename(account, rename, out result);
            case DeleteMailbox delete:
                return MailboxChanges.Delete(account, delete, out result);
            case Subscribe subscribe:
                return MailboxChanges.Subscribe(account, subscribe, out result);
            case ClaimRecent claim:
                return MailboxChanges.ClaimRecent(account, claim, out result);
            case SetMetadata set:
                return AttributeChanges.SetMetadata(account, set, out result);
            case SetAcl set:
                return AttributeChanges.SetAcl(account, set, out result);
            case SetQuota quota:
                account.SetQuota(quota);
                result = MailboxChanges.NoMailbox;
                return CommitError.None;
            default:
                result = null;
                return CommitError.NotSupported;
        }
    }
}

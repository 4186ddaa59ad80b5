using MailCore.Storage.Sqlite.Database;

namespace MailCore.Storage.Sqlite.Writing;

/// <summary>
/// Removes what has expired, in steps small enough that a delivery behind one of them does not notice. Every step is a work of
/// the writer, so what it sees can't change under it.
/// </summary>
internal sealed class Maintenance(WriteContext context, Writer writer, Action<long, ModSeq> publishOldestKept)
{
    /// <summary>Rows that one step may remove.</summary>
    private const int StepRows = 256;

    /// <summary>When a content is still held as staged, how long to wait before asking again.</summary>
    private const long RetrySeconds = 5 * 60;

    private static readonly Sql SelectGarbage = new("SELECT content FROM garbage LIMIT ?1");
    private static readonly Sql DeleteGarbage = new("DELETE FROM garbage WHERE content = ?1");
    private static readonly Sql SelectSettled = new("SELECT settled FROM store");
    private static readonly Sql UpdateSettled = new("UPDATE store SET settled = ?1");
    private static readonly Sql SelectDeliveries = new("SELECT account, key FROM delivery WHERE at < ?1 ORDER BY at LIMIT ?2");
    private static readonly Sql DeleteDelivery = new("DELETE FROM delivery WHERE account = ?1 AND key = ?2");
    private static readonly Sql SelectStates = new("SELECT key FROM state WHERE expires <= ?1 ORDER BY expires LIMIT ?2");
    private static readonly Sql DeleteState = new("DELETE FROM state WHERE key = ?1");
    private static readonly Sql RaiseOldestKept = new("UPDATE account SET oldest_kept = max(oldest_kept, ?2) WHERE id = ?1");
    private static readonly Sql DeleteRemoved = new("DELETE FROM removed_mailbox WHERE account = ?1 AND id = ?2");

    private Walk _walk;

    /// <summary>Removes all that has expired by now. Not to be called again before it has ended.</summary>
    public async Task RunAsync()
    {
        Outcome outcome;
        do
        {
            outcome = await new WriteFunction<Outcome>(Step).RunAsync(writer, CancellationToken.None);
            _walk = outcome.Walk;
            if (outcome.Forgotten is { } task)
            {
                publishOldestKept(task.Account, new ModSeq(task.ModSeq));
            }
        }
        while (outcome.More);
    }

    /// <summary>Remembers that the files of all contents below the one received longest have a row.</summary>
    public void Settle(StoreConnection db, long slack)
    {
        var settled = context.Stage.Settled;
        if (settled - db.Use(SelectSettled).Scalar() > slack)
        {
            db.Use(UpdateSettled).With(settled).Run();
        }
    }

    private Outcome Step(StoreConnection db)
    {
        var now = context.Time.GetUtcNow().ToUnixTimeSeconds();
        Settle(db, slack: 4096);
        var more = CollectGarbage(db)
            | DeleteDeliveries(db, now - (long)MessageChanges.DeliveryKeysKept.TotalSeconds)
            | DeleteStates(db, context.Time.GetUtcNow().ToUnixTimeMilliseconds());
        if (Retention.Next(db, now) is not { } task)
        {
            return new Outcome(more, default, null);
        }

        var messages = new ExpiredMessages(task == _walk.Task ? _walk : new Walk(task, 0, false, false), StepRows);
        switch (task.Kind)
        {
            case RetentionKind.ExpungedMessages:
                Finish(db, messages.DeleteExpunged(db, context.Stage), messages.Walk, RetentionKind.ExpungeHistory);
                break;
            case RetentionKind.RemovedMailbox:
                Finish(db, messages.DeleteMailbox(db, context.Stage), messages.Walk, RetentionKind.RemovalHistory);
                break;
            case RetentionKind.ExpungeHistory:
                db.Use(RaiseOldestKept).With(task.Account).With(task.ModSeq).Run();
                if (!messages.DeleteHistory(db))
                {
                    Retention.Remove(db, task);
                }

                return new Outcome(true, messages.Walk, task);
            default:
                db.Use(RaiseOldestKept).With(task.Account).With(task.ModSeq).Run();
                db.Use(DeleteRemoved).With(task.Account).With(task.Mailbox).Run();
                Retention.Remove(db, task);
                return new Outcome(true, default, task);
        }

        return new Outcome(true, messages.Walk, null);
    }

    private void Finish(StoreConnection db, bool more, Walk walk, RetentionKind next)
    {
        if (more)
        {
            return;
        }

        var now = context.Time.GetUtcNow().ToUnixTimeSeconds();
        Retention.Remove(db, walk.Task);
        Retention.Add(db, walk.Skipped
            ? walk.Task with { Due = now + RetrySeconds }
            : walk.Task with { Kind = next, Due = context.HistoryUntil(now) });
    }

    private bool CollectGarbage(StoreConnection db)
    {
        var files = new List<long>();
        using (var row = db.Use(SelectGarbage).With(StepRows))
        {
            while (row.Step())
            {
                files.Add(row.Int64(0));
            }
        }

        var deleted = 0;
        foreach (var file in files)
        {
            try
            {
                // No row has spoken of the file since an earlier commit.
                context.Stage.Folder.Delete(file);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // The next run tries again.
                continue;
            }

            db.Use(DeleteGarbage).With(file).Run();
            deleted++;
        }

        return deleted == StepRows;
    }

    private static bool DeleteDeliveries(StoreConnection db, long before)
    {
        var keys = new List<(long Account, string Key)>();
        using (var row = db.Use(SelectDeliveries).With(before).With(StepRows))
        {
            while (row.Step())
            {
                keys.Add((row.Int64(0), row.Text(1)));
            }
        }

        foreach (var (account, key) in keys)
        {
            db.Use(DeleteDelivery).With(account).With(key).Run();
        }

        return keys.Count == StepRows;
    }

    private static bool DeleteStates(StoreConnection db, long now)
    {
        var keys = new List<string>();
        using (var row = db.Use(SelectStates).With(now).With(StepRows))
        {
            while (row.Step())
            {
                keys.Add(row.Text(0));
            }
        }

        foreach (var key in keys)
        {
            db.Use(DeleteState).With(key).Run();
        }

        return keys.Count == StepRows;
    }

    /// <param name="More">Whether another step has something to do.</param>
    /// <param name="Walk">Where it goes on.</param>
    /// <param name="Forgotten">Changes of this account up to this ModSeq can't be answered any more.</param>
    private readonly record struct Outcome(bool More, Walk Walk, RetentionTask? Forgotten);
}

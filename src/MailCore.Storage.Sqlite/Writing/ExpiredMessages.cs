using MailCore.Storage.Sqlite.Content;
using MailCore.Storage.Sqlite.Database;

namespace MailCore.Storage.Sqlite.Writing;

/// <summary>
/// How far the messages of a retention task have been walked over. Only kept in memory: after the end of the process a walk starts
/// over and passes what is done already.
/// </summary>
/// <param name="Task">The task.</param>
/// <param name="After">The last UID seen.</param>
/// <param name="EntriesDone">Of a removed mailbox only what was expunged before its removal is left.</param>
/// <param name="Skipped">A message was left for later because its content is still held as staged.</param>
internal readonly record struct Walk(RetentionTask Task, long After, bool EntriesDone, bool Skipped);

/// <summary>One step of a walk. Each method says whether there is more to do.</summary>
internal sealed class ExpiredMessages(Walk walk, int rows)
{
    private static readonly Sql SelectExpunged = new("SELECT uid, message FROM expunged WHERE mailbox = ?1 AND modseq = ?2 AND uid > ?3 ORDER BY uid LIMIT ?4");
    private static readonly Sql SelectAllExpunged = new("SELECT uid, message FROM expunged WHERE mailbox = ?1 AND uid > ?2 ORDER BY uid LIMIT ?3");
    private static readonly Sql DeleteExpungedRow = new("DELETE FROM expunged WHERE mailbox = ?1 AND uid = ?2");
    private static readonly Sql SelectEntries = new("SELECT uid, message FROM entry WHERE mailbox = ?1 AND uid > ?2 ORDER BY uid LIMIT ?3");
    private static readonly Sql DeleteEntry = new("DELETE FROM entry WHERE mailbox = ?1 AND uid = ?2");
    private static readonly Sql SelectContent = new("SELECT content FROM message WHERE id = ?1");
    private static readonly Sql DeleteMessage = new("DELETE FROM message WHERE id = ?1");

    /// <summary>Where the next step goes on; counts only when this one is committed.</summary>
    public Walk Walk { get; private set; } = walk;

    public bool DeleteExpunged(StoreConnection db, ContentStage stage)
    {
        using var statement = db.Use(SelectExpunged).With(Walk.Task.Mailbox).With(Walk.Task.ModSeq).With(Walk.After).With(rows);
        var found = ReadRows(statement);
        foreach (var (_, message) in found)
        {
            if (!TryDelete(db, stage, message))
            {
                Walk = Walk with { Skipped = true };
            }
        }

        return found.Count == rows;
    }

    public bool DeleteHistory(StoreConnection db)
    {
        using var statement = db.Use(SelectExpunged).With(Walk.Task.Mailbox).With(Walk.Task.ModSeq).With(Walk.After).With(rows);
        var found = ReadRows(statement);
        foreach (var (uid, _) in found)
        {
            db.Use(DeleteExpungedRow).With(Walk.Task.Mailbox).With(uid).Run();
        }

        return found.Count == rows;
    }

    public bool DeleteMailbox(StoreConnection db, ContentStage stage)
    {
        var (select, delete) = Walk.EntriesDone ? (SelectAllExpunged, DeleteExpungedRow) : (SelectEntries, DeleteEntry);
        using var statement = db.Use(select).With(Walk.Task.Mailbox).With(Walk.After).With(rows);
        var found = ReadRows(statement);
        foreach (var (uid, message) in found)
        {
            if (TryDelete(db, stage, message))
            {
                db.Use(delete).With(Walk.Task.Mailbox).With(uid).Run();
            }
            else
            {
                Walk = Walk with { Skipped = true };
            }
        }

        if (found.Count == rows)
        {
            return true;
        }

        if (Walk.EntriesDone)
        {
            return false;
        }

        Walk = Walk with { EntriesDone = true, After = 0 };
        return true;
    }

    private List<(long Uid, long Message)> ReadRows(Statement statement)
    {
        var found = new List<(long, long)>(rows);
        while (statement.Step())
        {
            found.Add((statement.Int64(0), statement.Int64(1)));
        }

        if (found.Count > 0)
        {
            Walk = Walk with { After = found[^1].Item1 };
        }

        return found;
    }

    private static bool TryDelete(StoreConnection db, ContentStage stage, long message)
    {
        if (db.Use(SelectContent).With(message).Scalar() is not { } content)
        {
            return true;
        }

        if (!Contents.TryRelease(db, stage, content))
        {
            return false;
        }

        db.Use(DeleteMessage).With(message).Run();
        return true;
    }
}

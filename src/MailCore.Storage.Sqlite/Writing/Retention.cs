using MailCore.Storage.Sqlite.Database;

namespace MailCore.Storage.Sqlite.Writing;

/// <summary>What a line of the retention table is about; the numbers are stored.</summary>
internal enum RetentionKind
{
    /// <summary>Details and contents of what one batch expunged from a mailbox.</summary>
    ExpungedMessages = 1,

    /// <summary>The memory of that expunge.</summary>
    ExpungeHistory = 2,

    /// <summary>All messages of a mailbox that was deleted.</summary>
    RemovedMailbox = 3,

    /// <summary>The memory of that deletion.</summary>
    RemovalHistory = 4,
}

/// <summary>Something to be removed at or after <paramref name="Due"/>, in seconds since 1970.</summary>
internal readonly record struct RetentionTask(long Due, RetentionKind Kind, long Account, long Mailbox, long ModSeq);

/// <summary>The queue of what is to be removed.</summary>
internal static class Retention
{
    private static readonly Sql Insert = new("INSERT OR IGNORE INTO retention(due, kind, account, mailbox, modseq) VALUES (?1, ?2, ?3, ?4, ?5)");
    private static readonly Sql Delete = new("DELETE FROM retention WHERE due = ?1 AND kind = ?2 AND mailbox = ?3 AND modseq = ?4");
    private static readonly Sql SelectDue = new("SELECT due, kind, account, mailbox, modseq FROM retention WHERE due <= ?1 ORDER BY due LIMIT 1");

    public static void Add(StoreConnection db, RetentionTask task) =>
        db.Use(Insert).With(task.Due).With((long)task.Kind).With(task.Account).With(task.Mailbox).With(task.ModSeq).Run();

    public static void Remove(StoreConnection db, RetentionTask task) =>
        db.Use(Delete).With(task.Due).With((long)task.Kind).With(task.Mailbox).With(task.ModSeq).Run();

    /// <summary>The one due longest, or null.</summary>
    public static RetentionTask? Next(StoreConnection db, long now)
    {
        using var row = db.Use(SelectDue).With(now);
        return row.Step() ? new RetentionTask(row.Int64(0), (RetentionKind)row.Int64(1), row.Int64(2), row.Int64(3), row.Int64(4)) : null;
    }
}

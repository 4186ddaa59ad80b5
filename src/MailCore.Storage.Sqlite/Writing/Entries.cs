using MailCore.Storage.Sqlite.Database;

namespace MailCore.Storage.Sqlite.Writing;

/// <summary>A message's place in a mailbox.</summary>
internal readonly record struct Entry(long Uid, ulong Flags, long ModSeq, long Size, long Message);

/// <summary>Statements on entries and on the memory of those expunged.</summary>
internal static class Entries
{
    private static readonly Sql Select = new("SELECT flags, modseq, size, message FROM entry WHERE mailbox = ?1 AND uid = ?2");
    private static readonly Sql InsertEntry = new("INSERT INTO entry(mailbox, uid, flags, modseq, size, message) VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
    private static readonly Sql UpdateFlags = new("UPDATE entry SET flags = ?3, modseq = ?4 WHERE mailbox = ?1 AND uid = ?2");
    private static readonly Sql DeleteEntry = new("DELETE FROM entry WHERE mailbox = ?1 AND uid = ?2");
    private static readonly Sql InsertExpunged = new("INSERT INTO expunged(mailbox, uid, modseq, message) VALUES (?1, ?2, ?3, ?4)");

    public static bool TryGet(StoreConnection db, MailboxState mailbox, long uid, out Entry entry)
    {
        using var row = db.Use(Select).With(mailbox.Id).With(uid);
        var found = row.Step();
        entry = found ? new Entry(uid, (ulong)row.Int64(0), row.Int64(1), row.Int64(2), row.Int64(3)) : default;
        return found;
    }

    public static void Insert(AccountBatch batch, MailboxState mailbox, Entry entry)
    {
        batch.Db.Use(InsertEntry).With(mailbox.Id).With(entry.Uid).With((long)entry.Flags).With(entry.ModSeq).With(entry.Size).With(entry.Message).Run();
        mailbox.UidNext = entry.Uid + 1;
        mailbox.Added(entry.Flags, entry.Size, entry.ModSeq);
    }

    public static void SetFlags(AccountBatch batch, MailboxState mailbox, Entry entry, ulong flags)
    {
        var modSeq = batch.ModSeq();
        batch.Db.Use(UpdateFlags).With(mailbox.Id).With(entry.Uid).With((long)flags).With(modSeq).Run();
        mailbox.Altered(entry.Flags, flags, modSeq);
    }

    public static void Expunge(AccountBatch batch, MailboxState mailbox, Entry entry)
    {
        var modSeq = batch.ModSeq();
        batch.Db.Use(DeleteEntry).With(mailbox.Id).With(entry.Uid).Run();
        batch.Db.Use(InsertExpunged).With(mailbox.Id).With(entry.Uid).With(modSeq).With(entry.Message).Run();
        batch.RetainExpunged(mailbox);
        batch.Free(entry.Size, 1);
        mailbox.Removed(entry.Flags, entry.Size, modSeq);
    }
}

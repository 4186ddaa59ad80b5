using MailCore.Storage.Sqlite.Content;
using MailCore.Storage.Sqlite.Database;

namespace MailCore.Storage.Sqlite.Writing;

/// <summary>Appends and copies: the changes that make messages.</summary>
internal static class MessageChanges
{
    /// <summary>As the contract of <see cref="AppendMessage.DeliveryKey"/> has it.</summary>
    public static readonly TimeSpan DeliveryKeysKept = TimeSpan.FromDays(7);

    private static readonly Sql SelectDelivery = new("SELECT mailbox, uid, at FROM delivery WHERE account = ?1 AND key = ?2");
    private static readonly Sql InsertDelivery = new("INSERT OR REPLACE INTO delivery(account, key, mailbox, uid, at) VALUES (?1, ?2, ?3, ?4, ?5)");

    private static readonly Sql InsertMessage = new("""
        INSERT INTO message(id, content, internal_date, zone_minutes, save_date, email_id, prefix, summary) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
        """);

    private static readonly Sql CopyMessage = new("""
        INSERT INTO message(id, content, internal_date, zone_minutes, save_date, email_id, prefix, summary)
        SELECT ?1, content, internal_date, zone_minutes, ?2, coalesce(email_id, id), prefix, summary FROM message WHERE id = ?3
        """);

    private static readonly Sql SelectContent = new("SELECT content FROM message WHERE id = ?1");

    public static CommitError Append(AccountBatch batch, AppendMessage change, List<SqliteStagedContent> taken, out ChangeResult? result)
    {
        result = null;
        if (change.DeliveryKey is { } seen && (result = FindDelivery(batch, seen)) is not null)
        {
            return CommitError.None;
        }

        if (batch.Find(change.Mailbox) is not { } mailbox)
        {
            return CommitError.NoMailbox;
        }

        var content = (SqliteStagedContent)change.Content;
        var size = content.Length + change.Prefix.Length;
        var uid = change.KeepUid?.Value ?? mailbox.UidNext;
        if (uid < mailbox.UidNext || uid > uint.MaxValue || size > uint.MaxValue || !MailboxChanges.AreKeywords(change.Keywords))
        {
            return CommitError.NotSupported;
        }

        if (!batch.TryUse(size, change.IgnoreQuota))
        {
            return CommitError.OverQuota;
        }

        if (!mailbox.TryGetKeywordBits(change.Keywords, batch.ModSeq, out var keywords))
        {
            return CommitError.KeywordLimit;
        }

        Contents.Use(batch.Db, content);
        taken.Add(content);
        var id = batch.Context.Ids.Take();
        InsertDetails(batch, change, id, content.Number);
        Entries.Insert(batch, mailbox, new Entry(uid, keywords | (ulong)change.Flags, batch.ModSeq(), size, id));
        if (change.DeliveryKey is { } key)
        {
            batch.Db.Use(InsertDelivery).With(batch.Number).With(key).With(mailbox.Id).With(uid).With(batch.Now).Run();
        }

        result = Result(mailbox, [], [(uint)uid]);
        return CommitError.None;
    }

    public static CommitError Copy(AccountBatch batch, Copy change, out ChangeResult? result)
    {
        result = null;
        if (batch.Find(change.From) is not { } from || batch.Find(change.To) is not { } to)
        {
            return CommitError.NoMailbox;
        }

        var sources = new List<uint>(change.Uids.Length);
        var copies = new List<uint>(change.Uids.Length);
        var end = from.UidNext;
        var seen = new HashSet<uint>(change.Uids.Length);
        foreach (var uid in change.Uids)
        {
            // Below the end: a copy into its own mailbox must not meet its copies.
            if (uid >= end || !seen.Add(uid) || !Entries.TryGet(batch.Db, from, uid, out var entry))
            {
                continue;
            }

            var flags = entry.Flags;
            if (from != to && !to.TryGetKeywordBits(from.KeywordNames(flags), batch.ModSeq, out flags))
            {
                return CommitError.KeywordLimit;
            }

            if (to.UidNext > uint.MaxValue)
            {
                return CommitError.NotSupported;
            }

            // A move frees what it uses; in between it must not be refused.
            if (!batch.TryUse(entry.Size, ignoreQuota: change.Move))
            {
                return CommitError.OverQuota;
            }

            sources.Add(uid);
            copies.Add((uint)to.UidNext);
            Insert(batch, to, entry with { Flags = (byte)entry.Flags | flags });
            if (change.Move)
            {
                Entries.Expunge(batch, from, entry);
            }
        }

        result = Result(to, [.. sources], [.. copies]);
        return CommitError.None;
    }

    public static ChangeResult Result(MailboxState mailbox, uint[] sources, uint[] created) =>
        new(MailboxNumbers.Format(mailbox.Id), mailbox.UidValidity, sources, created, [], default);

    private static void Insert(AccountBatch batch, MailboxState to, Entry source)
    {
        var id = batch.Context.Ids.Take();
        batch.Db.Use(CopyMessage).With(id).With(batch.Now).With(source.Message).Run();
        Contents.Use(batch.Db, batch.Db.Use(SelectContent).With(source.Message).Scalar() ?? throw new SqliteStoreException("A message's details are missing in the database."));
        Entries.Insert(batch, to, new Entry(to.UidNext, source.Flags, batch.ModSeq(), source.Size, id));
    }

    private static void InsertDetails(AccountBatch batch, AppendMessage change, long id, long content) =>
        batch.Db.Use(InsertMessage).With(id).With(content)
            .With(change.InternalDate.ToUnixTimeSeconds()).With(change.InternalDate.TotalOffsetMinutes).With(batch.Now)
            .With(change.KeepEmailId?.Value).With(change.Prefix.Span).With(change.Summary.Span).Run();

    private static ChangeResult? FindDelivery(AccountBatch batch, string key)
    {
        long number, uid;
        using (var row = batch.Db.Use(SelectDelivery).With(batch.Number).With(key))
        {
            if (!row.Step() || row.Int64(2) + (long)DeliveryKeysKept.TotalSeconds < batch.Now)
            {
                return null;
            }

            (number, uid) = (row.Int64(0), row.Int64(1));
        }

        return batch.Find(number) is not { } mailbox
            ? MailboxChanges.NoMailbox
            : Result(mailbox, [], Entries.TryGet(batch.Db, mailbox, uid, out _) ? [(uint)uid] : []);
    }
}

using MailCore.Storage.Sqlite.Database;

namespace MailCore.Storage.Sqlite.Writing;

/// <summary>The changes of mailboxes themselves.</summary>
internal static class MailboxChanges
{
    private static readonly Sql SelectByName = new("SELECT id FROM mailbox WHERE account = ?1 AND name = ?2");
    private static readonly Sql SelectNames = new("SELECT id, name FROM mailbox WHERE account = ?1");

    private static readonly Sql InsertMailbox = new("""
        INSERT INTO mailbox(account, id, uid_validity, uid_next, recent_from, highest_modseq, info_modseq, messages, unseen, deleted, bytes, name, special_use, keywords)
        VALUES (?1, ?2, ?3, 1, 1, ?4, ?4, 0, 0, 0, 0, ?5, ?6, '')
        """);

    private static readonly Sql TakeNumber = new("UPDATE store SET next_number = next_number + 1 RETURNING next_number - 1");
    private static readonly Sql UpdateName = new("UPDATE mailbox SET name = ?3 WHERE account = ?1 AND id = ?2");
    private static readonly Sql DeleteRow = new("DELETE FROM mailbox WHERE account = ?1 AND id = ?2");
    private static readonly Sql InsertRemoved = new("INSERT INTO removed_mailbox(account, id, modseq) VALUES (?1, ?2, ?3)");
    private static readonly Sql SelectFormer = new("SELECT uid_validity FROM former_name WHERE account = ?1 AND name = ?2");

    private static readonly Sql InsertFormer = new("""
        INSERT INTO former_name(account, name, uid_validity) VALUES (?1, ?2, ?3)
        ON CONFLICT (account, name) DO UPDATE SET uid_validity = max(uid_validity, excluded.uid_validity)
        """);

    private static readonly Sql InsertSubscription = new("INSERT OR IGNORE INTO subscription(account, name) VALUES (?1, ?2)");
    private static readonly Sql DeleteSubscription = new("DELETE FROM subscription WHERE account = ?1 AND name = ?2");

    /// <summary>What has no mailbox to speak of.</summary>
    public static ChangeResult NoMailbox { get; } = new(default, 0, [], [], [], default);

    /// <summary>Numbers of accounts and mailboxes.</summary>
    public static long NewNumber(StoreConnection db) => db.Use(TakeNumber).Scalar() ?? throw new SqliteStoreException("The database lacks its store row.");

    /// <summary>Whether the names can be kept as keywords: RFC 9051 has them as atoms.</summary>
    public static bool AreKeywords(IReadOnlyList<string> names)
    {
        for (var i = 0; i < names.Count; i++)
        {
            if (string.IsNullOrEmpty(names[i]) || names[i].Contains('\n', StringComparison.Ordinal))
            {
                return false;
            }
        }

        return true;
    }

    public static CommitError Create(AccountBatch batch, CreateMailbox change, out ChangeResult? result)
    {
        result = null;
        if (!MailboxName.TryParse(change.Name, out var name))
        {
            return CommitError.NotSupported;
        }

        if (batch.Db.Use(SelectByName).With(batch.Number).With(name.Value).Scalar() is { } existing)
        {
            return name.IsInbox && change.KeepUidValidity is { } imported
                ? ImportInbox(batch, batch.Find(existing)!, imported, out result)
                : CommitError.MailboxExists;
        }

        var former = FormerUidValidity(batch, name.Value);
        if (change.KeepUidValidity <= former)
        {
            return CommitError.NotSupported;
        }

        var uidValidity = batch.UseUidValidity(former, change.KeepUidValidity);
        var number = NewNumber(batch.Db);
        batch.Db.Use(InsertMailbox).With(batch.Number).With(number).With(uidValidity).With(batch.ModSeq()).With(name.Value).With(change.SpecialUse).Run();
        batch.ChangeStructure();
        result = NoMailbox with { Mailbox = MailboxNumbers.Format(number), UidValidity = uidValidity };
        return CommitError.None;
    }

    public static CommitError Rename(AccountBatch batch, RenameMailbox change, out ChangeResult? result)
    {
        result = null;
        if (batch.Find(change.Id) is not { } mailbox)
        {
            return CommitError.NoMailbox;
        }

        var before = MailboxName.Parse(mailbox.Name);
        if (before.IsInbox || !MailboxName.TryParse(change.Name, out var after))
        {
            return CommitError.NotSupported;
        }

        var names = ReadNames(batch);
        var moving = names
            .Where(other => other.Value == mailbox.Id || MailboxName.Parse(other.Key).IsBelow(before))
            .Select(other => (Id: other.Value, To: after.Value + other.Key[before.Value.Length..]))
            .ToList();
        if (moving.Exists(move => names.ContainsKey(move.To)))
        {
            return CommitError.MailboxExists;
        }

        if (moving.Exists(static move => !MailboxName.TryParse(move.To, out _)))
        {
            return CommitError.NotSupported;
        }

        foreach (var (id, to) in moving)
        {
            Rename(batch, batch.Find(id)!, to);
        }

        batch.ChangeStructure();
        result = MessageChanges.Result(mailbox, [], []);
        return CommitError.None;
    }

    public static CommitError Delete(AccountBatch batch, DeleteMailbox change, out ChangeResult? result)
    {
        result = null;
        if (batch.Find(change.Id) is not { } mailbox)
        {
            return CommitError.NoMailbox;
        }

        if (MailboxName.Parse(mailbox.Name).IsInbox)
        {
            return CommitError.NotSupported;
        }

        // Its messages stay for sessions that still show it, and go in small steps later.
        batch.Db.Use(DeleteRow).With(batch.Number).With(mailbox.Id).Run();
        batch.Db.Use(InsertRemoved).With(batch.Number).With(mailbox.Id).With(batch.ModSeq()).Run();
        batch.Db.Use(InsertFormer).With(batch.Number).With(mailbox.Name).With(mailbox.UidValidity).Run();
        Retention.Add(batch.Db, new RetentionTask(batch.Context.ExpungedUntil(batch.Now), RetentionKind.RemovedMailbox, batch.Number, mailbox.Id, batch.ModSeq()));
        batch.Free(mailbox.Bytes, mailbox.Messages);
        AttributeChanges.Delete(batch, mailbox);
        batch.ChangeStructure();
        batch.Forget(mailbox);
        result = MessageChanges.Result(mailbox, [], []);
        return CommitError.None;
    }

    public static CommitError Subscribe(AccountBatch batch, Subscribe change, out ChangeResult? result)
    {
        result = null;
        if (!MailboxName.TryParse(change.Name, out var name))
        {
            return CommitError.NotSupported;
        }

        batch.Db.Use(change.On ? InsertSubscription : DeleteSubscription).With(batch.Number).With(name.Value).Run();
        if (batch.Db.Changes > 0)
        {
            batch.ChangeStructure();
        }

        result = NoMailbox;
        return CommitError.None;
    }

    public static CommitError ClaimRecent(AccountBatch batch, ClaimRecent change, out ChangeResult? result)
    {
        result = null;
        if (batch.Find(change.Id) is not { } mailbox)
        {
            return CommitError.NoMailbox;
        }

        result = MessageChanges.Result(mailbox, [], []) with { RecentFrom = new Uid((uint)Math.Min(mailbox.RecentFrom, uint.MaxValue)) };
        if (mailbox.RecentFrom != mailbox.UidNext)
        {
            mailbox.RecentFrom = mailbox.UidNext;
            mailbox.Changed = true;
        }

        return CommitError.None;
    }

    private static CommitError ImportInbox(AccountBatch batch, MailboxState inbox, uint uidValidity, out ChangeResult? result)
    {
        result = null;
        if (inbox.UidNext > 1)
        {
            return CommitError.MailboxExists;
        }

        inbox.UidValidity = uidValidity;
        inbox.InfoModSeq = batch.ModSeq();
        inbox.Changed = true;
        batch.ChangeStructure();
        result = MessageChanges.Result(inbox, [], []);
        return CommitError.None;
    }

    private static void Rename(AccountBatch batch, MailboxState mailbox, string name)
    {
        batch.Db.Use(InsertFormer).With(batch.Number).With(mailbox.Name).With(mailbox.UidValidity).Run();
        batch.Db.Use(UpdateName).With(batch.Number).With(mailbox.Id).With(name).Run();
        if (FormerUidValidity(batch, name) is var former && former >= mailbox.UidValidity)
        {
            // RFC 9051 2.3.1.1: clients that knew another mailbox by this name must see a higher value.
            mailbox.UidValidity = batch.UseUidValidity(former, null);
        }

        mailbox.Name = name;
        mailbox.InfoModSeq = batch.ModSeq();
        mailbox.Changed = true;
    }

    private static Dictionary<string, long> ReadNames(AccountBatch batch)
    {
        var names = new Dictionary<string, long>(StringComparer.Ordinal);
        using var row = batch.Db.Use(SelectNames).With(batch.Number);
        while (row.Step())
        {
            names[row.Text(1)] = row.Int64(0);
        }

        return names;
    }

    private static long FormerUidValidity(AccountBatch batch, string name) => batch.Db.Use(SelectFormer).With(batch.Number).With(name).Scalar() ?? 0;
}

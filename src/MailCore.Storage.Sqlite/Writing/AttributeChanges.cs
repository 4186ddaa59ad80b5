using MailCore.Storage.Sqlite.Database;

namespace MailCore.Storage.Sqlite.Writing;

/// <summary>The changes of what is said about mailboxes: metadata and access control lists.</summary>
internal static class AttributeChanges
{
    /// <summary>In the place of a mailbox's number: annotations of the account itself.</summary>
    public const long AccountItself = 0;

    private const char Separator = '\t';
    private const char LineEnd = '\n';

    private static readonly Sql SelectValue = new("SELECT value FROM metadata WHERE account = ?1 AND mailbox = ?2 AND entry = ?3");
    private static readonly Sql CountEntries = new("SELECT count(*) FROM metadata WHERE account = ?1 AND mailbox = ?2");
    private static readonly Sql PutEntry = new("INSERT OR REPLACE INTO metadata(account, mailbox, entry, value) VALUES (?1, ?2, ?3, ?4)");
    private static readonly Sql DeleteEntry = new("DELETE FROM metadata WHERE account = ?1 AND mailbox = ?2 AND entry = ?3");
    private static readonly Sql DeleteEntries = new("DELETE FROM metadata WHERE account = ?1 AND mailbox = ?2");
    private static readonly Sql SelectAcl = new("SELECT acl FROM mailbox WHERE account = ?1 AND id = ?2");
    private static readonly Sql UpdateAcl = new("UPDATE mailbox SET acl = ?3 WHERE account = ?1 AND id = ?2");

    public static CommitError SetMetadata(AccountBatch batch, SetMetadata change, out ChangeResult? result)
    {
        result = null;
        MailboxState? mailbox = null;
        if (change.Mailbox is { } id && (mailbox = batch.Find(id)) is null)
        {
            return CommitError.NoMailbox;
        }

        var number = mailbox?.Id ?? AccountItself;
        var before = ReadValue(batch, number, change.Entry);
        if (change.Value is { } value)
        {
            if (value.Length > StorageLimits.MetadataOctets
                || (before is null && batch.Db.Use(CountEntries).With(batch.Number).With(number).Scalar() >= StorageLimits.MetadataEntries))
            {
                return CommitError.TooMany;
            }

            if (before is null || !value.AsSpan().SequenceEqual(before))
            {
                batch.Db.Use(PutEntry).With(batch.Number).With(number).With(change.Entry).With((ReadOnlySpan<byte>)value).Run();
                Changed(batch, mailbox);
            }
        }
        else if (before is not null)
        {
            batch.Db.Use(DeleteEntry).With(batch.Number).With(number).With(change.Entry).Run();
            Changed(batch, mailbox);
        }

        result = mailbox is null ? MailboxChanges.NoMailbox : MessageChanges.Result(mailbox, [], []);
        return CommitError.None;
    }

    public static CommitError SetAcl(AccountBatch batch, SetAcl change, out ChangeResult? result)
    {
        result = null;
        if (batch.Find(change.Mailbox) is not { } mailbox)
        {
            return CommitError.NoMailbox;
        }

        if (!change.IsWellFormed)
        {
            return CommitError.NotSupported;
        }

        var before = ReadAcl(batch, mailbox);
        var after = change.ApplyTo(before);
        if (after.Count > Math.Max(before.Count, StorageLimits.AclEntries))
        {
            return CommitError.TooMany;
        }

        if (!ReferenceEquals(before, after))
        {
            var text = string.Join(LineEnd, after.Select(static entry => $"{entry.Identifier}{Separator}{entry.Rights}"));
            batch.Db.Use(UpdateAcl).With(batch.Number).With(mailbox.Id).With(text).Run();
            Changed(batch, mailbox);
        }

        result = MessageChanges.Result(mailbox, [], []);
        return CommitError.None;
    }

    /// <summary>The mailbox is no more.</summary>
    public static void Delete(AccountBatch batch, MailboxState mailbox) => batch.Db.Use(DeleteEntries).With(batch.Number).With(mailbox.Id).Run();

    /// <summary>An access control list as the mailbox table has it.</summary>
    public static IReadOnlyList<AclEntry> ParseAcl(string text) => text.Length == 0
        ? []
        : Array.ConvertAll(text.Split(LineEnd), static line => line.Split(Separator) is [var identifier, var rights]
            ? new AclEntry(identifier, rights)
            : throw new SqliteStoreException("An access control list in the database can't be read."));

    private static byte[]? ReadValue(AccountBatch batch, long mailbox, string entry)
    {
        using var row = batch.Db.Use(SelectValue).With(batch.Number).With(mailbox).With(entry);
        return row.Step() ? row.Blob(0).ToArray() : null;
    }

    private static IReadOnlyList<AclEntry> ReadAcl(AccountBatch batch, MailboxState mailbox)
    {
        using var row = batch.Db.Use(SelectAcl).With(batch.Number).With(mailbox.Id);
        return row.Step() ? ParseAcl(row.Text(0)) : [];
    }

    private static void Changed(AccountBatch batch, MailboxState? mailbox)
    {
        if (mailbox is null)
        {
            batch.ChangeStructure();
            return;
        }

        mailbox.InfoModSeq = batch.ModSeq();
        mailbox.Changed = true;
    }
}

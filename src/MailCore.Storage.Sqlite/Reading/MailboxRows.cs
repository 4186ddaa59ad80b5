using MailCore.Storage.Sqlite.Database;
using MailCore.Storage.Sqlite.Writing;

namespace MailCore.Storage.Sqlite.Reading;

/// <summary>Reads of mailboxes and accounts, inside the caller's read transaction.</summary>
internal static class MailboxRows
{
    private const string Columns = """
        id, name, uid_validity, uid_next, highest_modseq, messages, unseen, deleted, bytes, recent_from, special_use, keywords, acl
        """;

    private static readonly Sql SelectAccount = new("SELECT modseq, oldest_kept, structure_modseq, quota_used, quota_limit, message_limit FROM account WHERE id = ?1");
    private static readonly Sql SelectOne = new($"SELECT {Columns} FROM mailbox WHERE account = ?1 AND id = ?2");
    private static readonly Sql SelectExists = new("SELECT 1 FROM mailbox WHERE account = ?1 AND id = ?2");
    private static readonly Sql SelectAll = new($"SELECT {Columns} FROM mailbox WHERE account = ?1");
    private static readonly Sql SelectChanged = new($"SELECT {Columns} FROM mailbox WHERE account = ?1 AND (highest_modseq > ?2 OR info_modseq > ?2)");
    private static readonly Sql SelectOneChanged = new($"SELECT {Columns} FROM mailbox WHERE account = ?1 AND (highest_modseq > ?2 OR info_modseq > ?2) AND id = ?3");
    private static readonly Sql SelectSubscriptions = new("SELECT name FROM subscription WHERE account = ?1");
    private static readonly Sql SelectMetadata = new("SELECT entry, value FROM metadata WHERE account = ?1 AND mailbox = ?2 ORDER BY entry");
    private static readonly Sql SelectRemoved = new("SELECT id FROM removed_mailbox WHERE account = ?1 AND modseq > ?2");
    private static readonly Sql SelectIsRemoved = new("SELECT 1 FROM removed_mailbox WHERE account = ?1 AND id = ?2");

    public static AccountRow ReadAccount(StoreConnection db, long account)
    {
        using var row = db.Use(SelectAccount).With(account);
        return row.Step()
            ? new AccountRow(
                new ModSeq(row.Int64(0)), new ModSeq(row.Int64(1)), row.Int64(2), row.Int64(3), row.IsNull(4) ? null : row.Int64(4), row.IsNull(5) ? null : row.Int64(5))
            : throw new SqliteStoreException("An account is missing in the database.");
    }

    public static MailboxInfo? ReadMailbox(StoreConnection db, long account, long number)
    {
        using var row = db.Use(SelectOne).With(account).With(number);
        return row.Step() ? ReadInfo(row) : null;
    }

    public static bool Exists(StoreConnection db, long account, long number) => db.Use(SelectExists).With(account).With(number).Scalar() is not null;

    public static List<MailboxInfo> ReadMailboxes(StoreConnection db, long account)
    {
        using var row = db.Use(SelectAll).With(account);
        var mailboxes = ReadInfos(row);
        mailboxes.Sort(static (a, b) => string.CompareOrdinal(a.Name, b.Name));
        return mailboxes;
    }

    /// <summary>Mailboxes with any change after <paramref name="since"/>, all of them or only one.</summary>
    public static List<MailboxInfo> ReadChanged(StoreConnection db, long account, long since, MailboxId? scope)
    {
        using var row = scope is { } only
            ? db.Use(SelectOneChanged).With(account).With(since).With(MailboxNumbers.Parse(only))
            : db.Use(SelectChanged).With(account).With(since);
        return ReadInfos(row);
    }

    public static List<string> ReadSubscriptions(StoreConnection db, long account)
    {
        using var row = db.Use(SelectSubscriptions).With(account);
        var names = new List<string>();
        while (row.Step())
        {
            names.Add(row.Text(0));
        }

        return names;
    }

    /// <summary>Annotations of a mailbox or, for <see cref="AttributeChanges.AccountItself"/>, of the account.</summary>
    public static List<MetadataEntry> ReadMetadata(StoreConnection db, long account, long mailbox)
    {
        using var row = db.Use(SelectMetadata).With(account).With(mailbox);
        var entries = new List<MetadataEntry>();
        while (row.Step())
        {
            entries.Add(new MetadataEntry(row.Text(0), row.Blob(1).ToArray()));
        }

        return entries;
    }

    public static List<MailboxId> ReadRemoved(StoreConnection db, long account, long since)
    {
        using var row = db.Use(SelectRemoved).With(account).With(since);
        var removed = new List<MailboxId>();
        while (row.Step())
        {
            removed.Add(MailboxNumbers.Format(row.Int64(0)));
        }

        return removed;
    }

    public static bool IsRemoved(StoreConnection db, long account, long number) => db.Use(SelectIsRemoved).With(account).With(number).Scalar() is not null;

    private static List<MailboxInfo> ReadInfos(Statement row)
    {
        var mailboxes = new List<MailboxInfo>();
        while (row.Step())
        {
            mailboxes.Add(ReadInfo(row));
        }

        return mailboxes;
    }

    private static MailboxInfo ReadInfo(Statement row) =>
        new(
            MailboxNumbers.Format(row.Int64(0)),
            row.Text(1),
            (uint)row.Int64(2),
            ToUid(row.Int64(3)),
            new ModSeq(row.Int64(4)),
            row.Int64(5),
            row.Int64(6),
            row.Int64(7),
            row.Int64(8),
            ToUid(row.Int64(9)),
            MailboxState.SplitKeywords(row.Text(11)))
        {
            SpecialUse = row.TextOrNull(10),
            Acl = AttributeChanges.ParseAcl(row.Text(12)),
        };

    // One past the last UID there can be is no UID.
    private static Uid ToUid(long value) => new((uint)Math.Min(value, uint.MaxValue));
}

/// <summary>What the account table says.</summary>
internal readonly record struct AccountRow(ModSeq ModSeq, ModSeq OldestKept, long StructureModSeq, long QuotaUsed, long? QuotaLimit, long? MessageLimit);

using MailCore.Storage.Sqlite.Database;

namespace MailCore.Storage.Sqlite.Writing;

/// <summary>Finds accounts, and makes them with their INBOX.</summary>
internal static class AccountCreation
{
    private static readonly Sql Select = new("SELECT id FROM account WHERE name = ?1");

    private static readonly Sql Insert = new("""
        INSERT INTO account(id, name, modseq, oldest_kept, structure_modseq, last_uid_validity, quota_used, quota_limit, message_limit)
        VALUES (?1, ?2, 0, 0, 0, 0, 0, (SELECT quota_limit FROM user WHERE account = ?2), (SELECT message_limit FROM user WHERE account = ?2))
        """);

    public static long? Find(StoreConnection db, AccountId account) => db.Use(Select).With(account.Value).Scalar();

    public static long FindOrMake(WriteContext context, StoreConnection db, AccountId account)
    {
        if (Find(db, account) is { } known)
        {
            return known;
        }

        var number = MailboxChanges.NewNumber(db);
        db.Use(Insert).With(number).With(account.Value).Run();
        var batch = AccountBatch.Load(context, db, account)!;
        MailboxChanges.Create(batch, new CreateMailbox(MailboxName.Inbox.Value), out _);
        batch.Save();
        return number;
    }
}

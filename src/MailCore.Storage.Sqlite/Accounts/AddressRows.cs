using MailCore.Messaging;
using MailCore.Storage.Sqlite.Database;

namespace MailCore.Storage.Sqlite.Accounts;

/// <summary>Statements on addresses: of accounts, and aliases.</summary>
internal static class AddressRows
{
    private const char TargetSeparator = '\n';

    private static readonly Sql Select = new("SELECT account, targets FROM address WHERE key = ?1");
    private static readonly Sql InsertAddress = new("INSERT OR IGNORE INTO address(key, account, targets) VALUES (?1, ?2, NULL)");

    private static readonly Sql InsertAlias = new("""
        INSERT INTO address(key, account, targets) VALUES (?1, NULL, ?2)
        ON CONFLICT (key) DO UPDATE SET targets = excluded.targets WHERE account IS NULL
        """);

    private static readonly Sql DeleteAlias = new("DELETE FROM address WHERE key = ?1 AND account IS NULL");
    private static readonly Sql DeleteOfAccount = new("DELETE FROM address WHERE account = ?1");

    /// <summary>Addresses compare without case.</summary>
    public static string Key(EmailAddress address) => $"{address.LocalPart}@{address.Domain}".ToLowerInvariant();

    public static DirectoryEntry? Find(StoreConnection db, string key)
    {
        using var row = db.Use(Select).With(key);
        if (!row.Step())
        {
            return null;
        }

        return row.TextOrNull(0) is { } account
            ? new DirectoryEntry.Account(new AccountId(account))
            : new DirectoryEntry.Alias([.. row.Text(1).Split(TargetSeparator).Select(EmailAddress.Parse)]);
    }

    /// <summary>Gives an address to an account, and makes its domain ours; false when it is taken.</summary>
    public static bool TryAdd(StoreConnection db, EmailAddress address, AccountId account)
    {
        db.Use(InsertAddress).With(Key(address)).With(account.Value).Run();
        return db.Changes > 0 && DomainRows.Add(db, address.Domain);
    }

    /// <summary>False when the address belongs to an account.</summary>
    public static bool TrySetAlias(StoreConnection db, EmailAddress address, EmailAddress[] targets)
    {
        // Written addresses hold no line feed, not even in quotes.
        db.Use(InsertAlias).With(Key(address)).With(string.Join<EmailAddress>(TargetSeparator, targets)).Run();
        return db.Changes > 0 && DomainRows.Add(db, address.Domain);
    }

    public static bool RemoveAlias(StoreConnection db, EmailAddress address)
    {
        db.Use(DeleteAlias).With(Key(address)).Run();
        return db.Changes > 0;
    }

    public static void RemoveAll(StoreConnection db, AccountId account) => db.Use(DeleteOfAccount).With(account.Value).Run();
}

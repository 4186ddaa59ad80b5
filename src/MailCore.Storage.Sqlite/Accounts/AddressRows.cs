using MailCore.Messaging;
using MailCore.Storage.Sqlite.Database;

namespace MailCore.Storage.Sqlite.Accounts;

/// <summary>Statements on addresses: of accounts, and aliases. A catch-all's key is its domain with '@' before it.</summary>
internal static class AddressRows
{
    private const char TargetSeparator = '\n';
    private const int PageSize = 256;

    private static readonly Sql Select = new("SELECT account, targets FROM address WHERE key = ?1");
    private static readonly Sql SelectOfAccount = new("SELECT key FROM address WHERE account = ?1 ORDER BY key");
    private static readonly Sql SelectAliases = new("SELECT key, targets FROM address WHERE key > ?1 AND account IS NULL ORDER BY key LIMIT ?2");
    private static readonly Sql InsertAddress = new("INSERT OR IGNORE INTO address(key, account, targets) VALUES (?1, ?2, NULL)");

    private static readonly Sql InsertAlias = new("""
        INSERT INTO address(key, account, targets) VALUES (?1, NULL, ?2)
        ON CONFLICT (key) DO UPDATE SET targets = excluded.targets WHERE account IS NULL
        """);

    private static readonly Sql DeleteAlias = new("DELETE FROM address WHERE key = ?1 AND account IS NULL");
    private static readonly Sql DeleteOfAccount = new("DELETE FROM address WHERE account = ?1");

    /// <summary>Addresses compare without case.</summary>
    public static string Key(EmailAddress address) => $"{address.LocalPart}@{address.Domain}".ToLowerInvariant();

    public static string CatchAllKey(string domain) => '@' + domain.ToLowerInvariant();

    public static DirectoryEntry? Find(StoreConnection db, string key)
    {
        string? account;
        string[] targets;
        using (var row = db.Use(Select).With(key))
        {
            if (!row.Step())
            {
                return null;
            }

            account = row.TextOrNull(0);
            targets = account is null ? Split(row.Text(1)) : [];
        }

        return account is null
            ? new DirectoryEntry.Alias(Array.ConvertAll(targets, EmailAddress.Parse))
            : new DirectoryEntry.Account(new AccountId(account)) { Forward = UserRows.FindForward(db, account) };
    }

    /// <summary>A domain's catch-all.</summary>
    public static MailAlias? FindCatchAll(StoreConnection db, string domain)
    {
        var key = CatchAllKey(domain);
        using var row = db.Use(Select).With(key);
        return row.Step() ? MailAlias.Parse(key, Split(row.Text(1))) : null;
    }

    /// <summary>Aliases whose keys follow <paramref name="after"/>.</summary>
    public static List<(string Key, string[] Targets)> ListAliases(StoreConnection db, string after)
    {
        using var row = db.Use(SelectAliases).With(after).With(PageSize);
        var page = new List<(string, string[])>();
        while (row.Step())
        {
            page.Add((row.Text(0), Split(row.Text(1))));
        }

        return page;
    }

    /// <summary>An alias of <see cref="ListAliases"/>.</summary>
    public static MailAlias ToAlias(string key, string[] targets) => MailAlias.Parse(key.StartsWith('@') ? key : ToAddress(key).ToString(), targets);

    /// <summary>The address of a key, which has lost the quotes that it may need.</summary>
    public static EmailAddress ToAddress(string key)
    {
        var at = key.LastIndexOf('@');
        return EmailAddress.Parse($"x{key[at..]}").WithLocalPart(key[..at]);
    }

    public static List<string> ListOf(StoreConnection db, AccountId account)
    {
        using var row = db.Use(SelectOfAccount).With(account.Value);
        var keys = new List<string>();
        while (row.Step())
        {
            keys.Add(row.Text(0));
        }

        return keys;
    }

    /// <summary>Gives an address to an account, and makes its domain ours; false when it is taken.</summary>
    public static bool TryAdd(StoreConnection db, EmailAddress address, AccountId account)
    {
        db.Use(InsertAddress).With(Key(address)).With(account.Value).Run();
        return db.Changes > 0 && DomainRows.Add(db, address.Domain);
    }

    /// <summary>False when the address belongs to an account.</summary>
    public static bool TrySetAlias(StoreConnection db, string key, string domain, IReadOnlyList<string> targets)
    {
        db.Use(InsertAlias).With(key).With(Join(targets)).Run();
        return db.Changes > 0 && DomainRows.Add(db, domain);
    }

    public static bool RemoveAlias(StoreConnection db, string key)
    {
        db.Use(DeleteAlias).With(key).Run();
        return db.Changes > 0;
    }

    public static void RemoveAll(StoreConnection db, AccountId account) => db.Use(DeleteOfAccount).With(account.Value).Run();

    /// <summary>Written addresses hold no line feed, not even in quotes.</summary>
    public static string Join(IEnumerable<string> targets) => string.Join(TargetSeparator, targets);

    public static string[] Split(string targets) => targets.Split(TargetSeparator);
}

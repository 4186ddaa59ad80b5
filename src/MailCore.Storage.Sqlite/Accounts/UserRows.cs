using System.Globalization;
using MailCore.Messaging;
using MailCore.Storage.Sqlite.Database;

namespace MailCore.Storage.Sqlite.Accounts;

/// <summary>Statements on accounts as the directory knows them, and their passwords.</summary>
internal static class UserRows
{
    private const int PageSize = 256;

    private static readonly Sql SelectAny = new("SELECT 1 FROM user WHERE account = ?1");
    private static readonly Sql SelectLive = new("SELECT 1 FROM user WHERE account = ?1 AND deleted = 0");
    private static readonly Sql SelectLogin = new("SELECT address, password, scram FROM user WHERE account = ?1 AND deleted = 0");
    private static readonly Sql SelectPage = new("SELECT account, address FROM user WHERE account > ?1 AND deleted = 0 ORDER BY account LIMIT ?2");
    private static readonly Sql SelectWithoutScram = new("SELECT 1 FROM user WHERE scram IS NULL AND password IS NOT NULL AND deleted = 0 LIMIT 1");
    private static readonly Sql Insert = new("INSERT INTO user(account, address, password, scram, deleted) VALUES (?1, ?2, ?3, ?4, 0)");
    private static readonly Sql MarkDeleted = new("UPDATE user SET deleted = 1, password = NULL, scram = NULL, forward = NULL WHERE account = ?1 AND deleted = 0");
    private static readonly Sql UpdatePassword = new("UPDATE user SET password = ?2, scram = ?3 WHERE account = ?1 AND deleted = 0");
    private static readonly Sql SelectForward = new("SELECT forward, keeps_copy FROM user WHERE account = ?1 AND forward IS NOT NULL AND deleted = 0");
    private static readonly Sql UpdateForward = new("UPDATE user SET forward = ?2, keeps_copy = ?3 WHERE account = ?1 AND deleted = 0");
    private static readonly Sql UpdateLimits = new("UPDATE user SET quota_limit = ?2, message_limit = ?3 WHERE account = ?1 AND deleted = 0");
    private static readonly Sql UpdateAccountLimits = new("UPDATE account SET quota_limit = ?2, message_limit = ?3 WHERE name = ?1");
    private static readonly Sql UpgradeHash = new("UPDATE user SET password = ?2, scram = ?3 WHERE account = ?1 AND deleted = 0 AND password = ?4");

    /// <summary>Null when the address is taken.</summary>
    public static AccountId? Create(StoreConnection db, EmailAddress address, StoredPassword? password)
    {
        var account = FreeId(db, AddressRows.Key(address));
        if (!AddressRows.TryAdd(db, address, account))
        {
            return null;
        }

        db.Use(Insert).With(account.Value).With(address.ToString()).With(password?.Hash).With(password?.Scram).Run();
        return account;
    }

    public static bool Exists(StoreConnection db, AccountId account) => db.Use(SelectLive).With(account.Value).Scalar() is not null;

    public static bool Delete(StoreConnection db, AccountId account)
    {
        db.Use(MarkDeleted).With(account.Value).Run();
        if (db.Changes == 0)
        {
            return false;
        }

        AddressRows.RemoveAll(db, account);
        SenderRows.RemoveAll(db, account);
        return true;
    }

    /// <summary>Who else gets an account's mail.</summary>
    public static MailForward? FindForward(StoreConnection db, string account)
    {
        using var row = db.Use(SelectForward).With(account);
        return row.Step() ? new MailForward(Array.ConvertAll(AddressRows.Split(row.Text(0)), EmailAddress.Parse), row.Int64(1) != 0) : null;
    }

    public static bool SetForward(StoreConnection db, AccountId account, MailForward? forward)
    {
        var targets = forward is null ? null : AddressRows.Join(forward.Targets.Select(static target => target.ToString()));
        db.Use(UpdateForward).With(account.Value).With(targets).With(forward is { KeepsCopy: false } ? 0 : 1).Run();
        return db.Changes > 0;
    }

    /// <summary>Sets both limits, for mail that there is and for an account that has none yet; false when there is no such account.</summary>
    public static bool SetLimits(StoreConnection db, AccountId account, long? octets, long? messages)
    {
        db.Use(UpdateLimits).With(account.Value).With(octets).With(messages).Run();
        var known = db.Changes > 0;
        db.Use(UpdateAccountLimits).With(account.Value).With(octets).With(messages).Run();
        return known || db.Changes > 0;
    }

    public static bool SetPassword(StoreConnection db, AccountId account, StoredPassword? password)
    {
        db.Use(UpdatePassword).With(account.Value).With(password?.Hash).With(password?.Scram).Run();
        return db.Changes > 0;
    }

    /// <summary>Replaces what is kept of a password, unless another one was set meanwhile.</summary>
    public static bool UpgradePassword(StoreConnection db, AccountId account, string hash, StoredPassword stronger)
    {
        db.Use(UpgradeHash).With(account.Value).With(stronger.Hash).With(stronger.Scram).With(hash).Run();
        return db.Changes > 0;
    }

    /// <summary>Whether everybody who has a password has SCRAM keys too.</summary>
    public static bool AllHaveScram(StoreConnection db) => db.Use(SelectWithoutScram).Scalar() is null;

    /// <summary>The login name, which is the first address, and what is kept of the password if there is one; null when there is no such account.</summary>
    public static (string Name, StoredPassword? Password)? FindLogin(StoreConnection db, AccountId account)
    {
        using var row = db.Use(SelectLogin).With(account.Value);
        return row.Step() ? (row.Text(0), row.TextOrNull(1) is { } hash ? new StoredPassword(hash, row.TextOrNull(2)) : null) : null;
    }

    /// <summary>Accounts whose id follows <paramref name="after"/>.</summary>
    public static List<DirectoryAccount> List(StoreConnection db, string after)
    {
        using var row = db.Use(SelectPage).With(after).With(PageSize);
        var page = new List<DirectoryAccount>();
        while (row.Step())
        {
            page.Add(new DirectoryAccount(new AccountId(row.Text(0)), EmailAddress.Parse(row.Text(1))));
        }

        return page;
    }

    private static AccountId FreeId(StoreConnection db, string key)
    {
        var id = key;
        for (var generation = 1; db.Use(SelectAny).With(id).Scalar() is not null; generation++)
        {
            id = string.Create(CultureInfo.InvariantCulture, $"{key}#{generation}");
        }

        return new AccountId(id);
    }
}

using MailCore.Storage.Sqlite.Database;

namespace MailCore.Storage.Sqlite.Accounts;

/// <summary>Statements on what accounts may send as besides their own addresses.</summary>
internal static class SenderRows
{
    private static readonly Sql Select = new("SELECT 1 FROM sender WHERE account = ?1 AND key = ?2");
    private static readonly Sql SelectAll = new("SELECT key FROM sender WHERE account = ?1 ORDER BY key");
    private static readonly Sql Insert = new("INSERT OR IGNORE INTO sender(account, key) VALUES (?1, ?2)");
    private static readonly Sql Delete = new("DELETE FROM sender WHERE account = ?1 AND key = ?2");
    private static readonly Sql DeleteAll = new("DELETE FROM sender WHERE account = ?1");

    public static bool Has(StoreConnection db, AccountId account, string key) => db.Use(Select).With(account.Value).With(key).Scalar() is not null;

    public static List<string> List(StoreConnection db, AccountId account)
    {
        using var row = db.Use(SelectAll).With(account.Value);
        var keys = new List<string>();
        while (row.Step())
        {
            keys.Add(row.Text(0));
        }

        return keys;
    }

    /// <summary>False when that changes nothing.</summary>
    public static bool Set(StoreConnection db, AccountId account, string key, bool isAllowed)
    {
        db.Use(isAllowed ? Insert : Delete).With(account.Value).With(key).Run();
        return db.Changes > 0;
    }

    public static void RemoveAll(StoreConnection db, AccountId account) => db.Use(DeleteAll).With(account.Value).Run();
}

using MailCore.Storage.Sqlite.Database;

namespace MailCore.Storage.Sqlite.Accounts;

/// <summary>Statements on domains.</summary>
internal static class DomainRows
{
    private static readonly Sql Select = new("SELECT relayed FROM domain WHERE name = ?1");
    private static readonly Sql InsertOurs = new("INSERT INTO domain(name, relayed) VALUES (?1, 0) ON CONFLICT (name) DO UPDATE SET relayed = 0 WHERE relayed <> 0");
    private static readonly Sql InsertRelayed = new("INSERT OR IGNORE INTO domain(name, relayed) VALUES (?1, 1)");
    private static readonly Sql Delete = new("DELETE FROM domain WHERE name = ?1");

    /// <summary>What an address of this domain is that nobody has.</summary>
    public static DirectoryEntry Find(StoreConnection db, string domain) => db.Use(Select).With(Key(domain)).Scalar() switch
    {
        null => new DirectoryEntry.Foreign(),
        0 => new DirectoryEntry.Unknown(),
        _ => new DirectoryEntry.RelayDomain(),
    };

    public static bool Add(StoreConnection db, string domain)
    {
        db.Use(InsertOurs).With(Key(domain)).Run();
        return true;
    }

    public static bool AddRelayed(StoreConnection db, string domain)
    {
        db.Use(InsertRelayed).With(Key(domain)).Run();
        return true;
    }

    public static bool Remove(StoreConnection db, string domain)
    {
        db.Use(Delete).With(Key(domain)).Run();
        return db.Changes > 0;
    }

    private static string Key(string domain) => domain.ToLowerInvariant();
}

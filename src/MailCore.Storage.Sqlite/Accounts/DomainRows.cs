using MailCore.Messaging;
using MailCore.Storage.Sqlite.Database;

namespace MailCore.Storage.Sqlite.Accounts;

/// <summary>Statements on domains.</summary>
internal static class DomainRows
{
    private static readonly Sql Select = new("SELECT relayed, via FROM domain WHERE name = ?1");
    private static readonly Sql SelectAll = new("SELECT name, relayed, via FROM domain ORDER BY name");

    private static readonly Sql InsertOurs = new("""
        INSERT INTO domain(name, relayed) VALUES (?1, 0) ON CONFLICT (name) DO UPDATE SET relayed = 0, via = NULL WHERE relayed <> 0
        """);

    private static readonly Sql InsertRelayed = new("INSERT OR IGNORE INTO domain(name, relayed) VALUES (?1, 1)");
    private static readonly Sql Replace = new("INSERT OR REPLACE INTO domain(name, relayed, via) VALUES (?1, ?2, ?3)");
    private static readonly Sql Delete = new("DELETE FROM domain WHERE name = ?1");

    /// <summary>What an address of this domain is that nobody has.</summary>
    public static DirectoryEntry Find(StoreConnection db, string domain)
    {
        using var row = db.Use(Select).With(Key(domain));
        return !row.Step() ? new DirectoryEntry.Foreign()
            : row.Int64(0) == 0 ? new DirectoryEntry.Unknown()
            : new DirectoryEntry.RelayDomain { Via = Hop(row.TextOrNull(1)) };
    }

    public static List<MailDomain> List(StoreConnection db)
    {
        using var row = db.Use(SelectAll);
        var domains = new List<MailDomain>();
        while (row.Step())
        {
            domains.Add(new MailDomain(row.Text(0)) { IsRelayed = row.Int64(1) != 0, Via = Hop(row.TextOrNull(2)) });
        }

        return domains;
    }

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

    public static bool Set(StoreConnection db, MailDomain domain)
    {
        db.Use(Replace).With(Key(domain.Name)).With(domain.IsRelayed ? 1 : 0).With(domain.IsRelayed ? domain.Via?.ToString() : null).Run();
        return true;
    }

    public static bool Remove(StoreConnection db, string domain)
    {
        db.Use(Delete).With(Key(domain)).Run();
        return db.Changes > 0;
    }

    private static NextHop? Hop(string? text) => NextHop.TryParse(text, out var hop) ? hop : null;

    private static string Key(string domain) => domain.ToLowerInvariant().TrimEnd('.');
}

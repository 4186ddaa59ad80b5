using System.Collections.Concurrent;
using MailCore.Messaging;
using MailCore.Storage.Sqlite.Database;

namespace MailCore.Storage.Sqlite.Accounts;

/// <summary>Statements on aliases that are expressions. Compiled ones are kept, since they may be asked for every unknown address.</summary>
internal sealed class ExpressionRows
{
    private const int Kept = 1_000;

    private static readonly Sql Select = new("SELECT name, targets FROM expression ORDER BY place");
    private static readonly Sql Insert = new("INSERT INTO expression(name, targets) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET targets = excluded.targets");
    private static readonly Sql Delete = new("DELETE FROM expression WHERE name = ?1");

    private readonly ConcurrentDictionary<(string Name, string Targets), MailAlias> _compiled = new();

    public List<MailAlias> List(StoreConnection db)
    {
        var rows = new List<(string Name, string Targets)>();
        using (var row = db.Use(Select))
        {
            while (row.Step())
            {
                rows.Add((row.Text(0), row.Text(1)));
            }
        }

        return rows.ConvertAll(Compile);
    }

    public static bool Set(StoreConnection db, MailAlias alias)
    {
        db.Use(Insert).With(alias.Name).With(AddressRows.Join(alias.Targets)).Run();
        return true;
    }

    public static bool Remove(StoreConnection db, string name)
    {
        db.Use(Delete).With(name).Run();
        return db.Changes > 0;
    }

    /// <summary>Who gets the mail of an address of ours that nobody has.</summary>
    public IReadOnlyList<EmailAddress> FindInstead(StoreConnection db, EmailAddress address)
    {
        foreach (var expression in List(db))
        {
            if (expression.Expand(address) is { Count: > 0 } matched)
            {
                return matched;
            }
        }

        return AddressRows.FindCatchAll(db, address.Domain)?.Expand(address) ?? [];
    }

    private MailAlias Compile((string Name, string Targets) row)
    {
        if (_compiled.Count > Kept)
        {
            _compiled.Clear();
        }

        return _compiled.GetOrAdd(row, static key => MailAlias.Parse(key.Name, AddressRows.Split(key.Targets)));
    }
}

using MailCore.Storage.Sqlite.Content;
using MailCore.Storage.Sqlite.Database;

namespace MailCore.Storage.Sqlite.Writing;

/// <summary>
/// Statements on contents and their uses. A content is kept once, whoever uses it; as long as only one message does, nothing is
/// counted.
/// </summary>
internal static class Contents
{
    private static readonly Sql Exists = new("SELECT 1 FROM content WHERE id = ?1");
    private static readonly Sql Insert = new("INSERT INTO content(id, size, hash, data) VALUES (?1, ?2, ?3, ?4)");
    private static readonly Sql InsertUse = new("INSERT INTO content_use(content, uses) VALUES (?1, 2) ON CONFLICT (content) DO UPDATE SET uses = uses + 1");
    private static readonly Sql CountUses = new("SELECT uses FROM content_use WHERE content = ?1");
    private static readonly Sql LowerUses = new("UPDATE content_use SET uses = uses - 1 WHERE content = ?1");
    private static readonly Sql DeleteUses = new("DELETE FROM content_use WHERE content = ?1");
    private static readonly Sql InsertGarbage = new("INSERT INTO garbage(content) SELECT id FROM content WHERE id = ?1 AND data IS NULL");
    private static readonly Sql Delete = new("DELETE FROM content WHERE id = ?1");

    public static bool IsKnown(StoreConnection db, long id) => db.Use(Exists).With(id).Scalar() is not null;

    /// <summary>A message uses what was staged; its first use stores it.</summary>
    public static void Use(StoreConnection db, SqliteStagedContent content)
    {
        if (IsKnown(db, content.Number))
        {
            Use(db, content.Number);
            return;
        }

        var insert = db.Use(Insert).With(content.Number).With(content.Length).With(content.Hash);
        (content.IsFile ? insert.WithNull() : insert.With(content.Octets)).Run();
    }

    /// <summary>One more message uses a content.</summary>
    public static void Use(StoreConnection db, long content) => db.Use(InsertUse).With(content).Run();

    /// <summary>
    /// One message less uses it; with the last one it goes. False, and nothing done, when it would go while somebody still holds
    /// it as staged.
    /// </summary>
    public static bool TryRelease(StoreConnection db, ContentStage stage, long content)
    {
        var uses = db.Use(CountUses).With(content).Scalar() ?? 1;
        if (uses > 1)
        {
            db.Use(uses > 2 ? LowerUses : DeleteUses).With(content).Run();
            return true;
        }

        if (stage.IsLive(content))
        {
            return false;
        }

        db.Use(InsertGarbage).With(content).Run();
        db.Use(Delete).With(content).Run();
        return true;
    }
}

using MailCore.Storage.Sqlite.Database;

namespace MailCore.Storage.Sqlite.Text;

/// <summary>
/// The tables of the text index. They are there only while the option is on: an index that missed a message would be worse than none,
/// so one that was opened without the option is thrown away, and made anew when the option is on again.
/// </summary>
internal static class TextSchema
{
    // Trigrams find any substring of three characters or more. Only which column a trigram is in is kept, not where: what the
    // index answers is verified anyway, and it takes a third of the room. The texts themselves are not kept.
    private const string Create = """
        CREATE VIRTUAL TABLE text USING fts5(header, body, content='', contentless_delete=1, detail=column, tokenize='trigram case_sensitive 1');

        -- Messages not in the index: those that wait for it, and those that never will be in it and are always looked into.
        CREATE TABLE text_queue (
            message INTEGER PRIMARY KEY,
            given_up INTEGER NOT NULL
        ) STRICT;
        INSERT INTO text_queue(message, given_up) SELECT id, 0 FROM message;

        CREATE TRIGGER text_added AFTER INSERT ON message BEGIN
            INSERT INTO text_queue(message, given_up) VALUES (new.id, 0);
        END;
        CREATE TRIGGER text_removed AFTER DELETE ON message BEGIN
            DELETE FROM text WHERE rowid = old.id;
            DELETE FROM text_queue WHERE message = old.id;
        END;
        """;

    private const string Drop = "DROP TRIGGER text_added; DROP TRIGGER text_removed; DROP TABLE text_queue; DROP TABLE text;";

    /// <summary>Makes the tables, with all messages waiting, or removes them.</summary>
    public static void Prepare(StoreConnection db, bool wanted)
    {
        var exists = db.QueryText("SELECT name FROM sqlite_schema WHERE name = 'text_queue'") is not null;
        if (exists != wanted)
        {
            Change(db, wanted ? Create : Drop);
        }
    }

    /// <summary>Starts the index over.</summary>
    public static bool Renew(StoreConnection db)
    {
        db.Execute(Drop + Create);
        return true;
    }

    private static void Change(StoreConnection db, string sql)
    {
        db.BeginImmediate();
        try
        {
            db.Execute(sql);
            db.Commit();
        }
        catch
        {
            db.Rollback();
            throw;
        }
    }
}

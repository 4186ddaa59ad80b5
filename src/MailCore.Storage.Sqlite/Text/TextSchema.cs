using MailCore.Storage.Sqlite.Database;

namespace MailCore.Storage.Sqlite.Text;

/// <summary>
/// The tables of the text index. They are there only while the option is on: an index that missed a message would be worse than none,
/// so one that was opened without the option is thrown away, and made anew when the option is on again. So is one of texts in another
/// form than that of today.
/// </summary>
internal static class TextSchema
{
    /// <summary>Of the form of texts (<see cref="MessageText.Prepare"/>): 1 was in upper case, with nothing said of it.</summary>
    private const string Form = "2";

    // Trigrams find any substring of three characters or more. Only which column a trigram is in is kept, not where: what the
    // index answers is verified anyway, and it takes a third of the room. The texts themselves are not kept.
    private const string Create = $"""
        CREATE TABLE text_form (form INTEGER NOT NULL) STRICT;
        INSERT INTO text_form(form) VALUES ({Form});
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

    private const string Drop = "DROP TRIGGER text_added; DROP TRIGGER text_removed; DROP TABLE text_queue; DROP TABLE text; DROP TABLE IF EXISTS text_form;";

    /// <summary>Makes the tables, with all messages waiting, or removes them.</summary>
    public static void Prepare(StoreConnection db, bool wanted)
    {
        var exists = Has(db, "text_queue");
        if (exists && wanted && !(Has(db, "text_form") && db.QueryText("SELECT form FROM text_form") == Form))
        {
            Change(db, Drop + Create);
        }
        else if (exists != wanted)
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

    private static bool Has(StoreConnection db, string table) => db.QueryText($"SELECT name FROM sqlite_schema WHERE name = '{table}'") is not null;

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

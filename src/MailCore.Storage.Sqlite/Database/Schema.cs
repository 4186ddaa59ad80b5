using System.Globalization;
using System.Security.Cryptography;

namespace MailCore.Storage.Sqlite.Database;

/// <summary>
/// The tables, version by version. A version once released is never edited: what it lacks comes with the next one. Each version
/// is applied in a transaction of its own, together with its line in schema_version.
/// </summary>
internal static class Schema
{
    /// <summary>"MlCo", so that file(1) and the store know the database from others.</summary>
    public const int ApplicationId = 0x4D6C436F;

    // One file each; the next one is added at the end.
    private static readonly string[] Versions = [SchemaVersion1.Text, SchemaVersion2.Text, SchemaVersion3.Text, SchemaVersion4.Text, SchemaVersion5.Text, SchemaVersion6.Text, SchemaVersion7.Text];

    /// <summary>What this code reads and writes.</summary>
    public static int Version => Versions.Length;

    /// <summary>Brings the database to <see cref="Version"/>, or throws when a newer MailCore has made it or it is something else.</summary>
    public static void Prepare(StoreConnection db, string folder, DateTimeOffset now)
    {
        var current = ReadVersion(db, folder);
        if (current > Version)
        {
            throw Newer(folder, current);
        }

        while (current < Version)
        {
            Apply(db, ++current, now);
        }
    }

    /// <summary>For those who only read: throws unless the database is at <see cref="Version"/>.</summary>
    public static void RequireCurrent(StoreConnection db, string folder)
    {
        var current = ReadVersion(db, folder);
        if (current != Version)
        {
            throw current > Version
                ? Newer(folder, current)
                : new SqliteStoreException($"The mail folder '{folder}' was written by an older MailCore (schema {current}, this one knows {Version}). Start the server once: that brings it up to date.");
        }
    }

    private static SqliteStoreException Newer(string folder, int current) =>
        new($"The mail folder '{folder}' was written by a newer MailCore (schema {current}, this one knows {Version}). Run that version, or restore a backup made before the upgrade.");

    private static int ReadVersion(StoreConnection db, string folder)
    {
        var id = db.QueryText("PRAGMA application_id");
        if (id == ApplicationId.ToString(CultureInfo.InvariantCulture))
        {
            return int.Parse(db.QueryText("SELECT coalesce(max(version), 0) FROM schema_version") ?? "0", CultureInfo.InvariantCulture);
        }

        return id == "0" && db.QueryText("SELECT name FROM sqlite_schema LIMIT 1") is null
            ? 0
            : throw new SqliteStoreException($"The database in '{folder}' is not a mail store. Choose another folder.");
    }

    private static void Apply(StoreConnection db, int version, DateTimeOffset now)
    {
        db.BeginImmediate();
        try
        {
            db.Execute(Versions[version - 1]);
            if (version == 1)
            {
                db.Execute($"PRAGMA application_id={ApplicationId}");
                db.Execute($"INSERT INTO store(one, tag, next_object, next_number, settled) VALUES (1, '{NewTag()}', 1, 1, 1)");
            }

            db.Execute(string.Create(CultureInfo.InvariantCulture, $"INSERT INTO schema_version(version, applied) VALUES ({version}, {now.ToUnixTimeSeconds()})"));
            db.Commit();
        }
        catch
        {
            db.Rollback();
            throw;
        }
    }

    /// <summary>Part of every EMAILID: two stores must not give out the same one, since messages are imported with theirs.</summary>
    private static string NewTag() => RandomNumberGenerator.GetString("abcdefghijklmnopqrstuvwxyz234567", 8);
}

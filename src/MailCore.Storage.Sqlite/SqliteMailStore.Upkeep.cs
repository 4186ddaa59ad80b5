using MailCore.Storage.Sqlite.Database;
using MailCore.Storage.Sqlite.Text;
using MailCore.Storage.Sqlite.Upkeep;
using MailCore.Storage.Sqlite.Writing;
using SQLitePCL;

namespace MailCore.Storage.Sqlite;

/// <content>Work on the store as a whole; all of it may run while mail comes in. <see cref="SqliteStoreFolder"/> has what only reads.</content>
public sealed partial class SqliteMailStore
{
    /// <summary>
    /// Reads all messages and makes again what was derived from them: summaries, hashes where there are none, counters and the database's
    /// own indexes and, with <see cref="SqliteStoreOptions.FullTextSearch"/>, the text index, which is filled in the background. Mailboxes, UIDs and flags stay as they are.
    /// </summary>
    public async Task<IndexRebuildReport> RebuildIndexAsync(IProgress<WorkProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        var report = await Task.Run(() => new IndexRebuild(this, _context.Stage.Folder, progress).RunAsync(cancellationToken), cancellationToken);
        if (_text is { } text)
        {
            await WriteAsync(TextSchema.Renew, cancellationToken);
            text.Wake();
        }

        return report;
    }

    /// <summary>
    /// Removes what has expired and writes the database anew without the room that deleted messages left. Deliveries wait meanwhile;
    /// needs as much free space as the database has octets, twice.
    /// </summary>
    public async Task<CompactionReport> CompactAsync(IProgress<WorkProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        await MaintainAsync();
        var path = Path.Combine(Folder, DatabaseName);
        var before = new FileInfo(path).Length;
        progress?.Report(new WorkProgress("Compacting the database", 0, 0));
        await new LoneWork(Compact).RunAsync(_writer, cancellationToken);
        return new CompactionReport(before, new FileInfo(path).Length);
    }

    private static void Compact(StoreConnection db)
    {
        // In memory it would take as much as the database has.
        db.Execute("PRAGMA temp_store=FILE");
        try
        {
            db.Execute("VACUUM");
        }
        finally
        {
            db.Execute("PRAGMA temp_store=MEMORY");
        }

        // Only then the file gets shorter. A reader may keep it from happening now; the next checkpoint does it then.
        db.Checkpoint(raw.SQLITE_CHECKPOINT_TRUNCATE);
    }
}

using MailCore.Storage.Sqlite.Content;
using MailCore.Storage.Sqlite.Database;
using Microsoft.Win32.SafeHandles;

namespace MailCore.Storage.Sqlite.Upkeep;

/// <summary>
/// Copies a store that may be in use. First the database, as of one moment; then the message files that this copy speaks of. Files
/// never change, and one that is gone meanwhile belonged to a message expunged long ago: the copy forgets that, too.
/// </summary>
internal sealed class StoreBackup(StoreConnection db, string folder, string destination, IProgress<WorkProgress>? progress, CancellationToken cancellationToken)
{
    private const int ChunkSize = 256 * 1024;

    private static readonly Sql SelectFiles = new("SELECT id, size FROM content WHERE data IS NULL ORDER BY id");
    private static readonly Sql SelectIsKnown = new("SELECT 1 FROM content WHERE id = ?1");
    private static readonly Sql DeleteMessages = new("DELETE FROM message WHERE content = ?1");
    private static readonly Sql DeleteContent = new("DELETE FROM content WHERE id = ?1");

    private readonly ContentFolder _source = ContentFolder.OpenExisting(folder);
    private readonly List<StoreProblem> _problems = [];

    public StoreBackupReport Run()
    {
        if (Directory.Exists(destination) && Directory.EnumerateFileSystemEntries(destination).Any())
        {
            throw new SqliteStoreException($"'{destination}' is not empty. Back up into a new folder.");
        }

        try
        {
            FileSync.MakeFolder(destination);
            var database = Path.Combine(destination, SqliteMailStore.DatabaseName);
            CopyDatabase(database);
            return CopyFiles(database);
        }
        catch (UnauthorizedAccessException e)
        {
            throw FolderLock.Unwritable(destination, e);
        }
    }

    private void CopyDatabase(string database)
    {
        progress?.Report(new WorkProgress("Copying the database", 0, 0));
        FileSync.MakeFile(database);
        db.Execute("PRAGMA query_only=0");
        db.Execute($"VACUUM INTO '{database.Replace("'", "''", StringComparison.Ordinal)}'");
        using var file = File.OpenHandle(database, FileMode.Open, FileAccess.ReadWrite);
        RandomAccess.FlushToDisk(file);
        FileSync.Folder(destination);
    }

    private StoreBackupReport CopyFiles(string database)
    {
        using var copy = StoreConnection.OpenWriter(database);
        var files = ReadFiles(copy);
        var target = new ContentFolder(destination);
        var octets = new FileInfo(database).Length;
        var (copied, total) = (0L, octets + files.Sum(static file => file.Size));
        foreach (var (id, _) in files)
        {
            cancellationToken.ThrowIfCancellationRequested();
            progress?.Report(new WorkProgress("Copying message files", octets, total));
            if (TryCopy(target, id) is { } length)
            {
                octets += length;
                copied++;
            }
            else if (db.Use(SelectIsKnown).With(id).Scalar() is null)
            {
                Forget(copy, id);
            }
            else
            {
                _problems.Add(new StoreProblem(_source.PathOf(id), "the file is missing; a check tells which message it is"));
            }
        }

        progress?.Report(new WorkProgress("Copying message files", octets, octets));
        return new StoreBackupReport(octets, copied, _problems);
    }

    private static List<(long Id, long Size)> ReadFiles(StoreConnection copy)
    {
        var files = new List<(long, long)>();
        using var row = copy.Use(SelectFiles);
        while (row.Step())
        {
            files.Add((row.Int64(0), row.Int64(1)));
        }

        return files;
    }

    private long? TryCopy(ContentFolder target, long id)
    {
        using var from = _source.Open(id);
        if (from is null)
        {
            return null;
        }

        using var to = target.Create(id);
        var length = Copy(from, to);
        target.Flush(to, id);
        return length;
    }

    private static long Copy(SafeFileHandle from, SafeFileHandle to)
    {
        var buffer = new byte[ChunkSize];
        var offset = 0L;
        for (int count; (count = RandomAccess.Read(from, buffer, offset)) > 0; offset += count)
        {
            RandomAccess.Write(to, buffer.AsSpan(0, count), offset);
        }

        return offset;
    }

    private static void Forget(StoreConnection copy, long id)
    {
        copy.Use(DeleteMessages).With(id).Run();
        copy.Use(DeleteContent).With(id).Run();
    }
}

using System.Collections.Concurrent;
using System.Globalization;
using MailCore.Storage.Sqlite.Database;
using Microsoft.Win32.SafeHandles;

namespace MailCore.Storage.Sqlite.Content;

/// <summary>
/// Files of contents too large for the database: one each, named by its id in hexadecimal, 4,096 ids to a folder. A file is
/// written once, under the name it keeps, before any row speaks of it.
/// </summary>
internal sealed class ContentFolder
{
    public const string FolderName = "messages";

    private const int IdBits = 12;

    // Folders made by this process whose own name has not been flushed yet.
    private readonly ConcurrentDictionary<long, bool> _fresh = new();

    // Held while folders come and go: making one that is removed at the same moment fails.
    private readonly Lock _folders = new();
    private readonly string _root;
    private readonly bool _flushes;

    public ContentFolder(string storeFolder, bool flushes = true)
        : this(flushes, Path.Combine(storeFolder, FolderName)) => FileSync.MakeFolder(_root);

    private ContentFolder(bool flushes, string root) => (_flushes, _root) = (flushes, root);

    /// <summary>For reading; makes nothing.</summary>
    public static ContentFolder OpenExisting(string storeFolder) => new(flushes: false, Path.Combine(storeFolder, FolderName));

    public string PathOf(long id) => Path.Combine(FolderOf(id >> IdBits), id.ToString("x16", CultureInfo.InvariantCulture));

    public SafeFileHandle Create(long id)
    {
        while (true)
        {
            MakeFolder(id >> IdBits);
            try
            {
                return File.OpenHandle(PathOf(id), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Read | FileShare.Delete);
            }
            catch (Exception e) when (e is DirectoryNotFoundException or FileNotFoundException)
            {
                // Removed as empty at this very moment; the second, when somebody has made it again before the runtime looked.
            }
        }
    }

    /// <summary>Null when there is no such file.</summary>
    public SafeFileHandle? Open(long id)
    {
        try
        {
            return File.OpenHandle(PathOf(id), FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Returns when the octets and the names that lead to them are on stable storage.</summary>
    public void Flush(SafeFileHandle file, long id)
    {
        if (!_flushes)
        {
            return;
        }

        RandomAccess.FlushToDisk(file);
        var bucket = id >> IdBits;
        FileSync.Folder(FolderOf(bucket));
        if (_fresh.ContainsKey(bucket))
        {
            FileSync.Folder(_root);
            _fresh.TryRemove(bucket, out _);
        }
    }

    /// <summary>Deletes a file if it exists, and its folder with the last one.</summary>
    public void Delete(long id)
    {
        try
        {
            File.Delete(PathOf(id));
            lock (_folders)
            {
                Directory.Delete(FolderOf(id >> IdBits));
            }
        }
        catch (DirectoryNotFoundException)
        {
        }
        catch (IOException) when (!File.Exists(PathOf(id)))
        {
            // The folder is not empty.
        }
    }

    /// <summary>All files named as contents are, in no order.</summary>
    public IEnumerable<(long Id, string Path)> List()
    {
        foreach (var folder in Directory.Exists(_root) ? Directory.EnumerateDirectories(_root) : [])
        {
            foreach (var file in Directory.EnumerateFiles(folder))
            {
                if (TryParse(file, out var id))
                {
                    yield return (id, file);
                }
            }
        }
    }

    /// <summary>Deletes files from id <paramref name="settled"/> on that the database knows nothing of; only while nobody receives.</summary>
    public void Sweep(long settled, Func<long, bool> isKnown)
    {
        // A crash may have left folders whose names were never flushed.
        FileSync.Folder(_root);
        foreach (var folder in Directory.EnumerateDirectories(_root))
        {
            if (!TryParse(folder, out var bucket) || bucket < settled >> IdBits)
            {
                continue;
            }

            foreach (var file in Directory.GetFiles(folder))
            {
                if (TryParse(file, out var id) && id >= settled && !isKnown(id))
                {
                    Delete(id);
                }
            }
        }
    }

    private static bool TryParse(string path, out long number) =>
        long.TryParse(Path.GetFileName(path.AsSpan()), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out number);

    private string FolderOf(long bucket) => Path.Combine(_root, bucket.ToString("x13", CultureInfo.InvariantCulture));

    private void MakeFolder(long bucket)
    {
        var path = FolderOf(bucket);
        lock (_folders)
        {
            if (!Directory.Exists(path))
            {
                _fresh[bucket] = true;
                Directory.CreateDirectory(path);
            }
        }
    }
}

namespace MailCore.Tests.Sqlite;

/// <summary>A folder that is gone after the test.</summary>
internal sealed class SqliteTestFolder : IDisposable
{
    public SqliteTestFolder() => Path = Directory.CreateTempSubdirectory("mailcore-sqlite-").FullName;

    public string Path { get; }

    /// <summary>As a crash would leave it: what is in the files now, without the lock and the shared memory.</summary>
    public SqliteTestFolder Copy()
    {
        var copy = new SqliteTestFolder();
        foreach (var file in Directory.EnumerateFiles(Path, "*", SearchOption.AllDirectories))
        {
            var name = System.IO.Path.GetRelativePath(Path, file);
            if (name == "lock" || name.EndsWith("-shm", StringComparison.Ordinal))
            {
                continue;
            }

            var to = System.IO.Path.Combine(copy.Path, name);
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(to)!);
            File.Copy(file, to);
        }

        return copy;
    }

    /// <summary>Files of large contents.</summary>
    public string[] MessageFiles() => Directory.GetFiles(System.IO.Path.Combine(Path, "messages"), "*", SearchOption.AllDirectories);

    public long LogLength() => new FileInfo(System.IO.Path.Combine(Path, "mail.db-wal")).Length;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}

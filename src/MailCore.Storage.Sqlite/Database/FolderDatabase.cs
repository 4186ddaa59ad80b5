using SQLitePCL;

namespace MailCore.Storage.Sqlite.Database;

/// <summary>
/// A store's database from outside of the store, which may be open in another process. A connection for each call: what it reads and
/// writes is small. Only tables that the store keeps nothing of in memory may be changed this way: those of the directory, and limits.
/// </summary>
/// <remarks>
/// SQLite lets one transaction write at a time. Each waits for the other: the server at most as long as one of these small changes
/// takes, this for the server's groups, up to <see cref="Patience"/>.
/// </remarks>
internal sealed class FolderDatabase(string folder) : IDirectoryDatabase
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public T Read<T>(Func<StoreConnection, T> read)
    {
        using var db = StoreConnection.OpenReader(RequirePath());
        Schema.RequireCurrent(db, folder);
        return read(db);
    }

    public Task<T> WriteAsync<T>(Func<StoreConnection, T> write, CancellationToken cancellationToken) => Task.Run(
        () =>
        {
            using var db = StoreConnection.OpenEditor(RequirePath());
            Schema.RequireCurrent(db, folder);
            Begin(db, cancellationToken);
            try
            {
                var result = write(db);
                db.Commit();
                return result;
            }
            catch
            {
                db.Rollback();
                throw;
            }
        },
        cancellationToken);

    private static void Begin(StoreConnection db, CancellationToken cancellationToken)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                db.BeginImmediate();
                return;
            }
            catch (SqliteStoreException busy) when ((busy.ResultCode & 0xFF) == raw.SQLITE_BUSY && TimeProvider.System.GetElapsedTime(started) < Patience)
            {
                // SQLite has waited already.
            }
        }
    }

    private string RequirePath()
    {
        Batteries_V2.Init();
        var path = Path.Combine(folder, SqliteMailStore.DatabaseName);
        return File.Exists(path) ? path : throw new SqliteStoreException($"There is no mail store in '{folder}'.");
    }
}

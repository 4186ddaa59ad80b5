using MailCore.Storage.Sqlite.Database;

namespace MailCore.Storage.Sqlite;

/// <summary>Server state in a store's database. What has been set survives a power cut.</summary>
public sealed class SqliteServerState : IServerState
{
    private static readonly Sql Select = new("SELECT value FROM state WHERE key = ?1 AND expires > ?2");
    private static readonly Sql Insert = new("INSERT OR REPLACE INTO state(key, value, expires) VALUES (?1, ?2, ?3)");
    private static readonly Sql Delete = new("DELETE FROM state WHERE key = ?1");

    private readonly SqliteMailStore _store;

    /// <summary>Keeps state beside the store's mail; the store stays the caller's to dispose.</summary>
    public SqliteServerState(SqliteMailStore store)
    {
        ArgumentNullException.ThrowIfNull(store);
        _store = store;
    }

    /// <inheritdoc/>
    public ValueTask<byte[]?> GetAsync(string key, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(key);
        cancellationToken.ThrowIfCancellationRequested();
        var now = _store.Time.GetUtcNow().ToUnixTimeMilliseconds();
        return ValueTask.FromResult(_store.Read(db =>
        {
            using var row = db.Use(Select).With(key).With(now);
            return row.Step() ? row.Blob(0).ToArray() : null;
        }));
    }

    /// <inheritdoc/>
    public async ValueTask SetAsync(string key, ReadOnlyMemory<byte>? value, DateTimeOffset expires, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(key);
        var kept = value?.ToArray();
        await _store.WriteAsync(
            db =>
            {
                if (kept is null)
                {
                    db.Use(Delete).With(key).Run();
                }
                else
                {
                    db.Use(Insert).With(key).With(kept).With(expires.ToUnixTimeMilliseconds()).Run();
                }

                return true;
            },
            cancellationToken);
    }
}

using MailCore.Storage.Sqlite.Database;
using SQLitePCL;

namespace MailCore.Storage.Sqlite.Writing;

/// <summary>Keeps the write-ahead log short.</summary>
/// <remarks>
/// The log starts over only when all of it has been copied into the database file and no reader still reads from it. Most of the
/// copying is done by a connection of its own beside the writer, which goes on appending; when that is through, the writer
/// copies the small rest between two transactions and waits for the readers that began before. These are short by design: see
/// <see cref="ReaderPool"/>.
/// </remarks>
internal sealed class LogCheckpointer(string path, SqliteStoreOptions options) : IDisposable
{
    private const int PageSize = 4096;

    private readonly long _pages = options.WriteAheadLimit / PageSize;
    private StoreConnection? _connection;
    private Task<bool>? _copying;
    private long _startedAt;
    private long _nextAt = options.WriteAheadLimit / PageSize;

    /// <summary>Called by the writer's thread between transactions.</summary>
    public void AfterCommit(StoreConnection writer)
    {
        var written = writer.PagesWritten;
        if (_copying is null)
        {
            if (written >= _nextAt)
            {
                _copying = Task.Factory.StartNew(Copy, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            }
        }
        else if (_copying.IsCompleted || written - _startedAt >= 4 * _pages)
        {
            // A log four times the limit means that copying can't keep up: then the writer waits for it.
            Finish(writer, _copying.GetAwaiter().GetResult());
        }
    }

    /// <summary>By the closing store, after the writer's thread has ended.</summary>
    public void Dispose()
    {
        _copying?.GetAwaiter().GetResult();
        _connection?.Dispose();
    }

    private void Finish(StoreConnection writer, bool copied)
    {
        _copying = null;
        if (copied && TryRestart(writer))
        {
            _startedAt = writer.PagesWritten;
        }

        // Where a backup reads from the log for minutes, it is not tried again with every commit.
        _nextAt = writer.PagesWritten + _pages;
    }

    private bool Copy()
    {
        try
        {
            _connection ??= StoreConnection.OpenCheckpointer(path, options.SurvivesPowerLoss);
            _connection.Checkpoint(raw.SQLITE_CHECKPOINT_PASSIVE);
            return true;
        }
        catch (SqliteStoreException)
        {
            // Out of space, perhaps. The log is still whole; the next commit tries again.
            return false;
        }
    }

    private static bool TryRestart(StoreConnection writer)
    {
        try
        {
            return writer.Checkpoint(raw.SQLITE_CHECKPOINT_RESTART);
        }
        catch (SqliteStoreException)
        {
            return false;
        }
    }
}

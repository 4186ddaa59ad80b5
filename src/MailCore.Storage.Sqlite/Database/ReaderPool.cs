namespace MailCore.Storage.Sqlite.Database;

/// <summary>
/// Connections for reading. There are as many as reads run at once, so none waits for another; a few are kept between reads.
/// </summary>
/// <remarks>
/// A lease is taken, used and given back on one thread within one call: nobody holds a read transaction while a client is slow,
/// which is what keeps the log from growing without end.
/// </remarks>
internal sealed class ReaderPool(string path) : IDisposable
{
    private const int Kept = 8;

    // Guards all below. Readers idle in _idle; the pool is gone when _closed and no reader is _leased.
    private readonly object _lock = new();
    private readonly Stack<StoreConnection> _idle = new();
    private int _leased;
    private bool _closed;

    public Lease Rent()
    {
        StoreConnection? connection;
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_closed, typeof(SqliteMailStore));
            _idle.TryPop(out connection);
            _leased++;
        }

        try
        {
            return new Lease(this, connection ?? StoreConnection.OpenReader(path));
        }
        catch
        {
            Return(null);
            throw;
        }
    }

    /// <summary>Waits for the reads under way, and closes.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _closed = true;
            while (_leased > 0)
            {
                Monitor.Wait(_lock);
            }

            while (_idle.TryPop(out var connection))
            {
                connection.Dispose();
            }
        }
    }

    private void Return(StoreConnection? connection)
    {
        lock (_lock)
        {
            if (connection is not null && _idle.Count < Kept && !_closed)
            {
                _idle.Push(connection);
                connection = null;
            }
        }

        connection?.Dispose();
        lock (_lock)
        {
            _leased--;
            Monitor.PulseAll(_lock);
        }
    }

    /// <summary>A connection for the length of a call.</summary>
    internal readonly ref struct Lease(ReaderPool pool, StoreConnection connection)
    {
        public StoreConnection Connection { get; } = connection;

        public void Dispose()
        {
            // A read that failed half-way may have left its transaction open.
            if (Connection.InTransaction)
            {
                Connection.Rollback();
            }

            pool.Return(Connection);
        }
    }
}

using MailCore.Storage.Sqlite.Database;

namespace MailCore.Storage.Sqlite.Writing;

/// <summary>The one thread that writes.</summary>
/// <remarks>
/// Locking and threading. All changes of the database are made by this thread on its own connection, so no write lock is ever
/// contended and UIDs and ModSeqs are allocated in the order of the commits. Whoever wants a change leaves a
/// <see cref="WriteWork"/> in the queue and awaits it. The thread takes all that wait, runs them in one transaction and commits
/// once: while one flush is under way the next group gathers, so the number of flushes does not grow with the number of
/// deliveries. A failing work undoes the whole transaction; the works are then run again one by one, and only those fail that
/// fail by themselves. Readers have connections of their own and, with the write-ahead log, never wait for this thread.
/// The log is written back by <see cref="LogCheckpointer"/>.
/// </remarks>
internal sealed class Writer : IDisposable
{
    private const int MaxWorks = 512;
    private const long MaxWeight = 8 * 1024 * 1024;

    // Guards _queue and _stopping.
    private readonly object _lock = new();
    private readonly Queue<WriteWork> _queue = new();
    private readonly StoreConnection _db;
    private readonly ObjectIds _ids;
    private readonly LogCheckpointer _checkpointer;
    private readonly Thread _thread;
    private bool _stopping;
    private long _commits;

    public Writer(StoreConnection db, ObjectIds ids, LogCheckpointer checkpointer)
    {
        (_db, _ids, _checkpointer) = (db, ids, checkpointer);
        _thread = new Thread(Loop) { IsBackground = true, Name = "MailCore SQLite writer" };
        _thread.Start();
    }

    /// <summary>Transactions committed that wrote something, and so flushes of the log.</summary>
    public long Commits => Volatile.Read(ref _commits);

    public void Enqueue(WriteWork work)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_stopping, typeof(SqliteMailStore));
            _queue.Enqueue(work);
            if (_queue.Count == 1)
            {
                Monitor.Pulse(_lock);
            }
        }
    }

    /// <summary>Finishes what has been asked for and ends the thread; the connection is left to the caller.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _stopping = true;
            Monitor.Pulse(_lock);
        }

        _thread.Join();
    }

    private void Loop()
    {
        var group = new List<WriteWork>();
        while (Take(group))
        {
            Run(group);
            group.Clear();
            _checkpointer.AfterCommit(_db);
        }
    }

    private bool Take(List<WriteWork> group)
    {
        lock (_lock)
        {
            while (_queue.Count == 0)
            {
                if (_stopping)
                {
                    return false;
                }

                Monitor.Wait(_lock);
            }

            var weight = 0L;
            while (group.Count < MaxWorks && weight < MaxWeight && _queue.TryPeek(out var work))
            {
                if (work.IsAlone && group.Count > 0)
                {
                    break;
                }

                _queue.Dequeue();
                if (work.IsAlone)
                {
                    weight = MaxWeight;
                }

                if (work.TryTake())
                {
                    weight += work.Weight;
                    group.Add(work);
                }
            }

            return true;
        }
    }

    private void Run(List<WriteWork> group)
    {
        if (group.Count == 0)
        {
            return;
        }

        if (TryCommit(group) is not { } failure)
        {
            foreach (var work in group)
            {
                work.Committed();
            }
        }
        else if (group.Count == 1)
        {
            group[0].Failed(failure);
        }
        else
        {
            foreach (var work in group)
            {
                Run([work]);
            }
        }
    }

    private Exception? TryCommit(List<WriteWork> group)
    {
        try
        {
            if (group is [{ IsAlone: true } alone])
            {
                alone.Run(_db);
                return null;
            }

            var before = _db.PagesWritten;
            _db.BeginImmediate();
            foreach (var work in group)
            {
                work.Run(_db);
            }

            _ids.Cover(_db);
            _db.Commit();
            _ids.Covered();
            if (_db.PagesWritten != before)
            {
                Interlocked.Increment(ref _commits);
            }

            return null;
        }
        catch (Exception e)
        {
            try
            {
                _db.Rollback();
            }
            catch (SqliteStoreException)
            {
                // The connection is in no transaction any more; the next BEGIN says what is wrong.
            }

            _ids.NotCovered();
            return e;
        }
    }
}

using Microsoft.Win32.SafeHandles;

namespace MailCore.Storage.Sqlite.Content;

/// <summary>
/// Flushes message files on threads of its own: waiting for a disk would starve the thread pool, and file systems flush several
/// files at once for little more than the price of one. Threads are started as they are needed and stay.
/// </summary>
internal sealed class FileFlusher(ContentFolder folder) : IDisposable
{
    private const int MaxThreads = 8;

    // Guards all below.
    private readonly object _lock = new();
    private readonly Queue<Request> _queue = new();
    private readonly List<Thread> _threads = [];
    private int _idle;
    private bool _stopping;

    /// <summary>Completes when the file and the names that lead to it are on stable storage.</summary>
    public Task FlushAsync(SafeFileHandle file, long id)
    {
        var request = new Request(file, id);
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_stopping, typeof(SqliteMailStore));
            _queue.Enqueue(request);
            if (_idle >= _queue.Count || _threads.Count == MaxThreads)
            {
                Monitor.Pulse(_lock);
            }
            else
            {
                var thread = new Thread(Loop) { IsBackground = true, Name = "MailCore SQLite file flush" };
                _threads.Add(thread);
                thread.Start();
            }
        }

        return request.Completion.Task;
    }

    /// <summary>Finishes what has been asked for.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _stopping = true;
            Monitor.PulseAll(_lock);
        }

        foreach (var thread in _threads)
        {
            thread.Join();
        }
    }

    private void Loop()
    {
        while (Take() is { } request)
        {
            try
            {
                folder.Flush(request.File, request.Id);
                request.Completion.SetResult();
            }
            catch (Exception e)
            {
                request.Completion.SetException(e);
            }
        }
    }

    private Request? Take()
    {
        lock (_lock)
        {
            while (_queue.Count == 0)
            {
                if (_stopping)
                {
                    return null;
                }

                _idle++;
                Monitor.Wait(_lock);
                _idle--;
            }

            return _queue.Dequeue();
        }
    }

    private sealed class Request(SafeFileHandle file, long id)
    {
        public SafeFileHandle File => file;

        public long Id => id;

        public TaskCompletionSource Completion { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}

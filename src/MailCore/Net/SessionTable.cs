using System.Collections.Concurrent;
using System.Globalization;

namespace MailCore.Net;

/// <summary>The connections of one server that are being served. Thread-safe.</summary>
internal sealed class SessionTable(TimeProvider time)
{
    private readonly ConcurrentDictionary<MailConnection, byte> _connections = new();
    private readonly string _run = (time.GetUtcNow().ToUnixTimeSeconds() & 0xFFFFFF).ToString("x6", CultureInfo.InvariantCulture);
    private readonly TaskCompletionSource _emptied = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _gate = new();
    private long _lastId;
    private int _count;
    private bool _closing;

    public int Count => Volatile.Read(ref _count);

    /// <summary>Completes once there is no session; asking for it says that no more are to be expected.</summary>
    public Task Emptied
    {
        get
        {
            lock (_gate)
            {
                _closing = true;
                if (_count == 0)
                {
                    _emptied.TrySetResult();
                }

                return _emptied.Task;
            }
        }
    }

    /// <summary>A name for the next connection: the server's start time and a number, both in hexadecimal.</summary>
    public string NextId() => string.Create(CultureInfo.InvariantCulture, $"{_run}-{Interlocked.Increment(ref _lastId):x}");

    public void Add(MailConnection connection)
    {
        _connections[connection] = 0;
        lock (_gate)
        {
            _count++;
        }
    }

    public void Remove(MailConnection connection)
    {
        _connections.TryRemove(connection, out _);
        lock (_gate)
        {
            if (--_count == 0 && _closing)
            {
                _emptied.TrySetResult();
            }
        }
    }

    public void AbortAll()
    {
        foreach (var connection in _connections.Keys)
        {
            connection.Abort(new OperationCanceledException("The server is stopping."));
        }
    }
}

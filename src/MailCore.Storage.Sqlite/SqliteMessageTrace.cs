using MailCore.Delivery;
using MailCore.Messaging;
using MailCore.Storage.Sqlite.Traces;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace MailCore.Storage.Sqlite;

/// <summary>
/// Keeps the trace of messages in a store's database. Steps are gathered and written together, about once a second, in a transaction
/// that no delivery waits for: those of the last second may be lost when the process dies. Thread-safe.
/// </summary>
public sealed partial class SqliteMessageTrace : IMessageTrace, IAsyncDisposable, IDisposable
{
    /// <summary>Steps that may wait to be written; more are dropped, and the log says how many.</summary>
    public const int MaxWaiting = 50_000;

    private const int WriteAt = 2_000;
    private const int ForgetAtOnce = 500;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    // Guards _waiting, _dropped, _number and _writing.
    private readonly Lock _lock = new();
    private readonly SqliteMailStore _store;
    private readonly ILogger _logger;
    private readonly TimeSpan _kept;
    private readonly ITimer _timer;
    private List<MessageStep> _waiting = [];
    private Task _writing = Task.CompletedTask;
    private long _number;
    private long _dropped;

    /// <summary>Keeps steps beside the store's mail for <see cref="SqliteStoreOptions.TraceHistory"/>; the store stays the caller's to dispose.</summary>
    public SqliteMessageTrace(SqliteMailStore store, ILogger<SqliteMessageTrace>? logger = null)
    {
        ArgumentNullException.ThrowIfNull(store);
        (_store, _kept, _logger) = (store, store.TraceHistory, logger ?? NullLogger<SqliteMessageTrace>.Instance);
        _timer = store.Time.CreateTimer(static trace => ((SqliteMessageTrace)trace!).Tick(), this, Interval, Interval);
    }

    /// <summary>Steps not yet given to the writer.</summary>
    internal int Waiting
    {
        get
        {
            lock (_lock)
            {
                return _waiting.Count;
            }
        }
    }

    /// <inheritdoc/>
    public void Note(MessageStep step)
    {
        ArgumentNullException.ThrowIfNull(step);
        if (_kept == TimeSpan.Zero)
        {
            return;
        }

        lock (_lock)
        {
            if (_waiting.Count >= MaxWaiting)
            {
                _dropped++;
                return;
            }

            _waiting.Add(step);
            if (_waiting.Count == WriteAt)
            {
                _ = WriteAsync();
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<MessageStep>> FindAsync(string name, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(name);
        await WriteAsync().WaitAsync(cancellationToken);
        return _store.Read(db => TraceRows.Find(db, name));
    }

    /// <summary>Writes what waits.</summary>
    public async ValueTask DisposeAsync()
    {
        await _timer.DisposeAsync();
        await WriteAsync();
    }

    /// <inheritdoc cref="DisposeAsync"/>
    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    private void Tick()
    {
        lock (_lock)
        {
            // A write that takes longer is not joined by another.
            if (_waiting.Count > 0 && _writing.IsCompleted)
            {
                _ = WriteAsync();
            }
        }
    }

    /// <summary>Completes when all that was noted before is written, or could not be.</summary>
    private Task WriteAsync()
    {
        lock (_lock)
        {
            return _writing = WriteAsync(_writing);
        }
    }

    private async Task WriteAsync(Task before)
    {
        await before.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        List<MessageStep> steps;
        long number;
        long dropped;
        lock (_lock)
        {
            (steps, _waiting) = (_waiting, []);
            number = _number = Math.Max(_number + 1, _store.Time.GetUtcNow().ToUnixTimeMilliseconds());
            (dropped, _dropped) = (_dropped, 0);
        }

        if (steps.Count == 0)
        {
            return;
        }

        var messages = steps.GroupBy(static step => step.QueueId, StringComparer.Ordinal).Select(static group => (Id: group.Key, Steps: group.ToList())).ToList();
        var oldest = QueueId.First(_store.Time.GetUtcNow() - _kept);
        try
        {
            await _store.WriteAsync(
                db =>
                {
                    foreach (var message in messages)
                    {
                        TraceRows.Add(db, message.Id, number, message.Steps);
                    }

                    return TraceRows.Forget(db, oldest, Math.Max(ForgetAtOnce, messages.Count * 2));
                },
                CancellationToken.None);
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException)
        {
            dropped += steps.Count;
            WriteFailed(error);
        }

        if (dropped > 0)
        {
            Dropped(dropped);
        }
    }

    [LoggerMessage(EventId = 3111, Level = LogLevel.Warning, Message = "The trace of messages could not be written; mail is not affected")]
    private partial void WriteFailed(Exception exception);

    [LoggerMessage(EventId = 3112, Level = LogLevel.Warning, Message = "{Count} steps of messages are missing in the trace")]
    private partial void Dropped(long count);
}

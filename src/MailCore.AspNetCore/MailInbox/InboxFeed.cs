using System.Security.Cryptography;
using MailCore.Storage;
using Microsoft.Extensions.Logging;

namespace MailCore.AspNetCore.MailInbox;

/// <summary>What happened in the mailboxes that are shown.</summary>
internal enum InboxChangeKind
{
    Added,
    Removed,
    Changed,

    /// <summary>More than can be told: load anew.</summary>
    Reset,
}

/// <summary>A change, and the number that it has in the feed.</summary>
internal readonly record struct InboxChange(long Number, InboxChangeKind Kind, MessageKey Key, string Account, string Mailbox);

/// <summary>
/// The changes of all accounts that are shown, from the store's own change feed. Watches while anybody listens and a while longer, so
/// that who comes back finds what it missed. Thread-safe.
/// </summary>
/// <remarks>
/// The last changes are kept for all listeners together: a slow one holds nothing, and is told to load anew when what it has not read is
/// no longer kept.
/// </remarks>
internal sealed partial class InboxFeed(InboxAccounts inbox, MailAccounts accounts, TimeProvider time, ILogger logger)
{
    /// <summary>Changes kept.</summary>
    public const int Kept = 1024;

    private static readonly TimeSpan Linger = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly InboxChange[] _changes = new InboxChange[Kept];
    private long _next;
    private TaskCompletionSource _changed = NewSignal();
    private string _epoch = "";
    private Task? _started;
    private CancellationTokenSource? _watching;
    private ITimer? _lingering;
    private int _listeners;

    /// <summary>Listens from here on, or from behind the change that <paramref name="after"/> names where it is still known.</summary>
    public async ValueTask<Listener> ListenAsync(string? after, CancellationToken cancellationToken)
    {
        Task started;
        lock (_lock)
        {
            _listeners++;
            _lingering?.Dispose();
            _lingering = null;
            started = _started ??= StartAsync();
        }

        try
        {
            await started.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            Leave();
            throw;
        }

        lock (_lock)
        {
            return new Listener(this, _epoch, after is null ? _next : PositionAfter(after));
        }
    }

    // Under the lock. One that is not known is so long ago that the reader is told to load anew.
    private long PositionAfter(string id) =>
        id.Split('-') is [var epoch, var number] && epoch == _epoch && long.TryParse(number, out var last) && last >= 0 && last < _next ? last + 1 : -1;

    private async Task StartAsync()
    {
        var watching = new CancellationTokenSource();
        var watch = new InboxWatch(inbox, accounts, Publish);
        try
        {
            // Elsewhere: the caller holds the lock.
            await Task.Run(() => watch.StartAsync(watching.Token)).ConfigureAwait(false);
        }
        catch
        {
            watch.Dispose();
            watching.Dispose();
            lock (_lock)
            {
                _started = null;
            }

            throw;
        }

        lock (_lock)
        {
            _watching = watching;
            _epoch = RandomNumberGenerator.GetHexString(8, lowercase: true);
            _next = 0;
        }

        _ = RunAsync(watch, watching);
    }

    private async Task RunAsync(InboxWatch watch, CancellationTokenSource watching)
    {
        while (!watching.IsCancellationRequested)
        {
            try
            {
                await watch.NextAsync(watching.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (watching.IsCancellationRequested)
            {
            }
            catch (Exception error)
            {
                // What was missed is found by loading anew.
                WatchFailed(error);
                Publish(InboxChangeKind.Reset, default, "", "");
            }
        }

        watch.Dispose();
        watching.Dispose();
    }

    private void Publish(InboxChangeKind kind, MessageKey key, string account, string mailbox)
    {
        TaskCompletionSource changed;
        lock (_lock)
        {
            _changes[_next % Kept] = new InboxChange(_next, kind, key, account, mailbox);
            _next++;
            (changed, _changed) = (_changed, NewSignal());
        }

        changed.SetResult();
    }

    private void Leave()
    {
        lock (_lock)
        {
            if (--_listeners == 0)
            {
                _lingering?.Dispose();
                _lingering = time.CreateTimer(static feed => ((InboxFeed)feed!).StopUnused(), this, Linger, Timeout.InfiniteTimeSpan);
            }
        }
    }

    private void StopUnused()
    {
        lock (_lock)
        {
            if (_listeners > 0)
            {
                return;
            }

            if (_watching is null && _started is not null)
            {
                // It still starts.
                _lingering = time.CreateTimer(static feed => ((InboxFeed)feed!).StopUnused(), this, Linger, Timeout.InfiniteTimeSpan);
                return;
            }

            _watching?.Cancel();
            (_watching, _started) = (null, null);
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    [LoggerMessage(EventId = 9101, Level = LogLevel.Warning, Message = "The inbox could not follow the changes of the store; its readers load anew.")]
    private partial void WatchFailed(Exception error);

    /// <summary>Reads the feed at its own speed. Single-threaded.</summary>
    public sealed class Listener(InboxFeed feed, string epoch, long position) : IDisposable
    {
        private bool _isDisposed;

        /// <summary>What a change is called.</summary>
        public string NameOf(InboxChange change) => $"{epoch}-{change.Number}";

        /// <summary>The next changes; those that are no longer kept are one <see cref="InboxChangeKind.Reset"/>. None where there are none.</summary>
        public IReadOnlyList<InboxChange> Read(int limit)
        {
            lock (feed._lock)
            {
                if (position < Math.Max(0, feed._next - Kept))
                {
                    position = feed._next;
                    return [new InboxChange(Math.Max(0, position - 1), InboxChangeKind.Reset, default, "", "")];
                }

                var changes = new List<InboxChange>();
                while (position < feed._next && changes.Count < limit)
                {
                    changes.Add(feed._changes[position++ % Kept]);
                }

                return changes;
            }
        }

        /// <summary>Waits for the next change; false when none came in time.</summary>
        public async ValueTask<bool> WaitAsync(TimeSpan patience, CancellationToken cancellationToken)
        {
            Task changed;
            lock (feed._lock)
            {
                if (position < feed._next)
                {
                    return true;
                }

                changed = feed._changed.Task;
            }

            try
            {
                await changed.WaitAsync(patience, feed.Time, cancellationToken).ConfigureAwait(false);
                return true;
            }
            catch (TimeoutException)
            {
                return false;
            }
        }

        public void Dispose()
        {
            if (!_isDisposed)
            {
                _isDisposed = true;
                feed.Leave();
            }
        }
    }

    private TimeProvider Time => time;
}

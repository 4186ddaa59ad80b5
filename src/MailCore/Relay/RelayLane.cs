using System.Diagnostics;
using System.Threading.Channels;
using MailCore.Messaging;
using Microsoft.Extensions.Logging;

namespace MailCore.Relay;

/// <summary>Works off one virtual queue: leases what is due, gives each destination its workers, and hands results back in groups.</summary>
/// <remarks>
/// One loop leases, one gives results back; each worker has one destination and at most one session. Everything they share is under
/// the lock, which nobody holds while awaiting. No more is leased than a few items for each worker, so that an end of the process
/// leaves few attempts recorded that were not made.
/// </remarks>
internal sealed partial class RelayLane : IAsyncDisposable
{
    private const int MaxGroup = 500;
    private const int MaxAlarms = 20;

    private static readonly TimeSpan AfterFailure = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, RelayDestination> _destinations = new(StringComparer.Ordinal);
    private readonly Dictionary<long, QueueLease> _inHand = [];
    private readonly Channel<bool> _signal = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly Channel<LeaseResult> _results = Channel.CreateUnbounded<LeaseResult>(new UnboundedChannelOptions { SingleReader = true });
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationTokenSource _aborting = new();
    private readonly QueueLane _lane;
    private readonly RelayServices _services;
    private readonly ITimer _wake;
    private readonly ITimer _renew;
    private readonly IDisposable _listening;
    private readonly int _max;
    private readonly List<Task> _work = [];
    private TaskCompletionSource _idle = new();
    private Task _loop = Task.CompletedTask;
    private Task _completing = Task.CompletedTask;
    private int _workers;
    private int _alarms;

    public RelayLane(QueueLane lane, RelayServices services)
    {
        (_lane, _services, _max) = (lane, services, services.Options.Workers(lane));
        _wake = services.Time.CreateTimer(static lane => ((RelayLane)lane!).Signal(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        var half = services.Options.Schedule.MinimumDelay / 2;
        _renew = services.Time.CreateTimer(static lane => ((RelayLane)lane!).Renew(), this, half, half);
        _listening = services.Queue.Listen(changed =>
        {
            if (changed == _lane)
            {
                Signal();
            }
        });
    }

    public void Start()
    {
        _loop = Task.Run(LeaseAllAsync);
        _completing = Task.Run(CompleteAllAsync);
    }

    /// <summary>Begins nothing more; lets transactions at hand finish until the token fires, gives the rest back.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _loop.ConfigureAwait(false);
        Task done;
        lock (_lock)
        {
            foreach (var destination in _destinations.Values)
            {
                GiveBack(destination.Clear());
            }

            done = _workers + _alarms == 0 ? Task.CompletedTask : _idle.Task;
        }

        try
        {
            await done.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            await _aborting.CancelAsync().ConfigureAwait(false);
            await done.ConfigureAwait(false);
        }

        _results.Writer.TryComplete();
        await _completing.ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync().ConfigureAwait(false);
        await StopAsync(now.Token).ConfigureAwait(false);
        _listening.Dispose();
        await _wake.DisposeAsync().ConfigureAwait(false);
        await _renew.DisposeAsync().ConfigureAwait(false);
        _stopping.Dispose();
        _aborting.Dispose();
    }

    private void Signal() => _signal.Writer.TryWrite(true);

    private async Task LeaseAllAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                if (!await LeaseAsync().ConfigureAwait(false))
                {
                    await _signal.Reader.ReadAsync(_stopping.Token).ConfigureAwait(false);
                }
            }
            catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error)
            {
                LeaseFailed(_services.Logger, error, _lane);
                _wake.Change(AfterFailure, Timeout.InfiniteTimeSpan);
                await ((Task)_signal.Reader.ReadAsync(_stopping.Token).AsTask()).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <summary>False when there is nothing to do before the next signal.</summary>
    private async ValueTask<bool> LeaseAsync()
    {
        var now = _services.Time.GetUtcNow();
        var (full, resting) = (new HashSet<string>(StringComparer.Ordinal), new HashSet<string>(StringComparer.Ordinal));
        var restEnds = DateTimeOffset.MaxValue;
        int room;
        lock (_lock)
        {
            var waiting = 0;
            foreach (var destination in _destinations.Values.ToList())
            {
                waiting += destination.Count;
                if (destination.IsIdle(now))
                {
                    _destinations.Remove(destination.Name);
                }
                else if (destination.RestsUntil > now)
                {
                    resting.Add(destination.Name);
                    restEnds = destination.RestsUntil < restEnds ? destination.RestsUntil : restEnds;
                }
                else if (destination.IsFull)
                {
                    full.Add(destination.Name);
                }
            }

            room = _alarms >= MaxAlarms ? 0 : Math.Min(4 * _max - waiting, MaxGroup);
        }

        if (room <= 0)
        {
            return false;
        }

        // Armed before the lease: what becomes due in between is no surprise then.
        var request = new LeaseRequest
        {
            Lane = _lane,
            Max = room,
            MaxPerDestination = _lane == QueueLane.Local ? _max : 4 * _services.Options.InitialConnectionsPerDestination,
            Delay = _services.Options.Schedule.DelayAfter,
            Full = full,
            Resting = resting,
        };
        var leases = await _services.Queue.LeaseAsync(request, _stopping.Token).ConfigureAwait(false);
        lock (_lock)
        {
            foreach (var lease in leases)
            {
                Take(lease);
            }

            StartWorkers();
        }

        if (leases.Count > 0)
        {
            return true;
        }

        full.UnionWith(resting);
        var due = _services.Queue.NextDue(_lane, full) ?? DateTimeOffset.MaxValue;
        due = restEnds < due ? restEnds : due;
        var left = due - _services.Time.GetUtcNow();
        if (due != DateTimeOffset.MaxValue)
        {
            // A day is far enough, and more than timers can take is possible.
            _wake.Change(left <= TimeSpan.Zero ? TimeSpan.FromMilliseconds(1) : left > TimeSpan.FromDays(1) ? TimeSpan.FromDays(1) : left, Timeout.InfiniteTimeSpan);
        }

        return false;
    }

    private void Take(QueueLease lease)
    {
        _inHand[lease.Item] = lease;
        if (lease.IsAlarm)
        {
            _alarms++;
            _ = Task.Run(() => RunAlarmAsync(lease));
            return;
        }

        if (!_destinations.TryGetValue(lease.Destination, out var destination))
        {
            _destinations[lease.Destination] = destination = new RelayDestination(
                lease.Destination, _services.Options, lease.Hop is null ? _max : _services.Options.MaxConnectionsPerDestination);
        }

        destination.Add(lease);
    }

    private void StartWorkers()
    {
        foreach (var destination in _destinations.Values)
        {
            while (_workers < _max && destination.WantsWorker && !_stopping.IsCancellationRequested)
            {
                _workers++;
                destination.Workers++;
                _ = Task.Run(() => WorkAsync(destination));
            }
        }
    }

    private async Task WorkAsync(RelayDestination destination)
    {
        var sender = new RelaySender(_services);
        try
        {
            while (await NextAsync(destination, sender.HasSession).ConfigureAwait(false) is { } lease)
            {
                using var attempt = RelayMetrics.StartAttempt(lease);
                var started = Stopwatch.GetTimestamp();
                var outcomes = await sender.SendAsync(lease, _aborting.Token).ConfigureAwait(false);
                _services.Work.Metrics?.AttemptEnds(attempt, _lane, outcomes, started);
                Learn(destination, outcomes);
                Return(await _services.Work.FinishAsync(lease, outcomes, _aborting.Token).ConfigureAwait(false));
            }
        }
        catch (OperationCanceledException) when (_aborting.IsCancellationRequested)
        {
            // What was at hand is due again at the time that its lease recorded.
        }
        catch (Exception error)
        {
            WorkFailed(_services.Logger, error, destination.Name);
        }
        finally
        {
            await sender.DisposeAsync().ConfigureAwait(false);
            lock (_lock)
            {
                _workers--;
                destination.Workers--;
                StartWorkers();
                Idle();
            }

            Signal();
        }
    }

    private async Task RunAlarmAsync(QueueLease lease)
    {
        try
        {
            Return(await _services.Work.FinishAlarmAsync(lease, _aborting.Token).ConfigureAwait(false));
        }
        catch (OperationCanceledException) when (_aborting.IsCancellationRequested)
        {
            // It comes again.
        }
        catch (Exception error)
        {
            WorkFailed(_services.Logger, error, lease.Destination);
        }
        finally
        {
            lock (_lock)
            {
                _alarms--;
                Idle();
            }

            Signal();
        }
    }

    /// <summary>The next item of the destination; with a session a worker waits a while for one, unless others have none to work for them.</summary>
    private async ValueTask<QueueLease?> NextAsync(RelayDestination destination, bool hasSession)
    {
        while (true)
        {
            Task more;
            lock (_lock)
            {
                if (_stopping.IsCancellationRequested)
                {
                    return null;
                }

                if (destination.Take() is { } lease)
                {
                    if (!destination.IsFull)
                    {
                        Signal();
                    }

                    return lease;
                }

                if (!hasSession || _workers >= _max || _services.Options.ConnectionIdleTime == TimeSpan.Zero)
                {
                    return null;
                }

                more = destination.WaitAsync();
            }

            try
            {
                await more.WaitAsync(_services.Options.ConnectionIdleTime, _services.Time, _stopping.Token).ConfigureAwait(false);
            }
            catch (Exception error) when (error is TimeoutException or OperationCanceledException)
            {
                return null;
            }
        }
    }

    private void Learn(RelayDestination destination, IReadOnlyList<RelayOutcome> outcomes)
    {
        lock (_lock)
        {
            if (outcomes.Any(static outcome => outcome.ConcernsHop && outcome.Status == RelayStatus.Deferred))
            {
                GiveBack(destination.Failed(_services.Time.GetUtcNow()));
                Resting(_services.Logger, destination.Name, destination.RestsUntil, outcomes[0].Reply);
            }
            else
            {
                destination.Succeeded();
            }
        }
    }

    private void GiveBack(IReadOnlyList<QueueLease> leases)
    {
        foreach (var lease in leases)
        {
            Return(new LeaseResult(lease, lease.Entry.Recipients) { WasNotTried = true, NextAttempt = _services.Time.GetUtcNow() });
        }
    }

    private void Return(LeaseResult result) => _results.Writer.TryWrite(result);

    private async Task CompleteAllAsync()
    {
        var group = new List<LeaseResult>();
        while (await _results.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
            while (group.Count < MaxGroup && _results.Reader.TryRead(out var result))
            {
                group.Add(result);
            }

            await CompleteAsync(group).ConfigureAwait(false);
            lock (_lock)
            {
                group.ForEach(result => _inHand.Remove(result.Lease.Item));
            }

            group.Clear();
            Signal();
        }
    }

    private async Task CompleteAsync(List<LeaseResult> group)
    {
        while (true)
        {
            try
            {
                await _services.Queue.CompleteAsync(group, CancellationToken.None).ConfigureAwait(false);
                return;
            }
            catch (Exception error)
            {
                // What was sent must not be sent again, as long as there is hope.
                CompleteFailed(_services.Logger, error, _lane, group.Count);
                if (_stopping.IsCancellationRequested)
                {
                    return;
                }

                await Task.Delay(AfterFailure, _services.Time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private void Renew()
    {
        QueueLease[] leases;
        lock (_lock)
        {
            leases = [.. _inHand.Values];
        }

        if (leases.Length > 0)
        {
            _ = _services.Queue.RenewAsync(leases, _services.Time.GetUtcNow() + _services.Options.Schedule.MinimumDelay, CancellationToken.None).AsTask();
        }
    }

    private void Idle()
    {
        if (_workers + _alarms == 0)
        {
            _idle.TrySetResult();
            _idle = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    [LoggerMessage(EventId = 4511, Level = LogLevel.Error, Message = "The {Lane} queue could not be read; it is tried again")]
    private static partial void LeaseFailed(ILogger logger, Exception exception, QueueLane lane);

    [LoggerMessage(EventId = 4512, Level = LogLevel.Error, Message = "Work for {Destination} failed; what was at hand is tried again later")]
    private static partial void WorkFailed(ILogger logger, Exception exception, string destination);

    [LoggerMessage(EventId = 4513, Level = LogLevel.Error, Message = "{Count} results of the {Lane} queue could not be recorded")]
    private static partial void CompleteFailed(ILogger logger, Exception exception, QueueLane lane, int count);

    [LoggerMessage(EventId = 4514, Level = LogLevel.Warning, Message = "{Destination} is left alone until {Until}: {Reply}")]
    private static partial void Resting(ILogger logger, string destination, DateTimeOffset until, SmtpReply reply);
}

namespace MailCore.Relay;

/// <summary>What a lane knows of one destination: what to send there, over how many connections, and whether to leave it alone. Under its lane's lock.</summary>
internal sealed class RelayDestination(string name, RelayOptions options, int limit)
{
    private readonly Queue<QueueLease> _leases = new();
    private int _limit = Math.Min(limit, options.InitialConnectionsPerDestination);
    private int _failures;

    public string Name => name;

    public int Count => _leases.Count;

    public int Workers { get; set; }

    /// <summary>Completes when there is work for a worker that has none.</summary>
    public TaskCompletionSource? More { get; private set; }

    public DateTimeOffset RestsUntil { get; private set; }

    /// <summary>No more is to be leased for it now: its workers have enough, and a few items are lost should it turn out to be dead.</summary>
    public bool IsFull => _leases.Count >= 4 * _limit;

    public bool WantsWorker => _leases.Count > 0 && Workers < _limit;

    public bool IsIdle(DateTimeOffset now) => Workers == 0 && _leases.Count == 0 && (_failures == 0 || RestsUntil + options.Schedule.MaximumDelay <= now);

    public void Add(QueueLease lease)
    {
        _leases.Enqueue(lease);
        More?.TrySetResult();
        More = null;
    }

    public QueueLease? Take() => _leases.TryDequeue(out var lease) ? lease : null;

    public Task WaitAsync() => (More ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    public void Succeeded()
    {
        (_failures, RestsUntil) = (0, default);
        _limit = Math.Min(limit, _limit + 1);
    }

    /// <summary>Nobody answers: leaves it alone for a time that doubles with each failure in a row, and gives back what was to be sent.</summary>
    public IReadOnlyList<QueueLease> Failed(DateTimeOffset now)
    {
        // Several workers hear of one outage.
        if (RestsUntil <= now)
        {
            _limit = Math.Max(1, _limit / 2);
            RestsUntil = now + options.Schedule.DelayAfter(++_failures);
        }

        QueueLease[] left = [.. _leases];
        _leases.Clear();
        return left;
    }

    public IReadOnlyList<QueueLease> Clear()
    {
        QueueLease[] left = [.. _leases];
        _leases.Clear();
        return left;
    }
}

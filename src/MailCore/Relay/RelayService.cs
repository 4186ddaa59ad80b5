using MailCore.Relay.Security;

namespace MailCore.Relay;

/// <summary>Works off the queue: each lane by itself, so that none starves another. Started once, stopped once.</summary>
public sealed class RelayService : IAsyncDisposable
{
    private readonly RelayLane[] _lanes;
    private readonly RelayMetrics? _metrics;
    private readonly MtaStsRefresher? _refresher;

    internal RelayService(RelayServices services, RelayMetrics? metrics)
    {
        (Queue, _metrics, _refresher) = (services.Queue, metrics, services.Refresher);
        _lanes = [.. Enum.GetValues<QueueLane>().Select(lane => new RelayLane(lane, services))];
    }

    /// <summary>What it works off, for management.</summary>
    public IRelayQueue Queue { get; }

    internal void Start()
    {
        foreach (var lane in _lanes)
        {
            lane.Start();
        }

        _refresher?.Start();
    }

    /// <summary>Begins no more transactions, and lets those at hand finish until <paramref name="cancellationToken"/> fires.</summary>
    internal Task StopAsync(CancellationToken cancellationToken) => Task.WhenAll([.. _lanes.Select(lane => lane.StopAsync(cancellationToken)), _refresher?.StopAsync() ?? Task.CompletedTask]);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var lane in _lanes)
        {
            await lane.DisposeAsync().ConfigureAwait(false);
        }

        _metrics?.Dispose();
    }
}

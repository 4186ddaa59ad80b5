using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace MailCore.Relay;

/// <summary>Meter and activity source "MailCore.Relay"; docs/diagnostics.md is the table.</summary>
internal sealed class RelayMetrics : IDisposable
{
    public const string MeterName = "MailCore.Relay";

    private static readonly ActivitySource Activities = new(MeterName);
    private static readonly string[] Lanes = [.. Enum.GetNames<QueueLane>().Select(static name => name.ToLowerInvariant())];
    private static readonly string[] Results = [.. Enum.GetNames<RelayStatus>().Select(static name => name.ToLowerInvariant())];

    private readonly Meter _meter;
    private readonly bool _isOwn;
    private readonly Counter<long> _attempts;
    private readonly Counter<long> _notifications;
    private readonly Histogram<double> _durations;

    public RelayMetrics(IMeterFactory? meters, IRelayQueue queue, TimeProvider time)
    {
        (_meter, _isOwn) = meters is null ? (new Meter(MeterName), true) : (meters.Create(MeterName), false);
        _attempts = _meter.CreateCounter<long>("mailcore.relay.attempts", "{recipient}", "Recipients tried, by lane and result");
        _durations = _meter.CreateHistogram<double>("mailcore.relay.attempt.duration", "s", "Attempts at one item, look-ups and connecting within, by lane");
        _notifications = _meter.CreateCounter<long>("mailcore.relay.notifications", "{notification}", "Status notifications made");
        _meter.CreateObservableGauge("mailcore.relay.queue.items", () => Measure(queue, static lane => (long)lane.Items), "{item}", "Items waiting, by lane");
        _meter.CreateObservableGauge("mailcore.relay.queue.held", () => Measure(queue, static lane => (long)lane.Held), "{item}", "Items held, by lane");
        _meter.CreateObservableGauge("mailcore.relay.queue.octets", () => Measure(queue, static lane => lane.Octets), "By", "Octets waiting, by lane");
        _meter.CreateObservableGauge(
            "mailcore.relay.queue.age", () => Measure(queue, lane => (time.GetUtcNow() - lane.Oldest).TotalSeconds), "s", "Age of the oldest item, by lane");
    }

    public void Attempted(QueueLane lane, RelayStatus status) => _attempts.Add(
        1, new KeyValuePair<string, object?>("lane", Lanes[(int)lane]), new KeyValuePair<string, object?>("result", Results[(int)status]));

    /// <summary>One attempt at an item, of the trace that it was accepted under; null while nobody listens.</summary>
    public static Activity? StartAttempt(QueueLease lease)
    {
        if (!Activities.HasListeners())
        {
            return null;
        }

        ActivityContext.TryParse(lease.Entry.TraceParent, null, isRemote: true, out var parent);
        return Activities.StartActivity("relay attempt", ActivityKind.Client, parent)?
            .SetTag("mailcore.queue_id", lease.Entry.QueueId)
            .SetTag("mailcore.relay.lane", Lanes[(int)lease.Lane])
            .SetTag("mailcore.recipients", lease.Entry.Recipients.Count);
    }

    /// <summary>The worst outcome is the attempt's.</summary>
    public void AttemptEnds(Activity? attempt, QueueLane lane, IReadOnlyList<RelayOutcome> outcomes, long started)
    {
        _durations.Record(Stopwatch.GetElapsedTime(started).TotalSeconds, new KeyValuePair<string, object?>("lane", Lanes[(int)lane]));
        attempt?.SetTag("mailcore.relay.result", outcomes.Count == 0 ? null : Results[(int)outcomes.Max(static outcome => outcome.Status)]);
    }

    public void Notified() => _notifications.Add(1);

    public void Dispose()
    {
        if (_isOwn)
        {
            _meter.Dispose();
        }
    }

    private static IEnumerable<Measurement<T>> Measure<T>(IRelayQueue queue, Func<QueueMeasure, T> value)
        where T : struct =>
        queue.Measure().Select(lane => new Measurement<T>(value(lane), new KeyValuePair<string, object?>("lane", Lanes[(int)lane.Lane])));
}

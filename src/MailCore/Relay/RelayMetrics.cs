using System.Diagnostics.Metrics;

namespace MailCore.Relay;

/// <summary>Meter "MailCore.Relay". docs/relay.md is the table of its instruments.</summary>
internal sealed class RelayMetrics : IDisposable
{
    public const string MeterName = "MailCore.Relay";

    private static readonly string[] Lanes = [.. Enum.GetNames<QueueLane>().Select(static name => name.ToLowerInvariant())];
    private static readonly string[] Results = [.. Enum.GetNames<RelayStatus>().Select(static name => name.ToLowerInvariant())];

    private readonly Meter _meter;
    private readonly bool _isOwn;
    private readonly Counter<long> _attempts;
    private readonly Counter<long> _notifications;

    public RelayMetrics(IMeterFactory? meters, IRelayQueue queue, TimeProvider time)
    {
        (_meter, _isOwn) = meters is null ? (new Meter(MeterName), true) : (meters.Create(MeterName), false);
        _attempts = _meter.CreateCounter<long>("mailcore.relay.attempts", "{recipient}", "Recipients tried, by lane and result");
        _notifications = _meter.CreateCounter<long>("mailcore.relay.notifications", "{notification}", "Status notifications made");
        _meter.CreateObservableGauge("mailcore.relay.queue.items", () => Measure(queue, static lane => (long)lane.Items), "{item}", "Items waiting, by lane");
        _meter.CreateObservableGauge("mailcore.relay.queue.held", () => Measure(queue, static lane => (long)lane.Held), "{item}", "Items held, by lane");
        _meter.CreateObservableGauge("mailcore.relay.queue.octets", () => Measure(queue, static lane => lane.Octets), "By", "Octets waiting, by lane");
        _meter.CreateObservableGauge(
            "mailcore.relay.queue.age", () => Measure(queue, lane => (time.GetUtcNow() - lane.Oldest).TotalSeconds), "s", "Age of the oldest item, by lane");
    }

    public void Attempted(QueueLane lane, RelayStatus status) => _attempts.Add(
        1, new KeyValuePair<string, object?>("lane", Lanes[(int)lane]), new KeyValuePair<string, object?>("result", Results[(int)status]));

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

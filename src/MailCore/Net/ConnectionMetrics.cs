using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net.Security;
using System.Security.Authentication;

namespace MailCore.Net;

/// <summary>Meter "MailCore.Server"; docs/diagnostics.md is the table. Costs a few comparisons while nobody listens.</summary>
internal sealed class ConnectionMetrics
{
    public const string Name = "MailCore.Server";

    private readonly UpDownCounter<long> _connections;
    private readonly Counter<long> _refused;
    private readonly Histogram<double> _handshakes;

    public ConnectionMetrics(IMeterFactory? meters)
    {
        var meter = meters?.Create(Name) ?? new Meter(Name);
        _connections = meter.CreateUpDownCounter<long>("mailcore.connections", "{connection}", "Connections open now, by endpoint");
        _refused = meter.CreateCounter<long>("mailcore.connections.refused", "{connection}", "Connections that were turned away, by endpoint and reason");
        _handshakes = meter.CreateHistogram<double>("mailcore.tls.handshake.duration", "s", "TLS handshakes that the mail server made, by endpoint, version and result");
    }

    public void Opened(string endpoint) => _connections.Add(1, Of(endpoint));

    public void Closed(string endpoint) => _connections.Add(-1, Of(endpoint));

    public void Refused(string endpoint, string reason) => _refused.Add(1, Of(endpoint), new("mailcore.reason", reason));

    /// <summary>The stream is null when the handshake failed.</summary>
    public void Handshake(string endpoint, SslStream? tls, long started) => _handshakes.Record(
        Stopwatch.GetElapsedTime(started).TotalSeconds,
        Of(endpoint),
        new("tls.protocol.version", VersionOf(tls)),
        new("mailcore.tls.result", tls is null ? "failed" : "ok"));

    private static KeyValuePair<string, object?> Of(string endpoint) => new("mailcore.endpoint", endpoint);

    // As OpenTelemetry's conventions write it.
    private static string VersionOf(SslStream? tls) => tls?.SslProtocol switch
    {
        SslProtocols.Tls13 => "1.3",
        SslProtocols.Tls12 => "1.2",
        null => "none",
        _ => "older",
    };
}

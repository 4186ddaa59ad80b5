using MailCore.Net;
using Microsoft.Extensions.Logging;

namespace MailCore.Pop3;

/// <summary>The POP3 engine (RFC 1939) of one endpoint.</summary>
public sealed class Pop3Protocol : IMailProtocol
{
    private readonly Pop3Options _options;
    private readonly Pop3Services _services;
    private readonly Pop3Log _log;
    private readonly Pop3Metrics _metrics;

    /// <summary>Serves by these options with these services.</summary>
    public Pop3Protocol(Pop3Options options, Pop3Services services)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(services);
        (_options, _services, _log) = (options, services, new Pop3Log(services.Loggers.CreateLogger<Pop3Protocol>()));
        _metrics = new Pop3Metrics(services.Meters);
    }

    /// <inheritdoc/>
    public string Name => "pop3";

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> BusyGreeting { get; } = "-ERR [SYS/TEMP] Too many connections, try later\r\n"u8.ToArray();

    /// <inheritdoc/>
    public async Task RunAsync(MailConnection connection, CancellationToken stopping)
    {
        ArgumentNullException.ThrowIfNull(connection);
        using var session = new Pop3Session(_options, _services, connection, _log, stopping) { Metrics = _metrics };
        _metrics.SessionBegins();
        try
        {
            await session.RunAsync().ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (connection.Closed.IsCancellationRequested)
        {
            throw new IOException("The connection was aborted.");
        }
        finally
        {
            _metrics.SessionEnds();
        }
    }
}

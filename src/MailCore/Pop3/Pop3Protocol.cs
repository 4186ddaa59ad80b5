using MailCore.Net;

namespace MailCore.Pop3;

/// <summary>The POP3 engine (RFC 1939) of one endpoint.</summary>
public sealed class Pop3Protocol : IMailProtocol
{
    private readonly Pop3Options _options;
    private readonly Pop3Services _services;

    /// <summary>Serves by these options with these services.</summary>
    public Pop3Protocol(Pop3Options options, Pop3Services services)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(services);
        (_options, _services) = (options, services);
    }

    /// <inheritdoc/>
    public string Name => "pop3";

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> BusyGreeting { get; } = "-ERR [SYS/TEMP] Too many connections, try later\r\n"u8.ToArray();

    /// <inheritdoc/>
    public Task RunAsync(MailConnection connection, CancellationToken stopping)
    {
        ArgumentNullException.ThrowIfNull(connection);
        throw new NotImplementedException($"{_options.HostName} {_services.Time}");
    }
}

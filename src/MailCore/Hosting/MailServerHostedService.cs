using Microsoft.Extensions.Hosting;

namespace MailCore.Hosting;

/// <summary>Starts and stops the server with its host; the host's shutdown time-out ends the drain.</summary>
internal sealed class MailServerHostedService(MailServer server) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken) => server.StartAsync(cancellationToken);

    public Task StopAsync(CancellationToken cancellationToken) => server.StopAsync(cancellationToken);
}

using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace MailCore.AspNetCore;

/// <summary>
/// Healthy while the mail server takes connections, degraded while it has as many as it may, failed before its start and from its stop
/// on. Asks no store and no network. Its data are the numbers of connections and of endpoints.
/// </summary>
internal sealed class MailServerHealthCheck(MailServer server) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var data = new Dictionary<string, object> { ["connections"] = server.ConnectionCount, ["endpoints"] = server.Endpoints.Count };
        return Task.FromResult(
            !server.IsAccepting ? new HealthCheckResult(context.Registration.FailureStatus, "The mail server takes no connections.", data: data)
            : server.IsFull ? HealthCheckResult.Degraded("The mail server has as many connections as it may.", data: data)
            : HealthCheckResult.Healthy("The mail server takes connections.", data));
    }
}

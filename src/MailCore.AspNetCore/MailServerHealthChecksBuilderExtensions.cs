using MailCore;
using MailCore.AspNetCore;
using Microsoft.Extensions.Diagnostics.HealthChecks;

#pragma warning disable IDE0130 // Where hosts look for it.
namespace Microsoft.Extensions.DependencyInjection;
#pragma warning restore IDE0130

/// <summary>The mail server in a host's health checks.</summary>
public static class MailServerHealthChecksBuilderExtensions
{
    /// <summary>
    /// Adds a check that is healthy while the mail server takes connections, degraded while it has as many as it may
    /// (<see cref="MailServerOptions.MaxConnections"/>), and <paramref name="failureStatus"/> (null: unhealthy) before its start and from
    /// its stop on.
    /// </summary>
    public static IHealthChecksBuilder AddMailServer(
        this IHealthChecksBuilder builder, string name = "mail", HealthStatus? failureStatus = null, IEnumerable<string>? tags = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.Add(new HealthCheckRegistration(name, static services => new MailServerHealthCheck(services.GetRequiredService<MailServer>()), failureStatus, tags));
    }
}

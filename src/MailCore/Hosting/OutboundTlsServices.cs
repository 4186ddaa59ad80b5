using MailCore.Dns;
using MailCore.Relay;
using MailCore.Relay.Security;
using MailCore.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace MailCore.Hosting;

/// <summary>Puts together what finds next hops and says what TLS they need.</summary>
internal static class OutboundTlsServices
{
    public static INextHopFinder MakeFinder(IServiceProvider services, string hostName)
    {
        var options = services.GetRequiredService<OutboundTlsOptions>();
        return new NextHopFinder(services.GetRequiredService<IDnsResolver>(), MakeGate(services, options), options, hostName, services.GetRequiredService<TimeProvider>());
    }

    /// <summary>The built-in policies that are on, and those that the host has registered.</summary>
    private static OutboundTlsGate MakeGate(IServiceProvider services, OutboundTlsOptions options)
    {
        var (dns, time) = (services.GetRequiredService<IDnsResolver>(), services.GetRequiredService<TimeProvider>());
        var policies = new List<IOutboundTlsPolicy> { new ConfiguredTlsPolicy(options) };
        if (options.MtaSts is { } sts)
        {
            policies.Add(new MtaStsTlsPolicy(new MtaStsCache(dns, services.GetRequiredService<IServerState>(), new MtaStsFetcher(dns, sts, time), sts, time)));
        }

        if (options.UsesDane)
        {
            policies.Add(new DanePolicy(dns));
        }

        policies.AddRange(services.GetServices<IOutboundTlsPolicy>());
        return new OutboundTlsGate(policies, services.GetRequiredService<ILogger<OutboundTlsGate>>());
    }
}

using System.Net;
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

    public static TlsReportCollector MakeReports(IServiceProvider services) => new(
        services.GetRequiredService<OutboundTlsOptions>().TlsReports ?? throw new NotSupportedException("TLS reports are off: set OutboundTls.TlsReports."),
        services.GetRequiredService<TimeProvider>());

    public static MtaStsCache MakeMtaSts(IServiceProvider services)
    {
        var options = services.GetRequiredService<OutboundTlsOptions>().MtaSts ?? throw new NotSupportedException("MTA-STS is off: call OutboundTls.UseMtaSts.");
        var (dns, time) = (services.GetRequiredService<IDnsResolver>(), services.GetRequiredService<TimeProvider>());
        return new MtaStsCache(dns, services.GetRequiredService<IServerState>(), new MtaStsFetcher(dns, options, time), options, time);
    }

    public static MtaStsRefresher MakeRefresher(IServiceProvider services) => new(
        services.GetRequiredService<MtaStsCache>(), services.GetRequiredService<IServerState>(), services.GetRequiredService<TimeProvider>(), services.GetRequiredService<ILogger<MtaStsRefresher>>());

    /// <summary>Null where no MTA-STS policy is followed.</summary>
    public static MtaStsRefresher? FindRefresher(IServiceProvider services) =>
        services.GetRequiredService<OutboundTlsOptions>().MtaSts is null ? null : services.GetRequiredService<MtaStsRefresher>();

    /// <summary>Null where nothing is counted.</summary>
    public static TlsReportCollector? FindReports(IServiceProvider services) =>
        services.GetRequiredService<OutboundTlsOptions>().TlsReports is null ? null : services.GetRequiredService<TlsReportCollector>();

    /// <summary>Reads the keys of <c>Mail:Relay</c> about TLS and DNS.</summary>
    public static void Apply(MailServerBuilder mail, RelaySettings settings)
    {
        var options = mail.OutboundTls;
        options.UsesDane = settings.Dane ?? options.UsesDane;
        if (settings.MtaSts is { } usesMtaSts)
        {
            options.MtaSts = usesMtaSts ? options.MtaSts ?? new MtaStsOptions() : null;
        }

        options.DefaultLevel = settings.Tls is { Length: > 0 } text && TryLevel(mail, text, "Relay:Tls") is { } level ? level : options.DefaultLevel;
        foreach (var (domain, value) in settings.TlsByDomain)
        {
            if (TryLevel(mail, value, $"Relay:TlsByDomain:{domain}") is { } own)
            {
                AddRule(mail, domain, own);
            }
        }

        var servers = new List<IPEndPoint>();
        foreach (var server in settings.DnsServers)
        {
            if (IPEndPoint.TryParse(server, out var parsed))
            {
                servers.Add(parsed.Port == 0 ? new IPEndPoint(parsed.Address, 53) : parsed);
            }
            else
            {
                mail.Problems.Add($"Relay:DnsServers: '{server}' is no address of a name server. Write 127.0.0.1:53.");
            }
        }

        if (servers.Count > 0 || settings.TrustDnssec is not null)
        {
            mail.UseDns(dns =>
            {
                servers.ForEach(dns.Servers.Add);
                dns.TrustAuthenticatedData = settings.TrustDnssec == true;
            });
        }
    }

    private static void AddRule(MailServerBuilder mail, string domain, OutboundTlsLevel level)
    {
        try
        {
            mail.OutboundTls.UseTlsPolicy(domain, level);
        }
        catch (ArgumentException error)
        {
            mail.Problems.Add($"Relay:TlsByDomain: {error.Message}");
        }
    }

    private static OutboundTlsLevel? TryLevel(MailServerBuilder mail, string text, string key)
    {
        if (Enum.TryParse<OutboundTlsLevel>(text, ignoreCase: true, out var level) && Enum.IsDefined(level))
        {
            return level;
        }

        mail.Problems.Add($"{key}: '{text}' is none of {string.Join(", ", Enum.GetNames<OutboundTlsLevel>())}.");
        return null;
    }

    /// <summary>The built-in policies that are on, and those that the host has registered.</summary>
    private static OutboundTlsGate MakeGate(IServiceProvider services, OutboundTlsOptions options)
    {
        var dns = services.GetRequiredService<IDnsResolver>();
        var policies = new List<IOutboundTlsPolicy> { new ConfiguredTlsPolicy(options) };
        if (options.MtaSts is not null)
        {
            policies.Add(new MtaStsTlsPolicy(services.GetRequiredService<MtaStsCache>(), services.GetRequiredService<MtaStsRefresher>()));
        }

        if (options.UsesDane)
        {
            policies.Add(new DanePolicy(dns));
        }

        policies.AddRange(services.GetServices<IOutboundTlsPolicy>());
        return new OutboundTlsGate(policies, services.GetRequiredService<ILogger<OutboundTlsGate>>());
    }
}

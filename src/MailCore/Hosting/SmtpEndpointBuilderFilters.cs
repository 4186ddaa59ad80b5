using MailCore.Dns;
using MailCore.Smtp;
using MailCore.Smtp.Filters;
using MailCore.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace MailCore.Hosting;

/// <summary>The filters that come with MailCore; each is off until its method is called, and they are asked in the order of the calls.</summary>
public static class SmtpEndpointBuilderFilters
{
    /// <summary>Refuses clients that these DNS lists know; see <see cref="DnsblFilter"/>.</summary>
    public static SmtpEndpointBuilder UseDnsbl(this SmtpEndpointBuilder smtp, params IReadOnlyList<string> zones)
    {
        ArgumentNullException.ThrowIfNull(zones);
        return smtp.UseDnsbl(options =>
        {
            foreach (var zone in zones)
            {
                options.Lists.Add(new DnsblList(zone));
            }
        });
    }

    /// <inheritdoc cref="UseDnsbl(SmtpEndpointBuilder, IReadOnlyList{string})"/>
    public static SmtpEndpointBuilder UseDnsbl(this SmtpEndpointBuilder smtp, Action<DnsblOptions> configure) =>
        smtp.Add(new DnsblOptions(), configure, SmtpFilterFailure.Pass, static (services, options) =>
            new DnsblFilter(options, services.GetRequiredService<IDnsResolver>(), services.GetRequiredService<ILogger<DnsblFilter>>()));

    /// <summary>Makes first contacts come back later; see <see cref="GreylistFilter"/>.</summary>
    public static SmtpEndpointBuilder UseGreylisting(this SmtpEndpointBuilder smtp, Action<GreylistOptions>? configure = null) =>
        smtp.Add(new GreylistOptions(), configure, SmtpFilterFailure.Pass, static (services, options) =>
            new GreylistFilter(options, services.GetRequiredService<IServerState>(), services.GetRequiredService<TimeProvider>()));

    /// <summary>Judges senders and recipients by patterns; see <see cref="AddressRuleFilter"/>.</summary>
    public static SmtpEndpointBuilder UseAddressRules(this SmtpEndpointBuilder smtp, Action<AddressRules> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        return smtp.Add(new AddressRules(), configure, SmtpFilterFailure.TryLater, static (_, rules) => new AddressRuleFilter(rules));
    }

    /// <summary>Limits what an address or a login sends; see <see cref="RateLimitFilter"/>.</summary>
    public static SmtpEndpointBuilder UseRateLimit(this SmtpEndpointBuilder smtp, Action<RateLimitOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        return smtp.Add(new RateLimitOptions(), configure, SmtpFilterFailure.TryLater, static (services, options) =>
            new RateLimitFilter(options, services.GetRequiredService<TimeProvider>()));
    }

    /// <summary>Checks the names of strangers; see <see cref="ClientNameFilter"/>.</summary>
    public static SmtpEndpointBuilder UseClientNameChecks(this SmtpEndpointBuilder smtp, Action<ClientNameOptions>? configure = null) =>
        smtp.Add(new ClientNameOptions(), configure, SmtpFilterFailure.TryLater, static (services, options) =>
            new ClientNameFilter(options, services.GetRequiredService<IDnsResolver>()));

    /// <summary>Holds the greeting back and closes on those who don't wait for it; see <see cref="EarlyTalkerFilter"/>.</summary>
    public static SmtpEndpointBuilder UseEarlyTalkerDelay(this SmtpEndpointBuilder smtp, Action<EarlyTalkerOptions>? configure = null) =>
        smtp.Add(new EarlyTalkerOptions(), configure, SmtpFilterFailure.Pass, static (_, options) => new EarlyTalkerFilter(options));

    private static SmtpEndpointBuilder Add<TOptions>(
        this SmtpEndpointBuilder smtp, TOptions options, Action<TOptions>? configure, SmtpFilterFailure onFailure, Func<IServiceProvider, TOptions, ISmtpFilter> create)
    {
        ArgumentNullException.ThrowIfNull(smtp);
        configure?.Invoke(options);
        return smtp.AddFilter(services => create(services, options), onFailure);
    }
}

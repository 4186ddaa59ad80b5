using System.Diagnostics.Metrics;
using MailCore.Delivery;
using MailCore.Relay;
using MailCore.Relay.Security;
using MailCore.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace MailCore.Hosting;

/// <summary>How mail leaves: the queue, its schedule, and what other servers are asked for.</summary>
public sealed class RelayBuilder
{
    internal RelayBuilder(MailServerBuilder mail) => Mail = mail;

    /// <summary>The server.</summary>
    public MailServerBuilder Mail { get; }

    /// <summary>How the queue is worked off.</summary>
    public RelayOptions Options { get; } = new();

    /// <summary>How the server speaks with others.</summary>
    public RelayClientOptions Client => Mail.RelayClient;

    /// <summary>Follows the MTA-STS policies of domains (RFC 8461).</summary>
    public RelayBuilder UseMtaSts(Action<MtaStsOptions>? configure = null)
    {
        Mail.OutboundTls.UseMtaSts(configure);
        return this;
    }

    /// <inheritdoc cref="OutboundTlsOptions.UsesDane"/>
    public RelayBuilder UseDane()
    {
        Mail.OutboundTls.UseDane();
        return this;
    }

    /// <inheritdoc cref="OutboundTlsOptions.UseTlsPolicy"/>
    public RelayBuilder UseTlsPolicy(string domain, OutboundTlsLevel level, params IReadOnlyList<string> names)
    {
        Mail.OutboundTls.UseTlsPolicy(domain, level, names);
        return this;
    }
}

/// <summary>Lets a server send mail to others.</summary>
public static class MailServerBuilderRelayExtensions
{
    /// <summary>
    /// Sends mail for elsewhere, of those who may send it, by a queue: the store's where it has one, or else one in memory, which loses
    /// what waits when the process ends.
    /// </summary>
    public static MailServerBuilder UseRelay(this MailServerBuilder mail, Action<RelayBuilder>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(mail);
        var relay = mail.Relay;
        if (relay is null)
        {
            mail.Relay = relay = new RelayBuilder(mail);
            Register(mail, relay);
        }

        configure?.Invoke(relay);
        return mail;
    }

    private static void Register(MailServerBuilder mail, RelayBuilder relay)
    {
        mail.Routing.RelaysOutward = true;
        var services = mail.Services;
        services.AddSingleton(relay.Options);
        services.TryAddSingleton<IRelayQueue>(static provider => new InMemoryRelayQueue(provider.GetRequiredService<TimeProvider>()));
        services.TryAddSingleton<IRelayConnector>(provider => new RelayConnector(
            provider.GetService<INextHopFinder>() ?? new HostFinder(provider.GetRequiredService<TimeProvider>()),
            mail.RelayClient,
            mail.HostName,
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<RelayConnector>>())
        {
            Reports = OutboundTlsServices.FindReports(provider),
        });
        services.AddSingleton(provider => new RelayDelivery(
            provider.GetRequiredService<IRelayQueue>(), provider.GetRequiredService<IRelayConnector>(), relay.Options, provider.GetRequiredService<TimeProvider>())
        {
            Rewriting = provider.GetService<SenderRewriting>(),
            Trace = provider.GetService<IMessageTrace>(),
        });
        services.AddSingleton(provider => Make(mail, relay, provider));
    }

    private static RelayService Make(MailServerBuilder mail, RelayBuilder relay, IServiceProvider services)
    {
        var (queue, time, logger) = (services.GetRequiredService<IRelayQueue>(), services.GetRequiredService<TimeProvider>(), services.GetRequiredService<ILogger<RelayService>>());
        var metrics = new RelayMetrics(services.GetService<IMeterFactory>(), queue, time);
        return new RelayService(
            new RelayServices
            {
                Queue = queue,
                Connector = services.GetRequiredService<IRelayConnector>(),
                Options = relay.Options,
                Time = time,
                Logger = logger,
                Router = services.GetRequiredService<IMessageRouter>,
                Mailboxes = services.GetRequiredService<LocalDelivery>,
                Staging = services.GetRequiredService<IMessageStaging>,
                Refresher = OutboundTlsServices.FindRefresher(services),
                Work = new LeaseWork(queue, relay.Options, mail.HostName, time, logger)
                {
                    // Not before the first report: it sends by a delivery that queues.
                    Submission = services.GetRequiredService<IMailSubmission>,
                    Trace = services.GetService<IMessageTrace>(),
                    Metrics = metrics,
                },
            },
            metrics);
    }
}

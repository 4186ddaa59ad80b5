using System.Diagnostics.Metrics;
using MailCore.Authentication;
using MailCore.Delivery;
using MailCore.Dns;
using MailCore.Hosting;
using MailCore.Net;
using MailCore.Pop3;
using MailCore.Relay;
using MailCore.Relay.Security;
using MailCore.Storage;
using MailCore.Storage.InMemory;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

#pragma warning disable IDE0130 // Where hosts look for it.
namespace Microsoft.Extensions.DependencyInjection;
#pragma warning restore IDE0130

/// <summary>Puts a mail server into a host.</summary>
public static class MailServerServiceCollectionExtensions
{
    /// <summary>
    /// Adds a mail server that starts and stops with the host. <paramref name="configure"/> runs at once; what is wrong with the
    /// configuration is told at the start, in one <see cref="MailServerConfigurationException"/>.
    /// </summary>
    public static IServiceCollection AddMailServer(this IServiceCollection services, Action<MailServerBuilder> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configure);
        var mail = new MailServerBuilder(services);
        AddDefaults(services, mail);
        configure(mail);
        return services;
    }

    private static void AddDefaults(IServiceCollection services, MailServerBuilder mail)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<ILoggerFactory>(NullLoggerFactory.Instance);
        services.TryAdd(ServiceDescriptor.Singleton(typeof(ILogger<>), typeof(Logger<>)));
        services.AddSingleton<IChangeSignal, LocalChangeSignal>();
        services.AddSingleton<IDnsResolver>(static provider => new StubResolver(null, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<IServerState, InMemoryServerState>();
        services.AddSingleton<InMemoryAuthenticator>(static _ => new InMemoryAuthenticator());
        services.AddSingleton<IMailAuthenticator>(static provider => provider.GetRequiredService<InMemoryAuthenticator>());
        services.AddSingleton(provider => new AccountDirectory(mail.CreateDirectory(provider)));
        services.AddSingleton<IMailDirectory>(provider => MakeDirectory(mail, provider));
        services.AddSingleton(static provider => provider.GetRequiredService<AccountDirectory>().Directory as IMailDirectoryEditor
            ?? throw new NotSupportedException("This server's directory is changed elsewhere."));
        services.AddSingleton<IClientCertificateMapper, AddressCertificateMapper>();
        services.AddSingleton<IMailboxAuthorization, AclAuthorization>();
        services.AddSingleton(mail.Logins);
        services.AddSingleton(provider => MakeLogin(mail, provider));
        services.AddSingleton(static provider => provider.GetRequiredService<LoginService>().Bans);
        // By hand: a container that is checked when it is built would miss the store where there is none.
        services.AddSingleton(static provider => new MailAccounts(
            provider.GetRequiredService<IMailStore>(),
            provider.GetRequiredService<IChangeSignal>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetService<ILogger<MailAccounts>>(),
            provider.GetService<IMeterFactory>()));
        services.AddSingleton(static provider => new ConnectionMetrics(provider.GetService<IMeterFactory>()));
        services.AddSingleton<Pop3MailDropLocks>();
        services.AddSingleton(mail.OutboundTls);
        services.AddSingleton(static provider => OutboundTlsServices.MakeReports(provider));
        services.AddSingleton(static provider => OutboundTlsServices.MakeMtaSts(provider));
        services.AddSingleton(static provider => OutboundTlsServices.MakeRefresher(provider));
        services.AddSingleton(provider => OutboundTlsServices.MakeFinder(provider, mail.HostName));
        services.AddSingleton(provider => new NextHopExplainer(provider.GetRequiredService<INextHopFinder>(), mail.RelayClient));
        AddDelivery(services, mail);
        services.AddSingleton(provider => MailServerFactory.Create(mail, provider));
        services.AddSingleton<IHostedService, MailServerHostedService>();
    }

    private static ConfiguredDirectory MakeDirectory(MailServerBuilder mail, IServiceProvider services)
    {
        var directory = services.GetRequiredService<AccountDirectory>().Directory;
        return new ConfiguredDirectory(directory, mail.AllAddresses(), services.GetRequiredService<DirectoryRouterOptions>().SubaddressDelimiters);
    }

    private static LoginService MakeLogin(MailServerBuilder mail, IServiceProvider services)
    {
        var first = services.GetRequiredService<IMailAuthenticator>();
        return new LoginService(
            mail.MoreAuthenticators.Count == 0 ? first : new CompositeAuthenticator(mail.MoreAuthenticators.Select(make => make(services)).Prepend(first)),
            services.GetRequiredService<LoginOptions>(),
            services.GetRequiredService<TimeProvider>(),
            services.GetRequiredService<ILogger<LoginService>>(),
            services.GetService<IMeterFactory>())
        {
            Certificates = services.GetService<IClientCertificateMapper>(),
            Masters = MakeMasters(mail, services),
        };
    }

    private static MasterUserAuthenticator MakeMasters(MailServerBuilder mail, IServiceProvider services)
    {
        var masters = new MasterUserAuthenticator(services.GetRequiredService<IMailDirectory>(), services.GetRequiredService<ILogger<LoginService>>());
        masters.Use(mail.MasterUsers);
        return masters;
    }

    private static void AddDelivery(IServiceCollection services, MailServerBuilder mail)
    {
        services.AddSingleton(mail.Routing);
        services.AddSingleton(mail.LocalDelivery);
        services.AddSingleton(mail.RelayClient);
        services.AddSingleton<IMessageRouter>(provider =>
        {
            var options = provider.GetRequiredService<DirectoryRouterOptions>();
            options.DefaultDomain ??= mail.Domains.FirstOrDefault();
            options.HandsOver |= !options.RelaysOutward;
            var handlers = mail.Handlers.Select(handler => (handler.Matches, Route: new RecipientRoute.Handler(handler.Delivery(provider)))).ToArray();
            IMessageRouter router = new DirectoryRouter(provider.GetRequiredService<IMailDirectory>(), options)
            {
                FindHandler = address => Array.Find(handlers, handler => handler.Matches(address)).Route,
            };
            if (options.VerifiesRelayRecipients)
            {
                router = new VerifyingRouter(
                    router, MakeConnector(provider, mail.HostName), provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<VerifyingRouter>>());
            }

            // Without a queue there is no way back to anybody.
            router = options.RelaysOutward && provider.GetService<SenderRewriting>() is { } rewriting ? new SrsRouter(router, rewriting) : router;
            router = provider.GetService<IMailStore>() is null
                ? router
                : new QuotaRouter(router, provider.GetRequiredService<MailAccounts>(), provider.GetRequiredService<LocalDeliveryOptions>());
            return mail.MoreRouters.AsEnumerable().Reverse().Aggregate(router, (inner, add) => add(provider, inner));
        });
        services.AddSingleton<IMessageTrace>(static _ => new InMemoryMessageTrace());
        services.AddSingleton(static provider => new LocalDelivery(
            provider.GetRequiredService<MailAccounts>(), provider.GetRequiredService<ILogger<LocalDelivery>>(), provider.GetRequiredService<LocalDeliveryOptions>())
        {
            Trace = provider.GetService<IMessageTrace>(),
            Authorization = provider.GetRequiredService<IMailboxAuthorization>(),
            // Not before the first message: a stage may send mail itself, by a submission that needs this delivery.
            Stages = provider.LazyServices<IDeliveryStage>(),
        });
        services.AddSingleton<IMessageDelivery>(provider => MakeDelivery(provider, mail.HostName));
        // Without a store, messages are only passing through.
        services.AddSingleton<IMessageStaging>(static provider => provider.GetService<IMailStore>() is null
            ? new TemporaryStaging()
            : provider.GetRequiredService<MailAccounts>());
        services.AddSingleton<IMailSubmission>(provider => new MailSubmission(
            provider.GetRequiredService<IMessageRouter>(),
            provider.GetRequiredService<IMessageDelivery>(),
            provider.GetRequiredService<IMessageStaging>(),
            mail.HostName,
            provider.GetRequiredService<TimeProvider>())
        {
            Logger = provider.GetRequiredService<ILogger<MailSubmission>>(),
        });
    }

    private static TracingDelivery MakeDelivery(IServiceProvider services, string hostName)
    {
        var trace = services.GetRequiredService<IMessageTrace>();
        var handOver = services.GetRequiredService<DirectoryRouterOptions>().RelaysOutward ? null : MakeHandOver(services, hostName);
        var relay = services.GetService<RelayDelivery>();
        var local = services.GetService<IMailStore>() is null ? null : services.GetRequiredService<LocalDelivery>();
        IMessageDelivery delivery = new RoutedDelivery(
            relay is null || local is null ? local : new QueueingLocalDelivery(local, relay, services.GetRequiredService<TimeProvider>()), relay ?? handOver as IMessageDelivery, services.GetRequiredService<ILogger<RoutedDelivery>>())
        {
            RelayIsQueue = handOver is null,
            Repeats = new AwaitedRepeats(services.GetRequiredService<IServerState>(), services.GetRequiredService<TimeProvider>()),
            Trace = trace,
            Time = services.GetRequiredService<TimeProvider>(),
        };
        var signers = services.GetServices<IMessageSigner>().ToArray();
        delivery = signers.Length == 0 ? delivery : new SigningDelivery(delivery, signers);
        return new TracingDelivery(delivery, trace, services.GetRequiredService<TimeProvider>()) { Metrics = new DeliveryMetrics(services.GetService<IMeterFactory>()) };
    }

    /// <summary>For domains that name their next hop, where there is no queue.</summary>
    private static HandOverDelivery MakeHandOver(IServiceProvider services, string hostName) => new(
        MakeConnector(services, hostName),
        services.GetRequiredService<IMessageTrace>(),
        services.GetRequiredService<TimeProvider>(),
        services.GetRequiredService<ILogger<HandOverDelivery>>());

    /// <summary>The relay's, or without a relay one that knows of hosts only.</summary>
    private static IRelayConnector MakeConnector(IServiceProvider services, string hostName)
    {
        var time = services.GetRequiredService<TimeProvider>();
        return services.GetService<IRelayConnector>() ?? new RelayConnector(
            services.GetRequiredService<INextHopFinder>(), services.GetRequiredService<RelayClientOptions>(), hostName, time, services.GetRequiredService<ILogger<RelayConnector>>())
        {
            Reports = OutboundTlsServices.FindReports(services),
        };
    }

    private static IEnumerable<TService> LazyServices<TService>(this IServiceProvider services)
    {
        foreach (var service in services.GetServices<TService>())
        {
            yield return service;
        }
    }
}

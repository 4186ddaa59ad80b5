using System.Diagnostics.Metrics;
using MailCore.Authentication;
using MailCore.Delivery;
using MailCore.Dns;
using MailCore.Hosting;
using MailCore.Pop3;
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
        services.AddSingleton<IMailDirectory>(provider => new ConfiguredDirectory(mail.CreateDirectory(provider), mail.Domains, mail.Aliases));
        services.AddSingleton<IClientCertificateMapper, AddressCertificateMapper>();
        services.AddSingleton<IMailboxAuthorization, OwnerAuthorization>();
        services.AddSingleton(mail.Logins);
        services.AddSingleton(provider => MakeLogin(mail, provider));
        services.AddSingleton(static provider => provider.GetRequiredService<LoginService>().Bans);
        services.AddSingleton<MailAccounts>();
        services.AddSingleton<Pop3MailDropLocks>();
        AddDelivery(services, mail);
        services.AddSingleton(provider => MailServerFactory.Create(mail, provider));
        services.AddSingleton<IHostedService, MailServerHostedService>();
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
        };
    }

    private static void AddDelivery(IServiceCollection services, MailServerBuilder mail)
    {
        services.AddSingleton(new DirectoryRouterOptions());
        services.AddSingleton(new LocalDeliveryOptions());
        services.AddSingleton<IMessageRouter>(provider =>
        {
            var options = provider.GetRequiredService<DirectoryRouterOptions>();
            options.DefaultDomain ??= mail.Domains.FirstOrDefault();
            return new DirectoryRouter(provider.GetRequiredService<IMailDirectory>(), options);
        });
        services.AddSingleton<LocalDelivery>();
        services.AddSingleton<IMessageDelivery>(static provider =>
        {
            var delivery = new RoutedDelivery(provider.GetRequiredService<LocalDelivery>(), null, provider.GetRequiredService<ILogger<RoutedDelivery>>());
            var signers = provider.GetServices<IMessageSigner>().ToArray();
            return signers.Length == 0 ? delivery : new SigningDelivery(delivery, signers);
        });
        // Without a store, messages are only passing through.
        services.AddSingleton<IMessageStaging>(static provider => provider.GetService<IMailStore>() is null
            ? new TemporaryStaging()
            : provider.GetRequiredService<MailAccounts>());
        services.AddSingleton<IMailSubmission>(provider => new MailSubmission(
            provider.GetRequiredService<IMessageRouter>(),
            provider.GetRequiredService<IMessageDelivery>(),
            provider.GetRequiredService<IMessageStaging>(),
            mail.HostName,
            provider.GetRequiredService<TimeProvider>()));
    }
}

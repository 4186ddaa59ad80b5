using System.Net;
using System.Net.Sockets;
using MailCore.Authentication;
using MailCore.Net;
using MailCore.Relay;
using MailCore.Storage;
using MailCore.Tls;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace MailCore.Hosting;

/// <summary>Turns what a host configured into a server: checks it, makes the protocols, composes the layers of each endpoint.</summary>
internal static class MailServerFactory
{
    public static MailServer Create(MailServerBuilder mail, IServiceProvider services)
    {
        foreach (var endpoint in mail.Endpoints)
        {
            endpoint.Tls = mail.TlsOf(endpoint);
        }

        MailServerValidation.Validate(mail, services);
        var time = services.GetRequiredService<TimeProvider>();
        var loggers = services.GetRequiredService<ILoggerFactory>();
        var stopping = new CancellationTokenSource();
        var names = new HashSet<string>(StringComparer.Ordinal);
        var endpoints = new List<MailEndpoint>();
        foreach (var endpoint in mail.Endpoints)
        {
            endpoints.Add(MakeEndpoint(endpoint, UniqueName(endpoint.Name, names), endpoint.EndPoint(mail.BindAddress), services, stopping.Token));
        }

        var reload = new MailServerReload(mail, services, stopping.Token);
        return new MailServer(mail.Options, endpoints, stopping, time, loggers)
        {
            LoginBans = services.GetRequiredService<LoginService>().Bans,
            Metrics = services.GetRequiredService<ConnectionMetrics>(),
            Relay = mail.Relay is null ? null : services.GetRequiredService<RelayService>(),
            Make = maker => MakeCarried(maker, mail, services, stopping.Token),
            Reload = reload.RunAsync,
            InheritSockets = mail.InheritSockets ?? (static () => []),
            Prepare = cancellationToken => PrepareAsync(mail, services, loggers, cancellationToken),
        };
    }

    private static MailEndpoint MakeCarried(MailEndpointMaker maker, MailServerBuilder mail, IServiceProvider services, CancellationToken stopping)
    {
        var endpoint = maker.Endpoint(mail);
        var where = maker.Where();
        endpoint.Where = maker.Where;
        endpoint.UnixSocketPath = (where as UnixDomainSocketEndPoint)?.ToString();
        // What has no address that we know of may be reached from anywhere.
        (endpoint.Address, endpoint.Port) = where is IPEndPoint ip ? (ip.Address, ip.Port) : (IPAddress.IPv6Any, 0);
        endpoint.Tls = mail.TlsOf(endpoint);
        MailServerValidation.Validate(mail, endpoint, services);
        return MakeEndpoint(endpoint, UniqueName(endpoint.Name, [.. maker.Names]), where, services, stopping);
    }

    private static MailEndpoint MakeEndpoint(MailEndpointBuilder endpoint, string name, EndPoint where, IServiceProvider services, CancellationToken stopping)
    {
        var certificates = services.GetService<IServerCertificates>();
        var metrics = services.GetRequiredService<ConnectionMetrics>();
        var tls = endpoint.Where is not null && certificates is null
            ? TlsUpgrade.Carried(endpoint.Tls)
            : new TlsUpgrade(endpoint.Tls, certificates, services.GetRequiredService<TimeProvider>()) { Told = (metrics, name) };
        var (protocol, run) = MakeProtocol(endpoint, name, tls, services, stopping);
        return new MailEndpoint(name, where, tls, protocol, run)
        {
            Purpose = endpoint.Purpose,
            ProxyFrom = [.. endpoint.ProxyFrom],
            SocketName = endpoint.SocketName,
            Where = endpoint.Where,
        };
    }

    public static async Task MakeAccountsAsync(MailServerBuilder mail, IMailDirectory directory, CancellationToken cancellationToken)
    {
        foreach (var (address, password) in mail.Accounts)
        {
            if (await directory.ResolveAsync(address, cancellationToken).ConfigureAwait(false) is not DirectoryEntry.Account)
            {
                await directory.CreateAsync(address, password, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>What serves an endpoint's connections, with the layers around it.</summary>
    public static (IMailProtocol Protocol, MailConnectionDelegate Run) MakeProtocol(
        MailEndpointBuilder endpoint, string name, TlsUpgrade tls, IServiceProvider services, CancellationToken stopping)
    {
        var protocol = endpoint.Protocol!(services, tls);
        MailConnectionDelegate run = endpoint.Where is null
            ? connection => protocol.RunAsync(connection, stopping)
            : async connection =>
            {
                using var either = CancellationTokenSource.CreateLinkedTokenSource(stopping, connection.Stopping);
                await protocol.RunAsync(connection, either.Token).ConfigureAwait(false);
            };
        if (endpoint.Tls.Mode == TlsMode.Implicit)
        {
            var inner = run;
            run = async connection =>
            {
                if (connection.Tls is null)
                {
                    await tls.HandshakeAsync(connection, stopping).ConfigureAwait(false);
                }

                await inner(connection).ConfigureAwait(false);
            };
        }

        if (endpoint.TakesLogins)
        {
            var (login, metrics, inner) = (services.GetRequiredService<LoginService>(), services.GetRequiredService<ConnectionMetrics>(), run);
            run = connection =>
            {
                if (!login.Refuses(connection))
                {
                    return inner(connection);
                }

                metrics.Refused(name, "banned");
                return Task.CompletedTask;
            };
        }

        for (var i = endpoint.Layers.Count - 1; i >= 0; i--)
        {
            run = endpoint.Layers[i](run);
        }

        return (protocol, run);
    }

    private static string UniqueName(string name, HashSet<string> names)
    {
        var unique = name;
        for (var i = 2; !names.Add(unique); i++)
        {
            unique = $"{name}-{i}";
        }

        return unique;
    }

    private static async Task PrepareAsync(MailServerBuilder mail, IServiceProvider services, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var logger = loggers.CreateLogger<MailServer>();
        if (services.GetService<InMemoryStoreNotice>() is not null)
        {
            StartNotices.InMemoryStore(logger);
        }

        if (services.GetService<SelfSignedNotice>() is not null)
        {
            StartNotices.SelfSigned(logger);
        }

        foreach (var endpoint in mail.Endpoints.Where(static endpoint => endpoint.Tls.UsesTls && endpoint.Tls.AllowsObsoleteVersions))
        {
            StartNotices.ObsoleteTls(logger, endpoint.Name, endpoint.Tls.Protocols);
        }

        await LoginState.AttachAsync(
            services.GetRequiredService<LoginService>(),
            services.GetRequiredService<IServerState>(),
            services.GetRequiredService<TimeProvider>(),
            loggers.CreateLogger<LoginService>(),
            cancellationToken).ConfigureAwait(false);
        if (mail.Accounts.Count > 0)
        {
            await MakeAccountsAsync(mail, services.GetRequiredService<IMailDirectory>(), cancellationToken).ConfigureAwait(false);
        }
    }
}

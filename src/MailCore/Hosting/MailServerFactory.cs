using System.Net;
using MailCore.Messaging;
using MailCore.Net;
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
        MailServerValidation.Validate(mail, services);
        var time = services.GetRequiredService<TimeProvider>();
        var loggers = services.GetRequiredService<ILoggerFactory>();
        var stopping = new CancellationTokenSource();
        var certificates = services.GetService<IServerCertificates>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        var endpoints = new List<MailEndpoint>();
        foreach (var endpoint in mail.Endpoints)
        {
            var tls = new TlsUpgrade(endpoint.Tls, certificates, time);
            var protocol = endpoint.Protocol!(services, tls);
            var run = Compose(endpoint, tls, protocol, stopping.Token);
            endpoints.Add(new MailEndpoint(UniqueName(endpoint.Name, names), endpoint.EndPoint(mail.BindAddress), tls, protocol, run) { ProxyFrom = [.. endpoint.ProxyFrom] });
        }

        return new MailServer(mail.Options, endpoints, stopping, time, loggers)
        {
            Prepare = cancellationToken => PrepareAsync(mail, services, loggers, cancellationToken),
        };
    }

    private static MailConnectionDelegate Compose(MailEndpointBuilder endpoint, TlsUpgrade tls, IMailProtocol protocol, CancellationToken stopping)
    {
        MailConnectionDelegate run = connection => protocol.RunAsync(connection, stopping);
        if (endpoint.Tls.Mode == TlsMode.Implicit)
        {
            var inner = run;
            run = async connection =>
            {
                await tls.HandshakeAsync(connection, stopping).ConfigureAwait(false);
                await inner(connection).ConfigureAwait(false);
            };
        }

        for (var i = endpoint.Layers.Count - 1; i >= 0; i--)
        {
            run = endpoint.Layers[i](run);
        }

        return run;
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

        if (mail.Accounts.Count == 0)
        {
            return;
        }

        var directory = services.GetRequiredService<IMailDirectory>();
        foreach (var (address, password) in mail.Accounts)
        {
            if (await directory.ResolveAsync(address, cancellationToken).ConfigureAwait(false) is not DirectoryEntry.Account)
            {
                await directory.CreateAsync(address, password, cancellationToken).ConfigureAwait(false);
            }
        }
    }
}

/// <summary>Finds what would make a server incomplete or unsafe before anything is bound.</summary>
internal static class MailServerValidation
{
    public static void Validate(MailServerBuilder mail, IServiceProvider services)
    {
        var problems = new List<string>(mail.Problems);
        if (mail.Endpoints.Count == 0)
        {
            problems.Add("No endpoint is configured. Add one, such as mail.ListenSmtp(25).");
        }

        if (!EmailAddress.IsDomain(mail.HostName))
        {
            problems.Add($"HostName '{mail.HostName}' is not a host name. Set it to this server's name, such as mx.example.org.");
        }

        foreach (var domain in mail.Domains)
        {
            if (!EmailAddress.IsDomain(domain))
            {
                problems.Add($"Domain '{domain}' is not a mail domain.");
            }
        }

        CheckPositive(problems, mail.Options.MaxConnections, nameof(MailServerOptions.MaxConnections));
        CheckPositive(problems, mail.Options.MaxConnectionsPerAddress, nameof(MailServerOptions.MaxConnectionsPerAddress));
        var probe = services.GetService<IServiceProviderIsService>();
        var hasCertificate = probe?.IsService(typeof(IServerCertificates)) ?? services.GetService<IServerCertificates>() is not null;
        var hasStore = probe?.IsService(typeof(IMailStore)) ?? services.GetService<IMailStore>() is not null;
        foreach (var endpoint in mail.Endpoints)
        {
            CheckEndpoint(problems, mail, endpoint, hasCertificate, hasStore);
        }

        if (problems.Count > 0)
        {
            throw new MailServerConfigurationException(problems);
        }
    }

    private static void CheckEndpoint(List<string> problems, MailServerBuilder mail, MailEndpointBuilder endpoint, bool hasCertificate, bool hasStore)
    {
        var what = endpoint.UnixSocketPath is { } path ? $"Endpoint '{endpoint.Name}' ({path})" : $"Endpoint '{endpoint.Name}' (port {endpoint.Port})";
        if (endpoint.Protocol is null)
        {
            problems.Add($"{what} has no protocol. Call UseProtocol, or use a role's method such as ListenSmtp.");
        }

        if (endpoint.Port is < 0 or > 65535)
        {
            problems.Add($"{what} has no valid port: use 1 to 65535, or 0 for any free one.");
        }

        if (endpoint.Tls.UsesTls && !hasCertificate)
        {
            problems.Add($"{what} needs a certificate. Call UseCertificate(\"cert.pem\", \"key.pem\") or, for development, UseSelfSignedCertificate(); or turn TLS off by name with endpoint.UseCleartext().");
        }

        if (endpoint.NeedsStore && !hasStore)
        {
            problems.Add($"{what} needs a store. Call UseSqliteStore(\"data\"), or UseInMemoryStore() to keep mail in memory.");
        }

        if (endpoint.Tls.AllowCleartextAuthentication && endpoint.UnixSocketPath is null && !IPAddress.IsLoopback(endpoint.Address ?? mail.BindAddress))
        {
            problems.Add($"{what} would accept passwords in cleartext from the network. Remove AllowCleartextAuthentication, or bind it to loopback with On(IPAddress.Loopback).");
        }
    }

    private static void CheckPositive(List<string> problems, int value, string name)
    {
        if (value < 1)
        {
            problems.Add($"{name} is {value}; it must be 1 or more.");
        }
    }
}

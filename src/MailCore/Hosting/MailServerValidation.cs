using System.Net;
using System.Security.Authentication;
using MailCore.Authentication;
using MailCore.Messaging;
using MailCore.Storage;
using MailCore.Tls;
using Microsoft.Extensions.DependencyInjection;

namespace MailCore.Hosting;

/// <summary>Finds what would make a server incomplete or unsafe before anything is bound.</summary>
internal static class MailServerValidation
{
    public static void Validate(MailServerBuilder mail, IServiceProvider services)
    {
        var problems = new List<string>(mail.Problems);
        if (mail.Endpoints.Count == 0 && !mail.HasCarriedEndpoints && problems.Count == 0)
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

        foreach (var mechanism in mail.Logins.Mechanisms)
        {
            if (!LoginService.Knows(mechanism))
            {
                problems.Add($"Logins.Mechanisms names '{mechanism}', which is not known. Use the names of {nameof(SaslMechanisms)}, such as {SaslMechanisms.ScramSha256}.");
            }
        }

        problems.AddRange(mail.MasterUsers.Problems());
        problems.AddRange(mail.Relay?.Options.Problems() ?? []);
        if (MailServerBuilderRelay.FindIdle(mail) is { } idle)
        {
            problems.Add(idle);
        }

        problems.AddRange(mail.RelayClient.Problems().Select(static problem => $"Relay: {problem}"));
        CheckPositive(problems, mail.Options.MaxConnections, nameof(MailServerOptions.MaxConnections));
        CheckPositive(problems, mail.Options.MaxConnectionsPerAddress, nameof(MailServerOptions.MaxConnectionsPerAddress));
        if (!mail.TrustedNetworks.IsEmpty && !mail.HasCarriedEndpoints && !mail.Endpoints.Any(static endpoint => endpoint is SmtpEndpointBuilder { Options.Dialect.Name: "smtp" }))
        {
            problems.Add("AllowSubmissionFrom has no effect without an endpoint for transfer. Add ListenSmtp.");
        }

        foreach (var endpoint in mail.Endpoints)
        {
            CheckEndpoint(problems, mail, endpoint, services);
        }

        ThrowIfAny(problems);
    }

    /// <summary>One endpoint that came after the others.</summary>
    public static void Validate(MailServerBuilder mail, MailEndpointBuilder endpoint, IServiceProvider services)
    {
        var problems = new List<string>(mail.Problems);
        CheckEndpoint(problems, mail, endpoint, services);
        ThrowIfAny(problems);
    }

    private static void ThrowIfAny(List<string> problems)
    {
        if (problems.Count > 0)
        {
            throw new MailServerConfigurationException(problems);
        }
    }

    private static void CheckEndpoint(List<string> problems, MailServerBuilder mail, MailEndpointBuilder endpoint, IServiceProvider services)
    {
        var probe = services.GetService<IServiceProviderIsService>();
        var hasCertificate = probe?.IsService(typeof(IServerCertificates)) ?? services.GetService<IServerCertificates>() is not null;
        var hasStore = probe?.IsService(typeof(IMailStore)) ?? services.GetService<IMailStore>() is not null;
        var what = endpoint.UnixSocketPath is { } path ? $"Endpoint '{endpoint.Name}' ({path})" : $"Endpoint '{endpoint.Name}' (port {endpoint.Port})";
        if (endpoint.Protocol is null)
        {
            problems.Add($"{what} has no protocol. Call UseProtocol, or use a role's method such as ListenSmtp.");
        }

        if (endpoint.Port is < 0 or > 65535)
        {
            problems.Add($"{what} has no valid port: use 1 to 65535, or 0 for any free one.");
        }

        if (endpoint.Tls.UsesTls && !hasCertificate && endpoint.Where is not null)
        {
            if (endpoint.Tls.Mode != TlsMode.Implicit)
            {
                problems.Add($"{what} needs a certificate. Give the mail server one with UseCertificate(\"cert.pem\", \"key.pem\"); or let Kestrel make TLS, by UseHttps before it and UseImplicitTls() of the endpoint; or turn TLS off by name with UseCleartext().");
            }
        }
        else if (endpoint.Tls.UsesTls && !hasCertificate)
        {
            problems.Add($"{what} needs a certificate. Call UseCertificate(\"cert.pem\", \"key.pem\") or, for development, UseSelfSignedCertificate(); or turn TLS off by name with endpoint.UseCleartext().");
        }

        if (endpoint.SocketName is { } socket && mail.InheritSockets is null)
        {
            problems.Add($"{what} asks for the inherited socket '{socket}', and the server takes none. Call UseSocketActivation().");
        }

        CheckTls(problems, what, endpoint.Tls);
        if (endpoint.NeedsStore && !hasStore && !(endpoint is SmtpEndpointBuilder && mail.Handlers.Count > 0 && mail.Accounts.Count == 0))
        {
            var handler = endpoint is not SmtpEndpointBuilder ? ""
                : mail.Handlers.Count > 0 ? ", or leave out the accounts"
                : ", or OnMessage on the endpoint to take mail in code of your own";
            problems.Add($"{what} needs a store. Call UseSqliteStore(\"data\") of MailCore.Storage.Sqlite, or UseInMemoryStore() to keep mail in memory{handler}.");
        }

        if (endpoint.Tls.AllowCleartextAuthentication && endpoint.UnixSocketPath is null && !IPAddress.IsLoopback(endpoint.Address ?? mail.BindAddress))
        {
            problems.Add($"{what} would accept passwords in cleartext from the network. Remove AllowCleartextAuthentication, or bind it to loopback with On(IPAddress.Loopback).");
        }
    }

    private static void CheckTls(List<string> problems, string what, TlsPolicy tls)
    {
        if (tls.Protocols == SslProtocols.None)
        {
            problems.Add($"{what} names no TLS version. Set TlsPolicy.Protocols, such as to Tls12 | Tls13.");
        }

        if (tls.HandshakeTimeout <= TimeSpan.Zero)
        {
            problems.Add($"{what} has a TLS handshake time-out of {tls.HandshakeTimeout}; it must be longer than nothing.");
        }

        if (tls.CipherSuites is { Count: 0 })
        {
            problems.Add($"{what} has an empty list of cipher suites. Leave TlsPolicy.CipherSuites null for the operating system's own.");
        }

        if (tls.CipherSuites is not null && OperatingSystem.IsWindows())
        {
            problems.Add($"{what} names cipher suites, which on Windows only the operating system can. Leave TlsPolicy.CipherSuites null.");
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

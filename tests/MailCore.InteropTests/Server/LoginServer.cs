using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MailCore.Authentication;
using MailCore.Hosting;
using MailCore.Storage;
using MailCore.Tls;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace MailCore.InteropTests.Server;

/// <summary>
/// A server in this process with every SASL mechanism on, which the sample has no reason to offer, over TLS on six ports of
/// loopback. Everything it logs, down to Trace, is kept.
/// </summary>
internal sealed class LoginServer : IAsyncDisposable, IMailAuthenticator, ITokenAuthenticator
{
    public const string User = "bob@example.org";
    public const string Password = "correct-horse-93-battery";
    public const string Token = "eyJhbGciOiJIUzI1NiJ9.Zm9vYmFyYmF6.c2lnbmF0dXJl";

    private readonly KeptLog _log = new();
    private MailServer _server = null!;

    /// <summary>Holds certificate.pem, the server's, and client.pem, a client's with its key.</summary>
    public string Folder { get; } = SourceTree.NewFolder();

    public string ServerCertificateFile => Path.Combine(Folder, "certificate.pem");

    public string ClientCertificateFile => Path.Combine(Folder, "client.pem");

    public IReadOnlyList<string> Log => [.. _log.Lines];

    public int Port(string endpoint) => _server.Endpoints[endpoint].Port;

    /// <summary>Starts it with these mechanisms, or with all but ANONYMOUS.</summary>
    public static async Task<LoginServer> StartAsync(params string[] mechanisms)
    {
        var login = new LoginServer();
        var certificate = ServerCertificate.SelfSigned("localhost");
        await File.WriteAllTextAsync(login.ServerCertificateFile, certificate.Certificate.ExportCertificatePem());
        using var authority = Issue("CN=Interop clients", null, null);
        await login.WriteClientCertificateAsync(authority);
        using var trusted = X509CertificateLoader.LoadCertificate(authority.RawData);
        login._server = await MailServer.StartAsync(mail =>
        {
            mail.HostName = "localhost";
            mail.BindAddress = IPAddress.Loopback;
            mail.UseInMemoryStore().UseCertificates(_ => certificate).AddAccount(User, Password);
            mail.Services.Replace(ServiceDescriptor.Singleton<ILoggerFactory>(login._log));
            mail.Services.Replace(ServiceDescriptor.Singleton(new InMemoryAuthenticator { KeepPasswords = true }));
            mail.AddAuthenticator(_ => login);
            mail.Logins.FailureDelay = TimeSpan.Zero;
            mail.Logins.Mechanisms.Add(SaslMechanisms.CramMd5);
            if (mechanisms.Length > 0)
            {
                mail.Logins.Mechanisms.Clear();
                foreach (var mechanism in mechanisms)
                    mail.Logins.Mechanisms.Add(mechanism);
            }

            var rule = new TlsPolicy(TlsMode.Required) { ClientCertificates = ClientCertificateRule.Request, ClientAuthorities = [X509CertificateLoader.LoadCertificate(authority.RawData)] };
            mail.ListenSubmission(0).Tls = rule;
            mail.ListenImap(0).Tls = rule;
            mail.ListenPop3(0, static pop3 => pop3.Options.UseApop = true).Tls = rule;
            rule = rule with { Mode = TlsMode.Implicit };
            mail.ListenSubmissions(0).Tls = rule;
            mail.ListenImaps(0).Tls = rule;
            mail.ListenPop3s(0).Tls = rule;
        });
        return login;
    }

    /// <summary>How often somebody got in by a mechanism over a protocol, as the log tells.</summary>
    public int Accepted(string protocol, string mechanism) =>
        Log.Count(line => line.Contains($"{User} logged in by {protocol} ({mechanism})", StringComparison.Ordinal));

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _log.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    ValueTask<AuthenticationResult> IMailAuthenticator.VerifyPasswordAsync(string user, string password, AuthenticationContext context, CancellationToken cancellationToken) =>
        new(new AuthenticationResult.Rejected());

    ValueTask<bool?> IMailAuthenticator.KnowsAsync(string user, CancellationToken cancellationToken) => new(false);

    ValueTask<AuthenticationResult> ITokenAuthenticator.VerifyTokenAsync(string token, string? user, AuthenticationContext context, CancellationToken cancellationToken) =>
        new(token == Token && user is null or User ? new AuthenticationResult.Ok(new MailIdentity(User, new AccountId(User))) : new AuthenticationResult.Rejected());

    private async Task WriteClientCertificateAsync(X509Certificate2 authority)
    {
        using var certificate = Issue("CN=Bob", authority, User);
        using var key = certificate.GetECDsaPrivateKey()!;
        await File.WriteAllTextAsync(ClientCertificateFile, $"{certificate.ExportCertificatePem()}\n{key.ExportPkcs8PrivateKeyPem()}\n");
    }

    private static X509Certificate2 Issue(string subject, X509Certificate2? issuer, string? email)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(issuer is null, false, 0, critical: true));
        var now = DateTimeOffset.UtcNow;
        if (issuer is null)
            return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(2));

        var alternatives = new SubjectAlternativeNameBuilder();
        alternatives.AddEmailAddress(email!);
        request.CertificateExtensions.Add(alternatives.Build());
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.2")], critical: false));
        using var signed = request.Create(issuer, now.AddHours(-1), now.AddDays(1), [1, 2, 3]);
        return signed.CopyWithPrivateKey(key);
    }

    private sealed class KeptLog : ILoggerFactory, ILogger
    {
        public ConcurrentQueue<string> Lines { get; } = new();

        public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Enqueue($"{formatter(state, exception)} {exception}");

        public void Dispose()
        {
        }
    }
}

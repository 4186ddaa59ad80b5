using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MailCore.Delivery;
using MailCore.Hosting;
using MailCore.Messaging;
using MailCore.Smtp;
using MailCore.Storage;
using MailCore.Testing.Accounts;
using MailCore.Testing.Faults;
using MailCore.Testing.Wire;
using MailCore.Tls;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace MailCore.Testing;

/// <summary>
/// A mail server for tests, in the process: every protocol on a free port of loopback, mail in memory, a certificate of its own.
/// Tests in parallel share one and make an inbox each. Thread-safe.
/// </summary>
public sealed class TestMailServer : IAsyncDisposable
{
    private readonly ServiceProvider _services;
    private readonly TestMailServerOptions _options;
    private readonly SessionBook _sessions;
    private readonly TestAccounts _accounts;
    private readonly ServerCertificate _certificate;
    private readonly MailServer _server;
    private readonly Lock _lock = new();
    private string? _pemFile;
    private int _inboxes;
    private bool _isDisposed;

    private TestMailServer(TestMailServerOptions options)
    {
        _options = options;
        _certificate = options.Certificate ?? ServerCertificate.SelfSigned([options.HostName, .. Names(options.BindAddress)]);
        _sessions = new SessionBook(options.Time, Faults, options.MaxTranscripts)
        {
            ExpungeAsync = (user, mailbox) => _accounts!.Find(user)?.ExpungeAsync(mailbox) ?? Task.CompletedTask,
            ChangeUidValidityAsync = user => _accounts!.Find(user)?.ChangeUidValidityAsync() ?? Task.CompletedTask,
        };
        _accounts = new TestAccounts(options.Domain, _sessions);
        var services = new ServiceCollection();
        services.AddSingleton(options.Time);
        services.AddMailServer(Configure);
        _services = services.BuildServiceProvider();
        _server = _services.GetRequiredService<MailServer>();
        if (options.AcceptsEverything)
        {
            _accounts.CatchAll = CreateInbox("everything");
        }
    }

    /// <summary>What goes wrong, and when.</summary>
    public FaultPlan Faults { get; } = new();

    /// <summary>The address to connect to: a name where the server listens on every address.</summary>
    public string Host => IPAddress.Any.Equals(_options.BindAddress) || IPAddress.IPv6Any.Equals(_options.BindAddress) ? "localhost" : _options.BindAddress.ToString();

    /// <summary>All endpoints by name.</summary>
    public MailEndpointCollection Endpoints => _server.Endpoints;

    /// <summary>Mail from other servers, without a login: inboxes' addresses are taken.</summary>
    public int SmtpPort => Endpoints["smtp"].Port;

    /// <summary>Mail from users, who log in; STARTTLS is there to be used.</summary>
    public int SubmissionPort => Endpoints["submission"].Port;

    /// <summary>Mail from users, who log in, with TLS from the first octet.</summary>
    public int SubmissionsPort => Endpoints["submissions"].Port;

    /// <summary>LMTP.</summary>
    public int LmtpPort => Endpoints["lmtp"].Port;

    /// <summary>IMAP with STARTTLS.</summary>
    public int ImapPort => Endpoints["imap"].Port;

    /// <summary>IMAP with TLS from the first octet.</summary>
    public int ImapsPort => Endpoints["imaps"].Port;

    /// <summary>POP3 with STLS.</summary>
    public int Pop3Port => Endpoints["pop3"].Port;

    /// <summary>POP3 with TLS from the first octet.</summary>
    public int Pop3sPort => Endpoints["pop3s"].Port;

    /// <summary>Where mail for addresses of no inbox goes.</summary>
    /// <exception cref="InvalidOperationException">The server refuses such mail (<see cref="TestMailServerOptions.AcceptsEverything"/>).</exception>
    public TestInbox CatchAll => _accounts.CatchAll ?? throw new InvalidOperationException("Start the server with AcceptsEverything to have mail for unknown addresses taken.");

    /// <summary>Every session so far, the running ones included, oldest first.</summary>
    public IReadOnlyList<Transcript> Transcripts => _sessions.Transcripts;

    /// <summary>Connections being served now.</summary>
    public int ConnectionCount => _server.ConnectionCount;

    /// <summary>What the server shows to TLS clients.</summary>
    public X509Certificate2 Certificate => _certificate.Certificate;

    /// <summary>
    /// A file with the certificate in PEM, for clients in other processes to trust: curl's --cacert, NODE_EXTRA_CA_CERTS, SSL_CERT_FILE.
    /// Written when first asked for, deleted with the server.
    /// </summary>
    public string CertificateFile
    {
        get
        {
            lock (_lock)
            {
                if (_pemFile is null)
                {
                    var file = Path.Combine(Path.GetTempPath(), $"mailcore-{Guid.NewGuid():N}.pem");
                    File.WriteAllText(file, Certificate.ExportCertificatePem());
                    _pemFile = file;
                }

                return _pemFile;
            }
        }
    }

    /// <summary>Accepts this server's certificate and no other: for SslStream, and for what takes such a callback.</summary>
    public RemoteCertificateValidationCallback TrustCertificate =>
        (_, certificate, _, _) => certificate is not null && certificate.GetRawCertData().AsSpan().SequenceEqual(Certificate.RawData);

    /// <summary>Starts a server; it accepts connections when this returns.</summary>
    public static Task<TestMailServer> StartAsync(CancellationToken cancellationToken = default) => StartAsync(new TestMailServerOptions(), cancellationToken);

    /// <inheritdoc cref="StartAsync(CancellationToken)"/>
    public static Task<TestMailServer> StartAsync(Action<TestMailServerOptions> configure, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(configure);
        var options = new TestMailServerOptions();
        configure(options);
        return StartAsync(options, cancellationToken);
    }

    /// <inheritdoc cref="StartAsync(CancellationToken)"/>
    public static async Task<TestMailServer> StartAsync(TestMailServerOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ThreadPool.GetMinThreads(out var workers, out var ports);
        if (workers < options.MinThreads)
        {
            ThreadPool.SetMinThreads(options.MinThreads, ports);
        }

        var server = new TestMailServer(options);
        try
        {
            foreach (var service in server._services.GetServices<IHostedService>())
            {
                await service.StartAsync(cancellationToken).ConfigureAwait(false);
            }

            return server;
        }
        catch
        {
            await server.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Makes an inbox with an address that no other has, and a password.</summary>
    public TestInbox CreateInbox()
    {
        while (true)
        {
            // The rest is for clients and logs that outlive the server.
            var name = $"user{Interlocked.Increment(ref _inboxes)}-{RandomNumberGenerator.GetHexString(6, lowercase: true)}";
            if (TryCreate($"{name}@{_options.Domain}", out var inbox))
            {
                return inbox;
            }
        }
    }

    /// <summary>Makes an inbox with this address; a name alone is one of the server's domain.</summary>
    /// <exception cref="ArgumentException">It is no address, or taken.</exception>
    public TestInbox CreateInbox(string address, string? password = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(address);
        var whole = address.Contains('@', StringComparison.Ordinal) ? address : $"{address}@{_options.Domain}";
        if (!EmailAddress.TryParse(whole, out var parsed))
        {
            throw new ArgumentException($"'{whole}' is no e-mail address.", nameof(address));
        }

        return TryCreate(parsed.ToString(), out var inbox, password) ? inbox : throw new ArgumentException($"There is an inbox for {whole} already.", nameof(address));
    }

    /// <summary>
    /// Takes away all faults, what arrived and what was said, and empties the mailboxes. Inboxes and connections stay. For servers that one
    /// test uses at a time.
    /// </summary>
    public async Task ResetAsync()
    {
        Faults.Clear();
        foreach (var inbox in _accounts.All)
        {
            await inbox.ResetAsync().ConfigureAwait(false);
        }

        _sessions.Forget();
    }

    /// <summary>Stops: sessions are told goodbye, and after two seconds cut off.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, true))
        {
            return;
        }

        _sessions.Stop();
        using (var limit = new CancellationTokenSource(TimeSpan.FromSeconds(2)))
        {
            foreach (var service in _services.GetServices<IHostedService>().Reverse())
            {
                await service.StopAsync(limit.Token).ConfigureAwait(false);
            }
        }

        await _services.DisposeAsync().ConfigureAwait(false);
        _sessions.Dispose();
        lock (_lock)
        {
            if (_pemFile is { } file)
            {
                File.Delete(file);
                _pemFile = null;
            }
        }
    }

    internal async ValueTask<MailAccount> OpenAsync(AccountId account) =>
        await _services.GetRequiredService<MailAccounts>().OpenAsync(account).ConfigureAwait(false)
        ?? throw new InvalidOperationException($"The store has no account {account}.");

    internal void Moved(TestInbox inbox) => _accounts.Move(inbox, inbox.Account);

    private static string[] Names(IPAddress address) =>
        IPAddress.IsLoopback(address) || IPAddress.Any.Equals(address) || IPAddress.IPv6Any.Equals(address)
            ? ["host.docker.internal", Environment.MachineName.ToLowerInvariant()]
            : [address.ToString(), "host.docker.internal", Environment.MachineName.ToLowerInvariant()];

    private bool TryCreate(string address, out TestInbox inbox, string? password = null)
    {
        inbox = new TestInbox(this, address, password ?? RandomNumberGenerator.GetHexString(16, lowercase: true));
        return _accounts.TryAdd(inbox);
    }

    private void Configure(MailServerBuilder mail)
    {
        mail.HostName = _options.HostName;
        mail.BindAddress = _options.BindAddress;
        mail.Domains.Add(_options.Domain);
        mail.Options.MaxConnections = mail.Options.MaxConnectionsPerAddress = 100_000;
        (mail.Logins.FailureDelay, mail.Logins.BanDuration, mail.Logins.UserBanDuration) = (TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero);
        mail.UseInMemoryStore().UseCertificates(_ => _certificate).UseDirectory(_ => _accounts).UseAuthenticator(_ => _accounts);
        mail.Services.AddSingleton(new SmtpFilterRegistration(new FaultFilter(_sessions)));
        _options.Configure?.Invoke(mail);
        DecorateDelivery(mail.Services);
        new TestEndpoints(_sessions, IPAddress.IsLoopback(_options.BindAddress)).Add(mail, _options.Roles);
    }

    private void DecorateDelivery(IServiceCollection services)
    {
        var inner = services.Last(static service => service.ServiceType == typeof(IMessageDelivery)).ImplementationFactory!;
        services.Replace(ServiceDescriptor.Singleton<IMessageDelivery>(provider => new ArrivalDelivery((IMessageDelivery)inner(provider), _accounts, _sessions)));
    }
}

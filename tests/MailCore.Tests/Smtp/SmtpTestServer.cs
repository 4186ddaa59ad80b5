using System.Collections.Concurrent;
using System.Net.Security;
using System.Text;
using MailCore.Authentication;
using MailCore.Delivery;
using MailCore.Messaging;
using MailCore.Smtp;
using MailCore.Storage;
using MailCore.Storage.InMemory;
using MailCore.Testing;
using MailCore.Tests.Authentication;
using MailCore.Tls;
using Microsoft.Extensions.Logging.Abstractions;

namespace MailCore.Tests.Smtp;

/// <summary>
/// An SMTP endpoint without a network: domain example.org with bob (password secret) and alice, an alias all@ for both, and
/// postmaster leading to bob. Parts may be replaced before the first connection.
/// </summary>
internal sealed class SmtpTestServer : IAsyncDisposable
{
    private static readonly Lazy<ServerCertificate> Certificate = new(() => ServerCertificate.SelfSigned("mx.example.org"));

    private readonly ConcurrentBag<(InMemoryConnection Connection, Task Session)> _connections = [];
    private SmtpProtocol? _protocol;

    public SmtpTestServer(SmtpDialect? dialect = null, Action<SmtpOptions>? configure = null)
    {
        Options = new SmtpOptions(dialect ?? SmtpDialect.Transfer) { HostName = "mx.example.org" };
        configure?.Invoke(Options);
        Directory = new InMemoryMailDirectory((account, address, password) =>
        {
            if (password is not null)
            {
                Authenticator.SetPassword(address.ToString(), account, password);
                Authenticator.SetPassword(address.LocalPart, account, password);
            }
        });
        Directory.AddDomain("example.org");
    }

    public SmtpOptions Options { get; }

    public TlsPolicy Tls { get; set; } = TlsPolicy.None with { AllowCleartextAuthentication = true };

    public TimeProvider Time { get; set; } = TimeProvider.System;

    public InMemoryMailDirectory Directory { get; }

    public InMemoryAuthenticator Authenticator { get; } = new(iterations: 1_000);

    public IMailStore Store { get => field ??= new InMemoryMailStore(Time); set; }

    public MailAccounts Accounts => field ??= new MailAccounts(Store, new LocalChangeSignal(), Time);

    public DirectoryRouterOptions Routing { get; } = new() { DefaultDomain = "example.org" };

    public IMailAuthenticator? Logins { get; set; }

    public IMessageRouter? Router { get; set; }

    public IMessageDelivery? Delivery { get; set; }

    public IMessageStaging? Staging { get; set; }

    /// <summary>What the delivery says it honours besides.</summary>
    public DeliveryAbilities Honours { get; init; }

    /// <summary>Whether what the delivery was given is kept.</summary>
    public bool Records { get; init; } = true;

    /// <summary>What the delivery was given.</summary>
    public RecordingDelivery Deliveries => field ??= new RecordingDelivery(
        Delivery ?? new RoutedDelivery(new LocalDelivery(Accounts, NullLogger<LocalDelivery>.Instance), null, NullLogger<RoutedDelivery>.Instance), Honours, Records);

    public List<SmtpFilterRegistration> Filters { get; } = [];

    public IMessageTrace? Trace { get; set; }

    /// <summary>What a connection says of its client; null for the memory's own nothing.</summary>
    public System.Net.EndPoint? Remote { get; set; }

    public Microsoft.Extensions.Logging.ILoggerFactory Loggers { get; init; } = NullLoggerFactory.Instance;

    public CancellationTokenSource Stopping { get; } = new();

    public SmtpProtocol Protocol => _protocol ??= Create();

    /// <summary>The usual people.</summary>
    public async Task<SmtpTestServer> PopulateAsync()
    {
        await AddAsync("bob", "secret");
        await AddAsync("alice", "secret");
        Directory.AddAlias(EmailAddress.Parse("all@example.org"), EmailAddress.Parse("bob@example.org"), EmailAddress.Parse("alice@example.org"));
        Directory.AddAlias(EmailAddress.Parse("postmaster@example.org"), EmailAddress.Parse("bob@example.org"));
        return this;
    }

    public ValueTask<AccountId> AddAsync(string user, string? password = null) =>
        Directory.CreateAsync(EmailAddress.Parse(user.Contains('@', StringComparison.Ordinal) ? user : user + "@example.org"), password, default);

    public (InMemoryConnection Connection, Task Session) Open()
    {
        var connection = new InMemoryConnection();
        connection.Server.RemoteEndPoint = Remote ?? connection.Server.RemoteEndPoint;
        var session = ServeAsync(connection);
        _connections.Add((connection, session));
        return (connection, session);
    }

    /// <summary>A client that has read the greeting.</summary>
    public async Task<SmtpTestClient> ConnectAsync()
    {
        var (connection, session) = Open();
        var client = new SmtpTestClient(connection, session);
        await client.ExpectAsync(220);
        return client;
    }

    /// <summary>A client that has said EHLO or LHLO.</summary>
    public async Task<SmtpTestClient> GreetAsync()
    {
        var client = await ConnectAsync();
        await client.SayAsync(250, $"{(Options.Dialect.IsLmtp ? "LHLO" : "EHLO")} client.example");
        return client;
    }

    public ScriptPeer Peer()
    {
        var (connection, session) = Open();
        return ScriptPeer.Over(connection, session, ClientTls());
    }

    /// <summary>What a client says who trusts anybody.</summary>
    public static SslClientAuthenticationOptions ClientTls() => new()
    {
        TargetHost = "mx.example.org",
        RemoteCertificateValidationCallback = static (_, _, _, _) => true,
    };

    /// <summary>The messages in an inbox, oldest first, trace headers apart from what the client sent.</summary>
    public async Task<List<(string Prefix, string Content)>> MessagesAsync(string account = "bob@example.org", string mailbox = "INBOX")
    {
        var found = new List<(string, string)>();
        var opened = await Accounts.OpenAsync(new AccountId(account));
        var box = await opened!.FindMailboxAsync(MailboxName.Parse(mailbox));
        var info = await box!.GetInfoAsync();
        var uids = Enumerable.Range(1, (int)info!.UidNext.Value - 1).Select(uid => new Uid((uint)uid)).ToArray();
        await foreach (var row in box.ReadAsync(uids, MessageFields.All))
        {
            await using var content = await box.OpenContentAsync(row);
            var octets = new byte[content!.Length];
            using var stream = content.AsStream();
            await stream.ReadExactlyAsync(octets);
            found.Add((Encoding.UTF8.GetString(row.Prefix.Span), Encoding.Latin1.GetString(octets.AsSpan(row.Prefix.Length))));
        }

        return found;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var (connection, session) in _connections)
        {
            // The session owns its end, and may be writing to it still. One that a test holds up for good must not hold up the test.
            await connection.Client.DisposeAsync();
            connection.AbortClient();
            await session.WaitAsync(TimeSpan.FromSeconds(5)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        Stopping.Dispose();
    }

    private async Task ServeAsync(InMemoryConnection connection)
    {
        await Task.Yield();
        await using var server = connection.Server;
        await Protocol.RunAsync(server, Stopping.Token);
    }

    private SmtpProtocol Create()
    {
        var login = new LoginService(Logins ?? Authenticator, LoginDefaults.Make(), Time, NullLogger<LoginService>.Instance);
        return new SmtpProtocol(Options, new SmtpServices
        {
            Tls = new TlsUpgrade(Tls, Tls.UsesTls ? Certificate.Value : null, TimeProvider.System),
            Router = Router ?? new DirectoryRouter(Directory, Routing),
            Delivery = Deliveries,
            Staging = Staging ?? Accounts,
            Login = login,
            Directory = Directory,
            Filters = Filters,
            Trace = Trace,
            Loggers = Loggers,
            Time = Time,
        });
    }
}

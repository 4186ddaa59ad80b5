using System.Diagnostics.Metrics;
using MailCore.Authentication;
using MailCore.Imap;
using MailCore.Imap.Extensions;
using MailCore.Storage;
using MailCore.Storage.InMemory;
using MailCore.Testing;
using MailCore.Tests.Authentication;
using MailCore.Tls;
using Microsoft.Extensions.Logging.Abstractions;

namespace MailCore.Tests.Imap;

/// <summary>An IMAP engine over a store in memory, at noon on 1 July 2025 until told otherwise.</summary>
internal sealed class ImapTestServer : IAsyncDisposable
{
    private static readonly Lazy<ServerCertificate> Certificate = new(() => ServerCertificate.SelfSigned("mx.example.org"));

    private readonly InMemoryAuthenticator _authenticator = new(iterations: 1_000);
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<Task> _sessions = [];
    private ImapProtocol? _protocol;

    /// <param name="tombstones">Expunged messages that the store remembers in each mailbox.</param>
    public ImapTestServer(int tombstones = 250_000) =>
        Accounts = new MailAccounts(Store = new InMemoryMailStore(Time) { TombstonesPerMailbox = tombstones }, Signal, Time);

    public ManualTimeProvider Time { get; } = new();

    public IMailStore Store { get; private init; }

    public LocalChangeSignal Signal { get; } = new();

    public MailAccounts Accounts { get; private set; }

    public ImapOptions Options { get; } = new() { HostName = "mx.example.org" };

    /// <summary>By access control lists unless set.</summary>
    public IMailboxAuthorization? Authorization { get; set; }

    public IReadOnlyList<ImapExtension> Extensions { get; init; } = [];

    public IReadOnlyList<ImapMetadataSource> Metadata { get; init; } = [];

    public IMeterFactory? Meters { get; init; }

    public TlsPolicy Tls { get; set; } = TlsPolicy.None with { AllowCleartextAuthentication = true };

    public static ServerCertificate TlsCertificate => Certificate.Value;

    /// <summary>Puts something between the engine and <see cref="Store"/>; before users are added.</summary>
    public void UseStore(IMailStore wrapper) => Accounts = new MailAccounts(wrapper, Signal, Time);

    public void Stop() => _stopping.Cancel();

    public async Task<MailAccount> AddUserAsync(string user = "bob", string password = "secret")
    {
        var id = new AccountId(user);
        _authenticator.SetPassword(user, id, password);
        return (await Accounts.OpenAsync(id))!;
    }

    public async Task<Mailbox> MailboxAsync(string name = "INBOX", string user = "bob", string? specialUse = null)
    {
        var account = (await Accounts.OpenAsync(new AccountId(user)))!;
        return await account.FindMailboxAsync(MailboxName.Parse(name))
            ?? (await account.CreateMailboxAsync(MailboxName.Parse(name), specialUse)).Mailbox!;
    }

    /// <summary>Appends a message to bob's inbox.</summary>
    public async Task<Uid> AppendAsync(byte[] message, AppendOptions? options = null, Mailbox? mailbox = null)
    {
        mailbox ??= await MailboxAsync();
        using var stream = new MemoryStream(message);
        return (await mailbox.AppendAsync(stream, options ?? AppendOptions.Default)).Uids[0];
    }

    /// <summary>A connection that is being served; the task ends when the engine has done with it.</summary>
    public (InMemoryConnection Connection, Task Session) Connect(int capacity = 64 * 1024)
    {
        var connection = new InMemoryConnection(capacity);
        var session = ServeAsync(connection);
        lock (_sessions)
        {
            _sessions.Add(session);
        }

        return (connection, session);
    }

    /// <summary>A client that has read the greeting.</summary>
    public async Task<ImapTestClient> ClientAsync(int capacity = 64 * 1024)
    {
        var (connection, session) = Connect(capacity);
        var client = new ImapTestClient(connection, session);
        await client.ReadLineAsync();
        return client;
    }

    /// <summary>A client logged in as bob, with a mailbox selected.</summary>
    public async Task<ImapTestClient> SelectedAsync(string mailbox = "INBOX", int capacity = 64 * 1024)
    {
        var client = await ClientAsync(capacity);
        await client.OkAsync("LOGIN bob secret");
        await client.OkAsync($"SELECT {mailbox}");
        return client;
    }

    public async ValueTask DisposeAsync()
    {
        Stop();
        foreach (var session in _sessions)
        {
            try
            {
                await session;
            }
            catch (IOException)
            {
                // The test broke the connection.
            }
        }

        _stopping.Dispose();
    }

    private async Task ServeAsync(InMemoryConnection connection)
    {
        _protocol ??= new ImapProtocol(Options, new ImapServices
        {
            Tls = new TlsUpgrade(Tls, Tls.UsesTls ? TlsCertificate : null, Time),
            Login = new LoginService(_authenticator, LoginDefaults.Make(), Time, NullLogger<LoginService>.Instance),
            Accounts = Accounts,
            Authorization = Authorization ?? new AclAuthorization(Accounts),
            Extensions = Extensions,
            Metadata = Metadata,
            Meters = Meters,
            Time = Time,
            Loggers = NullLoggerFactory.Instance,
        });
        await using var server = connection.Server;
        if (Tls.Mode == TlsMode.Implicit)
        {
            await new TlsUpgrade(Tls, TlsCertificate, Time).HandshakeAsync(server, CancellationToken.None);
        }

        await _protocol.RunAsync(server, _stopping.Token);
    }
}

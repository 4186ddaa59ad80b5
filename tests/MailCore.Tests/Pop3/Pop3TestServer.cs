using System.IO.Pipelines;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using MailCore.Authentication;
using MailCore.Net;
using MailCore.Pop3;
using MailCore.Storage;
using MailCore.Storage.InMemory;
using MailCore.Testing;
using MailCore.Tests.Authentication;
using MailCore.Tls;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace MailCore.Tests.Pop3;

/// <summary>A POP3 engine over a store in memory, served over connections in memory.</summary>
internal sealed class Pop3TestServer : IAsyncDisposable
{
    private static readonly Lazy<ServerCertificate> SharedCertificate = new(() => ServerCertificate.SelfSigned("mx.example.org"));

    private readonly InMemoryAuthenticator _authenticator = new(iterations: 1_000);
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<Task> _sessions = [];
    private readonly TimeProvider _time;
    private readonly Lazy<Pop3Protocol> _protocol;

    /// <param name="policy">Cleartext logins without TLS when null.</param>
    /// <param name="store">A store in memory when null.</param>
    /// <param name="time">The system's when null.</param>
    /// <param name="loggers">None when null.</param>
    public Pop3TestServer(TlsPolicy? policy = null, IMailStore? store = null, TimeProvider? time = null, ILoggerFactory? loggers = null)
    {
        _time = time ?? TimeProvider.System;
        Accounts = new MailAccounts(store ?? new InMemoryMailStore(_time), new LocalChangeSignal(), _time);
        var rule = policy ?? TlsPolicy.None with { AllowCleartextAuthentication = true };
        _protocol = new(() => new Pop3Protocol(Options, new Pop3Services
        {
            Tls = new TlsUpgrade(rule, rule.UsesTls ? SharedCertificate.Value : null, _time),
            Login = new LoginService(_authenticator, Logins, _time, (loggers ?? NullLoggerFactory.Instance).CreateLogger<LoginService>()),
            Accounts = Accounts,
            Authorization = Authorization,
            Locks = Locks,
            State = new InMemoryServerState(_time),
            Time = _time,
            Loggers = loggers ?? NullLoggerFactory.Instance,
        }));
    }

    public Pop3Options Options { get; } = new() { HostName = "mx.example.org" };

    public LoginOptions Logins { get; } = LoginDefaults.Make();

    public IMailboxAuthorization Authorization { get; set; } = new OwnerAuthorization();

    public Pop3MailDropLocks Locks { get; } = new();

    public MailAccounts Accounts { get; }

    /// <summary>For clients: trusts the server's certificate and no other.</summary>
    public static SslClientAuthenticationOptions ClientTls => new()
    {
        TargetHost = "mx.example.org",
        CertificateChainPolicy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            CustomTrustStore = { SharedCertificate.Value.Certificate },
            RevocationMode = X509RevocationMode.NoCheck,
        },
    };

    /// <summary>For APOP; users added from now on.</summary>
    public void KeepPasswords() => _authenticator.KeepPasswords = true;

    public void AddUser(string user, string password) => _authenticator.SetPassword(user, new AccountId(user), password);

    public async Task<Mailbox> InboxAsync(string user) =>
        (await (await Accounts.OpenAsync(new AccountId(user)))!.FindMailboxAsync(MailboxName.Inbox))!;

    public async Task<Uid> AppendAsync(string user, ReadOnlyMemory<byte> message, AppendOptions? options = null)
    {
        using var stream = new MemoryStream(message.ToArray());
        return (await (await InboxAsync(user)).AppendAsync(stream, options ?? AppendOptions.Default)).Uids[0];
    }

    /// <summary>Runs a session; the task is over when the server has closed.</summary>
    public (InMemoryConnection Connection, Task Session) Connect(Func<IDuplexPipe, IDuplexPipe>? wrap = null)
    {
        var connection = new InMemoryConnection();
        connection.Server.Transport = wrap?.Invoke(connection.Server.Transport) ?? connection.Server.Transport;
        var session = ServeAsync(connection.Server);
        lock (_sessions)
        {
            _sessions.Add(session);
        }

        return (connection, session);
    }

    /// <summary>A client that has read the greeting.</summary>
    public async Task<Pop3TestClient> OpenAsync()
    {
        var (connection, session) = Connect();
        var client = new Pop3TestClient(connection, session);
        await client.ReadLineAsync();
        return client;
    }

    /// <summary>A client that has logged in.</summary>
    public async Task<Pop3TestClient> LogInAsync(string user, string password)
    {
        var client = await OpenAsync();
        await client.AskAsync($"USER {user}");
        var reply = await client.AskAsync($"PASS {password}");
        return reply.StartsWith("+OK", StringComparison.Ordinal) ? client : throw new InvalidOperationException(reply);
    }

    public void Stop() => _stopping.Cancel();

    public async ValueTask DisposeAsync()
    {
        Stop();
        Task[] sessions;
        lock (_sessions)
        {
            sessions = [.. _sessions];
        }

        foreach (var session in sessions)
        {
            try
            {
                await session.WaitAsync(TimeSpan.FromSeconds(30));
            }
            catch (IOException)
            {
                // A client that went away.
            }
        }

        _stopping.Dispose();
    }

    private async Task ServeAsync(MailConnection connection)
    {
        await using (connection)
        {
            await _protocol.Value.RunAsync(connection, _stopping.Token);
        }
    }
}

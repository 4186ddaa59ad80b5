using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using MailCore.Authentication;
using MailCore.Hosting;
using MailCore.Storage;
using MailCore.Tests.Pop3;
using MailCore.Tests.Tls;
using MailCore.Tls;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace MailCore.Tests.Authentication;

/// <summary>
/// A whole server on loopback: submission, IMAP and POP3, each with TLS from the first octet and without TLS. Every mechanism is
/// on; everything that is logged is kept. bob@example.org logs in by all of them.
/// </summary>
internal sealed class ThreeProtocolServer : IAsyncDisposable, ITokenAuthenticator, IMailAuthenticator
{
    public const string User = "bob@example.org";
    public const string Password = "correct-horse-battery-93";
    public const string Token = "eyJhbGciOiJIUzI1NiJ9.Zm9vYmFyYmF6.c2lnbmF0dXJl";

    private readonly TestAuthority _authority = new();
    private MailServer _server = null!;

    public static string[] Protocols { get; } = ["smtp", "imap", "pop3"];

    public CollectedLog Log { get; } = new();

    /// <summary>All that clients have sent in answer to a mechanism, decoded.</summary>
    public ConcurrentBag<byte[]> Payloads { get; } = [];

    public X509Certificate2 ClientCertificate => field ??= _authority.Issue([], TestAuthority.ClientAuthentication, email: User);

    public async Task<ThreeProtocolServer> StartAsync(bool allowCleartext = true)
    {
        var users = new InMemoryAuthenticator(iterations: 1_000) { KeepPasswords = true };
        _server = await MailServer.StartAsync(mail =>
        {
            mail.HostName = "mx.example.org";
            mail.BindAddress = IPAddress.Loopback;
            mail.UseInMemoryStore().UseSelfSignedCertificate().AddAccount(User, Password);
            mail.Services.Replace(ServiceDescriptor.Singleton<ILoggerFactory>(Log));
            mail.Services.Replace(ServiceDescriptor.Singleton(users));
            mail.AddAuthenticator(_ => this);
            mail.Logins.FailureDelay = TimeSpan.Zero;
            mail.Logins.Mechanisms.Add(SaslMechanisms.CramMd5);
            mail.Logins.Mechanisms.Add(SaslMechanisms.Anonymous);
            mail.Logins.Anonymous = new MailIdentity(User, new AccountId(User));
            var tls = TlsPolicy.Implicit with { ClientCertificates = ClientCertificateRule.Request, ClientAuthorities = [_authority.Root, _authority.Intermediate] };
            var clear = TlsPolicy.None with { AllowCleartextAuthentication = allowCleartext };
            mail.ListenSubmissions(0).Tls = tls;
            mail.ListenImaps(0).Tls = tls;
            mail.ListenPop3s(0, static pop3 => pop3.Options.MailDropMode = MailCore.Pop3.Pop3MailDropMode.Shared).Tls = tls;
            mail.ListenSubmission(0).Tls = clear;
            mail.ListenImap(0).Tls = clear;
            mail.ListenPop3(0, static pop3 => pop3.Options.MailDropMode = MailCore.Pop3.Pop3MailDropMode.Shared).Tls = clear;
        });
        return this;
    }

    public Task<LoginClient> ConnectAsync(string protocol, bool tls = true, bool showsCertificate = false)
    {
        var name = (protocol == "smtp" ? "submission" : protocol) + (tls ? "s" : "");
        return LoginClient.ConnectAsync(protocol, _server.Endpoints[name].Port, tls ? ClientTls(showsCertificate) : null, Payloads);
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _authority.Dispose();
        Log.Dispose();
    }

    ValueTask<AuthenticationResult> ITokenAuthenticator.VerifyTokenAsync(string token, string? user, AuthenticationContext context, CancellationToken cancellationToken) =>
        new(token == Token && user is null or User
            ? new AuthenticationResult.Ok(new MailIdentity(User, new AccountId(User)))
            : new AuthenticationResult.Rejected());

    ValueTask<AuthenticationResult> IMailAuthenticator.VerifyPasswordAsync(string user, string password, AuthenticationContext context, CancellationToken cancellationToken) =>
        new(user switch
        {
            "expired@example.org" => new AuthenticationResult.Expired(),
            "later@example.org" => new AuthenticationResult.TryLater("the directory is down"),
            "broken@example.org" => throw new InvalidOperationException("the directory is broken"),
            _ => new AuthenticationResult.Rejected(),
        });

    private SslClientAuthenticationOptions ClientTls(bool showsCertificate) => new()
    {
        TargetHost = "mx.example.org",
        RemoteCertificateValidationCallback = static (_, _, _, _) => true,
        ClientCertificateContext = showsCertificate ? SslStreamCertificateContext.Create(ClientCertificate, [_authority.Intermediate], offline: true) : null,
    };
}

/// <summary>Speaks as much of SMTP, IMAP and POP3 as a login takes.</summary>
internal sealed class LoginClient : IAsyncDisposable
{
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(30);

    private readonly ConcurrentBag<byte[]> _payloads;
    private readonly Stream _stream;
    private readonly StreamReader _reader;
    private readonly string _protocol;

    private LoginClient(string protocol, Stream stream, ConcurrentBag<byte[]> payloads) =>
        (_protocol, _stream, _reader, _payloads) = (protocol, stream, new StreamReader(stream, Encoding.Latin1), payloads);

    public SslStream? Tls => _stream as SslStream;

    public static async Task<LoginClient> ConnectAsync(string protocol, int port, SslClientAuthenticationOptions? tls, ConcurrentBag<byte[]> payloads)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, port).WaitAsync(Hang);
        Stream stream = new NetworkStream(socket, ownsSocket: true);
        if (tls is not null)
        {
            var secured = new SslStream(stream);
            await secured.AuthenticateAsClientAsync(tls).WaitAsync(Hang);
            stream = secured;
        }

        var client = new LoginClient(protocol, stream, payloads);
        await client.ReadLineAsync();
        return client;
    }

    /// <summary>The mechanisms that the server announces.</summary>
    public async Task<string[]> AnnouncedAsync()
    {
        switch (_protocol)
        {
            case "smtp":
                await SendAsync("EHLO client.example");
                var lines = new List<string>();
                do
                {
                    lines.Add(await ReadLineAsync());
                }
                while (lines[^1][3] == '-');
                return lines.FirstOrDefault(static line => line[4..].StartsWith("AUTH ", StringComparison.Ordinal))?[9..].Split(' ') ?? [];
            case "imap":
                await SendAsync("c CAPABILITY");
                var names = (await ReadLineAsync()).Split(' ');
                await ReadLineAsync();
                return [.. names.Where(static name => name.StartsWith("AUTH=", StringComparison.Ordinal)).Select(static name => name[5..])];
            default:
                await SendAsync("CAPA");
                var sasl = "";
                for (var line = await ReadLineAsync(); line != "."; line = await ReadLineAsync())
                {
                    sasl = line.StartsWith("SASL ", StringComparison.Ordinal) ? line[5..] : sasl;
                }

                return sasl.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        }
    }

    /// <summary>Runs a mechanism and gives the server's last line.</summary>
    public async Task<string> LogInAsync(ClientMechanism mechanism, bool hasInitial = true)
    {
        if (_protocol == "smtp")
        {
            await AnnouncedAsync();
        }

        var initial = hasInitial ? mechanism.Initial() : null;
        await SendAsync($"{(_protocol == "imap" ? "a AUTHENTICATE" : "AUTH")} {mechanism.Name}{(initial is null ? "" : " " + (initial.Length == 0 ? "=" : Encode(initial)))}");
        while (true)
        {
            var line = await ReadLineAsync();
            var challenge = _protocol == "smtp" && line.StartsWith("334 ", StringComparison.Ordinal) ? line[4..]
                : line.StartsWith("+ ", StringComparison.Ordinal) ? line[2..]
                : null;
            if (challenge is null)
            {
                return line;
            }

            await SendAsync(Encode(mechanism.Respond(Convert.FromBase64String(challenge))));
        }
    }

    /// <summary>Whether the session is logged in, by a command that needs it.</summary>
    public async Task<bool> IsLoggedInAsync()
    {
        await SendAsync(_protocol switch { "smtp" => $"MAIL FROM:<{ThreeProtocolServer.User}>", "imap" => "b SELECT INBOX", _ => "STAT" });
        while (true)
        {
            var line = await ReadLineAsync();
            if (_protocol != "imap" || line.StartsWith("b ", StringComparison.Ordinal))
            {
                return line.StartsWith("250", StringComparison.Ordinal) || line.StartsWith("b OK", StringComparison.Ordinal) || line.StartsWith("+OK", StringComparison.Ordinal);
            }
        }
    }

    public async Task<string> AskAsync(string line)
    {
        await SendAsync(line);
        return await ReadLineAsync();
    }

    public async Task SendAsync(string line)
    {
        await _stream.WriteAsync(Encoding.Latin1.GetBytes(line + "\r\n")).AsTask().WaitAsync(Hang);
        await _stream.FlushAsync().WaitAsync(Hang);
    }

    public async Task<string> ReadLineAsync() => await _reader.ReadLineAsync().WaitAsync(Hang) ?? "";

    public async ValueTask DisposeAsync() => await _stream.DisposeAsync();

    private string Encode(byte[] octets)
    {
        _payloads.Add(octets);
        return Convert.ToBase64String(octets);
    }
}

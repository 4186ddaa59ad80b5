using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace MailCore.Tests.Relay.Security;

/// <summary>What a server, or who has put himself in its place, does about TLS.</summary>
internal enum TlsManners
{
    Good,
    Stripped,
    Refused,
    SpeaksBehind220,
    BreaksHandshake,
}

/// <summary>A mail server on loopback, or an attacker, that notes every octet that came in the clear.</summary>
internal sealed class TlsMta : IAsyncDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentBag<Task> _sessions = [];
    private readonly SslStreamCertificateContext _certificate;
    private readonly TlsManners _manners;
    private readonly Task _accepting;
    private readonly StringBuilder _clear = new();

    public TlsMta(X509Certificate2 certificate, TlsManners manners, params X509Certificate2[] chain)
    {
        (_certificate, _manners) = (SslStreamCertificateContext.Create(certificate, [.. chain], offline: true), manners);
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(16);
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    /// <summary>All that came outside TLS.</summary>
    public string Clear
    {
        get
        {
            lock (_clear)
            {
                return _clear.ToString();
            }
        }
    }

    /// <summary>What came by TLS.</summary>
    public ConcurrentQueue<string> Secured { get; } = new();

    /// <summary>The names asked for by SNI.</summary>
    public ConcurrentQueue<string> Names { get; } = new();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        await Task.WhenAll(_sessions);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var socket = await _listener.AcceptAsync(_stop.Token);
                _sessions.Add(Task.Run(() => ServeAsync(socket)));
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        await using var stream = new NetworkStream(socket, ownsSocket: true);
        try
        {
            await SayAsync(stream, "220 mx ESMTP");
            if (!await TalkAsync(stream, isSecured: false))
            {
                return;
            }

            if (_manners == TlsManners.BreaksHandshake)
            {
                await stream.ReadExactlyAsync(new byte[1], _stop.Token);
                await SayAsync(stream, "554 no TLS after all");
                return;
            }

            await using var tls = new SslStream(stream);
            await tls.AuthenticateAsServerAsync(
                (_, hello, _, _) =>
                {
                    Names.Enqueue(hello.ServerName);
                    return ValueTask.FromResult(new SslServerAuthenticationOptions { ServerCertificateContext = _certificate });
                },
                null,
                _stop.Token);
            await TalkAsync(tls, isSecured: true);
        }
        catch (Exception error) when (error is IOException or OperationCanceledException or AuthenticationException)
        {
        }
    }

    /// <summary>True when the client wants TLS now.</summary>
    private async Task<bool> TalkAsync(Stream stream, bool isSecured)
    {
        var isData = false;
        while (await ReadLineAsync(stream) is { } line)
        {
            Note(line, isSecured);
            var verb = line.Split(' ', '\r')[0];
            switch (isData ? "" : verb)
            {
                case "":
                    if (line == ".\r\n")
                    {
                        isData = false;
                        await SayAsync(stream, "250 2.0.0 taken");
                    }

                    break;
                case "EHLO":
                    var offersTls = !isSecured && _manners != TlsManners.Stripped;
                    await SayAsync(stream, $"250-mx\r\n250-8BITMIME\r\n{(offersTls ? "250-STARTTLS\r\n" : "")}250 {(isSecured ? "REQUIRETLS" : "HELP")}");
                    break;
                case "STARTTLS" when _manners == TlsManners.Refused:
                    await SayAsync(stream, "454 4.7.0 not now");
                    break;
                case "STARTTLS":
                    await SayAsync(stream, _manners == TlsManners.SpeaksBehind220 ? "220 go\r\n250-mx\r\n250 REQUIRETLS" : "220 go");
                    return true;
                case "DATA":
                    isData = true;
                    await SayAsync(stream, "354 go");
                    break;
                case "QUIT":
                    await SayAsync(stream, "221 bye");
                    return false;
                default:
                    await SayAsync(stream, "250 2.0.0 ok");
                    break;
            }
        }

        return false;
    }

    private void Note(string line, bool isSecured)
    {
        if (isSecured)
        {
            Secured.Enqueue(line);
            return;
        }

        lock (_clear)
        {
            _clear.Append(line);
        }
    }

    private async Task<string?> ReadLineAsync(Stream stream)
    {
        var line = new StringBuilder();
        var octet = new byte[1];
        while (await stream.ReadAsync(octet, _stop.Token) == 1)
        {
            line.Append((char)octet[0]);
            if (octet[0] == '\n')
            {
                return line.ToString();
            }
        }

        Note(line.ToString(), isSecured: stream is SslStream);
        return null;
    }

    private async Task SayAsync(Stream stream, string text) => await stream.WriteAsync(Encoding.Latin1.GetBytes(text + "\r\n"), _stop.Token);
}

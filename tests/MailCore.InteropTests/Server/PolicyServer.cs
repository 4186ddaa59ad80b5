using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using MailCore.Tls;

namespace MailCore.InteropTests.Server;

/// <summary>An HTTPS server on loopback that answers everything with one MTA-STS policy.</summary>
internal sealed class PolicyServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly byte[] _answer;
    private readonly Task _serving;

    public PolicyServer(string name, string policy)
    {
        Certificate = ServerCertificate.SelfSigned(name).Certificate;
        _answer = Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {policy.Length}\r\nConnection: close\r\n\r\n{policy}");
        _listener.Start();
        _serving = ServeAsync();
    }

    public X509Certificate2 Certificate { get; }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public ConcurrentQueue<string> Requests { get; } = new();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _serving;
        _listener.Dispose();
        _stop.Dispose();
        Certificate.Dispose();
    }

    private async Task ServeAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                using var client = await _listener.AcceptTcpClientAsync(_stop.Token);
                await using var tls = new SslStream(client.GetStream());
                await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = Certificate }, _stop.Token);
                var buffer = new byte[4_096];
                Requests.Enqueue(Encoding.ASCII.GetString(buffer, 0, await tls.ReadAsync(buffer, _stop.Token)));
                await tls.WriteAsync(_answer, _stop.Token);
            }
            catch (Exception error) when (error is IOException or OperationCanceledException or AuthenticationException)
            {
            }
        }
    }
}

using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using MailCore.Net;
using MailCore.Testing;
using MailCore.Tls;

namespace MailCore.Tests.Tls;

/// <summary>A handshake between a client and <see cref="TlsUpgrade"/>, without a network.</summary>
internal sealed class TlsLink : IAsyncDisposable
{
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(30);

    private readonly InMemoryConnection _connection = new();

    private TlsLink() => Client = new SslStream(_connection.Client);

    public MailConnection Server => _connection.Server;

    public SslStream Client { get; }

    /// <summary>Shakes hands; throws what the server's side throws.</summary>
    public static async Task<TlsLink> ConnectAsync(TlsPolicy policy, IServerCertificates certificates, Action<SslClientAuthenticationOptions>? configure = null)
    {
        var link = new TlsLink();
        var options = new SslClientAuthenticationOptions { TargetHost = "mx.example.org", RemoteCertificateValidationCallback = static (_, _, _, _) => true };
        configure?.Invoke(options);
        var server = new TlsUpgrade(policy, certificates, TimeProvider.System).HandshakeAsync(link.Server, CancellationToken.None);
        var client = link.Client.AuthenticateAsClientAsync(options);
        try
        {
            await server.WaitAsync(Hang);
            await client.WaitAsync(Hang);
            return link;
        }
        catch
        {
            await link.DisposeAsync();
            await client.ContinueWith(static _ => { }, TaskScheduler.Default).WaitAsync(Hang);
            throw;
        }
    }

    /// <summary>The certificate that the client was shown.</summary>
    public X509Certificate2 Shown => (X509Certificate2)Client.RemoteCertificate!;

    public async ValueTask DisposeAsync()
    {
        await Client.DisposeAsync();
        await _connection.DisposeAsync();
    }
}

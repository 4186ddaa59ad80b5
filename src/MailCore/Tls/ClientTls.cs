using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using MailCore.Net;

namespace MailCore.Tls;

/// <summary>What a client of ours wants of TLS.</summary>
/// <param name="ServerName">For SNI, and the name that the certificate is compared with.</param>
/// <param name="Accepts">Judges the certificate.</param>
/// <param name="Protocols">Versions.</param>
/// <param name="Authorities">Who is trusted; null for the machine's.</param>
/// <param name="HandshakeTimeout">From its first octet to its end.</param>
internal sealed record ClientTlsRule(string ServerName, RemoteCertificateValidationCallback Accepts, SslProtocols Protocols, X509Certificate2Collection? Authorities, TimeSpan HandshakeTimeout);

/// <summary>The one place where a connection that we opened turns to TLS.</summary>
internal static class ClientTls
{
    /// <summary>Shakes hands on a connection whose buffered octets were used up or given back.</summary>
    /// <exception cref="IOException">The handshake failed or took too long; the connection is of no further use.</exception>
    public static Task HandshakeAsync(MailConnection connection, ClientTlsRule rule, TimeProvider time, CancellationToken cancellationToken)
    {
        var options = new SslClientAuthenticationOptions
        {
            TargetHost = rule.ServerName,
            EnabledSslProtocols = rule.Protocols,
            CertificateChainPolicy = MakeChainPolicy(rule),
            RemoteCertificateValidationCallback = rule.Accepts,
        };
        return TlsHandshake.RunAsync(connection, (tls, ct) => tls.AuthenticateAsClientAsync(options, ct), rule.HandshakeTimeout, time, cancellationToken);
    }

    private static X509ChainPolicy MakeChainPolicy(ClientTlsRule rule)
    {
        var chain = new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        if (rule.Authorities is { } authorities)
        {
            chain.TrustMode = X509ChainTrustMode.CustomRootTrust;
            chain.CustomTrustStore.AddRange(authorities);
        }

        return chain;
    }
}

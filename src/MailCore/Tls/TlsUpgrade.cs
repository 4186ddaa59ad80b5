using System.Diagnostics;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MailCore.Net;

namespace MailCore.Tls;

/// <summary>
/// The one place where a server's connection turns to TLS: at once on implicit endpoints, and after STARTTLS or STLS in all
/// protocols.
/// </summary>
public sealed class TlsUpgrade
{
    private static readonly Oid ClientAuthentication = new("1.3.6.1.5.5.7.3.2");

    private readonly IServerCertificates? _certificates;
    private readonly TimeProvider _time;

    /// <summary>Upgrades by this policy; certificates may be null only when it uses no TLS.</summary>
    public TlsUpgrade(TlsPolicy policy, IServerCertificates? certificates, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(policy);
        ArgumentNullException.ThrowIfNull(time);
        if (policy.UsesTls && certificates is null)
        {
            throw new ArgumentNullException(nameof(certificates), $"TLS mode {policy.Mode} needs a certificate.");
        }

        (Policy, _certificates, _time) = (policy, certificates, time);
    }

    /// <summary>No TLS at all, for tests and for endpoints behind something that ends TLS.</summary>
    public static TlsUpgrade Never { get; } = new(TlsPolicy.None, null, TimeProvider.System);

    /// <summary>For connections that come with TLS already: the rule holds, but no handshake is ever made here.</summary>
    internal static TlsUpgrade Carried(TlsPolicy policy) => new(policy, TimeProvider.System);

    private TlsUpgrade(TlsPolicy policy, TimeProvider time) => (Policy, _time) = (policy, time);

    /// <summary>The rule.</summary>
    public TlsPolicy Policy { get; }

    /// <summary>Told of handshakes, with the endpoint's name.</summary>
    internal (ConnectionMetrics Metrics, string Endpoint)? Told { get; init; }

    /// <summary>
    /// Whether the client sent octets behind its STARTTLS. They came in cleartext and an attacker may have put them there: the
    /// caller drops the connection and neither runs nor replays them. To be asked before the positive answer is written.
    /// </summary>
    public static bool IsInjected(LineFramer framer)
    {
        ArgumentNullException.ThrowIfNull(framer);
        return framer.HasBufferedData;
    }

    /// <summary>
    /// After a STARTTLS whose positive answer has been flushed: shakes hands and continues <paramref name="framer"/> on the secured
    /// transport. The caller forgets all it knew of the session.
    /// </summary>
    /// <exception cref="IOException">The handshake failed or took too long; the connection is of no further use.</exception>
    public async Task StartTlsAsync(MailConnection connection, LineFramer framer, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(framer);
        if (connection.Tls is not null || IsInjected(framer))
        {
            throw new InvalidOperationException("The caller must refuse STARTTLS here.");
        }

        framer.Release();
        await HandshakeAsync(connection, cancellationToken).ConfigureAwait(false);
        framer.Attach(connection.Transport.Input);
    }

    /// <summary>Shakes hands on a connection that nobody has read from yet.</summary>
    /// <exception cref="IOException">The handshake failed or took too long; the connection is of no further use.</exception>
    public async Task HandshakeAsync(MailConnection connection, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        var certificates = _certificates ?? throw new InvalidOperationException("This endpoint has no TLS.");
        var isTrusted = false;
        var started = Stopwatch.GetTimestamp();
        SslStream? tls = null;
        try
        {
            tls = await TlsHandshake.RunAsync(
                connection,
                (stream, ct) => stream.AuthenticateAsServerAsync(
                    (_, hello, _, _) => ValueTask.FromResult(MakeOptions(certificates.Select(hello.ServerName.Length == 0 ? null : hello.ServerName), Verify)), null, ct),
                Policy.HandshakeTimeout,
                _time,
                cancellationToken).ConfigureAwait(false);
            connection.ClientCertificate = isTrusted ? tls.RemoteCertificate as X509Certificate2 : null;
        }
        finally
        {
            Told?.Metrics.Handshake(Told.Value.Endpoint, tls, started);
        }

        bool Verify(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
        {
            isTrusted = certificate is not null && errors == SslPolicyErrors.None;
            return isTrusted || Policy.ClientCertificates != ClientCertificateRule.Require;
        }
    }

    private SslServerAuthenticationOptions MakeOptions(SslStreamCertificateContext certificate, RemoteCertificateValidationCallback verify)
    {
        // No application protocols: what a client offers by ALPN is passed over, as by servers that never heard of it.
        var options = new SslServerAuthenticationOptions
        {
            EnabledSslProtocols = Policy.Protocols,
            ServerCertificateContext = certificate,
            AllowRenegotiation = false,
        };
        if (Policy.CipherSuites is { } suites && !OperatingSystem.IsWindows() && !OperatingSystem.IsAndroid())
        {
            options.CipherSuitesPolicy = new CipherSuitesPolicy(suites);
        }

        if (Policy.ClientCertificates != ClientCertificateRule.Ignore)
        {
            // "Required" makes SslStream ask; the callback decides.
            options.ClientCertificateRequired = true;
            options.RemoteCertificateValidationCallback = verify;
            options.CertificateChainPolicy = MakeChainPolicy();
            options.AllowTlsResume = false;
        }

        return options;
    }

    private X509ChainPolicy MakeChainPolicy()
    {
        // Nothing is fetched while a client waits.
        var chain = new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        chain.ApplicationPolicy.Add(ClientAuthentication);
        if (Policy.ClientAuthorities is { } authorities)
        {
            chain.TrustMode = X509ChainTrustMode.CustomRootTrust;
            chain.CustomTrustStore.AddRange(authorities);
        }

        return chain;
    }
}

using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace MailCore.Tls;

/// <summary>What an endpoint does about TLS (RFC 8314).</summary>
public enum TlsMode
{
    /// <summary>Cleartext only; STARTTLS is neither announced nor accepted.</summary>
    None,

    /// <summary>STARTTLS is offered, cleartext accepted.</summary>
    Opportunistic,

    /// <summary>STARTTLS must come first; before it nothing but the verbs that lead there is answered, and no AUTH is announced.</summary>
    Required,

    /// <summary>TLS from the first octet; STARTTLS is neither announced nor accepted.</summary>
    Implicit,
}

/// <summary>The TLS rule of one endpoint; immutable.</summary>
public sealed record TlsPolicy
{
    /// <summary>Cleartext only.</summary>
    public static TlsPolicy None { get; } = new(TlsMode.None);

    /// <summary>STARTTLS offered.</summary>
    public static TlsPolicy Opportunistic { get; } = new(TlsMode.Opportunistic);

    /// <summary>STARTTLS enforced.</summary>
    public static TlsPolicy Required { get; } = new(TlsMode.Required);

    /// <summary>TLS from the first octet.</summary>
    public static TlsPolicy Implicit { get; } = new(TlsMode.Implicit);

    /// <summary>A policy with this mode and defaults otherwise.</summary>
    public TlsPolicy(TlsMode mode) => Mode = mode;

    /// <summary>Whether and when TLS starts.</summary>
    public TlsMode Mode { get; init; }

    /// <summary>TLS 1.2 and 1.3 by default. Older ones are warned of at the start.</summary>
    public SslProtocols Protocols { get; init; } = SslProtocols.Tls12 | SslProtocols.Tls13;

    /// <summary>
    /// The suites to choose from; null, the default, leaves it to the operating system. Setting it turns session resumption off
    /// (SslStream keeps no sessions then), and is not possible on Windows.
    /// </summary>
    public IReadOnlyList<TlsCipherSuite>? CipherSuites { get; init; }

    /// <summary>
    /// Whether clients are asked for a certificate; they are not by default. One that is trusted becomes the connection's
    /// <see cref="Net.MailConnection.ClientCertificate"/>. Asking turns session resumption off, so that every connection is verified.
    /// </summary>
    public ClientCertificateRule ClientCertificates { get; init; }

    /// <summary>Who must have signed clients' certificates; null, the default, for the authorities that the machine trusts.</summary>
    public X509Certificate2Collection? ClientAuthorities { get; init; }

    /// <summary>From the first octet of the handshake to its end; 30 s by default.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Lets a client authenticate in cleartext. Off by default; outside loopback a server that has it on refuses to start.
    /// </summary>
    public bool AllowCleartextAuthentication { get; init; }

    /// <summary>Whether a certificate is needed.</summary>
    public bool UsesTls => Mode != TlsMode.None;

    /// <summary>Whether versions before TLS 1.2 are spoken.</summary>
    public bool AllowsObsoleteVersions => (Protocols & ~(SslProtocols.Tls12 | SslProtocols.Tls13)) != 0;

    /// <summary>Whether STARTTLS or STLS is to be announced on this connection now.</summary>
    public bool OffersStartTls(bool secured) => !secured && Mode is (TlsMode.Opportunistic or TlsMode.Required);

    /// <summary>Whether nothing but the verbs that lead to TLS may be answered now.</summary>
    public bool MustSecureFirst(bool secured) => !secured && Mode is TlsMode.Required;

    /// <summary>Whether a mechanism that sends a secret may be announced and accepted now.</summary>
    public bool AllowsAuthentication(bool secured) => secured || (AllowCleartextAuthentication && Mode is not TlsMode.Required);
}

namespace MailCore.Tls;

/// <summary>What a server does about clients' certificates.</summary>
public enum ClientCertificateRule
{
    /// <summary>Clients are not asked for one.</summary>
    Ignore,

    /// <summary>Clients are asked. One that has none, or one that is not trusted, goes on without: a login may still follow.</summary>
    Request,

    /// <summary>The handshake fails without a certificate that is trusted.</summary>
    Require,
}

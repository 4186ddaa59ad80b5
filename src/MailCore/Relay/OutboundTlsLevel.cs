namespace MailCore.Relay;

/// <summary>What is asked of a connection to another server, weakest first.</summary>
public enum OutboundTlsLevel
{
    /// <summary>Cleartext.</summary>
    None,

    /// <summary>TLS where it is offered, whoever shows what certificate; cleartext otherwise.</summary>
    Opportunistic,

    /// <summary>TLS or nothing; any certificate.</summary>
    Encrypt,

    /// <summary>TLS with a certificate that is trusted and for the server's name, or nothing.</summary>
    Verify,

    /// <summary>TLS with a certificate that a TLSA record stands for (RFC 7672), or nothing.</summary>
    Dane,
}

namespace MailCore.Testing.Faults;

/// <summary>Where in a session a fault can come.</summary>
public enum FaultStage
{
    /// <summary>The greeting.</summary>
    Connect,

    /// <summary>A TLS handshake, implicit or after STARTTLS or STLS.</summary>
    Tls,

    /// <summary>A command.</summary>
    Command,

    /// <summary>The end of an SMTP message: DATA's dot, or the last octet of BDAT LAST.</summary>
    Message,

    /// <summary>A list of capabilities on its way to the client.</summary>
    Capability,
}

namespace MailCore.Testing;

/// <summary>The protocols that a test server speaks.</summary>
public enum TestProtocol
{
    /// <summary>SMTP, submission and LMTP.</summary>
    Smtp,

    /// <summary>IMAP.</summary>
    Imap,

    /// <summary>POP3.</summary>
    Pop3,
}

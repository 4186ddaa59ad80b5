namespace MailCore.Authentication;

/// <summary>The names of the mechanisms that this server speaks.</summary>
public static class SaslMechanisms
{
    /// <summary>RFC 4616.</summary>
    public const string Plain = "PLAIN";

    /// <summary>Registered as obsolete, and what some clients still use.</summary>
    public const string Login = "LOGIN";

    /// <summary>RFC 7677.</summary>
    public const string ScramSha256 = "SCRAM-SHA-256";

    /// <summary>RFC 7677, bound to the TLS channel.</summary>
    public const string ScramSha256Plus = "SCRAM-SHA-256-PLUS";

    /// <summary>RFC 5802.</summary>
    public const string ScramSha1 = "SCRAM-SHA-1";

    /// <summary>RFC 5802, bound to the TLS channel.</summary>
    public const string ScramSha1Plus = "SCRAM-SHA-1-PLUS";

    /// <summary>RFC 7628.</summary>
    public const string OAuthBearer = "OAUTHBEARER";

    /// <summary>Google's forerunner of OAUTHBEARER.</summary>
    public const string XOAuth2 = "XOAUTH2";

    /// <summary>RFC 4422 A: the client certificate.</summary>
    public const string External = "EXTERNAL";

    /// <summary>RFC 2195. Off until asked for: it needs passwords in the clear.</summary>
    public const string CramMd5 = "CRAM-MD5";

    /// <summary>RFC 4505. Off until asked for.</summary>
    public const string Anonymous = "ANONYMOUS";
}

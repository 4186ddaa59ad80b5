namespace MailCore.Smtp;

/// <summary>Whom VRFY or EXPN tells which addresses exist (RFC 5321 7.3).</summary>
public enum AddressDisclosure
{
    /// <summary>Nobody: VRFY is always 252, EXPN 502.</summary>
    Nobody,

    /// <summary>Those who have logged in.</summary>
    Authenticated,

    /// <summary>Everybody.</summary>
    Everybody,
}

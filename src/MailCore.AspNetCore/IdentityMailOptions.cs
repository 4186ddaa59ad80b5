namespace MailCore.AspNetCore;

/// <summary>How users of ASP.NET Core Identity become users of the mail server.</summary>
public sealed class IdentityMailOptions
{
    /// <summary>
    /// Null, the default: a user's mail address is the e-mail address that Identity has, where its domain is one of the server's.
    /// Otherwise it is the user's name at this domain, which becomes one of ours: for applications whose users have their e-mail
    /// elsewhere. A name with an '@' in it has no mailbox then.
    /// </summary>
    public string? UserNamesAt { get; set; }

    /// <summary>
    /// Calls accounts by the user's id in the place of the address in lower case: the mailbox then moves with the user to another address,
    /// and whoever gets the old one does not find it. Access control lists name accounts, so users share by these ids. Off by default;
    /// choose before there is mail.
    /// </summary>
    public bool AccountsByUserId { get; set; }

    /// <summary>Whether a wrong password counts towards Identity's lockout, as on a web page; on by default. A lockout holds either way.</summary>
    public bool CountsFailures { get; set; } = true;

    /// <summary>
    /// No login is refused sooner than this, so that what the user store was asked and told can't be seen by the time it took; 500 ms by
    /// default.
    /// </summary>
    public TimeSpan RefusalTime { get; set; } = TimeSpan.FromMilliseconds(500);
}

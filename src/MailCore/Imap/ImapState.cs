namespace MailCore.Imap;

/// <summary>Where a session stands (RFC 3501 3), as a set for the commands allowed there.</summary>
[Flags]
internal enum ImapStates
{
    NotAuthenticated = 1,
    Authenticated = 2,
    Selected = 4,
    LoggedIn = Authenticated | Selected,
    Any = NotAuthenticated | LoggedIn,
}

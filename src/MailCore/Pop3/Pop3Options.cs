using MailCore.Storage;

namespace MailCore.Pop3;

/// <summary>How POP3 is spoken on an endpoint: names, limits and time-outs. Read when a session begins.</summary>
public sealed class Pop3Options
{
    /// <summary>Named in the greeting.</summary>
    public string HostName { get; set; } = "localhost";

    /// <summary>The mailbox that is the mail drop; INBOX by default.</summary>
    public MailboxName Mailbox { get; set; } = MailboxName.Inbox;

    /// <summary>Whether a mail drop is open in one session at a time; exclusive by default.</summary>
    public Pop3MailDropMode MailDropMode { get; set; } = Pop3MailDropMode.Exclusive;

    /// <summary>
    /// How UIDL writes a message's unique id. Clients that leave mail on the server fetch everything again when this changes.
    /// </summary>
    public Pop3UniqueIdFormat UniqueIds { get; set; } = Pop3UniqueIdFormat.Dotted;

    /// <summary>
    /// Whether APOP (RFC 1939 7) is taken where the authenticator keeps passwords in the clear (<see cref="Authentication.IMailAuthenticator.CramMd5"/>);
    /// off by default: it rests on MD5, and needs such passwords.
    /// </summary>
    public bool UseApop { get; set; }

    /// <summary>
    /// What becomes of a message whose header has UTF-8 in it when the client has not said UTF8 (RFC 6856 5). As stored by default:
    /// clients that know nothing of UTF8 read such messages all the same, while a refused one stops many of them at every visit.
    /// </summary>
    public Pop3Utf8Rule WithoutUtf8 { get; set; } = Pop3Utf8Rule.AsStored;

    /// <summary>
    /// Days that mail stays after it was delivered, once it has been retrieved (RFC 2449 6.7): QUIT removes older messages among
    /// those that its session retrieved whole; 0 removes all of these. Null, the default, removes none, and is announced as NEVER.
    /// </summary>
    public int? ExpireDays { get; set; }

    /// <summary>
    /// The least time between two logins to one account, announced in whole seconds (RFC 2449 6.5); an earlier one is refused with
    /// [LOGIN-DELAY]. None by default.
    /// </summary>
    public TimeSpan LoginDelay { get; set; }

    /// <summary>What CAPA calls the server (RFC 2449 6.9), in printable ASCII; null for nothing. "MailCore", without a version, by default.</summary>
    /// <exception cref="ArgumentException">Set to something else.</exception>
    public string? Implementation
    {
        get;
        set => field = value is null || (value.Length > 0 && value.All(static letter => letter is >= ' ' and <= '~'))
            ? value
            : throw new ArgumentException("Only printable ASCII can stand in CAPA.", nameof(value));
    } = "MailCore";

    /// <summary>Octets of a command line with its end; 255 by default (RFC 2449 4).</summary>
    public int MaxLine { get; set; } = 255;

    /// <summary>Octets of an AUTH command or of a line in its exchange, without its end; 12 KiB by default.</summary>
    public int MaxSaslLine { get; set; } = 12 * 1024;

    /// <summary>Commands unknown, malformed or out of place before login until the connection is closed; 3 by default.</summary>
    public int MaxBadCommandsBeforeLogin { get; set; } = 3;

    /// <summary>Such commands in a row after login until the connection is closed; 10 by default.</summary>
    public int MaxBadCommands { get; set; } = 10;

    /// <summary>Failed logins until the connection is closed; 3 by default.</summary>
    public int MaxLoginFailures { get; set; } = 3;

    /// <summary>From the greeting to a successful login; 60 s by default.</summary>
    public TimeSpan LoginTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>Between commands after login; 10 min by default, the least RFC 1939 3 allows. Nothing is deleted then.</summary>
    public TimeSpan IdleTimeout { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>For a client to take what was sent to it; 5 min by default.</summary>
    public TimeSpan WriteTimeout { get; set; } = TimeSpan.FromMinutes(5);
}

/// <summary>Who may have a mail drop open.</summary>
public enum Pop3MailDropMode
{
    /// <summary>One POP3 session at a time in this process; others get [IN-USE] (RFC 2449 8.1.1). IMAP and delivery go on.</summary>
    Exclusive,

    /// <summary>Any number: each sees the mail drop as it was at its login, and what another deleted can't be retrieved.</summary>
    Shared,
}

/// <summary>How messages with UTF-8 in their header are given to a client that has not said UTF8.</summary>
public enum Pop3Utf8Rule
{
    /// <summary>As they are.</summary>
    AsStored,

    /// <summary>Not at all: RETR and TOP answer -ERR [UTF8] (RFC 6856 2.1).</summary>
    Refuse,
}

/// <summary>How a unique id (RFC 1939 7) is made of UIDVALIDITY and UID.</summary>
public enum Pop3UniqueIdFormat
{
    /// <summary>Both in decimal with a dot between: "1767225600.17".</summary>
    Dotted,

    /// <summary>UID, then UIDVALIDITY, each as eight hexadecimal digits: Dovecot's default format, <c>%08Xu%08Xv</c>.</summary>
    Dovecot,
}

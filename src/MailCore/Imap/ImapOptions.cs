using MailCore.Storage;

namespace MailCore.Imap;

/// <summary>How IMAP is spoken on an endpoint: names, limits and time-outs. Read when a session begins.</summary>
public sealed class ImapOptions
{
    /// <summary>Named in the greeting.</summary>
    public string HostName { get; set; } = "localhost";

    /// <summary>How users reach the administrator, as a URI ("mailto:..."), told as /shared/admin of the server (RFC 5464); none by default.</summary>
    public string? AdminUri { get; set; }

    /// <summary>A remark on the server, told as its /shared/comment (RFC 5464); none by default.</summary>
    public string? ServerComment { get; set; }

    /// <summary>Octets of a command's line before login, the parts between literals together; 8 KiB by default.</summary>
    public int MaxLineBeforeLogin { get; set; } = 8 * 1024;

    /// <summary>Octets of a command's line after login, the parts between literals together; 64 KiB by default.</summary>
    public int MaxLine { get; set; } = 64 * 1024;

    /// <summary>Octets in all literals of one command before login; 8 KiB by default.</summary>
    public int MaxLiteralsBeforeLogin { get; set; } = 8 * 1024;

    /// <summary>Octets of one literal after login, an appended message apart; 128 KiB by default.</summary>
    public int MaxLiteral { get; set; } = 128 * 1024;

    /// <summary>Octets in all literals of one command after login, an appended message apart; 1 MiB by default.</summary>
    public int MaxLiterals { get; set; } = 1024 * 1024;

    /// <summary>Literals in one command after login; 1,000 by default.</summary>
    public int MaxLiteralCount { get; set; } = 1_000;

    /// <summary>
    /// Octets of a refused non-synchronising literal that are read and dropped, so that the dialog stays in step; past it the
    /// connection is closed. 100 MiB by default.
    /// </summary>
    public long MaxDrain { get; set; } = 100 * 1024 * 1024;

    /// <summary>Parentheses within parentheses before login; 1 by default.</summary>
    public int MaxDepthBeforeLogin { get; set; } = 1;

    /// <summary>Parentheses within parentheses, and SEARCH keys within OR and NOT, after login; 50 by default.</summary>
    public int MaxDepth { get; set; } = 50;

    /// <summary>Octets of an appended message; 50 MiB by default.</summary>
    public long MaxMessageSize { get; set; } = 50 * 1024 * 1024;

    /// <summary>Messages in one APPEND (RFC 3502); 1,000 by default.</summary>
    public int MaxMessagesPerAppend { get; set; } = 1_000;

    /// <summary>
    /// Messages that one FETCH, SEARCH, STORE, MOVE or UID EXPUNGE works on (RFC 9738): of more it takes those with the highest UIDs, and
    /// says so; COPY, APPEND, SORT and THREAD of more are refused. Clients that do not know of it miss messages. The RFC asks for no less
    /// than 1,000. Null, the default, for no limit.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">It is less than 1.</exception>
    public int? MessageLimit { get; set => field = AtLeastOne(value); }

    /// <summary>
    /// Messages that one COPY or APPEND takes (RFC 9738); more are refused. Where <see cref="MessageLimit"/> is set this counts for
    /// nothing. Null, the default, for no limit but <see cref="MaxMessagesPerAppend"/>.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">It is less than 1.</exception>
    public int? SaveLimit { get; set => field = AtLeastOne(value); }

    /// <summary>What RFC 7889 announces: <see cref="MaxMessageSize"/>, as far as a literal's size can say it.</summary>
    internal long AppendLimit => Math.Min(MaxMessageSize, uint.MaxValue);

    /// <summary>Commands answered with BAD before login until the connection is closed; 3 by default.</summary>
    public int MaxBadCommandsBeforeLogin { get; set; } = 3;

    /// <summary>Commands answered with BAD in a row after login until the connection is closed; 10 by default.</summary>
    public int MaxBadCommands { get; set; } = 10;

    /// <summary>Failed logins until the connection is closed; 3 by default.</summary>
    public int MaxLoginFailures { get; set; } = 3;

    /// <summary>
    /// Searches of one session whose changes are told (RFC 5267); past them, or where a result is too scattered to be kept, NOUPDATE
    /// says that it is not. 8 by default.
    /// </summary>
    public int MaxSearchContexts { get; set; } = 8;

    /// <summary>
    /// Octets of memory in which this endpoint keeps what SORT and THREAD found out of messages, about 100 for each, so that the next one
    /// need not read them again. The mailboxes not sorted for the longest time go first; 0 keeps nothing. 64 MiB by default.
    /// </summary>
    public long SortMemory { get; set; } = 64 * 1024 * 1024;

    /// <summary>Sessions of one account at this endpoint; a login past them is NO [LIMIT]. 16 by default.</summary>
    public int MaxSessionsPerAccount { get; set; } = 16;

    /// <summary>From the greeting to a successful login; 60 s by default.</summary>
    public TimeSpan LoginTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>Without a command after login, and within IDLE (RFC 9051 5.4 asks for 30 min, the default).</summary>
    public TimeSpan IdleTimeout { get; set; } = TimeSpan.FromMinutes(30);

    /// <summary>Between the octets of a command that has begun; 5 min by default.</summary>
    public TimeSpan CommandTimeout { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>For a client to take what was sent to it; 5 min by default.</summary>
    public TimeSpan WriteTimeout { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Between two notes to a client on how far its long command is (RFC 9585), and before the first; 10 s by default. Zero notes at
    /// every chance, <see cref="Timeout.InfiniteTimeSpan"/> never, and announces nothing.
    /// </summary>
    public TimeSpan ProgressInterval { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// The name below which mailboxes of other users stand, each below the id of its account (RFC 2342); "Other Users" by default. A
    /// user's own mailboxes at and below this name can't be reached.
    /// </summary>
    public string OtherUsersNamespace { get; set; } = "Other Users";

    /// <summary>The name below which the mailboxes of <see cref="SharedAccount"/> stand for everybody; "Shared" by default.</summary>
    public string SharedNamespace { get; set; } = "Shared";

    /// <summary>An account whose mailboxes are nobody's in particular: <see cref="SharedNamespace"/> holds those that its access control lists open. Null for none.</summary>
    public AccountId? SharedAccount { get; set; }

    /// <summary>Groups of events in one NOTIFY (RFC 5465); more are NO [NOTIFICATIONOVERFLOW]. 100 by default.</summary>
    public int MaxNotifyGroups { get; set; } = 100;

    /// <summary>Mailboxes that one NOTIFY listens to; when there are more it ends with [NOTIFICATIONOVERFLOW]. 10,000 by default.</summary>
    public int MaxNotifyMailboxes { get; set; } = 10_000;

    /// <summary>How often IDLE and NOTIFY look for changes of which no signal told; 1 min by default.</summary>
    public TimeSpan PollInterval { get; set; } = TimeSpan.FromMinutes(1);

    private static int? AtLeastOne(int? value)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(value ?? 1, 1, nameof(value));
        return value;
    }
}

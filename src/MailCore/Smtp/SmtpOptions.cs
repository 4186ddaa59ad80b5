using System.Net;
using MailCore.Delivery;
using MailCore.Net;

namespace MailCore.Smtp;

/// <summary>The settings of one SMTP, submission or LMTP endpoint. Not to be changed once the endpoint runs.</summary>
public sealed class SmtpOptions
{
    private readonly Dictionary<string, SmtpVerbHandler> _verbs = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<SmtpKeyword> _keywords = [];

    /// <summary>Starts from a dialect's defaults.</summary>
    public SmtpOptions(SmtpDialect dialect)
    {
        ArgumentNullException.ThrowIfNull(dialect);
        Dialect = dialect;
        OfferAuthentication = dialect.OfferAuthentication;
        RequireAuthentication = dialect.RequireAuthentication;
        RequireOwnedSender = dialect.RequireOwnedSender;
        CompleteMessages = dialect.CompleteMessages;
        BareLineFeed = dialect.BareLineFeed;
    }

    /// <summary>The role.</summary>
    public SmtpDialect Dialect { get; }

    /// <summary>This server's name in greetings and Received headers: a domain name or address literal.</summary>
    public string HostName { get; set; } = "localhost";

    /// <summary>Whether AUTH is announced, once the TLS policy allows it. On for submission.</summary>
    public bool OfferAuthentication { get; set; }

    /// <summary>Whether MAIL is refused with 530 5.7.0 before AUTH. On for submission.</summary>
    public bool RequireAuthentication { get; set; }

    /// <summary>Whether an authenticated client may use only addresses that the directory says are its own, or the null path; else 553 5.7.1. On for submission.</summary>
    public bool RequireOwnedSender { get; set; }

    /// <summary>Whether a missing Date or Message-ID is added and Bcc removed (RFC 6409 8). On for submission.</summary>
    public bool CompleteMessages { get; set; }

    /// <summary>Whose clients may send to other servers' users without AUTH; nobody's by default. Where authentication is required it stays so.</summary>
    public TrustedNetworks TrustedNetworks { get; set; } = TrustedNetworks.None;

    /// <summary>Whether MAIL is refused with 503 5.5.1 before EHLO, HELO or LHLO. On.</summary>
    public bool RequireHello { get; set; } = true;

    /// <summary>Whom VRFY tells whether an address exists; nobody by default (252).</summary>
    public AddressDisclosure Verification { get; set; }

    /// <summary>Whom EXPN tells what an alias stands for; nobody by default (502). The keyword EXPN is announced to those it tells.</summary>
    public AddressDisclosure Expansion { get; set; }

    /// <summary>Peers that may speak for a client of theirs by XCLIENT, such as a mail proxy. They can log in as anybody. None by default.</summary>
    public IList<IPNetwork> XClientFrom { get; } = [];

    /// <summary>Peers that may tell by XFORWARD where a message came from, such as a content filter. None by default.</summary>
    public IList<IPNetwork> XForwardFrom { get; } = [];

    /// <summary>
    /// Keywords that are neither announced nor accepted, for clients or networks that cannot live with them: PIPELINING, SIZE, 8BITMIME,
    /// CHUNKING (and BINARYMIME with it), BINARYMIME, ENHANCEDSTATUSCODES, DSN, REQUIRETLS, LIMITS, FUTURERELEASE, DELIVERBY, MT-PRIORITY, SMTPUTF8.
    /// </summary>
    public ISet<string> WithheldKeywords { get; } = new HashSet<string>(StringComparer.OrdinalIgnoreCase);

    /// <summary>How long a client may have a message held (RFC 4865), where the delivery has <see cref="DeliveryAbilities.FutureRelease"/>; 30 days by default. Past it 501 5.5.4.</summary>
    public TimeSpan MaxFutureRelease { get; set; } = TimeSpan.FromDays(30);

    /// <summary>What is done about lines that end in LF alone: rewritten on transfer, refused otherwise.</summary>
    public BareLineFeedRule BareLineFeed { get; set; }

    /// <summary>Octets of a message, as RFC 1870 counts them; 50 MB by default. Past it 552 5.3.4.</summary>
    public long MaxMessageSize { get; set; } = 50 * 1024 * 1024;

    /// <summary>Octets of a message's header where filters look at it; 256 KB by default. Past it 552 5.3.4.</summary>
    public int MaxHeaderSize { get; set; } = 256 * 1024;

    /// <summary>Octets of a refused message that are read and dropped before the client is answered and cut off; 100 MB by default.</summary>
    public long MaxDrain { get; set; } = 100 * 1024 * 1024;

    /// <summary>
    /// Octets of one line of a message without its CRLF; 1 MiB by default, past it 554 5.6.0. RFC 5321 allows 998, but what comes is
    /// stored as it came, and longer lines do come.
    /// </summary>
    public int MaxTextLine { get; set; } = 1024 * 1024;

    /// <summary>Octets of a command without its CRLF; 2 KB by default. Past it 500 5.5.2.</summary>
    public int MaxCommandLine { get; set; } = 2 * 1024;

    /// <summary>Octets of an AUTH command and of each response in its exchange; 12 KB by default (RFC 4954 4). Past it 500 5.5.6.</summary>
    public int MaxAuthenticationLine { get; set; } = 12 * 1024;

    /// <summary>Recipients of one message; 1,000 by default. Past it 452 4.5.3.</summary>
    public int MaxRecipients { get; set; } = 1_000;

    /// <summary>Received headers of one message before it counts as looping; 50 by default. Past it 554 5.4.6.</summary>
    public int MaxReceived { get; set; } = 50;

    /// <summary>Bad commands in a session; 10 by default. Past it 421 4.7.0 and the connection is closed.</summary>
    public int MaxBadCommands { get; set; } = 10;

    /// <summary>The same where authentication is required and has not happened yet; 3 by default.</summary>
    public int MaxBadCommandsBeforeAuthentication { get; set; } = 3;

    /// <summary>Failed AUTH commands in a session; 3 by default. The last is answered with 421 4.7.0 and the connection is closed.</summary>
    public int MaxAuthenticationFailures { get; set; } = 3;

    /// <summary>Messages in a session; null, the default, for any number. Past it 421 4.7.0 and the connection is closed.</summary>
    public int? MaxMessages { get; set; }

    /// <summary>Commands that a session may give in a minute; null, the default, for any number. Past it 421 4.7.0 and the connection is closed.</summary>
    public int? MaxCommandsPerMinute { get; set; }

    /// <summary>
    /// Octets of a message that must come in each minute spent waiting for the client; 1,000 by default, 0 for no minimum. Below it
    /// 421 4.4.2. Time that the server itself takes does not count.
    /// </summary>
    public long MinDataPerMinute { get; set; } = 1_000;

    /// <summary>Without a whole command for this long the client gets 421 4.4.2; 5 min by default (RFC 5321 4.5.3.2.7).</summary>
    public TimeSpan CommandTimeout { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>Without an octet of a message for this long the client gets 421 4.4.2; 3 min by default (RFC 5321 4.5.3.2.5).</summary>
    public TimeSpan DataTimeout { get; set; } = TimeSpan.FromMinutes(3);

    /// <summary>A client that takes no replies for this long is cut off; 5 min by default.</summary>
    public TimeSpan WriteTimeout { get; set; } = TimeSpan.FromMinutes(5);

    internal IReadOnlyCollection<KeyValuePair<string, SmtpVerbHandler>> Verbs => _verbs;

    internal IReadOnlyList<SmtpKeyword> Keywords => _keywords;

    /// <summary>
    /// Answers a verb of the host's own: one to eight letters. Like any command it is refused where TLS must come first; whether the
    /// client must have greeted or logged in is the handler's to say.
    /// </summary>
    /// <exception cref="ArgumentException">No such verb can be, or there is one already.</exception>
    public void AddVerb(string verb, SmtpVerbHandler handler)
    {
        ArgumentNullException.ThrowIfNull(verb);
        ArgumentNullException.ThrowIfNull(handler);
        if (verb.Length is 0 or > SmtpCommandTable.LongestVerb || !verb.All(char.IsAsciiLetter))
        {
            throw new ArgumentException($"'{verb}' is no verb: one to eight letters.", nameof(verb));
        }

        if (SmtpCommandTable.Standard.Find(System.Text.Encoding.ASCII.GetBytes(verb)) is not null || !_verbs.TryAdd(verb.ToUpperInvariant(), handler))
        {
            throw new ArgumentException($"There is a verb {verb} already.", nameof(verb));
        }
    }

    /// <summary>Announces a keyword of the host's own to clients that say EHLO or LHLO.</summary>
    /// <exception cref="ArgumentException">No such keyword or parameter can be, or there is one already.</exception>
    public void AddKeyword(SmtpKeyword keyword)
    {
        ArgumentNullException.ThrowIfNull(keyword);
        if (!keyword.IsValid)
        {
            throw new ArgumentException($"'{keyword}' is no keyword: letters, digits and hyphens, and a value of printable ASCII.", nameof(keyword));
        }

        if (SmtpCapabilities.IsKnown(keyword.Name) || _keywords.Any(other => other.Name.Equals(keyword.Name, StringComparison.OrdinalIgnoreCase)))
        {
            throw new ArgumentException($"There is a keyword {keyword.Name} already.", nameof(keyword));
        }

        _keywords.Add(keyword);
    }
}

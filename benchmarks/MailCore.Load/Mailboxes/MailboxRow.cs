using System.Globalization;

namespace MailCore.Load.Mailboxes;

/// <summary>One row: the mailboxes, the connections and what each of them does.</summary>
/// <param name="Name">As it is picked by.</param>
/// <param name="Operation">What is counted, for the table.</param>
/// <param name="Protocol">Which port is used.</param>
/// <param name="Boxes">The mailboxes before the first round.</param>
/// <param name="Connections">How many at once; each has an account of its own, as far as there are accounts.</param>
/// <param name="Repetitions">Of the dialog's loop in a round, over all connections.</param>
/// <param name="Dialog">By the connection's number.</param>
internal sealed record MailboxRow(
    string Name, string Operation, MailboxProtocol Protocol, Boxes Boxes, int Connections, int Repetitions, Func<int, Dialog> Dialog)
{
    private const int Kilobyte = 1024;
    private const int Megabyte = 1024 * Kilobyte;
    private static readonly Boxes Fifty = new(50, 200, 4 * Kilobyte);
    private static readonly Boxes TenThousand = new(1, 10_000, 4 * Kilobyte);
    private static readonly Boxes HundredThousand = new(1, 100_000, 1 * Kilobyte);
    private static readonly Boxes Large = new(1, 100, 10 * Megabyte);

    /// <summary>Whether Dovecot with re-used processes takes part as well.</summary>
    public bool WithReuse { get; init; }

    /// <summary>Whether each round starts the servers anew, so that it measures the first access.</summary>
    public bool Restarts { get; init; }

    /// <summary>Whether the connections wait in IDLE for what another one appends, instead of going through the dialog.</summary>
    public bool Idles { get; init; }

    /// <summary>Whether Dovecot takes part: it would take too long to fill its largest mailboxes.</summary>
    public bool WithDovecot { get; init; } = true;

    public static IReadOnlyList<MailboxRow> All { get; } =
    [
        Imap("imap-mixed-1", "command", Fifty, 1, 150, MixedLoop),
        Imap("imap-mixed-20", "command", Fifty, 20, 400, MixedLoop),
        Imap("imap-mixed-50", "command", Fifty, 50, 400, MixedLoop),
        Imap("imap-read-1", "command", Fifty, 1, 300, ReadLoop),
        Imap("imap-read-20", "command", Fifty, 20, 800, ReadLoop),
        Imap("imap-read-50", "command", Fifty, 50, 800, ReadLoop),
        new("imap-login", "session", MailboxProtocol.Imap, Fifty, 20, 400, account => new Dialog(
            [Login(account)], [Step.Imap("SELECT INBOX")], [Step.Imap("LOGOUT")], Reconnects: true)) { WithReuse = true },
        Imap("imap-idle-7", "EXISTS heard", new Boxes(1, 200, 4 * Kilobyte), 7, 80, static _ => []) with { Idles = true },
        Whole("imap-fetch-10k", "mailbox", TenThousand, "FETCH 1:* BODY.PEEK[]", 1),
        Whole("imap-100k-flags", "mailbox", HundredThousand, "FETCH 1:* FLAGS", 3),
        Whole("imap-100k-envelope", "mailbox", HundredThousand, "FETCH 1:* ENVELOPE", 1),
        Whole("imap-100k-search-flag", "search", HundredThousand, "SEARCH FLAGGED", 20),
        Whole("imap-100k-search-header", "search", HundredThousand, $"SEARCH SUBJECT {SeedMessage.Needle}", 3),
        Whole("imap-100k-search-text", "search", HundredThousand, $"SEARCH TEXT {SeedMessage.Needle}", 1),
        Whole("imap-100k-search-index", "search", HundredThousand with { HasTextIndex = true }, $"SEARCH TEXT {SeedMessage.Needle}", 1),
        Whole("imap-100k-sort-date", "sort", HundredThousand, "SORT (DATE) UTF-8 ALL", 3),
        Whole("imap-100k-sort-subject", "sort", HundredThousand, "SORT (SUBJECT) UTF-8 ALL", 3),
        Whole("imap-100k-thread", "thread", HundredThousand, "THREAD REFERENCES UTF-8 ALL", 3),
        Whole("imap-100k-thread-refs", "thread", HundredThousand, "THREAD REFS UTF-8 ALL", 3),
        Whole("imap-100k-sort-date-first", "first sort", HundredThousand with { ForgetsKeys = true }, "SORT (DATE) UTF-8 ALL", 3),
        Whole("imap-100k-sort-subject-first", "first sort", HundredThousand with { ForgetsKeys = true }, "SORT (SUBJECT) UTF-8 ALL", 3),
        Whole("imap-100k-thread-first", "first thread", HundredThousand with { ForgetsKeys = true }, "THREAD REFERENCES UTF-8 ALL", 3),
        Select("imap-select-1k", 1_000),
        Select("imap-select-10k", 10_000),
        Select("imap-select-100k", 100_000),
        Select("imap-select-1m", 1_000_000) with { WithDovecot = false },
        First("imap-first-select-1k", 1_000),
        First("imap-first-select-10k", 10_000),
        First("imap-first-select-100k", 100_000),
        First("imap-first-select-1m", 1_000_000) with { WithDovecot = false },
        Retrieve("pop3-retr-4k", TenThousand),
        Retrieve("pop3-retr-10m", Large),
        new("pop3-login", "session", MailboxProtocol.Pop3, Fifty, 20, 400, account => new Dialog(
            Pop3Login(account), [Step.Pop3("STAT")], [Step.Pop3("QUIT")], Reconnects: true)) { WithReuse = true },
    ];

    /// <summary>The rows whose names start with one of the words given.</summary>
    public static IReadOnlyList<MailboxRow> Select(IReadOnlyList<string> words) =>
        [.. All.Where(row => words.Any(word => row.Name == word || row.Name.StartsWith(word + "-", StringComparison.Ordinal)))];

    private static Step Login(int account) => Step.Imap($"LOGIN {MailboxHost.Address(account)} {MailboxHost.Password}", counts: false);

    private static Step[] Pop3Login(int account) =>
        [Step.Pop3($"USER {MailboxHost.Address(account)}", counts: false), Step.Pop3($"PASS {MailboxHost.Password}", counts: false)];

    private static MailboxRow Imap(string name, string operation, Boxes boxes, int connections, int repetitions, Func<int, Step[]> loop) =>
        new(name, operation, MailboxProtocol.Imap, boxes, connections, repetitions, account => new Dialog(
            [Login(account)], loop(account), [Step.Imap("LOGOUT", counts: false)]));

    // One connection, one mailbox, one command over all of it.
    private static MailboxRow Whole(string name, string operation, Boxes boxes, string command, int repetitions) =>
        new(name, operation, MailboxProtocol.Imap, boxes, 1, repetitions, account => new Dialog(
            [Login(account), Step.Imap("SELECT INBOX", counts: false)], [Step.Imap(command)], [Step.Imap("LOGOUT", counts: false)]));

    private static MailboxRow Select(string name, int messages) =>
        Imap(name, "SELECT", new Boxes(1, messages, Kilobyte), 1, 50, static _ => [Step.Imap("SELECT INBOX")]);

    private static MailboxRow First(string name, int messages) =>
        Imap(name, "first SELECT", new Boxes(1, messages, Kilobyte), 1, 1, static _ => [Step.Imap("SELECT INBOX")]) with { Restarts = true };

    private static MailboxRow Retrieve(string name, Boxes boxes) =>
        new(name, "message", MailboxProtocol.Pop3, boxes, 1, 1, account => new Dialog(
            Pop3Login(account),
            [.. Enumerable.Range(1, boxes.Messages).Select(number => Step.Pop3(string.Create(CultureInfo.InvariantCulture, $"RETR {number}"), Answer.Dotted))],
            [Step.Pop3("QUIT", counts: false)]));

    private static Step[] ReadLoop(int account) =>
    [
        Step.Imap("SELECT INBOX"), Step.Imap("FETCH 1:* (UID FLAGS)"), Step.Imap("FETCH 101:120 (ENVELOPE BODYSTRUCTURE INTERNALDATE RFC822.SIZE)"),
        Step.Imap($"FETCH {1 + account} BODY.PEEK[]"), Step.Imap("UID SEARCH UNSEEN"), Step.Imap("FETCH 150:159 BODY.PEEK[HEADER.FIELDS (From Subject Date)]"),
        Step.Imap("NOOP"),
    ];

    private static Step[] MixedLoop(int account) =>
    [
        Step.Imap("SELECT INBOX"), Step.Imap("FETCH 101:120 (UID FLAGS ENVELOPE)"), Step.Imap($"FETCH {1 + account} BODY[]"),
        Step.Imap("STORE 10:14 +FLAGS (\\Answered)"), Step.Imap("STORE 10:14 -FLAGS (\\Answered)"), Step.Imap("SEARCH UNSEEN"),
        Step.Append("INBOX", SeedMessage.Create(account, 4 * Kilobyte)), Step.Imap("NOOP"), Step.Imap("EXPUNGE"),
    ];
}

/// <summary>The mailboxes that a row begins with.</summary>
internal sealed record Boxes(int Accounts, int Messages, int MessageSize)
{
    /// <summary>Whether MailCore keeps its index of texts.</summary>
    public bool HasTextIndex { get; init; }

    /// <summary>Whether MailCore keeps nothing of what it sorted by, so that each SORT and THREAD is the first. Dovecot keeps its index.</summary>
    public bool ForgetsKeys { get; init; }
}

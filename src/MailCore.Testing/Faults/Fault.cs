using MailCore.Messaging;

namespace MailCore.Testing.Faults;

/// <summary>
/// Something that goes wrong, and when. What it does takes effect with the call that says so; it is then there until it is used up
/// (<see cref="Times"/>), removed, or the server is reset. Thread-safe.
/// </summary>
/// <remarks>
/// Several effects of one fault come in this order: delay, expunge, reply, end of the connection. A fault that answers
/// (<see cref="Reply(string)"/>) or ends the connection keeps the command from the server, unless it is one that changes the server's
/// own reply (<see cref="DropReply"/>, <see cref="TruncateReply"/>, <see cref="GarbleReply"/>, <see cref="Throttle"/>): then the server
/// has done what it was asked, and the client does not know.
/// </remarks>
public sealed class Fault
{
    private readonly FaultPlan _plan;
    private readonly Func<FaultPoint, bool> _where;
    private readonly Lock _lock = new();
    private readonly List<Func<FaultPoint, bool>> _conditions = [];
    private Random? _random;
    private double _probability = 1;
    private int _times = int.MaxValue;
    private int _nth;
    private int _seen;
    private int _hits;

    internal Fault(FaultPlan plan, string description, Func<FaultPoint, bool> where) => (_plan, Description, _where) = (plan, description, where);

    /// <summary>Where it comes, for transcripts.</summary>
    public string Description { get; }

    /// <summary>How often it has come.</summary>
    public int Hits
    {
        get
        {
            lock (_lock)
            {
                return _hits;
            }
        }
    }

    internal FaultEffect Effect { get; private set; } = new();

    /// <summary>Answers an SMTP command with this; 421 also ends the session.</summary>
    public Fault Reply(int code, string status, string text) => Change(effect => effect with { Reply = new SmtpReply(code, status, text) });

    /// <summary>
    /// Answers with this line. IMAP's tag is put before it unless it begins with "*" or "+": <c>Reply("NO [UNAVAILABLE] later")</c>,
    /// <c>Reply("-ERR [SYS/TEMP] later")</c>. A greeting that says no, and a BYE, end the session.
    /// </summary>
    public Fault Reply(string line)
    {
        ArgumentException.ThrowIfNullOrEmpty(line);
        return Change(effect => effect with { ReplyLine = line });
    }

    /// <summary>Waits before the command is looked at, on the server's clock. Past the server's own time-out (5 minutes for SMTP) it gives up first.</summary>
    public Fault Delay(TimeSpan time) => Change(effect => effect with { Delay = time });

    /// <summary>Sends the reply at this many octets a second, in steps of a tenth of a second on the server's clock.</summary>
    public Fault Throttle(int octetsPerSecond)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(octetsPerSecond, 1);
        return Change(effect => effect with { Rate = octetsPerSecond });
    }

    /// <summary>Sends this many octets of the reply and ends the connection.</summary>
    public Fault TruncateReply(int octets)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(octets);
        return Change(effect => effect with { Truncate = octets });
    }

    /// <summary>Replaces the reply's octets, but for its line ends, by others that mean nothing.</summary>
    public Fault GarbleReply() => Change(effect => effect with { Garble = true });

    /// <summary>Runs the command and sends no reply. The connection stays; with <see cref="Disconnect"/> it ends.</summary>
    public Fault DropReply() => Change(effect => effect with { Drop = true });

    /// <summary>Ends the connection (TCP FIN).</summary>
    public Fault Disconnect() => Change(effect => effect with { End = FaultEnd.Close });

    /// <summary>Breaks the connection (TCP RST).</summary>
    public Fault Reset() => Change(effect => effect with { End = FaultEnd.Abort });

    /// <summary>Expunges all messages of the user's mailbox before an IMAP or POP3 command runs, as another client would.</summary>
    public Fault ExpungeUnderClient(string mailbox = "INBOX")
    {
        ArgumentException.ThrowIfNullOrEmpty(mailbox);
        return Change(effect => effect with { Expunge = mailbox });
    }

    /// <summary>Ends an IMAP session; when the user comes back the inbox has another UIDVALIDITY and its messages other UIDs.</summary>
    public Fault ChangeUidValidity() => Change(effect => effect with { ChangesUidValidity = true, End = FaultEnd.Close });

    /// <summary>At most this often.</summary>
    public Fault Times(int count) => Set(() => _times = count);

    /// <summary>Only the occasion of this number, counted from 1 among those that its other conditions let through.</summary>
    public Fault Nth(int number) => Set(() => _nth = number);

    /// <summary>Only where the predicate says so. It is called on the server's threads; what it throws ends the session.</summary>
    public Fault When(Func<FaultPoint, bool> predicate)
    {
        ArgumentNullException.ThrowIfNull(predicate);
        return Set(() => _conditions.Add(predicate));
    }

    /// <summary>Only with this probability, 0 to 1; the same seed gives the same sequence of yes and no.</summary>
    public Fault WithProbability(double probability, int seed) => Set(() => (_probability, _random) = (probability, new Random(seed)));

    /// <summary>
    /// Only in what concerns this inbox: a session logged in to it, a transaction that names it. So tests in parallel leave each other
    /// alone.
    /// </summary>
    public Fault For(TestInbox inbox)
    {
        ArgumentNullException.ThrowIfNull(inbox);
        return When(point => point.Concerns(inbox.Address));
    }

    /// <summary>Only at the endpoint of this name, such as "submissions".</summary>
    public Fault At(string endpoint) => When(point => point.Endpoint == endpoint);

    /// <summary>Takes it away.</summary>
    public void Remove() => _plan.Remove(this);

    /// <inheritdoc/>
    public override string ToString() => $"{Description}: {Effect}";

    internal Fault ForOrAny(TestInbox? inbox) => inbox is null ? this : For(inbox);

    internal Fault Hide() => Change(effect => effect with { Hides = true });

    internal bool Fires(FaultPoint point)
    {
        lock (_lock)
        {
            if (!_where(point) || _hits >= _times || !_conditions.TrueForAll(condition => condition(point)))
            {
                return false;
            }

            _seen++;
            if ((_nth > 0 && _seen != _nth) || (_random is { } random && random.NextDouble() >= _probability))
            {
                return false;
            }

            _hits++;
            return true;
        }
    }

    private Fault Change(Func<FaultEffect, FaultEffect> change)
    {
        lock (_lock)
        {
            Effect = change(Effect);
        }

        _plan.Add(this);
        return this;
    }

    private Fault Set(Action set)
    {
        lock (_lock)
        {
            set();
        }

        return this;
    }
}

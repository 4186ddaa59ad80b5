using MailCore.Messaging;

namespace MailCore.Relay;

/// <summary>How the queue is worked off; read when the server starts.</summary>
public sealed class RelayOptions
{
    /// <summary>When a message is tried again, and for how long.</summary>
    public RetrySchedule Schedule { get; set; } = new();

    /// <summary>Connections to other servers at the same time; 100 by default. Notifications and reports have a fifth of that each for themselves.</summary>
    public int MaxConnections { get; set; } = 100;

    /// <summary>Connections to one destination at the same time; 20 by default.</summary>
    public int MaxConnectionsPerDestination { get; set; } = 20;

    /// <summary>Connections to a destination of which nothing is known yet; 5 by default. Each message that it takes allows one more, each outage halves them.</summary>
    public int InitialConnectionsPerDestination { get; set; } = 5;

    /// <summary>Messages over one connection; 100 by default.</summary>
    public int MaxMessagesPerConnection { get; set; } = 100;

    /// <summary>How long a connection without work is kept for the next message; 2 s by default.</summary>
    public TimeSpan ConnectionIdleTime { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Messages for mailboxes of ours that are tried at the same time; 10 by default.</summary>
    public int MaxLocalDeliveries { get; set; } = 10;

    /// <summary>Who is told when a message from the null sender fails; null, the default, for nobody.</summary>
    public EmailAddress? DoubleBouncesTo { get; set; }

    /// <summary>Octets of a message that a notification returns whole when asked to (RET=FULL); 50 MB by default.</summary>
    public long MaxReturnedMessage { get; set; } = 50L * 1024 * 1024;

    internal int Workers(QueueLane lane) => lane switch
    {
        QueueLane.Local => MaxLocalDeliveries,
        QueueLane.Remote => MaxConnections,
        _ => Math.Max(1, MaxConnections / 5),
    };

    /// <summary>What can't be, in words.</summary>
    internal IEnumerable<string> Problems()
    {
        (string Name, int Value)[] counts =
        [
            (nameof(MaxConnections), MaxConnections), (nameof(MaxConnectionsPerDestination), MaxConnectionsPerDestination),
            (nameof(InitialConnectionsPerDestination), InitialConnectionsPerDestination), (nameof(MaxMessagesPerConnection), MaxMessagesPerConnection),
            (nameof(MaxLocalDeliveries), MaxLocalDeliveries),
        ];
        foreach (var (name, value) in counts.Where(static count => count.Value < 1))
        {
            yield return $"Relay: {name} is {value}; it must be 1 or more.";
        }

        if (ConnectionIdleTime < TimeSpan.Zero)
        {
            yield return $"Relay: {nameof(ConnectionIdleTime)} must not be negative.";
        }

        if (Schedule.MinimumDelay <= TimeSpan.Zero || Schedule.MaximumDelay < Schedule.MinimumDelay || Schedule.Lifetime <= TimeSpan.Zero || Schedule.WarnAfter <= TimeSpan.Zero)
        {
            yield return "Relay: the schedule's times must be longer than nothing, and its maximum delay no less than its minimum.";
        }
    }
}

/// <summary>When a message is tried again: at first after the minimum, then each time after twice as long, up to the maximum.</summary>
public sealed record RetrySchedule
{
    /// <summary>5 minutes by default.</summary>
    public TimeSpan MinimumDelay { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>4,000 s by default.</summary>
    public TimeSpan MaximumDelay { get; init; } = TimeSpan.FromSeconds(4_000);

    /// <summary>How long a message is tried; 5 days by default. Then its sender gets it back.</summary>
    public TimeSpan Lifetime { get; init; } = TimeSpan.FromDays(5);

    /// <summary>After how long the sender is told that it still waits; 4 hours by default, null for never.</summary>
    public TimeSpan? WarnAfter { get; init; } = TimeSpan.FromHours(4);

    /// <summary>From an attempt, 1 being the first, to the next.</summary>
    public TimeSpan DelayAfter(int attempt) =>
        attempt > 30 ? MaximumDelay : TimeSpan.FromTicks((long)Math.Min(MaximumDelay.Ticks, MinimumDelay.Ticks * Math.Pow(2, Math.Max(1, attempt) - 1)));

    /// <summary>When it is given up. The time that its sender wanted it to wait (RFC 4865) does not count.</summary>
    internal DateTimeOffset Expiry(QueueEntry entry) => Start(entry) + Lifetime;

    /// <summary>When somebody has to look at a message next, whatever its destination does.</summary>
    internal DateTimeOffset Alarm(QueueEntry entry, bool wasWarned)
    {
        var alarm = Expiry(entry);
        if (entry.Envelope.DeliverBy is { } by && (by.Action == DeadlineAction.Return || !wasWarned) && by.Deadline < alarm)
        {
            alarm = by.Deadline;
        }

        return !wasWarned && WarnAfter is { } after && Start(entry) + after < alarm ? Start(entry) + after : alarm;
    }

    private static DateTimeOffset Start(QueueEntry entry) => entry.Envelope.HoldUntil is { } hold && hold > entry.AcceptedAt ? hold : entry.AcceptedAt;
}

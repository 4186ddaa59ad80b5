using MailCore.Messaging;

namespace MailCore.Relay;

/// <summary>What a worker is ready to take.</summary>
public sealed record LeaseRequest
{
    /// <summary>From which virtual queue.</summary>
    public required QueueLane Lane { get; init; }

    /// <summary>Items at most.</summary>
    public required int Max { get; init; }

    /// <summary>Items of one destination at most.</summary>
    public required int MaxPerDestination { get; init; }

    /// <summary>How long after the first, second, ... attempt an item is due again, should the lease never come back.</summary>
    public required Func<int, TimeSpan> Delay { get; init; }

    /// <summary>Destinations that can take nothing now. Only alarms are given of them.</summary>
    public IReadOnlySet<string> Full { get; init; } = new HashSet<string>();

    /// <summary>Destinations that are left alone. Only alarms are given of them, and what an operator wants to be tried now.</summary>
    public IReadOnlySet<string> Resting { get; init; } = new HashSet<string>();
}

/// <summary>An item in the hands of one worker.</summary>
public sealed record QueueLease
{
    /// <summary>The item's number in its queue.</summary>
    public required long Item { get; init; }

    /// <summary>Tells this lease of the item from others.</summary>
    public required long Token { get; init; }

    /// <summary>The message, with those of its recipients that the item still has.</summary>
    public required QueueEntry Entry { get; init; }

    /// <summary>Which virtual queue it came from.</summary>
    public required QueueLane Lane { get; init; }

    /// <summary>Where it goes; null for mailboxes of ours.</summary>
    public required NextHop? Hop { get; init; }

    /// <summary>The destination's name in the queue.</summary>
    public required string Destination { get; init; }

    /// <summary>The message's octets, without its trace.</summary>
    public required long Size { get; init; }

    /// <summary>Which attempt this is, from 1 on; for an alarm, how many there were.</summary>
    public required int Attempt { get; init; }

    /// <summary>When it is due again if nothing is heard of this lease.</summary>
    public required DateTimeOffset NextAttempt { get; init; }

    /// <summary>It was given because of <see cref="QueueEntry.Alarm"/>: no attempt was recorded, and its destination may be left alone.</summary>
    public bool IsAlarm { get; init; }

    /// <summary>Its sender has been told of the delay.</summary>
    public bool WasWarned { get; init; }

    /// <summary>What was said of it last; null before the first attempt.</summary>
    public string? LastReply { get; init; }
}

/// <summary>What became of a lease.</summary>
/// <param name="Lease">The lease.</param>
/// <param name="Remaining">Recipients that still wait; when there are none the item is done.</param>
public sealed record LeaseResult(QueueLease Lease, IReadOnlyList<QueueRecipient> Remaining)
{
    /// <summary>When to try again; null for what was recorded with the lease.</summary>
    public DateTimeOffset? NextAttempt { get; init; }

    /// <summary>The next alarm, or null for none.</summary>
    public DateTimeOffset? Alarm { get; init; } = Lease?.Entry.Alarm;

    /// <summary>Whether the sender has been told of the delay.</summary>
    public bool WasWarned { get; init; } = Lease?.WasWarned ?? false;

    /// <summary>What was said; null leaves it as it was.</summary>
    public string? Reply { get; init; }

    /// <summary>Nothing was tried after all: the attempt does not count.</summary>
    public bool WasNotTried { get; init; }

    /// <summary>The message is done.</summary>
    public static LeaseResult Done(QueueLease lease) => new(lease, []);
}

/// <summary>An item as an operator sees it.</summary>
public sealed record QueuedItem
{
    /// <summary>The item's number in its queue.</summary>
    public required long Item { get; init; }

    /// <summary>The message's queue id.</summary>
    public required string QueueId { get; init; }

    /// <summary>Which virtual queue it is in.</summary>
    public required QueueLane Lane { get; init; }

    /// <summary>A next hop as <see cref="NextHop.ToString"/> writes it, or "local".</summary>
    public required string Destination { get; init; }

    /// <summary>The sender's address; empty for the null sender.</summary>
    public required string Sender { get; init; }

    /// <summary>Those who still wait for it.</summary>
    public required IReadOnlyList<string> Recipients { get; init; }

    /// <summary>The message's octets, without its trace.</summary>
    public required long Size { get; init; }

    /// <summary>MT-PRIORITY.</summary>
    public required int Priority { get; init; }

    /// <summary>When it was accepted.</summary>
    public required DateTimeOffset AcceptedAt { get; init; }

    /// <summary>Attempts begun.</summary>
    public required int Attempts { get; init; }

    /// <summary>When it is due.</summary>
    public required DateTimeOffset NextAttempt { get; init; }

    /// <summary>It waits for a release.</summary>
    public required bool IsHeld { get; init; }

    /// <summary>It is being tried now.</summary>
    public bool IsLeased { get; init; }

    /// <summary>What was said of it last.</summary>
    public string? LastReply { get; init; }

    /// <summary>Why a filter put it apart.</summary>
    public string? QuarantineReason { get; init; }
}

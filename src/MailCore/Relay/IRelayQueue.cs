using MailCore.Messaging;
using MailCore.Storage;

namespace MailCore.Relay;

/// <summary>
/// Mail that waits for its way out. What is enqueued is durable where the queue is. A lease gives mail to one worker for a time, and
/// records before the worker begins that it was tried and when it is due again; if a lease never comes back the mail is due then, so
/// that a crash may send twice but never loses, and never makes everything be tried at once. Thread-safe.
/// </summary>
/// <remarks>
/// The unit is an item: the recipients of one message that go the same way (<see cref="QueueRecipient.Hop"/>). Each item is leased,
/// completed and listed by itself. The message's content lives as long as one of its items does.
/// </remarks>
public interface IRelayQueue
{
    /// <summary>
    /// Takes a message over for its recipients, once for each <see cref="QueueEntry.QueueId"/>: a repeat while the queue has the message
    /// changes nothing. Returns when it is durable. The content stays the caller's to dispose.
    /// </summary>
    ValueTask EnqueueAsync(QueueEntry entry, StagedContent content, CancellationToken cancellationToken);

    /// <summary>
    /// Leases items that are due: higher priorities first, destinations in turn, and within one destination its senders in turn. Returns
    /// when the attempts are durable; empty when nothing is due.
    /// </summary>
    ValueTask<IReadOnlyList<QueueLease>> LeaseAsync(LeaseRequest request, CancellationToken cancellationToken);

    /// <summary>Prolongs leases that still hold: the work takes longer than <see cref="QueueLease.NextAttempt"/> allows.</summary>
    ValueTask RenewAsync(IReadOnlyList<QueueLease> leases, DateTimeOffset until, CancellationToken cancellationToken);

    /// <summary>Ends leases, all or none. A result for a lease that holds no longer changes nothing.</summary>
    ValueTask CompleteAsync(IReadOnlyList<LeaseResult> results, CancellationToken cancellationToken);

    /// <summary>The message's octets as they were accepted; null when the queue does not have it any more.</summary>
    ValueTask<IContentReader?> OpenContentAsync(QueueLease lease, CancellationToken cancellationToken);

    /// <summary>
    /// When a lease may give something again, by what is known now; null when nothing waits, the past where something is due. What is due at
    /// the destinations left out does not count.
    /// </summary>
    DateTimeOffset? NextDue(QueueLane lane, IReadOnlySet<string> leftOut);

    /// <summary>Calls <paramref name="hint"/>, which must not block, when something became due by other ways than time. Hints may be too many, never too few.</summary>
    IDisposable Listen(Action<QueueLane> hint);

    /// <summary>The items that match, oldest first.</summary>
    ValueTask<IReadOnlyList<QueuedItem>> ListAsync(QueueFilter filter, CancellationToken cancellationToken);

    /// <summary>Does something to all items that match; returns how many. Durable on return.</summary>
    ValueTask<int> ChangeAsync(QueueFilter filter, QueueAction action, CancellationToken cancellationToken);

    /// <summary>How much waits in each lane that has anything.</summary>
    IReadOnlyList<QueueMeasure> Measure();
}

/// <summary>What an operator does to mail in the queue.</summary>
public enum QueueAction
{
    /// <summary>Keep it until it is released; it is neither tried nor does it grow too old.</summary>
    Hold,

    /// <summary>Undo a hold.</summary>
    Release,

    /// <summary>Try it now, whatever is known of its destination. Ends no hold.</summary>
    Retry,

    /// <summary>Throw it away; nobody is told.</summary>
    Delete,
}

/// <summary>Which items are meant; those that match all that is not null.</summary>
public sealed record QueueFilter
{
    /// <summary>Everything.</summary>
    public static QueueFilter All { get; } = new();

    /// <summary>A message's queue id.</summary>
    public string? QueueId { get; init; }

    /// <summary>A destination as <see cref="QueuedItem.Destination"/> has it, or its host alone: "example.org" for "example.org:25".</summary>
    public string? Destination { get; init; }

    /// <summary>A sender's address; empty for the null sender.</summary>
    public string? Sender { get; init; }

    /// <summary>A lane.</summary>
    public QueueLane? Lane { get; init; }

    /// <summary>Items that <see cref="IRelayQueue.ListAsync"/> gives at most.</summary>
    public int Limit { get; init; } = int.MaxValue;

    /// <summary>Whether an item is meant.</summary>
    public bool Matches(QueueRow row)
    {
        ArgumentNullException.ThrowIfNull(row);
        return (QueueId is null || row.QueueId.Equals(QueueId, StringComparison.OrdinalIgnoreCase))
            && (Sender is null || row.Sender.Equals(Sender, StringComparison.OrdinalIgnoreCase))
            && (Lane is not { } lane || row.Lane == lane)
            && (Destination is null || row.Destination.Equals(Destination, StringComparison.OrdinalIgnoreCase) || IsHostOf(row.Destination, Destination));
    }

    private static bool IsHostOf(string destination, string named) =>
        NextHop.TryParse(destination, out var hop) && hop.Host.Equals(named.Trim('[', ']'), StringComparison.OrdinalIgnoreCase);
}

/// <summary>One lane's backlog.</summary>
/// <param name="Lane">Which.</param>
/// <param name="Items">How many items, held ones included.</param>
/// <param name="Held">How many of them are held.</param>
/// <param name="Octets">Their messages' octets; those of a message with several items count for each.</param>
/// <param name="Oldest">When the oldest was accepted.</param>
public sealed record QueueMeasure(QueueLane Lane, int Items, int Held, long Octets, DateTimeOffset Oldest);

using MailCore.Messaging;
using MailCore.Storage;

namespace MailCore.Relay;

/// <summary>
/// Mail that waits for its way out. What is enqueued is durable where the queue is. A lease gives mail to one worker for a time; if
/// it never comes back the mail is leased again, so that a crash may send twice but never loses. Thread-safe.
/// </summary>
public interface IRelayQueue
{
    /// <summary>
    /// Takes a message over for its recipients, once for each key: a repeat with the same <see cref="QueueEntry.QueueId"/> changes nothing.
    /// Returns when it is durable. The content stays the caller's to dispose.
    /// </summary>
    ValueTask EnqueueAsync(QueueEntry entry, StagedContent content, CancellationToken cancellationToken);
}

/// <summary>A message as it enters the queue.</summary>
public sealed record QueueEntry
{
    /// <summary>Unique in the queue; the transaction's.</summary>
    public required string QueueId { get; init; }

    /// <summary>Sender and wishes; its recipients are those of <see cref="Recipients"/>.</summary>
    public required Envelope Envelope { get; init; }

    /// <summary>Who is to get it, and which way.</summary>
    public required IReadOnlyList<QueueRecipient> Recipients { get; init; }

    /// <summary>Octets that go before the content: trace and added fields.</summary>
    public ReadOnlyMemory<byte> Prefix { get; init; }

    /// <summary>When it was accepted; lifetimes count from here.</summary>
    public required DateTimeOffset AcceptedAt { get; init; }

    /// <summary>Which virtual queue it waits in; none of them starves another.</summary>
    public QueueLane Lane { get; init; }
}

/// <summary>One recipient in the queue.</summary>
/// <param name="Recipient">The address as routed, with its wishes.</param>
/// <param name="Hop">Where it goes next; null for a mailbox of ours that could not take it yet.</param>
public sealed record QueueRecipient(Recipient Recipient, NextHop? Hop);

/// <summary>Virtual queues.</summary>
public enum QueueLane
{
    /// <summary>To other servers.</summary>
    Remote,

    /// <summary>To mailboxes of ours that could not take it yet.</summary>
    Local,

    /// <summary>Status notifications.</summary>
    Notification,

    /// <summary>Reports about the server's work, such as TLS reports.</summary>
    Report,
}

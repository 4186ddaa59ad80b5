using MailCore.Messaging;

namespace MailCore.Relay;

/// <summary>A message as it enters the queue.</summary>
public sealed record QueueEntry
{
    /// <summary>Unique in the queue; the transaction's.</summary>
    public required string QueueId { get; init; }

    /// <summary>Who brought it, for its trace.</summary>
    public required MailSessionInfo Session { get; init; }

    /// <summary>Sender and wishes; its recipients are those of <see cref="Recipients"/>.</summary>
    public required Envelope Envelope { get; init; }

    /// <summary>Who is to get it, and which way.</summary>
    public required IReadOnlyList<QueueRecipient> Recipients { get; init; }

    /// <inheritdoc cref="MailTransaction.AddedFields"/>
    public ReadOnlyMemory<byte> AddedFields { get; init; }

    /// <inheritdoc cref="MailTransaction.QuarantineReason"/>
    public string? QuarantineReason { get; init; }

    /// <summary>
    /// What it was accepted under, as W3C's trace context writes it (traceparent), so that attempts are of the same trace. Null where nobody
    /// listened.
    /// </summary>
    public string? TraceParent { get; init; }

    /// <summary>When it was accepted; lifetimes count from here.</summary>
    public required DateTimeOffset AcceptedAt { get; init; }

    /// <summary>Not to be tried before; null for at once.</summary>
    public DateTimeOffset? NotBefore { get; init; }

    /// <summary>When somebody has to look at it even if its destination is left alone: to warn its sender, or to give up. Null for never.</summary>
    public DateTimeOffset? Alarm { get; init; }

    /// <summary>
    /// The message says <c>TLS-Required: No</c> (RFC 8689): it goes on though what the recipient's domain has published about TLS is not fulfilled.
    /// </summary>
    public bool IsTlsNotRequired { get; init; }

    /// <summary>It waits for an operator's release.</summary>
    public bool IsHeld { get; init; }

    /// <summary>Which virtual queue recipients with a hop wait in; those without wait in <see cref="QueueLane.Local"/>. None of them starves another.</summary>
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

namespace MailCore.Delivery;

/// <summary>Remembers for a while what became of each message, so that "where is it?" has an answer. Thread-safe.</summary>
public interface IMessageTrace
{
    /// <summary>Notes a step. Returns at once and never throws; steps may get lost when the process dies or more come than can be kept.</summary>
    void Note(MessageStep step);

    /// <summary>
    /// The steps of all messages that <paramref name="name"/> names, by queue id and then oldest first: a queue id, or a Message-ID with
    /// or without its angle brackets. Empty when nothing is known any more.
    /// </summary>
    ValueTask<IReadOnlyList<MessageStep>> FindAsync(string name, CancellationToken cancellationToken);
}

/// <summary>One step on a message's way.</summary>
/// <param name="QueueId">The message, as in its Received header and in the log.</param>
/// <param name="At">When.</param>
/// <param name="Kind">What happened.</param>
/// <param name="Recipient">To whom; null for the message as a whole.</param>
/// <param name="Detail">One line in words: from where, where to, or a reply.</param>
public sealed record MessageStep(string QueueId, DateTimeOffset At, MessageStepKind Kind, string? Recipient, string Detail)
{
    /// <summary>The message's own Message-ID with its brackets, in the step that tells of its arrival; null without one.</summary>
    public string? MessageId { get; init; }
}

/// <summary>What can happen to a message.</summary>
public enum MessageStepKind
{
    /// <summary>It arrived whole; from whom.</summary>
    Received,

    /// <summary>A recipient leads to a mailbox, an address elsewhere, or the host's code.</summary>
    Routed,

    /// <summary>It is in a mailbox.</summary>
    Delivered,

    /// <summary>The host's own code took it.</summary>
    HandedOver,

    /// <summary>It waits in the queue.</summary>
    Queued,

    /// <summary>An attempt failed for now; the reply.</summary>
    Deferred,

    /// <summary>Another server took it; its reply.</summary>
    Relayed,

    /// <summary>Given up; the reply, and who was told.</summary>
    Bounced,

    /// <summary>Not taken: the reply that whoever brought it got.</summary>
    Refused,

    /// <summary>Taken and thrown away, because a filter or an operator said so.</summary>
    Discarded,
}

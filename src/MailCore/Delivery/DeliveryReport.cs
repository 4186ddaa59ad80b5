using MailCore.Messaging;

namespace MailCore.Delivery;

/// <summary>What became of recipients of one message, to be told to its sender (RFC 3464).</summary>
internal sealed record DeliveryReport
{
    /// <summary>This server's name: the Reporting-MTA.</summary>
    public required string ServerName { get; init; }

    /// <summary>The message's; the notification gets an id of its own.</summary>
    public required string QueueId { get; init; }

    /// <summary>The message's sender and wishes; its recipients are not read.</summary>
    public required Envelope Envelope { get; init; }

    /// <summary>When the message was accepted.</summary>
    public required DateTimeOffset AcceptedAt { get; init; }

    /// <summary>Of one occasion; those that the sender does not want to hear of are left out of the notification.</summary>
    public required IReadOnlyList<RecipientEvent> Events { get; init; }

    /// <summary>The host that the message came from (Received-From-MTA); null where that is nobody's business.</summary>
    public string? ReceivedFrom { get; init; }
}

/// <summary>What became of one recipient.</summary>
/// <param name="Recipient">As in the queue, with its wishes.</param>
/// <param name="Action">The kind of it.</param>
/// <param name="Reply">The last reply about it, of another server or of our own.</param>
internal sealed record RecipientEvent(Recipient Recipient, RecipientAction Action, SmtpReply Reply)
{
    /// <summary>The server that replied; null when the reply is our own.</summary>
    public string? RemoteName { get; init; }

    /// <summary>When it was last tried; null before any attempt.</summary>
    public DateTimeOffset? LastAttempt { get; init; }

    /// <summary>Until when it is tried again; for delays.</summary>
    public DateTimeOffset? RetryUntil { get; init; }
}

/// <summary>The Action field of RFC 3464 2.3.3.</summary>
internal enum RecipientAction
{
    /// <summary>Given up.</summary>
    Failed,

    /// <summary>Still tried.</summary>
    Delayed,

    /// <summary>In a mailbox of ours.</summary>
    Delivered,

    /// <summary>With a server that makes no notifications.</summary>
    Relayed,

    /// <summary>Delivered to a list of ours, whose members' fate is not reported (RFC 3461 5.2.7).</summary>
    Expanded,
}

/// <summary>How notifications are made.</summary>
internal sealed record NotificationOptions
{
    /// <summary>Octets of a message that a report returns whole when asked to (RET=FULL); of a larger one it returns the header.</summary>
    public long MaxReturnedMessage { get; init; } = 50L * 1024 * 1024;

    /// <summary>Octets of a returned header; what is over it is cut after a whole line.</summary>
    public int MaxReturnedHeader { get; init; } = 128 * 1024;

    /// <summary>Who is told when a message from the null sender fails; null for nobody.</summary>
    public EmailAddress? DoubleBouncesTo { get; init; }
}

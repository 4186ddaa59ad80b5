using MailCore.Messaging;
using MailCore.Storage;

namespace MailCore.Delivery;

/// <summary>Takes responsibility for a message. Thread-safe.</summary>
public interface IMessageDelivery
{
    /// <summary>
    /// Delivers to all recipients of the transaction's envelope and returns one reply for each, in their order; LMTP sends them all,
    /// SMTP folds them into one. A 2xx means: durable, and visible where it was delivered to. What fails for now is a 4xx value; an
    /// exception is logged and becomes 451 for all. The message stays the caller's to dispose.
    /// </summary>
    ValueTask<IReadOnlyList<SmtpReply>> DeliverAsync(MailTransaction transaction, InboundMessage message, CancellationToken cancellationToken);

    /// <summary>
    /// The wishes on an envelope that it grants. Only these are announced, and accepted, by an endpoint that delivers here. Constant.
    /// </summary>
    DeliveryAbilities Honours => DeliveryAbilities.None;
}

/// <summary>Wishes of a sender that take more than storing or passing on a message.</summary>
[Flags]
public enum DeliveryAbilities
{
    /// <summary>None of them.</summary>
    None = 0,

    /// <summary>Reports as RET, ENVID, NOTIFY and ORCPT ask for them (RFC 3461).</summary>
    StatusNotifications = 1,

    /// <summary><see cref="Envelope.RequireTls"/></summary>
    RequireTls = 2,

    /// <summary><see cref="Envelope.HoldUntil"/></summary>
    FutureRelease = 4,

    /// <summary><see cref="Envelope.DeliverBy"/></summary>
    DeliverBy = 8,

    /// <summary><see cref="Envelope.Priority"/></summary>
    Priority = 16,
}

/// <summary>A received message with the places its recipients were routed to.</summary>
/// <param name="Content">The octets as the framer passed them on, staged.</param>
/// <param name="Summary">The encoded MIME summary of the content.</param>
/// <param name="Routes">One per recipient of the envelope, in order; never a refusal.</param>
public sealed record InboundMessage(StagedContent Content, ReadOnlyMemory<byte> Summary, IReadOnlyList<RecipientRoute> Routes);

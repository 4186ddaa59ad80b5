using MailCore.Messaging;
using MailCore.Mime;
using MailCore.Storage;

namespace MailCore.Delivery;

/// <summary>
/// Decides about one mailbox's copy of a message, after the server took the message and before it is stored: the place for filing
/// rules and automatic answers. Stages are asked one after the other, for each account once; they may send mail of their own by
/// <see cref="IMailSubmission"/>. Thread-safe.
/// </summary>
public interface IDeliveryStage
{
    /// <summary>
    /// What shall happen, starting from what was planned so far. An exception is logged and leaves the plan as it was: a rule that
    /// fails keeps no mail from its owner (RFC 5228 2.10.6). Asked again when the sender or the queue tries again.
    /// </summary>
    ValueTask<DeliveryPlan> PlanAsync(LocalMessage message, DeliveryPlan plan, CancellationToken cancellationToken);
}

/// <summary>A message on its way into one account. Valid during the call that got it.</summary>
public sealed class LocalMessage
{
    private readonly InboundMessage _message;
    private readonly ReadOnlyMemory<byte> _prefix;
    private MessageSummary? _summary;

    internal LocalMessage(MailTransaction transaction, InboundMessage message, RecipientRoute.Local route, EmailAddress recipient)
    {
        (Transaction, _message, Account, Recipient) = (transaction, message, route.Account, recipient);
        _prefix = TraceHeader.Build(transaction, recipient);
    }

    /// <summary>Who brought it, and its envelope.</summary>
    public MailTransaction Transaction { get; }

    /// <summary>Whose mailboxes these are.</summary>
    public AccountId Account { get; }

    /// <summary>The recipient that led here, as the client gave it: with its subaddress, or an alias.</summary>
    public EmailAddress Recipient { get; }

    /// <summary>Its structure and header, without the trace.</summary>
    public MessageSummary? Summary => _summary ??= MessageSummary.TryDecode(_message.Summary, out var summary) ? summary : null;

    internal ReadOnlyMemory<byte> Prefix => _prefix;

    /// <summary>The octets as they will be stored: trace, then the message. The caller disposes it.</summary>
    public async ValueTask<Stream> OpenAsync(CancellationToken cancellationToken) =>
        new MessageContent(_prefix, await _message.Content.OpenAsync(cancellationToken).ConfigureAwait(false)).AsStream();
}

/// <summary>What happens to one mailbox's copy.</summary>
public sealed record DeliveryPlan
{
    /// <summary>Where it goes, all or nothing. Empty throws it away, and the sender hears nothing of that.</summary>
    public IReadOnlyList<MailPlacement> Placements { get; init; } = [];

    /// <summary>Refuses it instead, by this 4xx or 5xx reply.</summary>
    public SmtpReply? Refusal { get; init; }

    /// <summary>Into one mailbox, and nothing else.</summary>
    public static DeliveryPlan FileInto(string mailbox) => new() { Placements = [new MailPlacement(mailbox)] };
}

/// <summary>One place for a message.</summary>
/// <param name="Mailbox">Its full name. One that does not exist is the inbox, unless it is to be made.</param>
public sealed record MailPlacement(string Mailbox)
{
    /// <summary>Make the mailbox, and subscribe to it, where there is none; parents are not made.</summary>
    public bool CreatesMailbox { get; init; }

    /// <summary>Flags it comes with.</summary>
    public SystemFlags Flags { get; init; }

    /// <summary>Keywords it comes with.</summary>
    public IReadOnlyList<string> Keywords { get; init; } = [];
}

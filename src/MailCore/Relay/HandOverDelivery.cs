using MailCore.Delivery;
using MailCore.Messaging;
using MailCore.Storage;
using Microsoft.Extensions.Logging;

namespace MailCore.Relay;

/// <summary>
/// Hands messages to next hops while their senders wait, for servers without a queue: the next server's reply for a recipient is the
/// reply. Only routes that name their next hop are taken. Thread-safe.
/// </summary>
internal sealed partial class HandOverDelivery(IRelayConnector connector, IMessageTrace? trace, TimeProvider time, ILogger<HandOverDelivery> logger) : IMessageDelivery
{
    private static readonly SmtpReply NoQueue = new(550, "5.7.1", "No relay is configured");

    // Used by the generated log methods.
    private readonly ILogger _logger = logger;

    /// <summary>What the connection to the next hop is asked for. Reports are not needed: the sender hears at once.</summary>
    public DeliveryAbilities Honours => DeliveryAbilities.RequireTls;

    public async ValueTask<IReadOnlyList<SmtpReply>> DeliverAsync(MailTransaction transaction, InboundMessage message, CancellationToken cancellationToken)
    {
        var replies = new SmtpReply?[message.Routes.Count];
        var hops = new Dictionary<NextHop, List<(int Recipient, EmailAddress Address)>>();
        for (var i = 0; i < replies.Length; i++)
        {
            foreach (var end in RecipientReplies.Ends(message.Routes[i]))
            {
                if (end is not RecipientRoute.Relay { Via: { } hop } relay)
                {
                    replies[i] = RecipientReplies.Worse(replies[i], NoQueue);
                }
                else if (hops.TryGetValue(hop, out var known))
                {
                    known.Add((i, relay.Address));
                }
                else
                {
                    hops[hop] = [(i, relay.Address)];
                }
            }
        }

        foreach (var (hop, recipients) in hops)
        {
            var outcomes = await SendAsync(transaction, message, hop, recipients, cancellationToken).ConfigureAwait(false);
            for (var i = 0; i < recipients.Count; i++)
            {
                var (recipient, address) = recipients[i];
                Note(transaction, address, hop, outcomes[i]);
                replies[recipient] = RecipientReplies.Worse(replies[recipient], Reply(outcomes[i]));
            }
        }

        return [.. replies.Select(static reply => reply ?? RecipientReplies.NotConfigured)];
    }

    private async ValueTask<IReadOnlyList<RelayOutcome>> SendAsync(
        MailTransaction transaction, InboundMessage message, NextHop hop, List<(int Recipient, EmailAddress Address)> recipients, CancellationToken cancellationToken)
    {
        var isNotRequired = await TlsRequiredField.IsNoAsync(message.Content, cancellationToken).ConfigureAwait(false);
        var wish = TlsRequiredField.Wish(transaction.Envelope, isNotRequired);
        var connection = await connector.ConnectAsync(hop, transaction.Envelope.From, wish, cancellationToken).ConfigureAwait(false);
        if (connection.Session is not { } session)
        {
            return [.. Enumerable.Repeat(connection.Failure, recipients.Count)];
        }

        await using (session.ConfigureAwait(false))
        {
            var envelope = transaction.Envelope.WithoutRecipients();
            envelope.Recipients.AddRange(recipients.Select(recipient => transaction.Envelope.Recipients[recipient.Recipient].At(recipient.Address)));
            var content = new MessageContent(TraceHeader.BuildReceived(transaction), await message.Content.OpenAsync(cancellationToken).ConfigureAwait(false));
            await using (content.ConfigureAwait(false))
            {
                return await session.SendAsync(new RelayMessage(transaction.QueueId, envelope, content), cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>A server that greets with 554 refuses everybody, not this message: the sender is to try again.</summary>
    private static SmtpReply Reply(RelayOutcome outcome) => outcome switch
    {
        { Status: RelayStatus.Sent } => SmtpReply.Ok,
        { Status: RelayStatus.Deferred, Reply.IsTransient: false } => new SmtpReply(451, "4.4.0", $"The next server takes nothing now: {outcome.Reply}"),
        _ => outcome.Reply,
    };

    private void Note(MailTransaction transaction, EmailAddress address, NextHop hop, RelayOutcome outcome)
    {
        HandedOver(transaction.QueueId, address, hop, outcome.Reply);
        if (outcome.Status == RelayStatus.Sent)
        {
            trace?.Note(new MessageStep(transaction.QueueId, time.GetUtcNow(), MessageStepKind.Relayed, address.ToString(), $"by {outcome.RemoteName ?? hop.ToString()}: {outcome.Reply}"));
        }
    }

    [LoggerMessage(EventId = 4121, Level = LogLevel.Information, Message = "{QueueId}: for <{Recipient}> to {Hop}: {Reply}")]
    private partial void HandedOver(string queueId, EmailAddress recipient, NextHop hop, SmtpReply reply);
}

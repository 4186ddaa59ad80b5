using System.Diagnostics;
using MailCore.Delivery;
using MailCore.Messaging;

namespace MailCore.Relay;

/// <summary>Puts messages into the queue, whichever way their recipients go: what it says 250 to is durable where the queue is. Thread-safe.</summary>
internal sealed class RelayDelivery(IRelayQueue queue, IRelayConnector connector, RelayOptions options, TimeProvider time) : IMessageDelivery
{
    public SenderRewriting? Rewriting { get; init; }

    public IMessageTrace? Trace { get; init; }

    public DeliveryAbilities Honours =>
        DeliveryAbilities.StatusNotifications | DeliveryAbilities.RequireTls | DeliveryAbilities.FutureRelease | DeliveryAbilities.DeliverBy | DeliveryAbilities.Priority;

    public ValueTask<IReadOnlyList<SmtpReply>> DeliverAsync(MailTransaction transaction, InboundMessage message, CancellationToken cancellationToken) =>
        EnqueueAsync(transaction, message, transaction.QueueId, cancellationToken);

    /// <summary>The same under another id: one transaction may be queued twice, its mailboxes by themselves.</summary>
    public async ValueTask<IReadOnlyList<SmtpReply>> EnqueueAsync(MailTransaction transaction, InboundMessage message, string queueId, CancellationToken cancellationToken)
    {
        var sender = transaction.Envelope.From;
        var recipients = new List<QueueRecipient>();
        var isForwarded = false;
        for (var i = 0; i < message.Routes.Count; i++)
        {
            var given = transaction.Envelope.Recipients[i];
            foreach (var end in RecipientReplies.Ends(message.Routes[i]))
            {
                isForwarded |= end is RecipientRoute.Relay { Address: var target } && !target.Equals(given.Address);
                recipients.Add(end switch
                {
                    RecipientRoute.Relay relay => new QueueRecipient(given.At(relay.Address), relay.Via ?? connector.FindHop(sender, relay.Address)),
                    RecipientRoute.Local local => new QueueRecipient(given.At(local.Address ?? given.Address), null),
                    _ => throw new InvalidOperationException($"The queue can't take {end}."),
                });
            }
        }

        var leaves = recipients.Exists(static recipient => recipient.Hop is not null);
        var entry = new QueueEntry
        {
            QueueId = queueId,
            Session = transaction.Session,
            // A stranger's sender address is not ours to use towards others, whose SPF would refuse it.
            Envelope = isForwarded && !transaction.Session.MaySendOutward && Rewriting is { } rewriting
                ? transaction.Envelope.WithSender(rewriting.Forward(sender))
                : transaction.Envelope.WithoutRecipients(),
            Recipients = recipients,
            AddedFields = transaction.AddedFields,
            QuarantineReason = transaction.QuarantineReason,
            TraceParent = Activity.Current is { IdFormat: ActivityIdFormat.W3C } current ? current.Id : null,
            AcceptedAt = time.GetUtcNow(),
            NotBefore = transaction.Envelope.HoldUntil,
            // Nobody elsewhere shall get what a filter put apart; an operator decides. Mailboxes have a place for it.
            IsHeld = transaction.QuarantineReason is not null && leaves,
            IsTlsNotRequired = leaves && await TlsRequiredField.IsNoAsync(message.Content, cancellationToken).ConfigureAwait(false),
            Lane = sender.IsNull ? QueueLane.Notification : QueueLane.Remote,
        };
        await queue.EnqueueAsync(entry with { Alarm = options.Schedule.Alarm(entry, wasWarned: false) }, message.Content, cancellationToken).ConfigureAwait(false);
        foreach (var recipient in recipients)
        {
            Trace?.Note(new MessageStep(transaction.QueueId, entry.AcceptedAt, MessageStepKind.Queued, recipient.Recipient.ToString(), Describe(entry, recipient)));
        }

        var replies = new SmtpReply[message.Routes.Count];
        Array.Fill(replies, SmtpReply.Ok);
        return replies;
    }

    private static string Describe(QueueEntry entry, QueueRecipient recipient) =>
        $"for {recipient.Hop?.ToString() ?? "its mailbox"}{(entry.IsHeld ? $", held: {entry.QuarantineReason}" : entry.NotBefore is { } until ? $", not before {until:u}" : "")}";
}

/// <summary>
/// Mailboxes of a server that has a queue: messages that are to wait for a time, and those whose senders want to be told that they arrived,
/// go by the queue. Thread-safe.
/// </summary>
internal sealed class QueueingLocalDelivery(LocalDelivery local, RelayDelivery relay, TimeProvider time) : IMessageDelivery
{
    // Recipients elsewhere are queued under the transaction's own id.
    private const string Suffix = "L";

    public DeliveryAbilities Honours => local.Honours | DeliveryAbilities.StatusNotifications | DeliveryAbilities.FutureRelease;

    public ValueTask<IReadOnlyList<SmtpReply>> DeliverAsync(MailTransaction transaction, InboundMessage message, CancellationToken cancellationToken)
    {
        var waits = transaction.Envelope.HoldUntil > time.GetUtcNow()
            || transaction.Envelope.Recipients.Exists(static recipient => recipient.Notify.HasFlag(ReportEvents.Success));
        return waits && !transaction.Session.IsRedelivery
            ? relay.EnqueueAsync(transaction, message, transaction.QueueId + Suffix, cancellationToken)
            : local.DeliverAsync(transaction, message, cancellationToken);
    }
}

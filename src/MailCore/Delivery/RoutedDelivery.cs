using MailCore.Messaging;
using Microsoft.Extensions.Logging;

namespace MailCore.Delivery;

/// <summary>
/// Hands each recipient to the delivery that its route names, and joins the replies: mailboxes first, the relay last. Mailboxes that
/// can't take a message for now while somebody else has it go to the relay as well, so that the sender need not repeat what has
/// arrived; in LMTP, whose client hears of each recipient by itself, they get their own 4xx instead. Thread-safe.
/// </summary>
public sealed partial class RoutedDelivery : IMessageDelivery
{
    private readonly IMessageDelivery? _local;
    private readonly IMessageDelivery? _relay;
    private readonly ILogger _logger;

    /// <summary>
    /// Local and relayed routes go to these two; a route for which there is none is answered with 451 4.3.5 and logged. Each is given
    /// one route for each recipient that is neither a list nor a refusal; a recipient that leads to several places comes several times.
    /// </summary>
    /// <param name="local">Takes <see cref="RecipientRoute.Local"/>.</param>
    /// <param name="relay">Takes <see cref="RecipientRoute.Relay"/>, and <see cref="RecipientRoute.Local"/> for mailboxes that are to be tried again (see <see cref="MailSessionInfo.IsRedelivery"/>).</param>
    /// <param name="logger">Told of what fails.</param>
    public RoutedDelivery(IMessageDelivery? local, IMessageDelivery? relay, ILogger<RoutedDelivery> logger)
    {
        ArgumentNullException.ThrowIfNull(logger);
        (_local, _relay, _logger) = (local, relay, logger);
    }

    /// <summary>Whether the relay is a queue, in which mailboxes can wait; on by default.</summary>
    public bool RelayIsQueue { get; init; } = true;

    /// <summary>Told of messages that the host's code took; null for nobody.</summary>
    public IMessageTrace? Trace { get; init; }

    /// <summary>Knows repeats of messages without a Message-ID, where nothing can wait in a queue; null for none, so that they come twice.</summary>
    internal AwaitedRepeats? Repeats { get; init; }

    /// <summary>Dates what is noted.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>What the relay honours; what is delivered here at once is in time, and nothing overtakes it.</summary>
    public DeliveryAbilities Honours => _relay is null
        ? _local?.Honours ?? DeliveryAbilities.None
        : _relay.Honours & ((_local ?? _relay).Honours | DeliveryAbilities.DeliverBy | DeliveryAbilities.Priority);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<SmtpReply>> DeliverAsync(MailTransaction transaction, InboundMessage message, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        ArgumentNullException.ThrowIfNull(message);
        return message.Routes is [(RecipientRoute.Local or RecipientRoute.Relay) and var only] && Delivery(only) is { } delivery
            ? delivery.DeliverAsync(transaction, message, cancellationToken)
            : Repeats is not null && !(_relay is not null && RelayIsQueue) && transaction.Session is { IsLmtp: false, IsRedelivery: false } && !RepeatKey.HasMessageId(message)
            ? DeliverOnceAsync(Repeats, transaction, message, cancellationToken)
            : DeliverByRouteAsync(transaction, message, cancellationToken);
    }

    private async ValueTask<IReadOnlyList<SmtpReply>> DeliverOnceAsync(AwaitedRepeats repeats, MailTransaction transaction, InboundMessage message, CancellationToken cancellationToken)
    {
        var content = await RepeatKey.HashAsync(transaction, message, cancellationToken).ConfigureAwait(false);
        transaction.RepeatedKey = await repeats.TakeAsync(content, cancellationToken).ConfigureAwait(false);
        var replies = await DeliverByRouteAsync(transaction, message, cancellationToken).ConfigureAwait(false);

        // Nobody's having it yet is no reason not to: what is waited for and not needed changes nothing.
        if (replies.Any(static reply => reply.IsTransient))
        {
            await repeats.ExpectAsync(content, transaction.RepeatedKey ?? transaction.QueueId, cancellationToken).ConfigureAwait(false);
        }

        return replies;
    }

    private async ValueTask<IReadOnlyList<SmtpReply>> DeliverByRouteAsync(MailTransaction transaction, InboundMessage message, CancellationToken cancellationToken)
    {
        var replies = new SmtpReply?[message.Routes.Count];
        var parts = Divide(transaction, message, replies);
        var mayWait = _relay is not null && RelayIsQueue && !transaction.Session.IsLmtp;
        var local = _local is not null && parts.Remove(_local, out var mailboxes) ? mailboxes : null;
        var relay = _relay is not null && parts.Remove(_relay, out var outward) ? outward : null;
        transaction.IsPart |= parts.Count + (local is null ? 0 : 1) + (relay is null ? 0 : 1) > 1;
        var waiting = new List<(int Recipient, RecipientRoute End, SmtpReply Reply)>();
        var hasTaken = false;
        if (local is not null)
        {
            var given = await DeliverAsync(_local!, local, transaction, message, cancellationToken).ConfigureAwait(false);
            for (var i = 0; i < given.Count; i++)
            {
                hasTaken |= given[i].IsPositive;
                if (given[i].IsTransient && mayWait)
                {
                    waiting.Add((local.Recipients[i], local.Routes[i], given[i]));
                }
                else
                {
                    Join(replies, local.Recipients[i], given[i]);
                }
            }
        }

        foreach (var (delivery, part) in parts)
        {
            var given = await DeliverAsync(delivery, part, transaction, message, cancellationToken).ConfigureAwait(false);
            for (var i = 0; i < given.Count; i++)
            {
                hasTaken |= given[i].IsPositive;
                Join(replies, part.Recipients[i], given[i]);
                Note(transaction, part.Recipients[i], given[i]);
            }
        }

        var queued = Queue(relay, waiting, hasTaken, replies);
        if (queued is not null)
        {
            var given = await DeliverAsync(_relay!, queued, transaction, message, cancellationToken).ConfigureAwait(false);
            for (var i = 0; i < given.Count; i++)
            {
                Join(replies, queued.Recipients[i], given[i]);
            }
        }

        return [.. replies.Select(static reply => reply ?? RecipientReplies.NotConfigured)];
    }

    /// <summary>Each delivery's recipients.</summary>
    private Dictionary<IMessageDelivery, Part> Divide(MailTransaction transaction, InboundMessage message, SmtpReply?[] replies)
    {
        var parts = new Dictionary<IMessageDelivery, Part>(ReferenceEqualityComparer.Instance);
        for (var i = 0; i < replies.Length; i++)
        {
            foreach (var end in RecipientReplies.Ends(message.Routes[i]))
            {
                if (Delivery(end) is not { } delivery)
                {
                    NoDelivery(transaction.QueueId, end);
                    Join(replies, i, RecipientReplies.NotConfigured);
                    continue;
                }

                if (!parts.TryGetValue(delivery, out var part))
                {
                    parts[delivery] = part = new Part();
                }

                part.Add(i, end);
            }
        }

        return parts;
    }

    /// <summary>What the relay gets. Mailboxes wait there only when the sender's repeat would reach somebody who has the message.</summary>
    private static Part? Queue(Part? relay, List<(int Recipient, RecipientRoute End, SmtpReply Reply)> waiting, bool hasTaken, SmtpReply?[] replies)
    {
        if (waiting.Count > 0 && !hasTaken && relay is null)
        {
            foreach (var (recipient, _, reply) in waiting)
            {
                Join(replies, recipient, reply);
            }

            return null;
        }

        foreach (var (recipient, end, _) in waiting)
        {
            relay ??= new Part();
            relay.Add(recipient, end);
        }

        return relay;
    }

    private static void Join(SmtpReply?[] replies, int recipient, SmtpReply reply) => replies[recipient] = RecipientReplies.Worse(replies[recipient], reply);

    private void Note(MailTransaction transaction, int recipient, SmtpReply reply)
    {
        if (reply.IsPositive)
        {
            Trace?.Note(new MessageStep(
                transaction.QueueId, Time.GetUtcNow(), MessageStepKind.HandedOver, transaction.Envelope.Recipients[recipient].ToString(), reply.ToString()));
        }
    }

    private async ValueTask<IReadOnlyList<SmtpReply>> DeliverAsync(
        IMessageDelivery delivery, Part part, MailTransaction transaction, InboundMessage message, CancellationToken cancellationToken)
    {
        try
        {
            var replies = await delivery.DeliverAsync(part.Of(transaction), message with { Routes = part.Routes }, cancellationToken).ConfigureAwait(false);
            return replies.Count == part.Recipients.Count
                ? replies
                : throw new InvalidOperationException($"{delivery.GetType().Name} gave {replies.Count} replies for {part.Recipients.Count} recipients.");
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            DeliveryFailed(error, transaction.QueueId);
            return [.. Enumerable.Repeat(RecipientReplies.LocalError, part.Recipients.Count)];
        }
    }

    private IMessageDelivery? Delivery(RecipientRoute route) => route switch
    {
        RecipientRoute.Local => _local,
        RecipientRoute.Relay => _relay,
        RecipientRoute.Handler handler => handler.Delivery,
        _ => null,
    };

    [LoggerMessage(EventId = 4111, Level = LogLevel.Error, Message = "{QueueId}: nothing delivers {Route}")]
    private partial void NoDelivery(string queueId, RecipientRoute route);

    [LoggerMessage(EventId = 4112, Level = LogLevel.Error, Message = "{QueueId}: a delivery failed")]
    private partial void DeliveryFailed(Exception exception, string queueId);

    /// <summary>The recipients of one delivery.</summary>
    private sealed class Part
    {
        /// <summary>Their places in the envelope; one that leads to several places comes several times.</summary>
        public List<int> Recipients { get; } = [];

        public List<RecipientRoute> Routes { get; } = [];

        public void Add(int recipient, RecipientRoute route)
        {
            if (Recipients.Count == 0 || Recipients[^1] != recipient || !Routes[^1].Equals(route))
            {
                Recipients.Add(recipient);
                Routes.Add(route);
            }
        }

        public MailTransaction Of(MailTransaction whole)
        {
            var envelope = whole.Envelope.WithoutRecipients();
            envelope.Recipients.AddRange(Recipients.Select(place => whole.Envelope.Recipients[place]));
            return whole.With(envelope);
        }
    }
}

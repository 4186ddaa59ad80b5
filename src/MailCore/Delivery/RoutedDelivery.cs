using MailCore.Messaging;
using Microsoft.Extensions.Logging;

namespace MailCore.Delivery;

/// <summary>Hands each recipient to the delivery that its route names, and joins the replies. Thread-safe.</summary>
public sealed partial class RoutedDelivery : IMessageDelivery
{
    private readonly IMessageDelivery? _local;
    private readonly IMessageDelivery? _relay;
    private readonly ILogger _logger;

    /// <summary>Local and relayed routes go to these two; a route for which there is none is answered with 451 4.3.5 and logged.</summary>
    public RoutedDelivery(IMessageDelivery? local, IMessageDelivery? relay, ILogger<RoutedDelivery> logger)
    {
        ArgumentNullException.ThrowIfNull(logger);
        (_local, _relay, _logger) = (local, relay, logger);
    }

    /// <summary>What the relay honours; what is delivered here at once is in time, and nothing overtakes it.</summary>
    public DeliveryAbilities Honours => _relay is null
        ? _local?.Honours ?? DeliveryAbilities.None
        : _relay.Honours & ((_local ?? _relay).Honours | DeliveryAbilities.DeliverBy | DeliveryAbilities.Priority);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<SmtpReply>> DeliverAsync(MailTransaction transaction, InboundMessage message, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        ArgumentNullException.ThrowIfNull(message);
        return message.Routes is [not RecipientRoute.Expand and var only] && Delivery(only) is { } delivery
            ? delivery.DeliverAsync(transaction, message, cancellationToken)
            : DeliverByRouteAsync(transaction, message, cancellationToken);
    }

    private async ValueTask<IReadOnlyList<SmtpReply>> DeliverByRouteAsync(MailTransaction transaction, InboundMessage message, CancellationToken cancellationToken)
    {
        var replies = new SmtpReply?[message.Routes.Count];
        var parts = new Dictionary<IMessageDelivery, Part>(ReferenceEqualityComparer.Instance);
        for (var i = 0; i < replies.Length; i++)
        {
            foreach (var end in RecipientReplies.Ends(message.Routes[i]))
            {
                if (Delivery(end) is not { } delivery)
                {
                    NoDelivery(transaction.QueueId, end);
                    replies[i] = RecipientReplies.Worse(replies[i], RecipientReplies.NotConfigured);
                    continue;
                }

                if (!parts.TryGetValue(delivery, out var part))
                {
                    parts[delivery] = part = new Part();
                }

                part.Add(i, end);
            }
        }

        foreach (var (delivery, part) in parts)
        {
            var given = await DeliverAsync(delivery, part, transaction, message, cancellationToken).ConfigureAwait(false);
            for (var i = 0; i < part.Recipients.Count; i++)
            {
                var recipient = part.Recipients[i];
                replies[recipient] = RecipientReplies.Worse(replies[recipient], given is null ? RecipientReplies.LocalError : given[i]);
            }
        }

        return [.. replies.Select(static reply => reply ?? RecipientReplies.NotConfigured)];
    }

    /// <summary>Null when it failed: that is no reason not to deliver to the others.</summary>
    private async ValueTask<IReadOnlyList<SmtpReply>?> DeliverAsync(
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
            return null;
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
        /// <summary>Their places in the envelope.</summary>
        public List<int> Recipients { get; } = [];

        public List<RecipientRoute> Routes { get; } = [];

        public void Add(int recipient, RecipientRoute route)
        {
            if (Recipients.Count > 0 && Recipients[^1] == recipient)
            {
                Routes[^1] = new RecipientRoute.Expand([.. RecipientReplies.Ends(Routes[^1]), route]);
                return;
            }

            Recipients.Add(recipient);
            Routes.Add(route);
        }

        public MailTransaction Of(MailTransaction whole)
        {
            if (Recipients.Count == whole.Envelope.Recipients.Count)
            {
                return whole;
            }

            var envelope = whole.Envelope.WithoutRecipients();
            envelope.Recipients.AddRange(Recipients.Select(place => whole.Envelope.Recipients[place]));
            return whole.With(envelope);
        }
    }
}

using MailCore.Messaging;
using MailCore.Storage;

namespace MailCore.Delivery;

/// <summary>
/// Takes a message in the host's own code: the envelope, and the message as a seekable stream that begins with the trace headers and
/// is valid until the handler returns. The reply is the client's reply for every recipient.
/// </summary>
public delegate ValueTask<SmtpReply> MessageHandler(Envelope envelope, Stream message, CancellationToken cancellationToken);

/// <summary>Delivers to a <see cref="MessageHandler"/>; for <see cref="RecipientRoute.Handler"/>. As thread-safe as the handler.</summary>
public sealed class HandlerDelivery : IMessageDelivery
{
    private readonly MessageHandler _handler;

    /// <summary>Calls <paramref name="handler"/> once per message.</summary>
    public HandlerDelivery(MessageHandler handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        _handler = handler;
    }

    /// <summary>Nothing, unless the handler knows what to do about it.</summary>
    public DeliveryAbilities Honours { get; init; }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<SmtpReply>> DeliverAsync(MailTransaction transaction, InboundMessage message, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        ArgumentNullException.ThrowIfNull(message);
        // Many a handler looks at the envelope alone.
        await using var content = new MessageContent(
            transaction, static source => Trace((MailTransaction)source), await message.Content.OpenAsync(cancellationToken).ConfigureAwait(false));
        var stream = content.AsStream();
        await using (stream.ConfigureAwait(false))
        {
            var reply = await _handler(transaction.Envelope, stream, cancellationToken).ConfigureAwait(false);
            var replies = new SmtpReply[transaction.Envelope.Recipients.Count];
            Array.Fill(replies, reply);
            return replies;
        }
    }

    private static byte[] Trace(MailTransaction transaction) =>
        TraceHeader.Build(transaction, transaction.Envelope.Recipients is [var only] ? only.Address : null);
}

/// <summary>Routes every recipient, of any domain, to one delivery. Nothing is relayed by that. Thread-safe.</summary>
public sealed class HandlerRouter : IMessageRouter
{
    private readonly RecipientRoute _route;

    /// <summary>Routes to <paramref name="delivery"/>.</summary>
    public HandlerRouter(IMessageDelivery delivery)
    {
        ArgumentNullException.ThrowIfNull(delivery);
        _route = new RecipientRoute.Handler(delivery);
    }

    /// <inheritdoc/>
    public ValueTask<RecipientRoute> RouteAsync(MailTransaction transaction, Recipient recipient, CancellationToken cancellationToken) => ValueTask.FromResult(_route);
}

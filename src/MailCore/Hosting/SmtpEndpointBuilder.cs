using MailCore.Delivery;
using MailCore.Smtp;

namespace MailCore.Hosting;

/// <summary>An SMTP, submission or LMTP endpoint.</summary>
public sealed class SmtpEndpointBuilder : ProtocolEndpointBuilder<SmtpOptions>
{
    internal SmtpEndpointBuilder(string name, int port, SmtpDialect dialect)
        : base(name, port, new SmtpOptions(dialect)) => NeedsStore = true;

    internal MessageHandler? Handler { get; private set; }

    /// <summary>
    /// Hands every message of this endpoint, whoever it is for, to the host's own code instead of the store, which is not needed
    /// then. The client's reply waits for the handler; an exception becomes 451.
    /// </summary>
    public SmtpEndpointBuilder OnMessage(MessageHandler handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        Handler = handler;
        NeedsStore = false;
        return this;
    }
}

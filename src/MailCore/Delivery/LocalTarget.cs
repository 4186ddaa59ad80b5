using MailCore.Messaging;

namespace MailCore.Delivery;

/// <summary>An account that shall get the message, with the first recipient that leads there.</summary>
internal sealed class LocalTarget(RecipientRoute.Local route, EmailAddress address)
{
    public RecipientRoute.Local Route { get; private set; } = route;

    public EmailAddress Address => address;

    /// <summary>The mailboxes, in words.</summary>
    public string Place { get; set; } = "";

    /// <summary>The batch that decides about it.</summary>
    public int Batch { get; set; }

    public SmtpReply? Reply { get; set; }

    /// <summary>Whatever mailbox the route names.</summary>
    public void UseInbox() => Route = Route with { Mailbox = null };
}

using MailCore.Messaging;
using MailCore.Storage;

namespace MailCore.Delivery;

/// <summary>An account that shall get the message, with the first recipient that leads there.</summary>
internal sealed class LocalTarget(RecipientRoute.Local route, EmailAddress address)
{
    public RecipientRoute.Local Route => route;

    public EmailAddress Address => address;

    /// <summary>What to commit.</summary>
    public IReadOnlyList<StoreChange> Changes { get; set; } = [];

    /// <summary>The mailboxes, in words.</summary>
    public string Place { get; set; } = "";

    /// <summary>Its place among the batches.</summary>
    public int Batch { get; set; }

    public SmtpReply? Reply { get; set; }
}

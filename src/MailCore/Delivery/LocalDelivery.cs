using MailCore.Messaging;
using MailCore.Storage;
using Microsoft.Extensions.Logging;

namespace MailCore.Delivery;

/// <summary>How mail is put into mailboxes.</summary>
public sealed class LocalDeliveryOptions
{
    /// <summary>Whether a full mailbox is answered with 552 5.2.2 instead of 452 4.2.2, which lets the sender try again.</summary>
    public bool OverQuotaIsPermanent { get; set; }
}

/// <summary>Delivers <see cref="RecipientRoute.Local"/> routes: one commit for all recipients, and one copy per mailbox. Thread-safe.</summary>
public sealed class LocalDelivery : IMessageDelivery
{
    /// <summary>Delivers into <paramref name="accounts"/>; messages must have been staged there.</summary>
    public LocalDelivery(MailAccounts accounts, ILogger<LocalDelivery> logger, LocalDeliveryOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(accounts);
        ArgumentNullException.ThrowIfNull(logger);
        _ = options;
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<SmtpReply>> DeliverAsync(MailTransaction transaction, InboundMessage message, CancellationToken cancellationToken) => throw new NotImplementedException();
}

using MailCore.Messaging;
using MailCore.Storage;

namespace MailCore.Delivery;

/// <summary>Decides at RCPT where a recipient's mail goes, and so also whether it is taken at all. Thread-safe.</summary>
public interface IMessageRouter
{
    /// <summary>
    /// Places one recipient. The transaction tells who sends: a session that may send outward (<see cref="MailSessionInfo.MaySendOutward"/>)
    /// may reach anywhere, a stranger only what is ours. The transaction's envelope does not hold the recipient yet.
    /// </summary>
    ValueTask<RecipientRoute> RouteAsync(MailTransaction transaction, Recipient recipient, CancellationToken cancellationToken);
}

/// <summary>Where one recipient's mail goes.</summary>
public abstract record RecipientRoute
{
    private RecipientRoute() { }

    /// <summary>Into an account of ours; <paramref name="Mailbox"/> null means INBOX.</summary>
    public sealed record Local(AccountId Account, string? Mailbox = null) : RecipientRoute
    {
        /// <summary>
        /// The account's address that led here, behind all aliases: whom to name when the mailbox can't take the message yet and it has to
        /// wait. Null for the recipient's own. Another address does not make another place: routes are equal without regard to it.
        /// </summary>
        public EmailAddress? Address { get; init; }

        /// <inheritdoc/>
        public bool Equals(Local? other) => other is not null && Account == other.Account && Mailbox == other.Mailbox;

        /// <inheritdoc/>
        public override int GetHashCode() => HashCode.Combine(Account, Mailbox);
    }

    /// <summary>To other addresses, which are routed in turn.</summary>
    public sealed record Expand(IReadOnlyList<RecipientRoute> Targets) : RecipientRoute;

    /// <summary>To the host's own code.</summary>
    public sealed record Handler(IMessageDelivery Delivery) : RecipientRoute;

    /// <summary>To another server, by the queue; <paramref name="Via"/> null means that the relay finds the way by the address's domain.</summary>
    public sealed record Relay(EmailAddress Address, NextHop? Via = null) : RecipientRoute;

    /// <summary>Nowhere: this is the answer to RCPT.</summary>
    public sealed record Refuse(SmtpReply Reply) : RecipientRoute;
}

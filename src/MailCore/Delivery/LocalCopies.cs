using MailCore.Messaging;
using MailCore.Storage;

namespace MailCore.Delivery;

/// <summary>Makes the changes that put one message into accounts.</summary>
/// <param name="transaction">Who brought it.</param>
/// <param name="message">Its octets.</param>
/// <param name="key">Its DeliveryKey in an inbox.</param>
internal sealed class LocalCopies(MailTransaction transaction, InboundMessage message, string key)
{
    public MailTransaction Transaction => transaction;

    public LocalMessage Describe(LocalTarget target) => new(transaction, message, target.Route, target.Address);

    /// <summary>Into the mailbox that the route names, or the one for junk. Leaves the target without changes where none can be found.</summary>
    public async ValueTask MakeAsync(MailAccount account, LocalTarget target, CancellationToken cancellationToken)
    {
        var name = target.Route.Mailbox;
        var found = transaction.QuarantineReason is null
            ? await DeliveryMailbox.FindAsync(account, name, cancellationToken).ConfigureAwait(false)
            : await JunkMailbox.FindAsync(account, cancellationToken).ConfigureAwait(false);
        if (found is { } mailbox)
        {
            target.Place = transaction.QuarantineReason is null ? name ?? MailboxName.Inbox.Value : "the mailbox for junk";
            target.Changes = [Append(mailbox, target, new MailPlacement(name ?? ""))];
        }
    }

    /// <summary>Into these mailboxes.</summary>
    public async ValueTask MakeAsync(MailAccount account, LocalTarget target, IReadOnlyList<MailPlacement> placements, CancellationToken cancellationToken)
    {
        var changes = new List<StoreChange>();
        var taken = new HashSet<MailboxId>();
        foreach (var placement in placements)
        {
            var found = placement.CreatesMailbox
                ? await DeliveryMailbox.FindOrMakeAsync(account, placement.Mailbox, cancellationToken).ConfigureAwait(false)
                : await DeliveryMailbox.FindAsync(account, placement.Mailbox, cancellationToken).ConfigureAwait(false);
            if (found is { } mailbox && taken.Add(mailbox.Id))
            {
                changes.Add(Append(mailbox, target, placement));
            }
        }

        target.Place = string.Join(", ", placements.Select(static placement => placement.Mailbox));
        target.Changes = changes;
    }

    private AppendMessage Append(Mailbox mailbox, LocalTarget target, MailPlacement placement) => new(
        mailbox.Id,
        message.Content,
        TraceHeader.Build(transaction, target.Address),
        placement.Flags,
        placement.Keywords,
        transaction.ReceivedAt,
        message.Summary)
    {
        DeliveryKey = placement.Mailbox.Length == 0 || placement.Mailbox == MailboxName.Inbox.Value ? key : $"{key}/{placement.Mailbox}",
    };
}

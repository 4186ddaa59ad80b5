using MailCore.Storage;

namespace MailCore.Delivery;

/// <summary>The mailbox that a route or a rule leads to.</summary>
/// <param name="Mailbox">The mailbox.</param>
/// <param name="Name">What it is called, for the trace and the DeliveryKey.</param>
internal readonly record struct DeliveryMailbox(Mailbox Mailbox, string Name)
{
    public static readonly string Inbox = MailboxName.Inbox.Value;

    /// <summary>
    /// The mailbox of this name, or failing that the one whose name differs in case alone, as the part behind a user's "+" may. A name
    /// that leads nowhere keeps no mail from its owner: the inbox takes it.
    /// </summary>
    public static async ValueTask<DeliveryMailbox?> FindAsync(MailAccount account, string? name, CancellationToken cancellationToken)
    {
        if (MailboxName.TryParse(name, out var named) && !named.IsInbox && await FindNamedAsync(account, named, cancellationToken).ConfigureAwait(false) is { } found)
        {
            return found;
        }

        return await account.FindMailboxAsync(MailboxName.Inbox, cancellationToken).ConfigureAwait(false) is { } inbox ? new DeliveryMailbox(inbox, Inbox) : null;
    }

    /// <summary>The same, but made where there is none.</summary>
    public static async ValueTask<DeliveryMailbox?> FindOrMakeAsync(MailAccount account, string name, CancellationToken cancellationToken)
    {
        if (MailboxName.TryParse(name, out var named) && !named.IsInbox && await FindNamedAsync(account, named, cancellationToken).ConfigureAwait(false) is null
            && (await account.CreateMailboxAsync(named, null, cancellationToken).ConfigureAwait(false)).Mailbox is { } made)
        {
            await account.SubscribeAsync(named, on: true, cancellationToken).ConfigureAwait(false);
            return new DeliveryMailbox(made, named.Value);
        }

        // Another delivery may have been faster.
        return await FindAsync(account, name, cancellationToken).ConfigureAwait(false);
    }

    private static async ValueTask<DeliveryMailbox?> FindNamedAsync(MailAccount account, MailboxName name, CancellationToken cancellationToken)
    {
        MailboxInfo? near = null;
        foreach (var info in (await account.SnapshotAsync(cancellationToken).ConfigureAwait(false)).Mailboxes)
        {
            if (info.Name == name.Value)
            {
                return new DeliveryMailbox(account.OpenMailbox(info.Id), info.Name);
            }

            near ??= string.Equals(info.Name, name.Value, StringComparison.OrdinalIgnoreCase) ? info : null;
        }

        return near is null ? null : new DeliveryMailbox(account.OpenMailbox(near.Id), near.Name);
    }
}

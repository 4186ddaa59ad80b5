using MailCore.Storage;

namespace MailCore.Delivery;

/// <summary>Finds the mailbox that a route or a rule names.</summary>
internal static class DeliveryMailbox
{
    /// <summary>
    /// The mailbox of this name, or failing that the one whose name differs in case alone, as the part behind a user's "+" may. A name
    /// that leads nowhere keeps no mail from its owner: the inbox takes it.
    /// </summary>
    public static async ValueTask<Mailbox?> FindAsync(MailAccount account, string? name, CancellationToken cancellationToken) =>
        (MailboxName.TryParse(name, out var named) ? await FindNamedAsync(account, named, cancellationToken).ConfigureAwait(false) : null)
        ?? await account.FindMailboxAsync(MailboxName.Inbox, cancellationToken).ConfigureAwait(false);

    /// <summary>The same, but made where there is none.</summary>
    public static async ValueTask<Mailbox?> FindOrMakeAsync(MailAccount account, string name, CancellationToken cancellationToken)
    {
        if (MailboxName.TryParse(name, out var named) && await FindNamedAsync(account, named, cancellationToken).ConfigureAwait(false) is null
            && (await account.CreateMailboxAsync(named, null, cancellationToken).ConfigureAwait(false)).Mailbox is { } made)
        {
            await account.SubscribeAsync(named, on: true, cancellationToken).ConfigureAwait(false);
            return made;
        }

        // Another delivery may have been faster.
        return await FindAsync(account, name, cancellationToken).ConfigureAwait(false);
    }

    private static async ValueTask<Mailbox?> FindNamedAsync(MailAccount account, MailboxName name, CancellationToken cancellationToken)
    {
        if (name.IsInbox || await account.FindMailboxAsync(name, cancellationToken).ConfigureAwait(false) is not null)
        {
            return await account.FindMailboxAsync(name, cancellationToken).ConfigureAwait(false);
        }

        foreach (var info in (await account.SnapshotAsync(cancellationToken).ConfigureAwait(false)).Mailboxes)
        {
            if (string.Equals(info.Name, name.Value, StringComparison.OrdinalIgnoreCase))
            {
                return account.OpenMailbox(info.Id);
            }
        }

        return null;
    }
}

using MailCore.Storage;

namespace MailCore.Delivery;

/// <summary>Where an account's quarantined mail goes.</summary>
internal static class JunkMailbox
{
    /// <summary>RFC 6154 2.</summary>
    private const string SpecialUse = "\\Junk";

    private static readonly MailboxName Name = MailboxName.Parse("Junk");

    /// <summary>The mailbox whose special use is junk, or the one of that name, made where there is neither; the inbox where none can be made.</summary>
    public static async ValueTask<DeliveryMailbox?> FindAsync(MailAccount account, CancellationToken cancellationToken)
    {
        if (await FindExistingAsync(account, cancellationToken).ConfigureAwait(false) is { } known)
        {
            return known;
        }

        var made = await account.CreateMailboxAsync(Name, SpecialUse, cancellationToken).ConfigureAwait(false);
        if (made.Mailbox is not null)
        {
            await account.SubscribeAsync(Name, on: true, cancellationToken).ConfigureAwait(false);
        }

        // Another delivery may have been faster.
        return made.Mailbox is { } mailbox
            ? new DeliveryMailbox(mailbox, Name.Value)
            : await FindExistingAsync(account, cancellationToken).ConfigureAwait(false)
                ?? await DeliveryMailbox.FindAsync(account, null, cancellationToken).ConfigureAwait(false);
    }

    private static async ValueTask<DeliveryMailbox?> FindExistingAsync(MailAccount account, CancellationToken cancellationToken)
    {
        MailboxInfo? named = null;
        foreach (var info in (await account.SnapshotAsync(cancellationToken).ConfigureAwait(false)).Mailboxes)
        {
            if (string.Equals(info.SpecialUse, SpecialUse, StringComparison.OrdinalIgnoreCase))
            {
                return new DeliveryMailbox(account.OpenMailbox(info.Id), info.Name);
            }

            named = string.Equals(info.Name, Name.Value, StringComparison.OrdinalIgnoreCase) ? info : named;
        }

        return named is null ? null : new DeliveryMailbox(account.OpenMailbox(named.Id), named.Name);
    }
}

using MailCore.Authentication;
using MailCore.Messaging;
using MailCore.Storage;

namespace MailCore.Delivery;

/// <summary>Asks whether who sends a message may post it to the mailbox that its address names (the p right of RFC 4314).</summary>
internal static class PostPermission
{
    /// <summary>
    /// False where the message must go to the inbox instead, as it would if there were no such mailbox: the sender does not learn that there
    /// is one. What the owner's rules do with it afterwards is the owner's doing.
    /// </summary>
    public static async ValueTask<bool> IsGrantedAsync(
        IMailboxAuthorization authorization, MailTransaction transaction, MailAccount account, string mailbox, CancellationToken cancellationToken)
    {
        if (!MailboxName.TryParse(mailbox, out var name) || name.IsInbox)
        {
            return true;
        }

        // As it is looked for: a name that differs in case alone will do.
        var mailboxes = (await account.SnapshotAsync(cancellationToken).ConfigureAwait(false)).Mailboxes;
        var found = mailboxes.FirstOrDefault(info => info.Name == name.Value)
            ?? mailboxes.FirstOrDefault(info => string.Equals(info.Name, name.Value, StringComparison.OrdinalIgnoreCase));
        return found is null || MailboxPermissions.Allows(
            await authorization.GetRightsAsync(SenderOf(transaction.Session), account.Id, found.Name, found.Acl, cancellationToken).ConfigureAwait(false),
            MailboxOperation.Post);
    }

    private static MailIdentity SenderOf(MailSessionInfo session) => session.AuthenticatedAccount is { } account
        ? new MailIdentity(session.AuthenticatedUser ?? account, new AccountId(account))
        : MailIdentity.Anyone;
}

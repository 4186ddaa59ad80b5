using MailCore.Authentication;
using MailCore.Imap.Mailboxes;
using MailCore.Storage;

namespace MailCore.Imap;

internal sealed partial class ImapSession
{
    /// <summary>What the user may do with a mailbox of this name.</summary>
    public ValueTask<MailboxRights> RightsAsync(string name) => Services.Authorization.GetRightsAsync(Identity!, Account.Id, name, Aborted);

    /// <summary>The mailbox of this name, if it is there for this user and all of <paramref name="needed"/> is granted.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="needed">Rights.</param>
    /// <param name="missing">For a mailbox that is not there: TRYCREATE where making it would help.</param>
    public async ValueTask<MailboxAccess> FindMailboxAsync(MailboxName name, MailboxRights needed, string missing = "NONEXISTENT")
    {
        if (await Account.FindMailboxAsync(name, Aborted) is not { } mailbox)
        {
            return new MailboxAccess(null, MailboxRights.None, ImapReply.Rejected(CommitError.NoMailbox, missing));
        }

        var rights = await RightsAsync(name.Value);
        return MailboxAccess.Check(rights, needed, missing) is { } refusal
            ? new MailboxAccess(null, rights, refusal)
            : new MailboxAccess(mailbox, rights, default);
    }

    /// <summary>The account without what the user may not know of.</summary>
    public async ValueTask<AccountSnapshot> SnapshotAsync()
    {
        var snapshot = await Account.SnapshotAsync(Aborted);
        List<MailboxInfo>? visible = null;
        for (var i = 0; i < snapshot.Mailboxes.Count; i++)
        {
            var isVisible = (await RightsAsync(snapshot.Mailboxes[i].Name)).HasFlag(MailboxRights.Lookup);
            if (!isVisible)
            {
                visible ??= [.. snapshot.Mailboxes.Take(i)];
            }
            else
            {
                visible?.Add(snapshot.Mailboxes[i]);
            }
        }

        return visible is null ? snapshot : snapshot with { Mailboxes = visible };
    }
}

using MailCore.Authentication;
using MailCore.Imap.Mailboxes;
using MailCore.Imap.Wire;
using MailCore.Storage;

namespace MailCore.Imap.Commands;

/// <summary>RFC 9208 4.1.2. A name that is no mailbox has the root it would get if it were made.</summary>
internal sealed class GetQuotaRootCommand(MailboxName name) : ImapCommand
{
    public static ImapCommand Parse(ref ImapReader reader)
    {
        reader.Space();
        var name = reader.Mailbox();
        reader.End();
        return new GetQuotaRootCommand(name);
    }

    public override async ValueTask<ImapReply> RunAsync(ImapSession session)
    {
        if (!session.Services.Accounts.Traits.HasFlag(StoreTraits.Quota))
        {
            return ImapReply.Rejected(CommitError.NotSupported);
        }

        // RFC 9208 6: the usage tells of the messages.
        var access = await session.FindMailboxAsync(name, MailboxOperation.ReadQuota);
        if (access.Mailbox is null && (session.Namespaces.Locate(name).Account != session.Account.Id || MailboxPermissions.Allows(access.Rights, MailboxOperation.Lookup)))
        {
            return access.Refusal;
        }

        var account = access.Mailbox?.Account ?? session.Account;
        var writer = session.Writer.Raw("* QUOTAROOT "u8).Mailbox(name.Value);
        QuotaResponse.WriteRoot(writer, account).Line();
        await QuotaResponse.WriteAsync(session, account);
        return ImapReply.Ok("That is the quota");
    }
}

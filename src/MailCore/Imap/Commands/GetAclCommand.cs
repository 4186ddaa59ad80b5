using MailCore.Authentication;
using MailCore.Imap.Mailboxes;
using MailCore.Imap.Wire;
using MailCore.Storage;

namespace MailCore.Imap.Commands;

/// <summary>RFC 4314 3.3.</summary>
internal sealed class GetAclCommand(MailboxName name) : ImapCommand
{
    public static ImapCommand Parse(ref ImapReader reader)
    {
        reader.Space();
        var name = reader.Mailbox();
        reader.End();
        return new GetAclCommand(name);
    }

    public override async ValueTask<ImapReply> RunAsync(ImapSession session)
    {
        if (!session.Services.HasAcl)
        {
            return ImapReply.Rejected(CommitError.NotSupported);
        }

        var access = await session.FindMailboxAsync(name, MailboxOperation.Administer);
        if (access.Mailbox is not { } mailbox)
        {
            return access.Refusal;
        }

        if (await mailbox.GetInfoAsync(session.Aborted) is not { } info)
        {
            return ImapReply.Rejected(CommitError.NoMailbox);
        }

        AclResponse.WriteAcl(session.Writer, name.Value, mailbox.Account.Id, info.Acl);
        return ImapReply.Ok("That is the list");
    }
}

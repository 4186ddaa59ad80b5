using MailCore.Authentication;
using MailCore.Imap.Mailboxes;
using MailCore.Imap.Wire;
using MailCore.Storage;

namespace MailCore.Imap.Commands;

/// <summary>RFC 4314 3.5.</summary>
internal sealed class MyRightsCommand(MailboxName name) : ImapCommand
{
    public static ImapCommand Parse(ref ImapReader reader)
    {
        reader.Space();
        var name = reader.Mailbox();
        reader.End();
        return new MyRightsCommand(name);
    }

    public override async ValueTask<ImapReply> RunAsync(ImapSession session)
    {
        if (!session.Services.HasAcl)
        {
            return ImapReply.Rejected(CommitError.NotSupported);
        }

        var access = await session.FindMailboxAsync(name, MailboxOperation.Lookup);
        if (access.Mailbox is null)
        {
            return access.Refusal;
        }

        AclResponse.WriteMyRights(session.Writer, name.Value, access.Rights);
        return ImapReply.Ok("These are yours");
    }
}

using MailCore.Authentication;
using MailCore.Imap.Mailboxes;
using MailCore.Imap.Wire;
using MailCore.Storage;

namespace MailCore.Imap.Commands;

/// <summary>RFC 4314 3.4: every right can be granted by itself, and the owner has them all.</summary>
internal sealed class ListRightsCommand(MailboxName name, string identifier) : ImapCommand
{
    public static ImapCommand Parse(ref ImapReader reader)
    {
        reader.Space();
        var name = reader.Mailbox();
        reader.Space();
        var identifier = reader.AclIdentifier();
        reader.End();
        return new ListRightsCommand(name, identifier);
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

        var isOwner = identifier.Equals(mailbox.Account.Id.Value, StringComparison.OrdinalIgnoreCase);
        AclResponse.WriteListRights(session.Writer, name.Value, identifier, isOwner);
        return ImapReply.Ok("These can be granted");
    }
}

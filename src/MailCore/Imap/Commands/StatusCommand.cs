using MailCore.Authentication;
using MailCore.Imap.Mailboxes;
using MailCore.Imap.Wire;
using MailCore.Storage;

namespace MailCore.Imap.Commands;

/// <summary>RFC 3501 6.3.10.</summary>
internal sealed class StatusCommand(MailboxName name, List<StatusItem> items) : ImapCommand
{
    public static ImapCommand Parse(ref ImapReader reader)
    {
        reader.Space();
        var name = reader.Mailbox();
        reader.Space();
        var items = reader.StatusItems();
        reader.End();
        return new StatusCommand(name, items);
    }

    public override async ValueTask<ImapReply> RunAsync(ImapSession session)
    {
        var access = await session.FindMailboxAsync(name, MailboxOperation.Read);
        if (access.Mailbox is not { } mailbox)
        {
            return access.Refusal;
        }

        if (await mailbox.GetInfoAsync(session.Aborted) is not { } info)
        {
            return ImapReply.No("There is no such mailbox", "NONEXISTENT");
        }

        await StatusResponse.WriteAsync(session, new VisibleMailbox(mailbox, info with { Name = name.Value }, access.Rights), items);
        return ImapReply.Ok("That is the status");
    }
}

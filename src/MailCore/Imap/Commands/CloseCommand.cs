using MailCore.Authentication;
using MailCore.Imap.Wire;
using MailCore.Storage;

namespace MailCore.Imap.Commands;

/// <summary>CLOSE (RFC 3501 6.4.2), which expunges and says nothing of it, and UNSELECT (RFC 3691), which does not.</summary>
internal sealed class CloseCommand(bool expunges) : ImapCommand
{
    public static ImapCommand Parse(ref ImapReader reader)
    {
        reader.End();
        return new CloseCommand(expunges: true);
    }

    public static ImapCommand ParseUnselect(ref ImapReader reader)
    {
        reader.End();
        return new CloseCommand(expunges: false);
    }

    public override async ValueTask<ImapReply> RunAsync(ImapSession session)
    {
        var selection = session.Selection!;
        if (expunges && !selection.IsReadOnly && selection.Allows(MailboxOperation.Expunge))
        {
            var deleted = await selection.DeletedAsync(UidSet.All, session.Aborted);
            if (deleted.Length > 0 && await selection.Mailbox.ExpungeAsync(deleted, session.Aborted) is { Succeeded: false } failed)
            {
                return ImapReply.Rejected(failed.Error);
            }
        }

        session.Select(null);
        return ImapReply.Ok("Closed");
    }
}

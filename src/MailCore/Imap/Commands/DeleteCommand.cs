using MailCore.Authentication;
using MailCore.Imap.Wire;
using MailCore.Storage;

namespace MailCore.Imap.Commands;

/// <summary>RFC 3501 6.3.4. Mailboxes below stay, and the name then stands in LIST as one that can't be selected.</summary>
internal sealed class DeleteCommand(MailboxName name) : ImapCommand
{
    public static ImapCommand Parse(ref ImapReader reader)
    {
        reader.Space();
        var name = reader.Mailbox();
        reader.End();
        return new DeleteCommand(name);
    }

    public override async ValueTask<ImapReply> RunAsync(ImapSession session)
    {
        if (name.IsInbox)
        {
            return ImapReply.No("The inbox can't be deleted", "CANNOT");
        }

        var access = await session.FindMailboxAsync(name, MailboxOperation.DeleteMailbox);
        if (access.Mailbox is not { } mailbox)
        {
            if (MailboxPermissions.Allows(access.Rights, MailboxOperation.Lookup))
            {
                return access.Refusal;
            }

            var (visible, _) = await session.ListMailboxesAsync(session.Namespaces.MayLeadToOthers(name.Value));
            return visible.Any(mailbox => MailboxName.TryParse(mailbox.Info.Name, out var other) && other.IsBelow(name))
                ? ImapReply.No("There are mailboxes below this name", "HASCHILDREN")
                : ImapReply.No("There is no such mailbox", "NONEXISTENT");
        }

        if (session.Selection is { } selected && selected.Mailbox.Id == mailbox.Id)
        {
            session.Select(null);
        }

        var result = await mailbox.Account.DeleteMailboxAsync(mailbox.Id, session.Aborted);
        session.Watch?.NoteOwn(name);
        return result.Succeeded ? ImapReply.Ok("Deleted") : ImapReply.Rejected(result.Error);
    }
}

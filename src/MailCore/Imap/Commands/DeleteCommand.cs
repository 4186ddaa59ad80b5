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

        var access = await session.FindMailboxAsync(name, MailboxRights.DeleteMailbox);
        if (access.Mailbox is not { } mailbox)
        {
            var snapshot = await session.SnapshotAsync();
            return access.Rights.HasFlag(MailboxRights.Lookup) ? access.Refusal : snapshot.Mailboxes.Any(info => MailboxName.TryParse(info.Name, out var other) && other.IsBelow(name))
                ? ImapReply.No("There are mailboxes below this name", "HASCHILDREN")
                : ImapReply.No("There is no such mailbox", "NONEXISTENT");
        }

        if (session.Selection is { } selected && selected.Mailbox.Id == mailbox.Id)
        {
            session.Select(null);
        }

        var result = await session.Account.DeleteMailboxAsync(mailbox.Id, session.Aborted);
        session.Watch?.NoteOwn(name);
        return result.Succeeded ? ImapReply.Ok("Deleted") : ImapReply.Rejected(result.Error);
    }
}

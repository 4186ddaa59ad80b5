using MailCore.Authentication;
using MailCore.Imap.Wire;
using MailCore.Storage;

namespace MailCore.Imap.Commands;

/// <summary>RFC 3501 6.3.5. Renaming the inbox moves its messages into a new mailbox.</summary>
internal sealed class RenameCommand(MailboxName from, MailboxName to) : ImapCommand
{
    public static ImapCommand Parse(ref ImapReader reader)
    {
        reader.Space();
        var from = reader.Mailbox();
        reader.Space();
        var to = reader.Mailbox(mayEndInSeparator: true);
        reader.End();
        return new RenameCommand(from, to);
    }

    public override async ValueTask<ImapReply> RunAsync(ImapSession session)
    {
        if (to.IsBelow(from) && !from.IsInbox)
        {
            return ImapReply.No("A mailbox can't move below itself", "CANNOT");
        }

        if (!(await session.RightsAsync(to.Value)).HasFlag(MailboxRights.Create))
        {
            return ImapReply.Rejected(CommitError.NoPermission);
        }

        if (from.IsInbox)
        {
            return await MoveInboxAsync(session);
        }

        var changes = Changes(await session.SnapshotAsync());
        if (changes.Count == 0)
        {
            return ImapReply.No("There is no such mailbox", "NONEXISTENT");
        }

        if (!(await session.RightsAsync(from.Value)).HasFlag(MailboxRights.DeleteMailbox))
        {
            return ImapReply.Rejected(CommitError.NoPermission);
        }

        var result = await session.Account.CommitAsync(changes, session.Aborted);
        if (result.Error != CommitError.None)
        {
            return ImapReply.Rejected(result.Error);
        }

        session.Watch?.NoteOwn(to);
        if (session.Has(ImapFeatures.Rev2))
        {
            // RFC 9051 6.3.6.
            session.Writer.Raw("* LIST () \"/\" "u8).Mailbox(to.Value).Raw(" (\"OLDNAME\" ("u8).Mailbox(from.Value).Raw("))"u8).Line();
        }

        return ImapReply.Ok("Renamed");
    }

    // A name that has mailboxes below it and is none itself is renamed by renaming those; each takes along what is below it.
    private List<StoreChange> Changes(AccountSnapshot snapshot)
    {
        var renamed = new List<MailboxName>();
        var changes = new List<StoreChange>();
        foreach (var info in snapshot.Mailboxes.OrderBy(static info => info.Name.Length))
        {
            if (!MailboxName.TryParse(info.Name, out var name) || (name != from && !name.IsBelow(from)) || renamed.Exists(name.IsBelow))
            {
                continue;
            }

            renamed.Add(name);
            changes.Add(new RenameMailbox(info.Id, to.Value + name.Value[from.Value.Length..]));
        }

        return changes;
    }

    private async ValueTask<ImapReply> MoveInboxAsync(ImapSession session)
    {
        var access = await session.FindMailboxAsync(from, MailboxRights.Read | MailboxRights.DeleteMessages | MailboxRights.Expunge);
        if (access.Mailbox is not { } inbox)
        {
            return access.Refusal;
        }

        if (await inbox.OpenViewAsync(session.Aborted) is not { } view)
        {
            return ImapReply.No("There is no such mailbox", "NONEXISTENT");
        }

        var created = await session.Account.CreateMailboxAsync(to, cancellationToken: session.Aborted);
        if (created.Mailbox is not { } target)
        {
            return ImapReply.Rejected(created.Error);
        }

        session.Watch?.NoteOwn(to);
        var moved = await inbox.MoveAsync(view.State.Intersect(UidSet.All), target.Id, session.Aborted);
        if (moved.Succeeded)
        {
            return ImapReply.Ok("The messages were moved");
        }

        await session.Account.DeleteMailboxAsync(target.Id, session.Aborted);
        return ImapReply.Rejected(moved.Error);
    }
}

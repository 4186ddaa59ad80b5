using MailCore.Authentication;
using MailCore.Imap.Mailboxes;
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

        if (session.Namespaces.Locate(from).Account != session.Namespaces.Locate(to).Account)
        {
            return ImapReply.No("A mailbox can't move to another account", "CANNOT");
        }

        var vacancy = await session.FindVacancyAsync(to);
        if (vacancy.Account is not { } account)
        {
            return vacancy.Refusal;
        }

        if (from.IsInbox)
        {
            return await MoveInboxAsync(session);
        }

        var renamed = Renamed((await session.ListMailboxesAsync(account != session.Account)).Mailboxes);
        if (renamed.Count == 0)
        {
            return ImapReply.No("There is no such mailbox", "NONEXISTENT");
        }

        if (!renamed.TrueForAll(static mailbox => MailboxPermissions.Allows(mailbox.Rights, MailboxOperation.DeleteMailbox)))
        {
            return ImapReply.Rejected(CommitError.NoPermission);
        }

        var result = await account.CommitAsync(
            [.. renamed.Select(mailbox => new RenameMailbox(mailbox.Info.Id, vacancy.Name.Value + mailbox.Info.Name[from.Value.Length..]))], session.Aborted);
        if (result.Error != CommitError.None)
        {
            return await session.RefuseNameAsync(result.Error, to);
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
    private List<VisibleMailbox> Renamed(IReadOnlyList<VisibleMailbox> visible)
    {
        var names = new List<MailboxName>();
        var renamed = new List<VisibleMailbox>();
        foreach (var mailbox in visible.OrderBy(static mailbox => mailbox.Info.Name.Length))
        {
            if (!MailboxName.TryParse(mailbox.Info.Name, out var name) || (name != from && !name.IsBelow(from)) || names.Exists(name.IsBelow))
            {
                continue;
            }

            names.Add(name);
            renamed.Add(mailbox);
        }

        return renamed;
    }

    private async ValueTask<ImapReply> MoveInboxAsync(ImapSession session)
    {
        var access = await session.FindMailboxAsync(from, MailboxOperation.Remove);
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
            return await session.RefuseNameAsync(created.Error, to);
        }

        session.Watch?.NoteOwn(to);
        if (await inbox.ReadMetadataAsync(session.Aborted) is { Count: > 0 } entries)
        {
            // RFC 5464 4.1: they stay with the inbox as well.
            await target.SetMetadataAsync([.. entries.Select(static entry => (entry.Entry, (byte[]?)entry.Value.ToArray()))], session.Aborted);
        }

        var moved = await inbox.MoveAsync(view.State.Intersect(UidSet.All), target.Id, session.Aborted);
        if (moved.Succeeded)
        {
            return ImapReply.Ok("The messages were moved");
        }

        await session.Account.DeleteMailboxAsync(target.Id, session.Aborted);
        return ImapReply.Rejected(moved.Error);
    }
}

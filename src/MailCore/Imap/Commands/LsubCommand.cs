using MailCore.Imap.Mailboxes;
using MailCore.Imap.Wire;

namespace MailCore.Imap.Commands;

/// <summary>RFC 3501 6.3.9, with \HasChildren (RFC 3348) and special uses (RFC 6154).</summary>
internal sealed class LsubCommand(ListPattern? pattern) : ImapCommand
{
    public static ImapCommand Parse(ref ImapReader reader)
    {
        reader.Space();
        var reference = reader.Astring();
        reader.Space();
        var mailbox = reader.ListMailbox();
        reader.End();
        // An empty pattern asks for the separator.
        return new LsubCommand(mailbox.IsEmpty ? null : new ListPattern([.. reference, .. mailbox], reader.ReadsUtf8Names));
    }

    public override async ValueTask<ImapReply> RunAsync(ImapSession session)
    {
        if (pattern is null)
        {
            session.Writer.Raw("* LSUB (\\Noselect) \"/\" \"\""u8).Line();
            return ImapReply.Ok("That is the separator");
        }

        var tree = new MailboxTree(
            await session.ListMailboxesAsync(session.Namespaces.MayLeadToOthers(pattern.Beginning)), ListSelection.Subscribed);
        foreach (var name in pattern.EndsInPercent ? tree.SelectedAndAbove : tree.Selected)
        {
            if (pattern.Matches(name))
            {
                Write(session.Writer, tree, name);
                if (session.Writer.WantsFlush)
                {
                    await session.Writer.FlushAsync(session.Aborted);
                }
            }
        }

        return ImapReply.Ok("That is all");
    }

    private static void Write(ImapWriter writer, MailboxTree tree, string name)
    {
        // \Noselect says that there are subscriptions below, not that the mailbox is missing.
        var isSubscribed = tree.IsSubscribed(name);
        writer.Raw("* LSUB ("u8).Raw(isSubscribed ? ""u8 : "\\Noselect "u8).Raw(tree.HasChildren(name) ? "\\HasChildren"u8 : "\\HasNoChildren"u8);
        if (isSubscribed && tree.Find(name)?.Info.SpecialUse is { } use)
        {
            writer.Raw(" "u8).Raw(use);
        }

        writer.Raw(") \"/\" "u8).Mailbox(name).Line();
    }
}

using System.Text;
using MailCore.Imap.Wire;
using MailCore.Storage;

namespace MailCore.Imap.Commands;

/// <summary>RFC 3501 6.3.10.</summary>
internal sealed class StatusCommand(MailboxName name, List<StatusCommand.Item> items) : ImapCommand
{
    internal enum Item
    {
        Messages,
        Recent,
        UidNext,
        UidValidity,
        Unseen,
    }

    public static ImapCommand Parse(ref ImapReader reader)
    {
        reader.Space();
        var name = reader.Mailbox();
        reader.Space();
        reader.OpenList();
        var items = new List<Item>();
        do
        {
            var start = reader.Position;
            var word = reader.Word();
            Item? item =
                Ascii.EqualsIgnoreCase(word, "MESSAGES"u8) ? Item.Messages
                : Ascii.EqualsIgnoreCase(word, "RECENT"u8) ? Item.Recent
                : Ascii.EqualsIgnoreCase(word, "UIDNEXT"u8) ? Item.UidNext
                : Ascii.EqualsIgnoreCase(word, "UIDVALIDITY"u8) ? Item.UidValidity
                : Ascii.EqualsIgnoreCase(word, "UNSEEN"u8) ? Item.Unseen
                : null;
            if (item is null)
            {
                reader.Fail("there is no such status item", start);
            }
            else if (!items.Contains(item.Value))
            {
                items.Add(item.Value);
            }
        }
        while (!reader.Failed && reader.NextElement());

        reader.End();
        return new StatusCommand(name, items);
    }

    public override async ValueTask<ImapReply> RunAsync(ImapSession session)
    {
        if (await session.Account.FindMailboxAsync(name, session.Aborted) is not { } mailbox
            || await mailbox.GetInfoAsync(session.Aborted) is not { } info)
        {
            return ImapReply.No("There is no such mailbox", "NONEXISTENT");
        }

        var recent = items.Contains(Item.Recent) ? await CountRecentAsync(mailbox, info, session.Aborted) : 0;
        var writer = session.Writer.Raw("* STATUS "u8).Mailbox(info.Name).Raw(" ("u8);
        for (var i = 0; i < items.Count; i++)
        {
            writer.Raw(i > 0 ? " "u8 : ""u8);
            _ = items[i] switch
            {
                Item.Messages => writer.Raw("MESSAGES "u8).Number(info.Messages),
                Item.Recent => writer.Raw("RECENT "u8).Number(recent),
                Item.UidNext => writer.Raw("UIDNEXT "u8).Number(info.UidNext.Value),
                Item.UidValidity => writer.Raw("UIDVALIDITY "u8).Number(info.UidValidity),
                _ => writer.Raw("UNSEEN "u8).Number(info.Unseen),
            };
        }

        writer.Raw(")"u8).Line();
        return ImapReply.Ok("That is the status");
    }

    private static async ValueTask<int> CountRecentAsync(Mailbox mailbox, MailboxInfo info, CancellationToken cancellationToken) =>
        info.RecentFrom < info.UidNext && await mailbox.OpenViewAsync(cancellationToken) is { } view
            ? view.State.Count - view.State.LowerBound(info.RecentFrom)
            : 0;
}

using MailCore.Imap.Wire;
using MailCore.Storage;

namespace MailCore.Imap.Commands;

/// <summary>LIST and LSUB (RFC 3501 6.3.8, 6.3.9), with \HasChildren (RFC 3348) and special uses (RFC 6154).</summary>
internal sealed class ListCommand(ListPattern? pattern, bool ofSubscriptions) : ImapCommand
{
    public static ImapCommand Parse(ref ImapReader reader) => Parse(ref reader, ofSubscriptions: false);

    public static ImapCommand ParseSubscribed(ref ImapReader reader) => Parse(ref reader, ofSubscriptions: true);

    public override async ValueTask<ImapReply> RunAsync(ImapSession session)
    {
        if (pattern is null)
        {
            session.Writer.Raw(ofSubscriptions ? "* LSUB "u8 : "* LIST "u8).Raw("(\\Noselect) \"/\" \"\""u8).Line();
            return ImapReply.Ok("That is the separator");
        }

        var snapshot = await session.Account.SnapshotAsync(session.Aborted);
        var mailboxes = snapshot.Mailboxes.ToDictionary(static info => info.Name);
        var names = ofSubscriptions ? snapshot.Subscriptions : snapshot.Mailboxes.Select(static info => info.Name);
        var own = names.ToHashSet(StringComparer.Ordinal);
        var parents = Parents(own);
        var parentsOfMailboxes = ofSubscriptions ? Parents(mailboxes.Keys) : parents;
        foreach (var name in own.Union(parents).Order(StringComparer.Ordinal))
        {
            var isOwn = own.Contains(name);
            if ((isOwn || !ofSubscriptions || pattern.EndsInPercent) && pattern.Matches(name))
            {
                // To LSUB, \Noselect says that there are subscriptions below, not that the mailbox is missing.
                var info = isOwn ? mailboxes.GetValueOrDefault(name) : null;
                Write(session.Writer, name, info, hasChildren: parentsOfMailboxes.Contains(name), canSelect: ofSubscriptions ? isOwn : info is not null);
                if (session.Writer.WantsFlush)
                {
                    await session.Writer.FlushAsync(session.Aborted);
                }
            }
        }

        return ImapReply.Ok("That is all");
    }

    private static ListCommand Parse(ref ImapReader reader, bool ofSubscriptions)
    {
        reader.Space();
        var reference = reader.Astring();
        reader.Space();
        var mailbox = reader.ListMailbox();
        reader.End();
        // An empty pattern asks for the separator.
        return new ListCommand(mailbox.IsEmpty ? null : new ListPattern([.. reference, .. mailbox]), ofSubscriptions);
    }

    private static HashSet<string> Parents(IEnumerable<string> names)
    {
        var parents = new HashSet<string>(StringComparer.Ordinal);
        foreach (var name in names)
        {
            for (var cut = name.LastIndexOf('/'); cut > 0 && parents.Add(name[..cut]); cut = name.LastIndexOf('/', cut - 1))
            {
            }
        }

        return parents;
    }

    private void Write(ImapWriter writer, string name, MailboxInfo? info, bool hasChildren, bool canSelect)
    {
        writer.Raw(ofSubscriptions ? "* LSUB ("u8 : "* LIST ("u8);
        if (!canSelect)
        {
            writer.Raw("\\Noselect "u8);
        }

        writer.Raw(hasChildren ? "\\HasChildren"u8 : "\\HasNoChildren"u8);
        if (info?.SpecialUse is { } use)
        {
            writer.Raw(" "u8).Raw(use);
        }

        writer.Raw(") \"/\" "u8).Mailbox(name).Line();
    }
}

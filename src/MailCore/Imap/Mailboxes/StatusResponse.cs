using MailCore.Imap.Wire;
using MailCore.Storage;

namespace MailCore.Imap.Mailboxes;

/// <summary>The STATUS response (RFC 3501 7.2.4), of STATUS and of LIST (RFC 5819).</summary>
internal static class StatusResponse
{
    public static async ValueTask WriteAsync(ImapSession session, VisibleMailbox mailbox, IReadOnlyList<StatusItem> items)
    {
        var info = mailbox.Info;
        if (items.Contains(StatusItem.HighestModSeq))
        {
            session.Enable(ImapFeatures.CondStore);
        }

        var recent = items.Contains(StatusItem.Recent) ? await CountRecentAsync(session, mailbox) : 0;
        var deleted = items.Contains(StatusItem.DeletedStorage) ? await CountDeletedAsync(session, mailbox) : 0;
        Write(session.Writer, info, items, new StatusNumbers(session.Options.AppendLimit, recent, deleted));
    }

    /// <summary>As <see cref="WriteAsync"/>, where all that is to be told is known.</summary>
    public static void Write(ImapWriter writer, MailboxInfo info, IReadOnlyList<StatusItem> items, StatusNumbers numbers = default)
    {
        writer.Raw("* STATUS "u8).Mailbox(info.Name).Raw(" ("u8);
        for (var i = 0; i < items.Count; i++)
        {
            writer.Raw(i > 0 ? " "u8 : ""u8);
            _ = items[i] switch
            {
                StatusItem.Messages => writer.Raw("MESSAGES "u8).Number(info.Messages),
                StatusItem.Recent => writer.Raw("RECENT "u8).Number(numbers.Recent),
                StatusItem.UidNext => writer.Raw("UIDNEXT "u8).Number(info.UidNext.Value),
                StatusItem.UidValidity => writer.Raw("UIDVALIDITY "u8).Number(info.UidValidity),
                StatusItem.Unseen => writer.Raw("UNSEEN "u8).Number(info.Unseen),
                StatusItem.Size => writer.Raw("SIZE "u8).Number(info.Bytes),
                StatusItem.AppendLimit => writer.Raw("APPENDLIMIT "u8).Number(numbers.AppendLimit),
                StatusItem.HighestModSeq => writer.Raw("HIGHESTMODSEQ "u8).Number(Math.Max(1, info.HighestModSeq.Value)),
                StatusItem.DeletedStorage => writer.Raw("DELETED-STORAGE "u8).Number(numbers.DeletedOctets),
                StatusItem.Deleted => writer.Raw("DELETED "u8).Number(info.Deleted),
                _ => writer.Raw("MAILBOXID ("u8).Raw(info.Id.Value).Raw(")"u8),
            };
        }

        writer.Raw(")"u8).Line();
    }

    private static async ValueTask<int> CountRecentAsync(ImapSession session, VisibleMailbox mailbox) =>
        mailbox.Info.RecentFrom < mailbox.Info.UidNext && await mailbox.Mailbox.OpenViewAsync(session.Aborted) is { } view
            ? view.State.Count - view.State.LowerBound(mailbox.Info.RecentFrom)
            : 0;

    // Octets that an EXPUNGE would free.
    private static async ValueTask<long> CountDeletedAsync(ImapSession session, VisibleMailbox mailbox)
    {
        if (mailbox.Info.Deleted == 0 || await mailbox.Mailbox.OpenViewAsync(session.Aborted) is not { } view)
        {
            return 0;
        }

        var octets = 0L;
        foreach (var segment in view.State.Segments)
        {
            for (var row = 0; row < segment.Count; row++)
            {
                octets += (segment.Flags[row] & (ulong)SystemFlags.Deleted) != 0 ? segment.Sizes[row] : 0;
            }
        }

        return octets;
    }

    /// <summary>What the mailbox's own numbers do not tell.</summary>
    internal readonly record struct StatusNumbers(long AppendLimit, int Recent, long DeletedOctets);
}

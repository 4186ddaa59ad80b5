using MailCore.Imap.Wire;
using MailCore.Storage;

namespace MailCore.Imap.Commands;

/// <summary>SELECT and EXAMINE (RFC 3501 6.3.1, 6.3.2).</summary>
internal sealed class SelectCommand(MailboxName? name, bool isReadOnly) : ImapCommand
{
    public static ImapCommand Parse(ref ImapReader reader) => Parse(ref reader, isReadOnly: false);

    public static ImapCommand ParseExamine(ref ImapReader reader) => Parse(ref reader, isReadOnly: true);

    public override async ValueTask<ImapReply> RunAsync(ImapSession session)
    {
        // Even a SELECT that fails closes the mailbox before it.
        session.Select(null);
        if (name is not { } known)
        {
            return ImapReader.NoName;
        }

        if (await session.Account.FindMailboxAsync(known, session.Aborted) is not { } mailbox
            || await ImapSelection.OpenAsync(mailbox, isReadOnly, session) is not { } selection)
        {
            return ImapReply.No("There is no such mailbox", "NONEXISTENT");
        }

        session.Select(selection);
        Describe(session, selection);
        return selection.IsReadOnly ? ImapReply.Ok("Opened to read", "READ-ONLY") : ImapReply.Ok("Opened", "READ-WRITE");
    }

    private static SelectCommand Parse(ref ImapReader reader, bool isReadOnly)
    {
        reader.Space();
        var name = reader.MailboxOrNull();
        reader.End();
        return new SelectCommand(name, isReadOnly);
    }

    private static void Describe(ImapSession session, ImapSelection selection)
    {
        var writer = session.Writer;
        var state = selection.Messages.State;
        selection.WriteFlagNames(writer);
        writer.Untagged(state.Count).Raw("EXISTS"u8).Line();
        writer.Untagged(selection.Messages.RecentCount).Raw("RECENT"u8).Line();
        if (FirstUnseen(state) is var unseen and > 0)
        {
            writer.Raw("* OK [UNSEEN "u8).Number(unseen).Raw("] First unseen message"u8).Line();
        }

        writer.Raw("* OK [UIDVALIDITY "u8).Number(state.Info.UidValidity).Raw("] UIDs are valid"u8).Line();
        writer.Raw("* OK [UIDNEXT "u8).Number(state.Info.UidNext.Value).Raw("] Next UID"u8).Line();
        writer.Raw("* OK [MAILBOXID ("u8).Raw(state.Info.Id.Value).Raw(")] Mailbox"u8).Line();
    }

    private static int FirstUnseen(MailboxViewState state)
    {
        var before = 0;
        foreach (var segment in state.Segments)
        {
            for (var row = 0; row < segment.Count; row++)
            {
                if ((segment.Flags[row] & (ulong)SystemFlags.Seen) == 0)
                {
                    return before + row + 1;
                }
            }

            before += segment.Count;
        }

        return 0;
    }
}

using MailCore.Authentication;
using MailCore.Imap.Wire;
using MailCore.Storage;

namespace MailCore.Imap.Commands;

/// <summary>SELECT and EXAMINE (RFC 3501 6.3.1, 6.3.2), with CONDSTORE and QRESYNC (RFC 7162 3.1.8, 3.2.5).</summary>
internal sealed class SelectCommand(MailboxName? name, SelectParameters parameters, bool isReadOnly) : ImapCommand
{
    public static ImapCommand Parse(ref ImapReader reader) => Parse(ref reader, isReadOnly: false);

    public static ImapCommand ParseExamine(ref ImapReader reader) => Parse(ref reader, isReadOnly: true);

    public override async ValueTask<ImapReply> RunAsync(ImapSession session)
    {
        if (parameters.Resync is not null && !session.Has(ImapFeatures.QResync))
        {
            return ImapReply.Bad("QRESYNC is for those who enabled it");
        }

        // Even a SELECT that fails closes the mailbox before it.
        if (session.Selection is not null)
        {
            session.Select(null);
            session.Writer.Raw("* OK [CLOSED] The mailbox before is closed"u8).Line();
        }

        if (name is not { } known)
        {
            return ImapReader.NoName;
        }

        var access = await session.FindMailboxAsync(known, MailboxOperation.Read);
        if (access.Mailbox is null)
        {
            return access.Refusal;
        }

        if (await ImapSelection.OpenAsync(access, isReadOnly, session) is not { } selection)
        {
            return ImapReply.No("There is no such mailbox", "NONEXISTENT");
        }

        if (parameters.CondStore)
        {
            session.Enable(ImapFeatures.CondStore);
        }

        session.Select(selection);
        Describe(session, selection);
        if (parameters.Resync is { } resync)
        {
            await selection.ResyncAsync(session, resync);
        }

        return selection.IsReadOnly ? ImapReply.Ok("Opened to read", "READ-ONLY") : ImapReply.Ok("Opened", "READ-WRITE");
    }

    private static SelectCommand Parse(ref ImapReader reader, bool isReadOnly)
    {
        reader.Space();
        var name = reader.MailboxOrNull();
        var parameters = reader.SelectParameters();
        reader.End();
        return new SelectCommand(name, parameters, isReadOnly);
    }

    private static void Describe(ImapSession session, ImapSelection selection)
    {
        var writer = session.Writer;
        var state = selection.Messages.State;
        selection.WriteFlagNames(writer);
        selection.WriteCounts(writer);
        if (!session.Has(ImapFeatures.Rev2 | ImapFeatures.UidOnly) && FirstUnseen(state) is var unseen and > 0)
        {
            writer.Raw("* OK [UNSEEN "u8).Number(unseen).Raw("] First unseen message"u8).Line();
        }

        writer.Raw("* OK [UIDVALIDITY "u8).Number(state.Info.UidValidity).Raw("] UIDs are valid"u8).Line();
        writer.Raw("* OK [UIDNEXT "u8).Number(state.Info.UidNext.Value).Raw("] Next UID"u8).Line();
        writer.Raw("* OK [MAILBOXID ("u8).Raw(state.Info.Id.Value).Raw(")] Mailbox"u8).Line();
        selection.WriteHighestModSeq(writer, "The last change"u8);
        if (session.Has(ImapFeatures.Rev2))
        {
            // RFC 9051 6.3.2: the name as the server has it.
            writer.Raw("* LIST () \"/\" "u8).Mailbox(selection.Name).Line();
        }
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

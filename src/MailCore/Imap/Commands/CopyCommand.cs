using MailCore.Authentication;
using MailCore.Imap.Wire;
using MailCore.Storage;

namespace MailCore.Imap.Commands;

/// <summary>COPY (RFC 3501 6.4.7) and MOVE (RFC 6851), all or nothing but for the limit of RFC 9738.</summary>
internal sealed class CopyCommand(NumberSet numbers, MailboxName target, bool areUids, bool moves) : ImapCommand
{
    // EXPUNGE is what MOVE does; COPY by message number is not among the commands that it must not interrupt.
    public static ImapCommand Parse(ref ImapReader reader) => Parse(ref reader, areUids: false, moves: false);

    public static ImapCommand ParseUid(ref ImapReader reader) => Parse(ref reader, areUids: true, moves: false);

    public static ImapCommand ParseMove(ref ImapReader reader) => Parse(ref reader, areUids: false, moves: true);

    public static ImapCommand ParseUidMove(ref ImapReader reader) => Parse(ref reader, areUids: true, moves: true);

    public override async ValueTask<ImapReply> RunAsync(ImapSession session)
    {
        var selection = session.Selection!;
        if (moves && selection.IsReadOnly)
        {
            return ImapReply.No("The mailbox is open to read only", "READ-ONLY");
        }

        if (moves && !selection.Allows(MailboxOperation.Remove))
        {
            return ImapReply.Rejected(CommitError.NoPermission);
        }

        // All or nothing: what has departed must be known of.
        if (!await selection.SyncAsync(session, mayExpunge: false))
        {
            return ImapReply.Rejected(CommitError.NoMailbox);
        }

        if (!selection.Messages.TryResolve(numbers, areUids, out var set))
        {
            return ImapReply.Bad("There is no message of this number");
        }

        var passesOver = areUids || numbers.IsSaved;
        var uids = selection.Messages.UidsOf(set, out var departed);
        if (departed > 0 && !passesOver)
        {
            return ImapReply.No("Some of the messages were expunged", "EXPUNGEISSUED");
        }

        var access = await session.FindMailboxAsync(target, MailboxOperation.Insert, "TRYCREATE");
        if (access.Mailbox is not { } mailbox)
        {
            return access.Refusal;
        }

        if (uids.Length == 0)
        {
            return ImapReply.Ok("There was nothing to do");
        }

        // RFC 9738 3.1: all or nothing is what COPY is, and MOVE is not.
        var note = (moves ? session.MessageLimit : session.SaveLimit).Cut(ref uids);
        if (note.IsCut && !moves)
        {
            return session.SaveLimit.Refusal(uids[0]);
        }

        var result = await new CommandProgress(session).WhileAsync(moves
            ? selection.Mailbox.MoveAsync(uids, mailbox, access.FlagsKept, session.Aborted)
            : selection.Mailbox.CopyAsync(uids, mailbox, access.FlagsKept, session.Aborted));
        if (!result.Succeeded)
        {
            return ImapReply.Rejected(result.Error, "TRYCREATE");
        }

        if (result.SourceUids.Count == 0)
        {
            return passesOver ? ImapReply.Ok("There was nothing to do") : ImapReply.No("The messages were expunged", "EXPUNGEISSUED");
        }

        selection.NoteOwn(mailbox.Id, result.NewUids);
        var code = $"COPYUID {result.UidValidity} {InOrder(result.SourceUids)} {InOrder(result.NewUids)}";
        if (!moves)
        {
            return ImapReply.Ok("Copied", code);
        }

        // RFC 6851 4.3: before the EXPUNGEs.
        session.Writer.Raw("* OK ["u8).Raw(code).Raw("] Moved"u8).Line();
        await selection.SyncAsync(session, mayExpunge: true, surely: true);
        // As EXPUNGE does (RFC 7162 3.2.7).
        return note.Amend(ImapReply.Ok("Moved", session.Has(ImapFeatures.QResync) ? selection.HighestModSeqCode : null), session.Writer);
    }

    private static CopyCommand Parse(ref ImapReader reader, bool areUids, bool moves)
    {
        reader.Space();
        var numbers = reader.NumberSet();
        reader.Space();
        var target = reader.Mailbox();
        reader.End();
        return new CopyCommand(numbers, target, areUids, moves);
    }

    // Pairwise, so ascending runs only (RFC 4315 3); both lists ascend, since messages are copied in the order of their UIDs.
    private static UidSet InOrder(IReadOnlyList<Uid> uids) => UidSet.From(uids);
}

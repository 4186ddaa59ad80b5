using MailCore.Authentication;
using MailCore.Imap.Wire;
using MailCore.Storage;

namespace MailCore.Imap.Commands;

/// <summary>EXPUNGE (RFC 3501 6.4.3) and UID EXPUNGE (RFC 4315).</summary>
internal sealed class ExpungeCommand(NumberSet? uids) : ImapCommand
{
    public static ImapCommand Parse(ref ImapReader reader)
    {
        reader.End();
        return new ExpungeCommand(null);
    }

    public static ImapCommand ParseUid(ref ImapReader reader)
    {
        reader.Space();
        var uids = reader.NumberSet();
        reader.End();
        return new ExpungeCommand(uids);
    }

    public override async ValueTask<ImapReply> RunAsync(ImapSession session)
    {
        var selection = session.Selection!;
        if (selection.IsReadOnly)
        {
            return ImapReply.No("The mailbox is open to read only", "READ-ONLY");
        }

        if (!selection.Allows(MailboxOperation.Expunge))
        {
            return ImapReply.Rejected(CommitError.NoPermission);
        }

        var deleted = await selection.DeletedAsync(uids is null ? UidSet.All : selection.Messages.ResolveUids(uids), session.Aborted);
        // RFC 9738 3.1: EXPUNGE has no limit.
        var note = uids is null ? default : session.MessageLimit.Cut(ref deleted);
        var result = deleted.Length > 0 ? await selection.Mailbox.ExpungeAsync(deleted, session.Aborted) : null;
        if (result is { Succeeded: false })
        {
            return ImapReply.Rejected(result.Error);
        }

        await selection.SyncAsync(session, mayExpunge: true, surely: true);
        // RFC 7162 3.2.7.
        return note.Amend(ImapReply.Ok("Expunged", result?.Expunged.Count > 0 && session.Has(ImapFeatures.QResync) ? selection.HighestModSeqCode : null), session.Writer);
    }
}

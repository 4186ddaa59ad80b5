using MailCore.Authentication;
using MailCore.Imap.Append;
using MailCore.Imap.Wire;
using MailCore.Storage;

namespace MailCore.Imap.Commands;

/// <summary>RFC 8508: the new message comes and the old one goes in one commit.</summary>
internal sealed class ReplaceCommand(NumberSet replaced, bool isUid, MailboxName target, AppendStretch arguments) : ImapCommand
{
    public static ImapCommand Parse(ref ImapReader reader) => Parse(ref reader, isUid: false);

    public static ImapCommand ParseUid(ref ImapReader reader) => Parse(ref reader, isUid: true);

    public override async ValueTask<ImapReply> RunAsync(ImapSession session)
    {
        var selection = session.Selection!;
        if (selection.IsReadOnly)
        {
            return ImapReply.No("The mailbox is open to read only", "READ-ONLY");
        }

        if (!selection.Allows(MailboxOperation.Remove))
        {
            return ImapReply.Rejected(CommitError.NoPermission);
        }

        if (!await selection.SyncAsync(session, mayExpunge: false))
        {
            return ImapReply.Rejected(CommitError.NoMailbox);
        }

        if (!selection.Messages.TryResolve(replaced, isUid, out var set))
        {
            return ImapReply.Bad("There is no message of this number");
        }

        if (selection.Messages.UidsOf(set, out _) is not [var uid])
        {
            return Gone(isUid);
        }

        var access = await session.FindMailboxAsync(target, MailboxOperation.Insert, "TRYCREATE");
        if (access.Mailbox is not { } mailbox)
        {
            return access.Refusal;
        }

        await using var intake = new MessageIntake(session, access, freed: mailbox.Account == selection.Mailbox.Account ? SizeOf(selection, uid) ?? 0 : 0);
        if (await intake.ReceiveAsync(arguments, most: 1, ImapReply.Bad("One message expected")) is { } refusal)
        {
            return refusal;
        }

        // The client may have taken its time.
        if (await session.RecheckAsync(access, MailboxOperation.Insert, "TRYCREATE") is { } change)
        {
            return change;
        }

        await selection.RefreshAsync(session.Aborted);
        if (!selection.Allows(MailboxOperation.Remove))
        {
            return ImapReply.Rejected(CommitError.NoPermission);
        }

        return SizeOf(selection, uid) is null ? Gone(isUid) : await ReplaceAsync(session, uid, mailbox, intake.Messages[0]);
    }

    private static ReplaceCommand Parse(ref ImapReader reader, bool isUid)
    {
        reader.Space();
        var start = reader.Position;
        var replaced = reader.NumberSet();
        if (!replaced.IsSingle)
        {
            reader.Fail("the number of one message expected", start);
        }

        reader.Space();
        var target = reader.Mailbox();
        var arguments = AppendStretch.ReadFirst(ref reader);
        reader.End();
        return new ReplaceCommand(replaced, isUid, target, arguments);
    }

    private static async ValueTask<ImapReply> ReplaceAsync(ImapSession session, Uid uid, Mailbox target, MessageToAppend message)
    {
        var selection = session.Selection!;
        var result = await selection.Mailbox.ReplaceAsync(uid, target, message, session.Aborted);
        if (!result.Succeeded)
        {
            return ImapReply.Rejected(result.Error, "TRYCREATE");
        }

        selection.NoteOwn(target.Id, result.Uids);
        // RFC 8508 3.3: before the EXPUNGE.
        session.Writer.Raw("* OK [APPENDUID "u8).Number(result.UidValidity).Raw(" "u8).Number(result.Uids[0].Value).Raw("] The replacement is there"u8).Line();
        await selection.SyncAsync(session, mayExpunge: true, surely: true);
        return ImapReply.Ok("Replaced");
    }

    private static long? SizeOf(ImapSelection selection, Uid uid) =>
        selection.Latest.IndexOf(uid) is >= 0 and var rank ? selection.Latest[rank].Size : null;

    private static ImapReply Gone(bool isUid) =>
        isUid ? ImapReply.No("There is no such message", "NONEXISTENT") : ImapReply.No("The message was expunged", "EXPUNGEISSUED");
}

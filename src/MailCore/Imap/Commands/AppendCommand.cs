using MailCore.Authentication;
using MailCore.Imap.Append;
using MailCore.Imap.Wire;
using MailCore.Storage;

namespace MailCore.Imap.Commands;

/// <summary>RFC 3501 6.3.11; several messages are appended together or not at all (RFC 3502).</summary>
internal sealed class AppendCommand(MailboxName name, AppendStretch first) : ImapCommand
{
    public static ImapCommand Parse(ref ImapReader reader)
    {
        reader.Space();
        var name = reader.Mailbox();
        var first = AppendStretch.ReadFirst(ref reader);
        reader.End();
        return new AppendCommand(name, first);
    }

    public override async ValueTask<ImapReply> RunAsync(ImapSession session)
    {
        var access = await session.FindMailboxAsync(name, MailboxOperation.Insert, "TRYCREATE");
        if (access.Mailbox is not { } mailbox)
        {
            return access.Refusal;
        }

        await using var intake = new MessageIntake(session, access);
        var (most, tooMany) = session.SaveLimit.Most is { } limit && limit <= session.Options.MaxMessagesPerAppend
            ? (limit, session.SaveLimit.Refusal())
            : (session.Options.MaxMessagesPerAppend, ImapReply.No("Too many messages for one command", "LIMIT"));
        if (await intake.ReceiveAsync(first, most, tooMany) is { } refusal)
        {
            return refusal;
        }

        if (await session.RecheckAsync(access, MailboxOperation.Insert, "TRYCREATE") is { } change)
        {
            return change;
        }

        var result = await mailbox.AppendAsync(intake.Messages, session.Aborted);
        session.Selection?.NoteOwn(mailbox.Id, result.Uids);
        return result.Succeeded
            ? ImapReply.Ok("Appended", $"APPENDUID {result.UidValidity} {UidSet.From(result.Uids)}")
            : ImapReply.Rejected(result.Error, "TRYCREATE");
    }
}

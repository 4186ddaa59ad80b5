using MailCore.Authentication;
using MailCore.Imap.Wire;
using MailCore.Storage;

namespace MailCore.Imap.Commands;

/// <summary>
/// SUBSCRIBE and UNSUBSCRIBE (RFC 3501 6.3.6, 6.3.7), in the list of who is logged in, whosever the mailbox is. A name of one's own need not be
/// a mailbox.
/// </summary>
internal sealed class SubscribeCommand(MailboxName name, bool on) : ImapCommand
{
    public static ImapCommand Parse(ref ImapReader reader) => Parse(ref reader, on: true);

    public static ImapCommand ParseUnsubscribe(ref ImapReader reader) => Parse(ref reader, on: false);

    public override async ValueTask<ImapReply> RunAsync(ImapSession session)
    {
        // Of others' mailboxes only those that are there for this user; which of the rest exist, the answer must not tell.
        if (on && session.Namespaces.Locate(name).Account != session.Account.Id
            && (await session.FindMailboxAsync(name, MailboxOperation.Lookup)) is { Mailbox: null } access)
        {
            return access.Refusal;
        }

        var result = await session.Account.SubscribeAsync(name, on, session.Aborted);
        session.Watch?.NoteOwn(name);
        return !result.Succeeded ? ImapReply.Rejected(result.Error) : ImapReply.Ok(on ? "Subscribed" : "No longer subscribed");
    }

    private static SubscribeCommand Parse(ref ImapReader reader, bool on)
    {
        reader.Space();
        var name = reader.Mailbox(mayEndInSeparator: true);
        reader.End();
        return new SubscribeCommand(name, on);
    }
}

using MailCore.Imap.Wire;
using MailCore.Storage;

namespace MailCore.Imap.Commands;

/// <summary>RFC 3501 6.3.3. Levels above need not be there: LIST shows them as they are used.</summary>
internal sealed class CreateCommand(MailboxName name) : ImapCommand
{
    public static ImapCommand Parse(ref ImapReader reader)
    {
        reader.Space();
        var name = reader.Mailbox(mayEndInSeparator: true);
        reader.End();
        return new CreateCommand(name);
    }

    public override async ValueTask<ImapReply> RunAsync(ImapSession session)
    {
        var result = await session.Account.CreateMailboxAsync(name, cancellationToken: session.Aborted);
        return result.Succeeded ? ImapReply.Ok("Created") : ImapReply.Rejected(result.Error);
    }
}

using MailCore.Imap.Wire;

namespace MailCore.Imap.Commands;

/// <summary>RFC 3501 6.1.3.</summary>
internal sealed class LogoutCommand : ImapCommand
{
    public static ImapCommand Parse(ref ImapReader reader)
    {
        reader.End();
        return new LogoutCommand();
    }

    public override ValueTask<ImapReply> RunAsync(ImapSession session)
    {
        session.Select(null);
        session.Bye("Good bye");
        return ValueTask.FromResult(ImapReply.Ok("Logged out"));
    }
}

using MailCore.Imap.Wire;

namespace MailCore.Imap.Commands;

/// <summary>RFC 8437: the connection is used for another user; TLS and compression stay.</summary>
internal sealed class UnauthenticateCommand : ImapCommand
{
    public static ImapCommand Parse(ref ImapReader reader)
    {
        reader.End();
        return new UnauthenticateCommand();
    }

    public override ValueTask<ImapReply> RunAsync(ImapSession session)
    {
        session.LogOut();
        return ValueTask.FromResult(ImapReply.Ok("Log in again", ImapReply.CapabilityCode));
    }
}

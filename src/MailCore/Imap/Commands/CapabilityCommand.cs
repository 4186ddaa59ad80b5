using MailCore.Imap.Wire;

namespace MailCore.Imap.Commands;

/// <summary>RFC 3501 6.1.1.</summary>
internal sealed class CapabilityCommand : ImapCommand
{
    public static ImapCommand Parse(ref ImapReader reader)
    {
        reader.End();
        return new CapabilityCommand();
    }

    public override ValueTask<ImapReply> RunAsync(ImapSession session)
    {
        session.Writer.Raw("* "u8);
        ImapCapabilities.Write(session.Writer, session);
        session.Writer.Line();
        return ValueTask.FromResult(ImapReply.Ok("That is all"));
    }
}

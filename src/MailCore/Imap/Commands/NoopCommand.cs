using MailCore.Imap.Wire;

namespace MailCore.Imap.Commands;

/// <summary>RFC 3501 6.1.2 and, since nothing here waits for a checkpoint, CHECK (6.4.1).</summary>
internal sealed class NoopCommand : ImapCommand
{
    public static ImapCommand Parse(ref ImapReader reader)
    {
        reader.End();
        return new NoopCommand();
    }

    public override async ValueTask<ImapReply> RunAsync(ImapSession session)
    {
        // This is how clients poll: a signal that got lost must not matter.
        await session.TellAsync(mayExpunge: true, surely: true);
        return ImapReply.Ok("Done");
    }
}

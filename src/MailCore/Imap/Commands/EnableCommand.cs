using MailCore.Imap.Wire;

namespace MailCore.Imap.Commands;

/// <summary>RFC 5161. Nothing can be enabled yet, and what is not known is passed over.</summary>
internal sealed class EnableCommand : ImapCommand
{
    public static ImapCommand Parse(ref ImapReader reader)
    {
        do
        {
            reader.Space();
            reader.Atom();
        }
        while (!reader.Failed && !reader.AtEnd);

        return new EnableCommand();
    }

    public override ValueTask<ImapReply> RunAsync(ImapSession session)
    {
        session.Writer.Raw("* ENABLED"u8).Line();
        return ValueTask.FromResult(ImapReply.Ok("Enabled what is known"));
    }
}

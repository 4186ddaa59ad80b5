using MailCore.Imap.Wire;

namespace MailCore.Imap.Commands;

/// <summary>RFC 2342: one's own mailboxes, those of others, and those of nobody in particular.</summary>
internal sealed class NamespaceCommand : ImapCommand
{
    public static ImapCommand Parse(ref ImapReader reader)
    {
        reader.End();
        return new NamespaceCommand();
    }

    public override ValueTask<ImapReply> RunAsync(ImapSession session)
    {
        session.Writer.Raw("* NAMESPACE ((\"\" \"/\")) "u8);
        Write(session.Writer, session.Namespaces.Others);
        session.Writer.Raw(" "u8);
        Write(session.Writer, session.Namespaces.Shared);
        session.Writer.Line();
        return ValueTask.FromResult(ImapReply.Ok("These are they"));
    }

    private static void Write(ImapWriter writer, string? prefix)
    {
        if (prefix is null)
        {
            writer.Nil();
        }
        else
        {
            writer.Raw("(("u8).MailboxPrefix(prefix).Raw(" \"/\"))"u8);
        }
    }
}

using MailCore.Imap.Wire;

namespace MailCore.Imap.Commands;

/// <summary>RFC 2342: everything is personal.</summary>
internal sealed class NamespaceCommand : ImapCommand
{
    public static ImapCommand Parse(ref ImapReader reader)
    {
        reader.End();
        return new NamespaceCommand();
    }

    public override ValueTask<ImapReply> RunAsync(ImapSession session)
    {
        session.Writer.Raw("* NAMESPACE ((\"\" \"/\")) NIL NIL"u8).Line();
        return ValueTask.FromResult(ImapReply.Ok("These are they"));
    }
}

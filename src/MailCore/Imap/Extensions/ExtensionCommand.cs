using MailCore.Imap.Wire;

namespace MailCore.Imap.Extensions;

/// <summary>A host's own command among the others.</summary>
internal sealed class ExtensionCommand(ImapExtension extension, byte[] arguments) : ImapCommand
{
    public static ImapCommandParser ParserOf(ImapExtension extension) => (ref ImapReader reader) =>
    {
        if (!reader.AtEnd)
        {
            reader.Space();
        }

        return new ExtensionCommand(extension, reader.ToEnd().ToArray());
    };

    public override ValueTask<ImapReply> RunAsync(ImapSession session) => extension.RunAsync(new ImapExtensionContext(session, arguments), session.Aborted);
}

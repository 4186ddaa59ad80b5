using System.Text;
using MailCore.Imap.Wire;

namespace MailCore.Imap.Commands;

/// <summary>RFC 4978. TLS itself never compresses here: .NET does not offer it.</summary>
internal sealed class CompressCommand(bool isKnown) : ImapCommand
{
    public static ImapCommand Parse(ref ImapReader reader)
    {
        reader.Space();
        var isKnown = Ascii.EqualsIgnoreCase(reader.Atom(), "DEFLATE"u8);
        reader.End();
        return new CompressCommand(isKnown);
    }

    public override ValueTask<ImapReply> RunAsync(ImapSession session) => ValueTask.FromResult(Run(session));

    private ImapReply Run(ImapSession session)
    {
        if (session.IsCompressed)
        {
            return ImapReply.No("Compression is on already", "COMPRESSIONACTIVE");
        }

        if (!isKnown)
        {
            return ImapReply.No("This compression is not known", "CANNOT");
        }

        // Nobody could say whether octets behind it are compressed.
        if (session.Lines.HasBufferedData)
        {
            return ImapReply.Bad("Nothing may follow COMPRESS before its reply");
        }

        session.CompressAfterReply();
        return ImapReply.Ok("Compression begins now");
    }
}

using MailCore.Imap.Wire;
using MailCore.Tls;

namespace MailCore.Imap.Commands;

/// <summary>RFC 3501 6.2.1.</summary>
internal sealed class StartTlsCommand : ImapCommand
{
    public static ImapCommand Parse(ref ImapReader reader)
    {
        reader.End();
        return new StartTlsCommand();
    }

    public override ValueTask<ImapReply> RunAsync(ImapSession session)
    {
        if (!session.Services.Tls.Policy.OffersStartTls(session.IsSecured) || session.IsCompressed)
        {
            return ValueTask.FromResult(ImapReply.Bad(session.IsSecured ? "TLS is on already" : session.IsCompressed ? "Compression is on already" : "There is no TLS here"));
        }

        if (TlsUpgrade.IsInjected(session.Lines))
        {
            session.Log.Injected(session.Connection.Id, session.Connection.RemoteEndPoint);
            session.End();
            return ValueTask.FromResult(ImapReply.None);
        }

        session.StartTlsAfterReply();
        return ValueTask.FromResult(ImapReply.Ok("Begin TLS now"));
    }
}

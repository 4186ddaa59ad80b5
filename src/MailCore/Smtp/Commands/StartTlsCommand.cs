using MailCore.Messaging;
using MailCore.Tls;

namespace MailCore.Smtp.Commands;

/// <summary>STARTTLS (RFC 3207).</summary>
internal static class StartTlsCommand
{
    public static async ValueTask<SmtpReply?> RunAsync(SmtpSession session, ReadOnlyMemory<byte> argument)
    {
        if (!session.Services.Tls.Policy.OffersStartTls(session.IsSecured))
        {
            return session.IsSecured ? SmtpReplies.AlreadySecured : SmtpReplies.NotOffered;
        }

        if (session.Identity is not null)
        {
            return SmtpReplies.AlreadyAuthenticated;
        }

        if (TlsUpgrade.IsInjected(session.Channel.Framer))
        {
            session.Protocol.Log.Injected(session.Connection.Id, session.Connection.RemoteEndPoint);
            session.IsOver = true;
            return null;
        }

        session.Channel.Write(SmtpReplies.Ready);
        await session.Channel.FlushAsync().ConfigureAwait(false);
        await session.Channel.StartTlsAsync(session.Services.Tls).ConfigureAwait(false);
        session.NoteTls();
        session.Forget();
        return null;
    }
}

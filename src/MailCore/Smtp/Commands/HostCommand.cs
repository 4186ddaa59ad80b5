using System.Text;
using MailCore.Messaging;

namespace MailCore.Smtp.Commands;

/// <summary>A verb of the host's own.</summary>
internal static class HostCommand
{
    public static SmtpHandler Over(SmtpVerbHandler handler) => (session, argument) => RunAsync(handler, session, argument);

    private static async ValueTask<SmtpReply?> RunAsync(SmtpVerbHandler handler, SmtpSession session, ReadOnlyMemory<byte> argument)
    {
        if (!System.Text.Unicode.Utf8.IsValid(argument.Span))
        {
            return SmtpReplies.BadArgument;
        }

        var context = new SmtpVerbContext(Encoding.UTF8.GetString(argument.Span), session.Info, session.Transaction);
        try
        {
            var reply = await handler(context, session.Connection.Closed).ConfigureAwait(false);
            session.IsOver |= context.EndsSession;
            return reply;
        }
        catch (Exception error) when (!session.Connection.Closed.IsCancellationRequested)
        {
            session.Protocol.Log.Failed(error, session.Connection.Id, session.Transaction?.QueueId ?? "-", "host's verb");
            return SmtpReplies.LocalError;
        }
    }
}

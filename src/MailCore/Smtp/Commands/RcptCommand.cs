using System.Runtime.CompilerServices;
using System.Text;
using MailCore.Delivery;
using MailCore.Messaging;
using MailCore.Smtp.Wire;

namespace MailCore.Smtp.Commands;

/// <summary>RCPT TO (RFC 5321 4.1.1.3): the router's word is the reply.</summary>
internal static class RcptCommand
{
    public static ValueTask<SmtpReply?> RunAsync(SmtpSession session, ReadOnlyMemory<byte> argument) =>
        session.Protocol.Metrics.CountsRecipients ? CountAsync(session, argument) : AnswerAsync(session, argument);

    private static async ValueTask<SmtpReply?> CountAsync(SmtpSession session, ReadOnlyMemory<byte> argument)
    {
        var reply = await AnswerAsync(session, argument).ConfigureAwait(false);
        session.Protocol.Metrics.Recipient(reply!);
        return reply;
    }

    [AsyncMethodBuilder(typeof(SessionTaskBuilder<>))]
    private static async ValueTask<SmtpReply?> AnswerAsync(SmtpSession session, ReadOnlyMemory<byte> argument)
    {
        if (session.Chunks is not null)
        {
            return SmtpReplies.InChunks;
        }

        var transaction = session.Transaction!;
        var refusal = Parse(session, argument.Span, out var recipient);
        if (refusal is not null)
        {
            return refusal;
        }

        if (session.Routes.Count >= session.Options.MaxRecipients)
        {
            return SmtpReplies.TooManyRecipients;
        }

        try
        {
            var route = await session.Services.Router.RouteAsync(transaction, recipient!, session.Connection.Closed).ConfigureAwait(false);
            if (route is RecipientRoute.Refuse refuse)
            {
                session.Protocol.Log.RecipientRefused(session.Connection.Id, session.Connection.RemoteEndPoint, recipient!.Address, refuse.Reply);
                return refuse.Reply;
            }

            if (session.Filters is { } filters && await filters.RecipientAsync(transaction, recipient!).ConfigureAwait(false) is { } filtered)
            {
                return filtered;
            }

            transaction.Envelope.Recipients.Add(recipient!);
            session.Routes.Add(route);
            return SmtpReplies.RecipientOk;
        }
        catch (Exception error) when (!session.Connection.Closed.IsCancellationRequested)
        {
            session.Protocol.Log.Failed(error, session.Connection.Id, transaction.QueueId, "router");
            return SmtpReplies.LocalError;
        }
    }

    private static SmtpReply? Parse(SmtpSession session, ReadOnlySpan<byte> argument, out Recipient? recipient)
    {
        recipient = null;
        var prefix = "TO:"u8;
        if (argument.Length < prefix.Length || !Ascii.EqualsIgnoreCase(argument[..prefix.Length], prefix))
        {
            return SmtpReplies.BadArgument;
        }

        var text = argument[prefix.Length..].TrimStart((byte)' ');
        if (!session.Recipient.TryParse(text, out var path) || path.Address is null)
        {
            return SmtpReplies.BadRecipient;
        }

        var given = new RcptParameters(session);
        var parameters = new EsmtpParameters(text[path.Length..]);
        while (parameters.MoveNext())
        {
            if (given.Take(in parameters) is { } refusal)
            {
                return refusal;
            }
        }

        if (parameters.IsMalformed)
        {
            return SmtpReplies.BadArgument;
        }

        recipient = given.ToRecipient(path.Address);
        return path.IsInternationalized && !session.Transaction!.Envelope.SmtpUtf8 ? SmtpReplies.NeedsSmtpUtf8 : null;
    }
}

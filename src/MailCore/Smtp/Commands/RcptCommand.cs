using System.Runtime.CompilerServices;
using System.Text;
using MailCore.Delivery;
using MailCore.Messaging;
using MailCore.Smtp.Wire;

namespace MailCore.Smtp.Commands;

/// <summary>RCPT TO (RFC 5321 4.1.1.3): the router's word is the reply.</summary>
internal static class RcptCommand
{
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public static async ValueTask<SmtpReply?> RunAsync(SmtpSession session, ReadOnlyMemory<byte> argument)
    {
        if (session.Chunks is not null)
        {
            return SmtpReplies.InChunks;
        }

        var transaction = session.Transaction!;
        var refusal = Parse(transaction.Envelope, argument.Span, out var address);
        if (refusal is not null)
        {
            return refusal;
        }

        if (session.Routes.Count >= session.Options.MaxRecipients)
        {
            return SmtpReplies.TooManyRecipients;
        }

        var recipient = new Recipient(address!);
        try
        {
            var route = await session.Services.Router.RouteAsync(transaction, recipient, session.Connection.Closed).ConfigureAwait(false);
            if (route is RecipientRoute.Refuse refuse)
            {
                session.Protocol.Log.RecipientRefused(session.Connection.Id, session.Connection.RemoteEndPoint, address!, refuse.Reply);
                return refuse.Reply;
            }

            if (session.Filters is { } filters && await filters.RecipientAsync(transaction, recipient).ConfigureAwait(false) is { } filtered)
            {
                return filtered;
            }

            transaction.Envelope.Recipients.Add(recipient);
            session.Routes.Add(route);
            return SmtpReplies.RecipientOk;
        }
        catch (Exception error) when (!session.Connection.Closed.IsCancellationRequested)
        {
            session.Protocol.Log.Failed(error, session.Connection.Id, transaction.QueueId, "router");
            return SmtpReplies.LocalError;
        }
    }

    private static SmtpReply? Parse(Envelope envelope, ReadOnlySpan<byte> argument, out EmailAddress? address)
    {
        address = null;
        var prefix = "TO:"u8;
        if (argument.Length < prefix.Length || !Ascii.EqualsIgnoreCase(argument[..prefix.Length], prefix))
        {
            return SmtpReplies.BadArgument;
        }

        var text = argument[prefix.Length..].TrimStart((byte)' ');
        if (!SmtpPath.TryParse(text, out var path) || path.Address is null)
        {
            return SmtpReplies.BadRecipient;
        }

        // No parameter of RCPT is announced.
        var parameters = new EsmtpParameters(text[path.Length..]);
        if (parameters.MoveNext())
        {
            return SmtpReplies.UnknownParameter;
        }

        if (parameters.IsMalformed)
        {
            return SmtpReplies.BadArgument;
        }

        address = path.Address;
        return path.IsInternationalized && !envelope.SmtpUtf8 ? SmtpReplies.NeedsSmtpUtf8 : null;
    }
}

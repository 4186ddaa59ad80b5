using MailCore.Messaging;

namespace MailCore.Smtp.Commands;

/// <summary>
/// XFORWARD (Postfix's XFORWARD_README): a peer named in the configuration, such as a content filter, tells where the next message
/// came from. It goes into the log and the session's facts, and decides nothing.
/// </summary>
internal static class XForwardCommand
{
    public static ValueTask<SmtpReply?> RunAsync(SmtpSession session, ReadOnlyMemory<byte> argument)
    {
        if ((session.Offered & SmtpExtensions.XForward) == 0)
        {
            return new ValueTask<SmtpReply?>(SmtpReplies.NotOffered);
        }

        if (argument.IsEmpty || ClientAttributes.Parse(argument.Span, ClientAttributes.ForXForward) is not { } client)
        {
            return new ValueTask<SmtpReply?>(SmtpReplies.BadArgument);
        }

        // Several commands add up.
        var known = session.Forwarded ?? new ForwardedClient();
        session.Forwarded = known with
        {
            HostName = client.Name ?? known.HostName,
            Address = client.Address ?? known.Address,
            Port = client.Port ?? known.Port,
            Protocol = client.Protocol ?? known.Protocol,
            ClientName = client.Hello ?? known.ClientName,
            Identifier = client.Identifier ?? known.Identifier,
            IsLocal = client.Source is { } source ? source == "LOCAL" : known.IsLocal,
        };
        return new ValueTask<SmtpReply?>(SmtpReply.Ok);
    }
}

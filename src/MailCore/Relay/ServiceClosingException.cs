using MailCore.Messaging;

namespace MailCore.Relay;

/// <summary>The server said 421 (RFC 5321 3.8): it closes the connection, whatever it was asked.</summary>
internal sealed class ServiceClosingException(SmtpReply reply) : IOException(reply.ToString())
{
    public SmtpReply Reply { get; } = reply;
}

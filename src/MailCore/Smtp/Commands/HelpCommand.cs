using MailCore.Messaging;

namespace MailCore.Smtp.Commands;

/// <summary>HELP (RFC 5321 4.1.1.8).</summary>
internal static class HelpCommand
{
    public static ValueTask<SmtpReply?> RunAsync(SmtpSession session, ReadOnlyMemory<byte> argument) => new(session.Protocol.Help);
}

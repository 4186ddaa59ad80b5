using MailCore.Messaging;

namespace MailCore.Smtp.Commands;

/// <summary>NOOP (RFC 5321 4.1.1.9); its argument means nothing.</summary>
internal static class NoopCommand
{
    public static ValueTask<SmtpReply?> RunAsync(SmtpSession session, ReadOnlyMemory<byte> argument) => new(SmtpReply.Ok);
}

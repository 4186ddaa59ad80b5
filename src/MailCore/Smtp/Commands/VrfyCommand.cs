using MailCore.Messaging;

namespace MailCore.Smtp.Commands;

/// <summary>VRFY (RFC 5321 4.1.1.6): tells nobody who has an account (7.3).</summary>
internal static class VrfyCommand
{
    public static ValueTask<SmtpReply?> RunAsync(SmtpSession session, ReadOnlyMemory<byte> argument) =>
        new(argument.IsEmpty ? SmtpReplies.BadArgument : SmtpReplies.CannotVerify);
}

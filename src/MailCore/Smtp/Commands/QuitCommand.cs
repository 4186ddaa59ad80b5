using MailCore.Messaging;

namespace MailCore.Smtp.Commands;

/// <summary>QUIT (RFC 5321 4.1.1.10).</summary>
internal static class QuitCommand
{
    public static ValueTask<SmtpReply?> RunAsync(SmtpSession session, ReadOnlyMemory<byte> argument)
    {
        session.IsOver = true;
        return new ValueTask<SmtpReply?>(SmtpReplies.Bye);
    }
}

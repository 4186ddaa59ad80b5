using MailCore.Messaging;

namespace MailCore.Smtp.Commands;

/// <summary>RSET (RFC 5321 4.1.1.5).</summary>
internal static class RsetCommand
{
    public static ValueTask<SmtpReply?> RunAsync(SmtpSession session, ReadOnlyMemory<byte> argument)
    {
        session.EndTransaction();
        return new ValueTask<SmtpReply?>(SmtpReply.Ok);
    }
}

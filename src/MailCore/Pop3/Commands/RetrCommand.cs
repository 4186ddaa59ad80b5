using MailCore.Pop3.Wire;

namespace MailCore.Pop3.Commands;

/// <summary>RFC 1939 5.</summary>
internal static class RetrCommand
{
    public static ValueTask Run(Pop3Session session, Pop3Line line) =>
        MessageNumber.TryRead(session, line.Argument, out _, out var row)
            ? MessageSender.SendAsync(session, row, bodyLines: null)
            : ValueTask.CompletedTask;
}

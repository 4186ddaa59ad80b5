using MailCore.Pop3.Wire;

namespace MailCore.Pop3.Commands;

/// <summary>RFC 1939 5: only marks; QUIT removes.</summary>
internal static class DeleCommand
{
    public static ValueTask Run(Pop3Session session, Pop3Line line) =>
        MessageNumber.TryRead(session, line.Argument, out var number, out _) ? MarkAsync(session, number) : ValueTask.CompletedTask;

    private static async ValueTask MarkAsync(Pop3Session session, long number)
    {
        try
        {
            if (!session.MailDrop!.HasMarks && !await session.MayRemoveAsync().ConfigureAwait(false))
            {
                session.Output.Error("[SYS/PERM] Messages may not be deleted here"u8);
                return;
            }
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            session.RefuseForStore(error);
            return;
        }

        session.MailDrop.Mark(number);
        session.Output.Ok("Marked to be deleted"u8);
    }
}

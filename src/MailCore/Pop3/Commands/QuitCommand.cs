using MailCore.Pop3.Wire;

namespace MailCore.Pop3.Commands;

/// <summary>RFC 1939 4 and 6: the only command that removes messages.</summary>
internal static class QuitCommand
{
    public static ValueTask Run(Pop3Session session, Pop3Line line)
    {
        if (!line.Argument.IsEmpty)
        {
            session.RefuseBad("QUIT takes no argument"u8);
            return ValueTask.CompletedTask;
        }

        session.End();
        if (session.MailDrop is { } drop)
        {
            return UpdateAsync(session, drop);
        }

        session.Output.Ok("Goodbye"u8);
        return ValueTask.CompletedTask;
    }

    private static async ValueTask UpdateAsync(Pop3Session session, Pop3MailDrop drop)
    {
        var isDone = false;
        var isRefused = false;
        try
        {
            // Rights may have gone since DELE.
            if (drop.HasMarks && !await session.MayRemoveAsync().ConfigureAwait(false))
            {
                drop.Unmark();
                isRefused = true;
            }

            if (await drop.UpdateAsync(session.Services.Time.GetUtcNow()).ConfigureAwait(false) is { } removed)
            {
                isDone = true;
                if (removed > 0)
                {
                    session.Log.Removed(session.Connection.Id, removed, drop.Account);
                }
            }
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            session.Log.StoreFailed(error, session.Connection.Id);
        }

        // Given back before the answer: the client may come again as soon as it has read it.
        drop.Dispose();
        if (isRefused)
        {
            session.Output.Error("[SYS/PERM] The deleted messages may not be removed"u8);
        }
        else if (isDone)
        {
            session.Output.Ok("Goodbye"u8);
        }
        else
        {
            session.Output.Error("[SYS/TEMP] The deleted messages could not be removed"u8);
        }
    }
}

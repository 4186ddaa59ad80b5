using MailCore.Pop3.Wire;

namespace MailCore.Pop3.Commands;

/// <summary>RFC 1939 5: only marks; QUIT removes.</summary>
internal static class DeleCommand
{
    public static ValueTask Run(Pop3Session session, Pop3Line line)
    {
        if (MessageNumber.TryRead(session, line.Argument, out var number, out _))
        {
            session.MailDrop!.Mark(number);
            session.Output.Ok("Marked to be deleted"u8);
        }

        return ValueTask.CompletedTask;
    }
}

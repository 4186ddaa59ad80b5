using MailCore.Pop3.Wire;

namespace MailCore.Pop3.Commands;

/// <summary>RFC 1939 5; answered before the login too.</summary>
internal static class NoopCommand
{
    public static ValueTask Run(Pop3Session session, Pop3Line line)
    {
        if (line.Argument.IsEmpty)
        {
            session.Output.Ok("Nothing done"u8);
        }
        else
        {
            session.RefuseBad("NOOP takes no argument"u8);
        }

        return ValueTask.CompletedTask;
    }
}

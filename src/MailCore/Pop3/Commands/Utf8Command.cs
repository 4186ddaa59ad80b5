using MailCore.Pop3.Wire;

namespace MailCore.Pop3.Commands;

/// <summary>RFC 6856 2.1: the client takes UTF-8 in message headers.</summary>
internal static class Utf8Command
{
    public static ValueTask Run(Pop3Session session, Pop3Line line)
    {
        if (line.Argument.IsEmpty)
        {
            session.IsUtf8 = true;
            session.Output.Ok("UTF-8 from now on"u8);
        }
        else
        {
            session.RefuseBad("UTF8 takes no argument"u8);
        }

        return ValueTask.CompletedTask;
    }
}

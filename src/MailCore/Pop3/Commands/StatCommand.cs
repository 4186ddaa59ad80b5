using MailCore.Pop3.Wire;

namespace MailCore.Pop3.Commands;

/// <summary>RFC 1939 5: messages and octets, deleted ones apart.</summary>
internal static class StatCommand
{
    public static ValueTask Run(Pop3Session session, Pop3Line line)
    {
        if (!line.Argument.IsEmpty)
        {
            session.RefuseBad("STAT takes no argument"u8);
        }
        else
        {
            session.Output.Text("+OK "u8).Number(session.MailDrop!.Count).Text(" "u8).Number(session.MailDrop.Octets).EndLine();
        }

        return ValueTask.CompletedTask;
    }
}

using MailCore.Pop3.Wire;

namespace MailCore.Pop3.Commands;

/// <summary>RFC 1939 5.</summary>
internal static class RsetCommand
{
    public static ValueTask Run(Pop3Session session, Pop3Line line)
    {
        if (!line.Argument.IsEmpty)
        {
            session.RefuseBad("RSET takes no argument"u8);
            return ValueTask.CompletedTask;
        }

        session.MailDrop!.Unmark();
        session.Output.Text("+OK "u8).Number(session.MailDrop.Count).Text(" messages ("u8).Number(session.MailDrop.Octets).Text(" octets)"u8).EndLine();
        return ValueTask.CompletedTask;
    }
}

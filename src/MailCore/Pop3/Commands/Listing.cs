using MailCore.Pop3.Wire;
using MailCore.Storage;

namespace MailCore.Pop3.Commands;

/// <summary>What LIST and UIDL have in common: a line for one message, or for each that is not deleted.</summary>
internal static class Listing
{
    public static ValueTask RunAsync(Pop3Session session, Pop3Line line, Action<Pop3Session, MailboxRow> write)
    {
        if (line.Argument.IsEmpty)
        {
            return WriteAllAsync(session, write);
        }

        if (MessageNumber.TryRead(session, line.Argument, out var number, out var row))
        {
            session.Output.Text("+OK "u8).Number(number).Text(" "u8);
            write(session, row);
            session.Output.EndLine();
        }

        return ValueTask.CompletedTask;
    }

    private static async ValueTask WriteAllAsync(Pop3Session session, Action<Pop3Session, MailboxRow> write)
    {
        var (output, drop) = (session.Output, session.MailDrop!);
        output.Text("+OK "u8).Number(drop.Count).Text(" messages ("u8).Number(drop.Octets).Text(" octets)"u8).EndLine();
        for (var number = 1; number <= drop.Highest; number++)
        {
            if (!drop.TryGet(number, out var row))
            {
                continue;
            }

            output.Number(number).Text(" "u8);
            write(session, row);
            output.EndLine();
            if (output.IsFull)
            {
                await output.FlushAsync().ConfigureAwait(false);
            }
        }

        output.EndList();
    }
}

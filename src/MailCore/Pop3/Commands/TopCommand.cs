using MailCore.Pop3.Wire;
using MailCore.Storage;

namespace MailCore.Pop3.Commands;

/// <summary>RFC 1939 7: the header, the empty line and the body's first lines.</summary>
internal static class TopCommand
{
    public static ValueTask Run(Pop3Session session, Pop3Line line)
    {
        var rest = line.Argument;
        var number = Pop3Line.TakeWord(ref rest);
        if (!Pop3Line.TryParseNumber(rest, out var bodyLines))
        {
            session.RefuseBad("TOP needs a message number and a number of lines"u8);
            return ValueTask.CompletedTask;
        }

        return MessageNumber.TryRead(session, number, out _, out var row)
            ? SendAsync(session, row, bodyLines)
            : ValueTask.CompletedTask;
    }

    private static async ValueTask SendAsync(Pop3Session session, MailboxRow row, long bodyLines) =>
        await MessageSender.SendAsync(session, row, bodyLines).ConfigureAwait(false);
}

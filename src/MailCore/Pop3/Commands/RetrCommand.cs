using MailCore.Pop3.Wire;
using MailCore.Storage;

namespace MailCore.Pop3.Commands;

/// <summary>RFC 1939 5.</summary>
internal static class RetrCommand
{
    public static ValueTask Run(Pop3Session session, Pop3Line line) =>
        MessageNumber.TryRead(session, line.Argument, out var number, out var row)
            ? RetrieveAsync(session, number, row)
            : ValueTask.CompletedTask;

    private static async ValueTask RetrieveAsync(Pop3Session session, long number, MailboxRow row)
    {
        if (await MessageSender.SendAsync(session, row, bodyLines: null).ConfigureAwait(false))
        {
            session.MailDrop!.NoteRetrieved(number);
        }
    }
}

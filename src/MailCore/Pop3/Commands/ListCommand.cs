using MailCore.Pop3.Wire;
using MailCore.Storage;

namespace MailCore.Pop3.Commands;

/// <summary>RFC 1939 5: sizes as they are stored.</summary>
internal static class ListCommand
{
    public static ValueTask Run(Pop3Session session, Pop3Line line) => Listing.RunAsync(session, line, WriteSize);

    private static void WriteSize(Pop3Session session, MailboxRow row) => session.Output.Number(row.Size);
}

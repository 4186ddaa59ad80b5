using MailCore.Pop3.Wire;
using MailCore.Storage;

namespace MailCore.Pop3.Commands;

/// <summary>RFC 1939 7.</summary>
internal static class UidlCommand
{
    private const int MaxLength = 70;

    public static ValueTask Run(Pop3Session session, Pop3Line line) => Listing.RunAsync(session, line, WriteUniqueId);

    private static void WriteUniqueId(Pop3Session session, MailboxRow row)
    {
        var writer = session.Output.Writer;
        writer.Advance(session.MailDrop!.WriteUniqueId(row.Uid, writer.GetSpan(MaxLength)));
    }
}

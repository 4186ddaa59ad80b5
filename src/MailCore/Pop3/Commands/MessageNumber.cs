using MailCore.Pop3.Wire;
using MailCore.Storage;

namespace MailCore.Pop3.Commands;

/// <summary>The argument that most commands take.</summary>
internal static class MessageNumber
{
    /// <summary>Finds the message, or refuses.</summary>
    public static bool TryRead(Pop3Session session, ReadOnlySpan<byte> text, out long number, out MailboxRow row)
    {
        row = default;
        if (!Pop3Line.TryParseNumber(text, out number))
        {
            session.RefuseBad("A message number is needed"u8);
            return false;
        }

        if (!session.MailDrop!.TryGet(number, out row))
        {
            session.Output.Error("There is no such message"u8);
            return false;
        }

        return true;
    }
}

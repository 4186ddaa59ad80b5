using MailCore.Imap.Wire;

namespace MailCore.Imap.Commands;

/// <summary>RFC 2971. What the client says of itself is read and not kept.</summary>
internal sealed class IdCommand : ImapCommand
{
    // RFC 2971 3.3.
    private const int MaxPairs = 30;
    private const int MaxField = 30;
    private const int MaxValue = 1024;

    public static ImapCommand Parse(ref ImapReader reader)
    {
        reader.Space();
        if (!reader.TryOpenList())
        {
            if (!reader.Failed && reader.NString() is not null)
            {
                reader.Fail("a list or NIL expected");
            }
        }
        else if (!reader.TryCloseList())
        {
            var pairs = 0;
            do
            {
                var start = reader.Position;
                var field = reader.String();
                reader.Space();
                var value = reader.NString();
                if (++pairs > MaxPairs || field.Length > MaxField || value?.Length > MaxValue)
                {
                    reader.Fail("this is too much", start);
                }
            }
            while (!reader.Failed && reader.NextElement());
        }

        reader.End();
        return new IdCommand();
    }

    public override ValueTask<ImapReply> RunAsync(ImapSession session)
    {
        session.Writer.Raw("* ID (\"name\" \"MailCore\")"u8).Line();
        return ValueTask.FromResult(ImapReply.Ok("Pleased to meet you"));
    }
}

using MailCore.Imap.Wire;

namespace MailCore.Imap.Commands;

/// <summary>
/// RFC 10022: the UIDs between which there are so many messages each, from the newest on. They are reckoned from the numbering at hand, so
/// that it costs no more to ask again than to say no.
/// </summary>
/// <param name="size">Messages in a batch.</param>
/// <param name="first">The first batch wanted, from 1.</param>
/// <param name="last">The last batch wanted.</param>
internal sealed class UidBatchesCommand(uint size, uint first, uint last) : ImapCommand
{
    /// <summary>Fewer would be message numbers in disguise (RFC 10022 3.3).</summary>
    private const int MinSize = 500;

    public static ImapCommand Parse(ref ImapReader reader)
    {
        reader.Space();
        var size = reader.NonZeroNumber();
        var (first, last) = (1u, uint.MaxValue);
        if (reader.TrySpace())
        {
            first = reader.NonZeroNumber();
            if (!reader.TryByte((byte)':'))
            {
                reader.Fail("':' expected");
            }

            last = reader.NonZeroNumber();
        }

        reader.End();
        return new UidBatchesCommand(size, first, last);
    }

    public override async ValueTask<ImapReply> RunAsync(ImapSession session)
    {
        if (first > last)
        {
            return ImapReply.Bad("The lower batch comes first", "CLIENTBUG");
        }

        if (size < MinSize)
        {
            return ImapReply.No("A batch has 500 messages at least", "TOOFEW");
        }

        var numbers = session.Selection!.Messages.Numbers;
        var writer = session.Writer;
        writer.Raw("* UIDBATCHES (TAG \""u8).Raw(session.Tag.Span).Raw("\")"u8);
        var batch = (long)first;
        // Past the messages there is nothing, and beyond there the product would overflow.
        for (var top = batch > numbers.Count ? 0 : numbers.Count - ((batch - 1) * size); top > 0 && batch <= last; top -= size, batch++)
        {
            // RFC 10022 3.1.4: UID 1 says that it is the last one.
            var bottom = top > size ? numbers.UidAt((int)(top - size + 1)).Value : 1;
            writer.Raw(batch == first ? " "u8 : ","u8).Number(numbers.UidAt((int)top).Value).Raw(":"u8).Number(bottom);
            if (writer.WantsFlush)
            {
                await writer.FlushAsync(session.Aborted);
            }
        }

        writer.Line();
        return ImapReply.Ok("These are the batches");
    }
}

using MailCore.Storage;

namespace MailCore.Imap;

/// <summary>VANISHED (RFC 7162 3.2.10).</summary>
internal static class VanishedResponse
{
    /// <summary>Messages that leave while the client looks on, ascending. It counts each of them, so no range spans a UID it does not know.</summary>
    public static async ValueTask WriteAsync(ImapSession session, IEnumerable<Uid> uids)
    {
        var isFirst = true;
        UidRange? run = null;
        foreach (var uid in uids)
        {
            if (run is { } open && uid.Value == open.Last.Value + 1)
            {
                run = open with { Last = uid };
                continue;
            }

            if (run is { } done)
            {
                isFirst = await WriteAsync(session, done, isFirst);
            }

            run = new UidRange(uid, uid);
        }

        if (run is { } last)
        {
            await WriteAsync(session, last, isFirst);
            session.Writer.Line();
        }
    }

    /// <summary>Messages that had left before the client came back.</summary>
    public static async ValueTask WriteEarlierAsync(ImapSession session, UidSet uids)
    {
        if (uids.IsEmpty)
        {
            return;
        }

        session.Writer.Raw("* VANISHED (EARLIER) "u8);
        for (var i = 0; i < uids.Ranges.Length; i++)
        {
            await WriteRangeAsync(session, uids.Ranges[i], i == 0);
        }

        session.Writer.Line();
    }

    private static ValueTask<bool> WriteAsync(ImapSession session, UidRange range, bool isFirst)
    {
        if (isFirst)
        {
            session.Writer.Raw("* VANISHED "u8);
        }

        return WriteRangeAsync(session, range, isFirst);
    }

    private static async ValueTask<bool> WriteRangeAsync(ImapSession session, UidRange range, bool isFirst)
    {
        session.Writer.Raw(isFirst ? ""u8 : ","u8).Number(range.First.Value);
        if (range.Last != range.First)
        {
            session.Writer.Raw(":"u8).Number(range.Last.Value);
        }

        if (session.Writer.WantsFlush)
        {
            await session.Writer.FlushAsync(session.Aborted);
        }

        return false;
    }
}

using MailCore.Storage.Sqlite.Database;

namespace MailCore.Storage.Sqlite.Upkeep;

/// <summary>What the upkeep reads of a message's details.</summary>
internal readonly record struct MessageDetail(long Id, long Content, byte[] Summary);

/// <summary>All messages in the order of their ids, page by page: nothing is read while a page is worked on.</summary>
internal static class MessagePages
{
    private const int PageSize = 128;

    private static readonly Sql SelectPage = new("SELECT id, content, summary FROM message WHERE id > ?1 ORDER BY id LIMIT ?2");
    private static readonly Sql Count = new("SELECT count(*) FROM message");
    private static readonly Sql SelectPlace = new("""
        SELECT account.name, mailbox.name, entry.uid
        FROM entry JOIN mailbox ON mailbox.id = entry.mailbox JOIN account ON account.id = mailbox.account WHERE entry.message = ?1 LIMIT 1
        """);

    public static long CountAll(StoreConnection db) => db.Use(Count).Scalar() ?? 0;

    public static IEnumerable<List<MessageDetail>> ReadAll(StoreConnection db)
    {
        var after = 0L;
        while (true)
        {
            var page = ReadPage(db, after);
            if (page.Count == 0)
            {
                yield break;
            }

            yield return page;
            after = page[^1].Id;
        }
    }

    /// <summary>Where a message is, for people to find it. Walks over all entries: only for those with a problem.</summary>
    public static string Place(StoreConnection db, long message)
    {
        using var row = db.Use(SelectPlace).With(message);
        return row.Step() ? $"{row.Text(0)}, {row.Text(1)}, UID {row.Int64(2)}" : $"message {message}, which is in no mailbox any more";
    }

    private static List<MessageDetail> ReadPage(StoreConnection db, long after)
    {
        var page = new List<MessageDetail>(PageSize);
        using var row = db.Use(SelectPage).With(after).With(PageSize);
        while (row.Step())
        {
            page.Add(new MessageDetail(row.Int64(0), row.Int64(1), row.Blob(2).ToArray()));
        }

        return page;
    }
}

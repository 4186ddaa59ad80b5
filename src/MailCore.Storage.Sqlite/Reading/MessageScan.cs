using MailCore.Storage.Sqlite.Database;

namespace MailCore.Storage.Sqlite.Reading;

/// <summary>Shows details of many messages where they stand in the pages, inside the caller's read transaction.</summary>
internal static class MessageScan
{
    /// <summary>Of a range of UIDs as much as this must be asked for; else it is cheaper to look each one up.</summary>
    private const int Sparse = 4;

    // By the fields: a column that is not asked for costs as much as one that is.
    private static readonly Sql[] Selects = [.. Enumerable.Range(0, (int)MessageFields.All + 1).Select(static fields => Select((MessageFields)fields))];

    public static void Run(StoreConnection db, MessageQuery query, ReadOnlySpan<Uid> uids, MessageGlanceHandler handler)
    {
        if (uids.IsEmpty || query.MailboxRemoved || query.Fields == MessageFields.None || !IsDense(uids))
        {
            ReadEach(db, query, uids, handler);
            return;
        }

        var next = 0;
        using (var row = db.Use(Selects[(int)(query.Fields & MessageFields.All)]).With(query.Mailbox).With(uids[0].Value).With(uids[^1].Value))
        {
            while (row.Step())
            {
                var uid = new Uid((uint)row.Int64(0));
                var missing = next;
                while (uids[next] < uid)
                {
                    next++;
                }

                // Not in the mailbox, but perhaps remembered.
                ReadEach(db, query, uids[missing..next], handler);
                if (uids[next] == uid)
                {
                    handler(Glance(row, query, uid));
                    next++;
                }
            }
        }

        ReadEach(db, query, uids[next..], handler);
    }

    private static MessageGlance Glance(Statement row, MessageQuery query, Uid uid)
    {
        var dates = (query.Fields & MessageFields.Dates) != 0;
        return new MessageGlance(uid, (query.Fields & MessageFields.Summary) != 0 ? row.Blob(6) : default)
        {
            InternalDate = dates ? MessageDetails.InternalDate(row, 1) : default,
            SaveDate = dates ? DateTimeOffset.FromUnixTimeSeconds(row.Int64(3)) : default,
            EmailId = (query.Fields & MessageFields.EmailId) != 0 ? MessageDetails.ReadEmailId(row, 4, query.Tag, row.Int64(5)) : default,
        };
    }

    private static void ReadEach(StoreConnection db, MessageQuery query, ReadOnlySpan<Uid> uids, MessageGlanceHandler handler)
    {
        foreach (var uid in uids)
        {
            if (MessageDetails.Read(db, query, uid.Value) is { } found)
            {
                handler(new MessageGlance(found));
            }
        }
    }

    private static bool IsDense(ReadOnlySpan<Uid> uids)
    {
        for (var i = 1; i < uids.Length; i++)
        {
            if (uids[i] <= uids[i - 1])
            {
                return false;
            }
        }

        return (long)uids[^1].Value - uids[0].Value < (long)uids.Length * Sparse;
    }

    // CROSS JOIN: in this order, so that both tables are gone through from front to back.
    private static Sql Select(MessageFields fields)
    {
        var dates = (fields & MessageFields.Dates) != 0 ? "internal_date, zone_minutes, save_date" : "NULL, NULL, NULL";
        var emailId = (fields & MessageFields.EmailId) != 0 ? "email_id, id" : "NULL, NULL";
        var summary = (fields & MessageFields.Summary) != 0 ? "summary" : "NULL";
        return new($"""
            SELECT uid, {dates}, {emailId}, {summary}
            FROM entry CROSS JOIN message ON id = message WHERE mailbox = ?1 AND uid BETWEEN ?2 AND ?3 ORDER BY uid
            """);
    }
}

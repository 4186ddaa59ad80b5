using MailCore.Relay;
using MailCore.Storage.Sqlite.Database;

namespace MailCore.Storage.Sqlite.Relaying;

/// <summary>The queue as it is on the disk, for whoever has not opened it.</summary>
internal static class QueueReport
{
    public static IReadOnlyList<QueuedItem> Read(StoreConnection db, QueueFilter filter)
    {
        var items = new List<QueuedItem>();
        foreach (var row in QueueRows.ReadAll(db))
        {
            if (items.Count < filter.Limit && filter.Matches(row) && QueueRows.ReadDetails(db, row.Item) is { } details)
            {
                items.Add(IndexedRelayQueue.Describe(row, details));
            }
        }

        return items;
    }


}

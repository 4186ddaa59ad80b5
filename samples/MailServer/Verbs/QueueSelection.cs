using MailCore.Relay;
using MailCore.Storage.Sqlite;

namespace MailServerSample.Verbs;

/// <summary>Items by next hop, as the queue knows them, and also by the domain of their recipients, which differs where mail goes by a smart host.</summary>
internal static class QueueSelection
{
    // A running server takes up all orders that it finds at once; without one, each opens the folder for itself.
    private const int OrdersAtOnce = 50;

    public static async Task<IReadOnlyList<QueuedItem>> ReadAsync(string folder, QueueFilter filter, CancellationToken stop)
    {
        var queue = new SqliteStoreFolder(folder);
        if (filter.Destination is not { } destination)
        {
            return await queue.ReadQueueAsync(filter, stop);
        }

        var byHop = await queue.ReadQueueAsync(filter, stop);
        var byDomain = (await queue.ReadQueueAsync(filter with { Destination = null }, stop)).Where(item => item.Recipients.Any(recipient => IsIn(recipient, destination)));
        return [.. byHop.UnionBy(byDomain, static item => item.Item).OrderBy(static item => item.Item)];
    }

    /// <summary>How many items it was about.</summary>
    public static async Task<int> ChangeAsync(string folder, QueueFilter filter, QueueAction action, CancellationToken stop)
    {
        var queue = new SqliteStoreFolder(folder);
        var changed = await queue.ChangeQueueAsync(filter, action, stop);
        if (filter.Destination is not { } destination)
        {
            return changed;
        }

        var others = (await queue.ReadQueueAsync(filter with { Destination = null }, stop))
            .Where(item => item.Recipients.Any(recipient => IsIn(recipient, destination)) && !filter.Matches(RowOf(item))).ToList();
        if (action == QueueAction.Delete && others.Find(item => !item.Recipients.All(recipient => IsIn(recipient, destination))) is { } mixed)
        {
            throw DirectoryAccess.Refuse($"{mixed.QueueId} goes to other domains than {destination} as well ({string.Join(", ", mixed.Recipients)}). Delete it by its QUEUE-ID, if that is meant.");
        }

        foreach (var orders in others.Chunk(others.Count > 1 && await DirectoryAccess.IsInUseAsync(folder) ? OrdersAtOnce : 1))
        {
            // A message has one item for each next hop.
            var items = await Task.WhenAll(orders.Select(item => queue.ChangeQueueAsync(new QueueFilter { QueueId = item.QueueId, Destination = item.Destination }, action, stop)));
            changed += items.Sum();
        }

        return changed;
    }

    private static bool IsIn(string recipient, string domain) =>
        recipient.Length > domain.Length && recipient[^(domain.Length + 1)] == '@' && recipient.EndsWith(domain, StringComparison.OrdinalIgnoreCase);

    private static QueueRow RowOf(QueuedItem item) => new()
    {
        Item = item.Item,
        QueueId = item.QueueId,
        Lane = item.Lane,
        Destination = item.Destination,
        Sender = item.Sender,
        Priority = item.Priority,
        Size = item.Size,
        AcceptedAt = item.AcceptedAt,
        State = default,
    };
}

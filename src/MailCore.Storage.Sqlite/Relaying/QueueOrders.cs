using MailCore.Relay;
using MailCore.Storage.Sqlite.Database;

namespace MailCore.Storage.Sqlite.Relaying;

/// <summary>Orders to the server that has the queue open.</summary>
internal static class QueueOrders
{
    private static readonly Sql Insert = new("INSERT INTO relay_order(action, queue_id, destination, sender, lane) VALUES (?1, ?2, ?3, ?4, ?5) RETURNING id");
    private static readonly Sql SelectOpen = new("SELECT id, action, queue_id, destination, sender, lane FROM relay_order WHERE items IS NULL ORDER BY id");
    private static readonly Sql Answer = new("UPDATE relay_order SET items = ?2 WHERE id = ?1");
    private static readonly Sql SelectAnswer = new("SELECT items FROM relay_order WHERE id = ?1");
    private static readonly Sql Delete = new("DELETE FROM relay_order WHERE id = ?1");
    private static readonly Sql DeleteAll = new("DELETE FROM relay_order");

    public static long Give(StoreConnection db, QueueFilter filter, QueueAction action) =>
        db.Use(Insert).With((long)action).With(filter.QueueId).With(filter.Destination).With(filter.Sender).With((long?)filter.Lane).Scalar()!.Value;

    public static List<(long Id, QueueFilter Filter, QueueAction Action)> Read(StoreConnection db)
    {
        var orders = new List<(long, QueueFilter, QueueAction)>();
        using var row = db.Use(SelectOpen);
        while (row.Step())
        {
            var filter = new QueueFilter
            {
                QueueId = row.TextOrNull(2),
                Destination = row.TextOrNull(3),
                Sender = row.TextOrNull(4),
                Lane = row.IsNull(5) ? null : (QueueLane)row.Int64(5),
            };
            orders.Add((row.Int64(0), filter, (QueueAction)row.Int64(1)));
        }

        return orders;
    }

    public static void Done(StoreConnection db, long order, int items) => db.Use(Answer).With(order).With(items).Run();

    public static int? ReadAnswer(StoreConnection db, long order) => (int?)db.Use(SelectAnswer).With(order).Scalar();

    public static void Forget(StoreConnection db, long order) => db.Use(Delete).With(order).Run();

    /// <summary>Whoever gave them is gone.</summary>
    public static void ForgetAll(StoreConnection db) => db.Use(DeleteAll).Run();
}

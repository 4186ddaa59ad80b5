using MailCore.Relay;
using MailCore.Storage.Sqlite.Content;
using MailCore.Storage.Sqlite.Database;
using MailCore.Storage.Sqlite.Writing;

namespace MailCore.Storage.Sqlite.Relaying;

/// <summary>Statements on the relay's queue.</summary>
internal static class QueueRows
{
    private static readonly Sql InsertMessage = new("""
        INSERT INTO relay_message(id, queue_id, sender, priority, size, accepted, content, entry) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (queue_id) DO NOTHING
        """);

    private static readonly Sql InsertItem = new("""
        INSERT INTO relay_item(id, message, lane, destination, attempts, due, alarm, held, warned, recipients) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
        """);

    private static readonly Sql UpdateState = new("""
        UPDATE relay_item SET attempts = ?2, due = ?3, alarm = ?4, held = ?5, warned = ?6, reply = coalesce(?7, reply) WHERE id = ?1
        """);

    private static readonly Sql UpdateRecipients = new("UPDATE relay_item SET recipients = ?2 WHERE id = ?1");
    private static readonly Sql SelectMessageOf = new("SELECT message FROM relay_item WHERE id = ?1");
    private static readonly Sql DeleteItem = new("DELETE FROM relay_item WHERE id = ?1");
    private static readonly Sql HasItems = new("SELECT 1 FROM relay_item WHERE message = ?1 LIMIT 1");
    private static readonly Sql SelectContent = new("SELECT content FROM relay_message WHERE id = ?1");
    private static readonly Sql DeleteMessage = new("DELETE FROM relay_message WHERE id = ?1");
    private static readonly Sql SelectContentOfItem = new("SELECT m.content FROM relay_item i JOIN relay_message m ON m.id = i.message WHERE i.id = ?1");
    private static readonly Sql SelectDone = new("SELECT id FROM relay_message m WHERE NOT EXISTS (SELECT 1 FROM relay_item i WHERE i.message = m.id)");
    private static readonly Sql SelectLast = new("SELECT max(coalesce((SELECT max(id) FROM relay_item), 0), coalesce((SELECT max(id) FROM relay_message), 0))");

    private static readonly Sql SelectDetails = new("""
        SELECT m.queue_id, m.accepted, i.lane, m.entry, i.recipients, i.reply FROM relay_item i JOIN relay_message m ON m.id = i.message WHERE i.id = ?1
        """);

    private static readonly Sql SelectAll = new("""
        SELECT i.id, m.queue_id, i.lane, i.destination, m.sender, m.priority, m.size, m.accepted, i.attempts, i.due, i.alarm, i.held, i.warned
        FROM relay_item i JOIN relay_message m ON m.id = i.message ORDER BY i.id
        """);

    public static long Last(StoreConnection db) => db.Use(SelectLast).Scalar() ?? 0;

    /// <summary>False, and nothing done, when the queue has a message of this id.</summary>
    public static bool Insert(StoreConnection db, QueueEntry entry, byte[] encoded, IReadOnlyList<(QueueRow Row, byte[] Recipients)> items, SqliteStagedContent content)
    {
        var first = items[0].Row;
        db.Use(InsertMessage).With(first.Item).With(entry.QueueId).With(first.Sender).With(first.Priority).With(first.Size)
            .With(entry.AcceptedAt.ToUnixTimeMilliseconds()).With(content.Number).With(encoded).Run();
        if (db.Changes == 0)
        {
            return false;
        }

        Contents.Use(db, content);
        foreach (var (row, recipients) in items)
        {
            var state = row.State;
            db.Use(InsertItem).With(row.Item).With(first.Item).With((long)row.Lane).With(row.Destination).With(state.Attempts).With(Time(state.NextAttempt))
                .With(Time(state.Alarm)).With(Bit(state.IsHeld)).With(Bit(state.WasWarned)).With(recipients).Run();
        }

        return true;
    }

    public static void Update(StoreConnection db, QueueChange change, List<long> done)
    {
        var item = change.Row.Item;
        if (change.State is not { } state)
        {
            if (db.Use(SelectMessageOf).With(item).Scalar() is { } message)
            {
                db.Use(DeleteItem).With(item).Run();
                if (db.Use(HasItems).With(message).Scalar() is null)
                {
                    done.Add(message);
                }
            }

            return;
        }

        db.Use(UpdateState).With(item).With(state.Attempts).With(Time(state.NextAttempt)).With(Time(state.Alarm)).With(Bit(state.IsHeld)).With(Bit(state.WasWarned)).With(change.Reply).Run();
        if (change.Recipients is { } recipients)
        {
            db.Use(UpdateRecipients).With(item).With(QueueCodec.EncodeRecipients(recipients)).Run();
        }
    }

    /// <summary>Forgets a message without items. False while somebody still holds its content as staged.</summary>
    public static bool TryForget(StoreConnection db, ContentStage stage, long message)
    {
        if (db.Use(SelectContent).With(message).Scalar() is { } content)
        {
            if (!Contents.TryRelease(db, stage, content))
            {
                return false;
            }

            db.Use(DeleteMessage).With(message).Run();
        }

        return true;
    }

    public static List<long> ReadDone(StoreConnection db)
    {
        var done = new List<long>();
        using var row = db.Use(SelectDone);
        while (row.Step())
        {
            done.Add(row.Int64(0));
        }

        return done;
    }

    public static long? ReadContent(StoreConnection db, long item) => db.Use(SelectContentOfItem).With(item).Scalar();

    public static QueueDetails? ReadDetails(StoreConnection db, long item)
    {
        using var row = db.Use(SelectDetails).With(item);
        return !row.Step() ? null : new QueueDetails(
            QueueCodec.DecodeEntry(row.Blob(3), row.Text(0), DateTimeOffset.FromUnixTimeMilliseconds(row.Int64(1)), (QueueLane)row.Int64(2)),
            QueueCodec.DecodeRecipients(row.Blob(4)),
            row.TextOrNull(5));
    }

    public static List<QueueRow> ReadAll(StoreConnection db)
    {
        var rows = new List<QueueRow>();
        var texts = new Dictionary<string, string>(StringComparer.Ordinal);
        using var row = db.Use(SelectAll);
        while (row.Step())
        {
            rows.Add(new QueueRow
            {
                Item = row.Int64(0),
                QueueId = row.Text(1),
                Lane = (QueueLane)row.Int64(2),
                Destination = Shared(texts, row.Text(3)),
                Sender = Shared(texts, row.Text(4)),
                Priority = (int)row.Int64(5),
                Size = row.Int64(6),
                AcceptedAt = DateTimeOffset.FromUnixTimeMilliseconds(row.Int64(7)),
                State = new QueueRowState(
                    (int)row.Int64(8),
                    DateTimeOffset.FromUnixTimeMilliseconds(row.Int64(9)),
                    row.IsNull(10) ? null : DateTimeOffset.FromUnixTimeMilliseconds(row.Int64(10)),
                    row.Int64(11) != 0,
                    row.Int64(12) != 0),
            });
        }

        return rows;
    }

    private static string Shared(Dictionary<string, string> texts, string text)
    {
        if (texts.TryGetValue(text, out var known))
        {
            return known;
        }

        texts.Add(text, text);
        return text;
    }

    private static long Time(DateTimeOffset time) => time.ToUnixTimeMilliseconds();

    private static long? Time(DateTimeOffset? time) => time?.ToUnixTimeMilliseconds();

    private static long Bit(bool value) => value ? 1 : 0;
}

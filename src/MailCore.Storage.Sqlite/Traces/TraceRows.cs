using System.Globalization;
using System.Text;
using MailCore.Delivery;
using MailCore.Storage.Sqlite.Database;

namespace MailCore.Storage.Sqlite.Traces;

/// <summary>Statements on the trace. A row holds the steps of one message that were written together, a line each.</summary>
internal static class TraceRows
{
    /// <summary>Messages that one look-up tells of.</summary>
    private const int MaxMessages = 100;

    private static readonly Sql Insert = new("INSERT OR REPLACE INTO trace(message, number, message_id, steps) VALUES (?1, ?2, ?3, ?4)");
    private static readonly Sql SelectSteps = new("SELECT steps FROM trace WHERE message = ?1 ORDER BY number");

    // A look-up by an operator, now and then: an index would cost something with every message.
    private static readonly Sql SelectMessages = new("SELECT DISTINCT message FROM trace WHERE message_id = ?1 ORDER BY message LIMIT ?2");

    private static readonly Sql DeleteOld = new("DELETE FROM trace WHERE message IN (SELECT DISTINCT message FROM trace WHERE message < ?1 ORDER BY message LIMIT ?2)");

    public static void Add(StoreConnection db, string message, long number, IReadOnlyList<MessageStep> steps)
    {
        var text = new StringBuilder();
        foreach (var step in steps)
        {
            text.Append(text.Length == 0 ? "" : "\n")
                .Append(CultureInfo.InvariantCulture, $"{step.At.ToUnixTimeMilliseconds()}\t{step.Kind}\t{Clean(step.Recipient)}\t{Clean(step.Detail)}");
        }

        db.Use(Insert).With(message).With(number).With(steps.FirstOrDefault(static step => step.MessageId is not null)?.MessageId).With(text.ToString()).Run();
    }

    public static IReadOnlyList<MessageStep> Find(StoreConnection db, string name)
    {
        var found = new SortedSet<string>(StringComparer.Ordinal) { MessageTraceNames.QueueId(name) };
        var messageId = MessageTraceNames.MessageId(name);
        using (var row = db.Use(SelectMessages).With(messageId).With(MaxMessages))
        {
            while (row.Step())
            {
                found.Add(row.Text(0));
            }
        }

        var steps = new List<MessageStep>();
        foreach (var message in found)
        {
            using var row = db.Use(SelectSteps).With(message);
            var of = new List<MessageStep>();
            while (row.Step())
            {
                of.AddRange(row.Text(0).Split('\n').Select(line => Read(message, line)).OfType<MessageStep>());
            }

            steps.AddRange(of.OrderBy(static step => step.At));
        }

        return steps;
    }

    /// <summary>Forgets messages older than this id; false when none is left of them.</summary>
    public static bool Forget(StoreConnection db, string before, int count)
    {
        db.Use(DeleteOld).With(before).With(count).Run();
        return db.Changes > 0;
    }

    private static MessageStep? Read(string message, string line) =>
        line.Split('\t') is [var at, var kind, var recipient, var detail]
        && long.TryParse(at, CultureInfo.InvariantCulture, out var milliseconds)
        && Enum.TryParse<MessageStepKind>(kind, out var parsed)
            ? new MessageStep(message, DateTimeOffset.FromUnixTimeMilliseconds(milliseconds), parsed, recipient.Length == 0 ? null : recipient, detail)
            : null;

    private static string Clean(string? text) => text is null ? "" : string.Concat(text.Select(static c => char.IsControl(c) ? ' ' : c));
}

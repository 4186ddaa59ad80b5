using System.Globalization;
using MailCore.Storage.Sqlite;

namespace MailServerSample.Verbs;

/// <summary>"Where is this message?"</summary>
internal static class WhereVerb
{
    public static Verb Verb { get; } = new(
        "where",
        "QUEUE-ID | MESSAGE-ID",
        "Tells a message's way: when it came and from whom, where its recipients were routed to, and what became of each. The id is that of a Received header, of the log, or the message's own. The server may run meanwhile.",
        [],
        RunAsync)
    { MaxWords = 1 };

    private static async Task<int> RunAsync(VerbContext context)
    {
        var name = context.Arguments.Words is [var word] ? word : throw DirectoryAccess.Refuse("Say which message: where QUEUE-ID, or where MESSAGE-ID.");
        var steps = await new SqliteStoreFolder(context.Folder).FindTraceAsync(name, context.Stop);
        if (steps.Count == 0)
        {
            context.Say($"Nothing is known of {name}. What happened in the last second, or is older than the trace, is not here.");
            return 2;
        }

        var queueId = "";
        foreach (var step in steps)
        {
            if (step.QueueId != queueId)
            {
                queueId = step.QueueId;
                context.Say(queueId);
            }

            var recipient = step.Recipient is { } to ? $"<{to}> " : "";
            context.Say($"  {step.At.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss.fff", CultureInfo.InvariantCulture)}  {step.Kind,-10}  {recipient}{step.Detail}");
        }

        return 0;
    }
}

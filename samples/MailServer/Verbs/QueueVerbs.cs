using System.Globalization;
using MailCore.Relay;
using MailCore.Storage.Sqlite;

namespace MailServerSample.Verbs;

/// <summary>The relay's queue of the mail folder, beside a running server.</summary>
internal static class QueueVerbs
{
    public static Verb Verb { get; } = new(
        "queue",
        "list|show|hold|release|retry|delete|flush [QUEUE-ID|DESTINATION] [--sender ADDRESS] [--to DESTINATION] [--all yes]",
        "Lists mail that waits for other servers, and changes what happens to it; 'flush DESTINATION' tries all for one destination now: a next hop as 'list' shows it, or the domain of recipients. The server may run meanwhile and obeys within a second.",
        [
            new("sender", "ADDRESS", "only mail of this sender; '<>' for notifications"),
            new("to", "DESTINATION", "only mail for recipients in this domain, or that goes by this next hop"),
            new("all", "yes|no", "hold, release, retry, delete: everything, where nothing else is said"),
        ],
        RunAsync)
    { MaxWords = 2 };

    private static Task<int> RunAsync(VerbContext context) => DirectoryAccess.Action(context, "list") switch
    {
        "list" => ListAsync(context),
        "show" => ShowAsync(context),
        "hold" => ChangeAsync(context, QueueAction.Hold, "held"),
        "release" => ChangeAsync(context, QueueAction.Release, "released"),
        "retry" => ChangeAsync(context, QueueAction.Retry, "to be tried now"),
        "delete" => ChangeAsync(context, QueueAction.Delete, "deleted"),
        "flush" => FlushAsync(context),
        var other => throw DirectoryAccess.Unknown("queue", other),
    };

    private static async Task<int> ListAsync(VerbContext context)
    {
        var items = await QueueSelection.ReadAsync(context.Folder, FilterOf(context), context.Stop);
        foreach (var item in items)
        {
            context.Say(Text($"{item.QueueId}  {item.AcceptedAt:yyyy-MM-dd HH:mm:ss}Z  {item.Size,10:N0}  <{item.Sender}>{(item.IsHeld ? "  held" : "")}"));
            context.Say(Text($"    to {string.Join(", ", item.Recipients)} by {item.Destination}"));
            if (item.LastReply is { } reply)
            {
                context.Say(Text($"    ({reply})"));
            }
        }

        context.Say(Text($"{items.Count:N0} items with {items.Sum(static item => item.Size):N0} octets."));
        return 0;
    }

    private static async Task<int> ShowAsync(VerbContext context)
    {
        var id = DirectoryAccess.Subject(context, "queue-id");
        var items = await new SqliteStoreFolder(context.Folder).ReadQueueAsync(new QueueFilter { QueueId = id }, context.Stop);
        foreach (var item in items)
        {
            context.Say(Text($"{item.QueueId}, item {item.Item}, {item.Lane.ToString().ToLowerInvariant()} lane"));
            context.Say(Text($"  from       <{item.Sender}>, {item.Size:N0} octets, priority {item.Priority}, accepted {item.AcceptedAt:u}"));
            context.Say(Text($"  to         {string.Join(", ", item.Recipients)}"));
            context.Say(Text($"  by         {item.Destination}"));
            context.Say(Text($"  attempts   {item.Attempts}, {(item.IsHeld ? $"held{(item.QuarantineReason is { } reason ? $": {reason}" : "")}" : Text($"next {item.NextAttempt:u}"))}"));
            context.Say(Text($"  last reply {item.LastReply ?? "none yet"}"));
        }

        return items.Count > 0 ? 0 : throw DirectoryAccess.Refuse($"'{id}' is not in the queue.");
    }

    private static async Task<int> ChangeAsync(VerbContext context, QueueAction action, string done)
    {
        var filter = FilterOf(context);
        if (filter == QueueFilter.All && (context.Arguments.Find("all") is not { } all || !DirectoryAccess.YesOrNo("all", all)))
        {
            throw DirectoryAccess.Refuse("Say which: a QUEUE-ID, --sender, --to, or --all yes for everything.");
        }

        var items = await QueueSelection.ChangeAsync(context.Folder, filter, action, context.Stop);
        context.Say(Text($"{items:N0} items {done}."));
        return items > 0 ? 0 : 2;
    }

    private static async Task<int> FlushAsync(VerbContext context)
    {
        var filter = new QueueFilter { Destination = DirectoryAccess.Subject(context, "destination") };
        var items = await QueueSelection.ChangeAsync(context.Folder, filter, QueueAction.Retry, context.Stop);
        context.Say(Text($"{items:N0} items to be tried now."));
        return items > 0 ? 0 : 2;
    }

    private static QueueFilter FilterOf(VerbContext context) => new()
    {
        QueueId = context.Arguments.Words is [_, var id, ..] ? id : null,
        Sender = context.Arguments.Find("sender") is { } sender ? sender.Trim('<', '>') : null,
        Destination = context.Arguments.Find("to"),
    };

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

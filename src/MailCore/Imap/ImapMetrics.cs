using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace MailCore.Imap;

/// <summary>
/// Meter and activity source "MailCore.Imap"; docs/diagnostics.md is the table. Costs a few comparisons while nobody listens.
/// </summary>
internal sealed class ImapMetrics
{
    public const string Name = "MailCore.Imap";

    private static readonly ActivitySource Activities = new(Name);

    private readonly Counter<long> _commands;
    private readonly Histogram<double> _durations;
    private readonly UpDownCounter<long> _sessions;

    public ImapMetrics(IMeterFactory? meters)
    {
        var meter = meters?.Create(Name) ?? new Meter(Name);
        _commands = meter.CreateCounter<long>("mailcore.imap.commands", "{command}", "Commands answered, by command and result");
        _durations = meter.CreateHistogram<double>("mailcore.imap.command.duration", "s", "From a command's last octet to its reply being written");
        _sessions = meter.CreateUpDownCounter<long>("mailcore.imap.sessions", "{session}", "Connections served now");
    }

    public void SessionBegins() => _sessions.Add(1);

    public void SessionEnds() => _sessions.Add(-1);

    /// <summary>Null while nobody listens.</summary>
    public static Activity? StartCommand(string command, ImapSession session)
    {
        var activity = Activities.HasListeners() ? Activities.StartActivity($"IMAP {command}", ActivityKind.Server) : null;
        return activity?
            .SetTag("mailcore.imap.command", command)
            .SetTag("mailcore.connection", session.Connection.Id)
            .SetTag("mailcore.account", session.Identity?.Account.Value);
    }

    public void CommandEnds(Activity? activity, string command, ImapStatus status, long started)
    {
        if (!_commands.Enabled && !_durations.Enabled && activity is null)
        {
            return;
        }

        var result = status switch
        {
            ImapStatus.Ok => "ok",
            ImapStatus.No => "no",
            ImapStatus.Bad => "bad",
            _ => "none",
        };
        var name = new KeyValuePair<string, object?>("mailcore.imap.command", command);
        var outcome = new KeyValuePair<string, object?>("mailcore.imap.result", result);
        _commands.Add(1, name, outcome);
        _durations.Record(Stopwatch.GetElapsedTime(started).TotalSeconds, name, outcome);
        activity?.SetTag("mailcore.imap.result", result);
    }
}

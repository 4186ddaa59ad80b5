using System.Diagnostics;
using System.Diagnostics.Metrics;
using MailCore.Diagnostics;

namespace MailCore.Pop3;

/// <summary>Meter and activity source "MailCore.Pop3"; docs/diagnostics.md is the table. Costs a few comparisons while nobody listens.</summary>
internal sealed class Pop3Metrics
{
    public const string Name = "MailCore.Pop3";

    private static readonly ActivitySource Activities = new(Name);

    private readonly Counter<long> _commands;
    private readonly Histogram<double> _durations;
    private readonly UpDownCounter<long> _sessions;

    public Pop3Metrics(IMeterFactory? meters)
    {
        var meter = meters?.Create(Name) ?? new Meter(Name);
        _commands = meter.CreateCounter<long>("mailcore.pop3.commands", "{command}", "Commands answered, by command and result");
        _durations = meter.CreateHistogram<double>("mailcore.pop3.command.duration", "s", "From a command's last octet to its reply being written");
        _sessions = meter.CreateUpDownCounter<long>("mailcore.pop3.sessions", "{session}", "Connections served now");
    }

    /// <summary>Whether anybody wants to know of commands.</summary>
    public bool IsWatched => _commands.Enabled || _durations.Enabled || Activities.HasListeners();

    public void SessionBegins() => _sessions.Add(1);

    public void SessionEnds() => _sessions.Add(-1);

    /// <summary>A command that begins; null while nobody listens. It is the current activity.</summary>
    public static Activity? StartCommand(string command, Pop3Session session) => !Activities.HasListeners() ? null
        : Activities.StartActivity($"POP3 {command}", ActivityKind.Server)?
            .SetTag("mailcore.pop3.command", command)
            .SetTag("mailcore.connection", session.Connection.Id)
            .SetTag("mailcore.account", session.AccountName);

    /// <summary>Waits for a command, and tells of it. It has failed when it wrote a negative status, and has no result when it broke off.</summary>
    public async ValueTask EndCommandAsync(CommandWatch watch, ValueTask running, Func<bool> hasFailed)
    {
        var result = "none";
        try
        {
            await running.ConfigureAwait(false);
            result = hasFailed() ? "err" : "ok";
        }
        finally
        {
            var name = new KeyValuePair<string, object?>("mailcore.pop3.command", watch.Command);
            var outcome = new KeyValuePair<string, object?>("mailcore.pop3.result", result);
            _commands.Add(1, name, outcome);
            _durations.Record(Stopwatch.GetElapsedTime(watch.Started).TotalSeconds, name, outcome);
            if (watch.Activity is { } activity)
            {
                activity.SetTag("mailcore.pop3.result", result);
                Telemetry.Stop(activity);
            }
        }
    }
}

/// <summary>A command that is watched.</summary>
internal readonly record struct CommandWatch(string Command, Activity? Activity, long Started);

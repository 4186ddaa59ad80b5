using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text.Json;

namespace MailCore.Storage;

/// <summary>Meter "MailCore.Storage"; docs/diagnostics.md is the table. Costs a few comparisons while nobody listens.</summary>
internal sealed class StoreMetrics
{
    public const string Name = "MailCore.Storage";

    private static readonly string[] Errors = [.. Enum.GetNames<CommitError>().Select(static name => name == nameof(CommitError.None) ? "ok" : JsonNamingPolicy.SnakeCaseLower.ConvertName(name))];

    private readonly Counter<long> _batches;
    private readonly Histogram<double> _durations;

    public StoreMetrics(IMeterFactory? meters)
    {
        var meter = meters?.Create(Name) ?? new Meter(Name);
        _batches = meter.CreateCounter<long>("mailcore.store.batches", "{batch}", "Batches of changes, by what the store said");
        _durations = meter.CreateHistogram<double>("mailcore.store.commit.duration", "s", "Until the store has committed what was handed to it at once");
    }

    /// <summary>Zero while nobody wants to know.</summary>
    public long Now() => _batches.Enabled || _durations.Enabled ? Stopwatch.GetTimestamp() : 0;

    public void Committed(IReadOnlyList<CommitResult> results, long started)
    {
        if (started == 0)
        {
            return;
        }

        for (var i = 0; i < results.Count; i++)
        {
            _batches.Add(1, new KeyValuePair<string, object?>("mailcore.store.result", Errors[(int)results[i].Error]));
        }

        _durations.Record(Stopwatch.GetElapsedTime(started).TotalSeconds);
    }

    /// <summary>The store threw.</summary>
    public void Failed(int batches, long started)
    {
        if (started > 0)
        {
            _batches.Add(batches, new KeyValuePair<string, object?>("mailcore.store.result", "failed"));
        }
    }
}

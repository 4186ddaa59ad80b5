using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using MailCore.Tests.Scripts;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;

namespace MailCore.Tests.Diagnostics;

/// <summary>docs/diagnostics.md says what the code does, and the code does nothing that it does not say.</summary>
// Who listens makes every session allocate, which other tests count.
[NonParallelizable]
[CancelAfter(120_000)]
internal sealed class DiagnosticsTableTests
{
    [Test]
    public async Task Every_instrument_with_its_tags_stands_in_the_table_and_no_client_chooses_a_value()
    {
        var seen = new ConcurrentDictionary<Instrument, ConcurrentDictionary<string, byte>>();
        var values = new ConcurrentDictionary<string, byte>();
        using var listener = new MeterListener();
        await using (var scenario = await DiagnosticsScenario.StartAsync(watch: services => Listen(listener, services.GetRequiredService<IMeterFactory>(), seen, values)))
        {
            await scenario.RunAsync();
            Assert.That(() => IsQueueSeen(listener, seen), Is.True.After(30_000, 20));
        }

        var rows = seen.Select(static pair =>
            $"{pair.Key.Meter.Name} {pair.Key.Name} {KindOf(pair.Key)}, {pair.Key.Unit} [{string.Join(", ", pair.Value.Keys.Order(StringComparer.Ordinal))}]");
        var table = Table("## Instruments").Select(static cells => $"{Text(cells[0])} {Text(cells[1])} {cells[2]} [{Names(cells[3])}]");
        Assert.That(rows, Is.EquivalentTo(table));
        Assert.That(seen.Keys.Select(static instrument => instrument.Description), Has.All.Not.Empty);
        Assert.That(values.Keys, Has.Some.EqualTo("5xx").And.Some.EqualTo("unknown").And.None.Contains(DiagnosticsScenario.Hostile).IgnoreCase);
        Assert.That(values.Keys, Has.None.Contains("@"), "no address");
    }

    [Test]
    public async Task Every_activity_with_its_tags_stands_in_the_table_and_none_tells_what_a_client_said()
    {
        var seen = new ConcurrentDictionary<string, ConcurrentDictionary<string, byte>>();
        var words = new ConcurrentBag<string>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = static source => source.Name.StartsWith("MailCore.", StringComparison.Ordinal),
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            // Other tests run beside; what they do must stand in the table as well.
            ActivityStopped = activity =>
            {
                var name = activity.OperationName is ['I', 'M', 'A', 'P', ' ', ..] or ['P', 'O', 'P', '3', ' ', ..] ? activity.OperationName[..5] + "<command>" : activity.OperationName;
                var tags = seen.GetOrAdd($"{activity.Source.Name} {name} {activity.Kind.ToString().ToLowerInvariant()}", static _ => new());
                foreach (var (tag, value) in activity.TagObjects)
                {
                    tags.TryAdd(tag, 0);
                    words.Add($"{activity.OperationName} {value}");
                }
            },
        };
        ActivitySource.AddActivityListener(listener);
        await using (var scenario = await DiagnosticsScenario.StartAsync())
        {
            await scenario.RunAsync();
        }

        var rows = seen.Select(static pair => $"{pair.Key} [{string.Join(", ", pair.Value.Keys.Order(StringComparer.Ordinal))}]");
        var table = Table("## Activities").Select(static cells => $"{Text(cells[0])} {Text(cells[1])} {cells[2]} [{Names(cells[3])}]");
        Assert.That(rows, Is.EquivalentTo(table));
        Assert.That(words, Has.None.Contains(DiagnosticsScenario.Hostile).IgnoreCase);
    }

    private static void Listen(
        MeterListener listener, IMeterFactory meters, ConcurrentDictionary<Instrument, ConcurrentDictionary<string, byte>> seen, ConcurrentDictionary<string, byte> values)
    {
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Meter.Scope == meters && instrument.Meter.Name.StartsWith("MailCore.", StringComparison.Ordinal))
            {
                seen.TryAdd(instrument, new());
                self.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((instrument, _, tags, _) => Note(instrument, tags));
        listener.SetMeasurementEventCallback<double>((instrument, _, tags, _) => Note(instrument, tags));
        listener.Start();

        void Note(Instrument instrument, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            foreach (var (name, value) in tags)
            {
                seen[instrument].TryAdd(name, 0);
                values.TryAdd($"{value}", 0);
            }
        }
    }

    private static bool IsQueueSeen(MeterListener listener, ConcurrentDictionary<Instrument, ConcurrentDictionary<string, byte>> seen)
    {
        listener.RecordObservableInstruments();
        return seen.Where(static pair => pair.Key.Name.StartsWith("mailcore.relay.queue.", StringComparison.Ordinal)).All(static pair => !pair.Value.IsEmpty);
    }

    private static string KindOf(Instrument instrument) => instrument.GetType().Name.Split('`')[0] switch
    {
        "Counter" => "counter",
        "UpDownCounter" => "up-down counter",
        "Histogram" => "histogram",
        "ObservableGauge" => "gauge",
        var other => other,
    };

    private static IEnumerable<string[]> Table(string heading) => File.ReadLines(Path.Combine(ScriptFiles.Root, "..", "..", "docs", "diagnostics.md"))
        .SkipWhile(line => line != heading).Skip(1).TakeWhile(static line => !line.StartsWith('#'))
        .Where(static line => line.StartsWith("| `", StringComparison.Ordinal))
        .Select(static line => line.Split('|', StringSplitOptions.TrimEntries)[1..^1]);

    private static string Text(string cell) => cell.Trim('`');

    private static string Names(string cell) => string.Join(", ", cell.Split(", ", StringSplitOptions.RemoveEmptyEntries).Select(Text).Order(StringComparer.Ordinal));
}

using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;

namespace MailCore.Tests.Imap;

[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class ImapMetricsTests
{
    [Test]
    public async Task Every_command_is_counted_and_timed_by_name_and_result()
    {
        await using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var meters = services.GetRequiredService<IMeterFactory>();
        var seen = new List<string>();
        long sessions = 0;
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Meter.Scope == meters && instrument.Meter.Name == "MailCore.Imap")
            {
                self.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Add(instrument.Name, value, tags));
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Add(instrument.Name, value >= 0 ? 1 : 0, tags));
        listener.Start();
        await using (var server = new ImapTestServer { Meters = meters })
        {
            await server.AddUserAsync();
            await using var client = await server.ClientAsync();
            Assert.That(Interlocked.Read(ref sessions), Is.EqualTo(1));
            await client.RunAsync("LOGIN bob wrong");
            await client.RunAsync("LOGIN bob secret");
            await client.RunAsync("UID FETCH 1 FLAGS");
            await client.RunAsync("NONSENSE secret-words");
            await client.RunAsync("LOGOUT");
        }

        Assert.That(Interlocked.Read(ref sessions), Is.Zero);
        string[] expected = ["LOGIN no", "LOGIN ok", "UID FETCH bad", "unknown bad", "LOGOUT ok"];
        Assert.That(seen, Is.EqualTo(expected.SelectMany(static line => new[] { $"mailcore.imap.commands {line}", $"mailcore.imap.command.duration {line}" })));

        void Add(string name, long value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            if (name == "mailcore.imap.sessions")
            {
                Interlocked.Add(ref sessions, value);
                return;
            }

            lock (seen)
            {
                seen.Add($"{name} {tags[0].Value} {tags[1].Value}");
            }
        }
    }

    [Test]
    public async Task Every_command_is_an_activity()
    {
        var seen = new List<string>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = static source => source.Name == "MailCore.Imap",
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity =>
            {
                // Other tests run beside.
                if ((activity.GetTagItem("mailcore.account") as string) == "metrics-user")
                {
                    lock (seen)
                    {
                        seen.Add($"{activity.DisplayName} {activity.Kind} {activity.GetTagItem("mailcore.imap.result")}");
                    }
                }
            },
        };
        ActivitySource.AddActivityListener(listener);
        await using (var server = new ImapTestServer())
        {
            await server.AddUserAsync("metrics-user");
            await using var client = await server.ClientAsync();
            await client.RunAsync("LOGIN metrics-user secret");
            await client.RunAsync("SELECT INBOX");
            await client.RunAsync("FETCH 1 FLAGS");
            await client.RunAsync("NOOP");
            await client.RunAsync("LOGOUT");
        }

        Assert.That(seen, Is.EqualTo(new[] { "IMAP SELECT Server ok", "IMAP FETCH Server bad", "IMAP NOOP Server ok", "IMAP LOGOUT Server ok" }));
    }
}

using MailCore.Delivery;
using MailCore.Storage.Sqlite;
using MailCore.Testing;
using MailCore.Tests.Sqlite;
using NUnit.Framework;

namespace MailCore.Tests.Delivery;

[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class MessageTraceTests
{
    [Test]
    public async Task A_message_is_found_by_its_queue_id_and_by_its_message_id()
    {
        using var folder = new SqliteTestFolder();
        await using var store = SqliteMailStore.Open(folder.Path);
        await using var durable = new SqliteMessageTrace(store);
        foreach (var trace in new IMessageTrace[] { new InMemoryMessageTrace(), durable })
        {
            trace.Note(Step("Q1", 2, MessageStepKind.Routed, "bob@example.org", "account bob"));
            trace.Note(Step("Q1", 1, MessageStepKind.Received, null, "from <eve@example.com>\tby\nwire") with { MessageId = "<a@b>" });
            trace.Note(Step("Q2", 1, MessageStepKind.Received, null, "x") with { MessageId = "<c@d>" });
            trace.Note(Step("Q3", 3, MessageStepKind.Received, null, "again") with { MessageId = "<a@b>" });
            var steps = await trace.FindAsync(" q1 ", default);
            Assert.Multiple(async () =>
            {
                Assert.That(steps.Select(static step => step.Kind), Is.EqualTo(new[] { MessageStepKind.Received, MessageStepKind.Routed }));
                Assert.That(steps[1].Recipient, Is.EqualTo("bob@example.org"));
                Assert.That((await trace.FindAsync("a@b", default)).Select(static step => step.QueueId), Is.EqualTo(new[] { "Q1", "Q1", "Q3" }));
                Assert.That((await trace.FindAsync("<c@d>", default)).Single().Detail, Is.EqualTo("x"));
                Assert.That(await trace.FindAsync("Q4", default), Is.Empty);
            });
        }

        // From another process, as the sample's verb does.
        Assert.That(await new SqliteStoreFolder(folder.Path).FindTraceAsync("Q1", default), Has.Count.EqualTo(2));
    }

    [Test]
    public async Task Memory_is_bounded_and_the_oldest_steps_give_way([Values(3, 4)] int steps)
    {
        var trace = new InMemoryMessageTrace(3);
        for (var i = 1; i <= steps; i++)
        {
            trace.Note(Step($"Q{i}", i, MessageStepKind.Received, null, "x"));
        }

        Assert.That(await trace.FindAsync("Q1", default), Has.Count.EqualTo(steps == 3 ? 1 : 0));
        Assert.That(await trace.FindAsync($"Q{steps}", default), Has.Count.EqualTo(1));
    }

    [Test]
    public async Task A_durable_trace_survives_a_restart_and_forgets_after_its_time()
    {
        using var folder = new SqliteTestFolder();
        var time = new ManualTimeProvider();
        var id = MailCore.Messaging.QueueId.Create(time);
        var options = new SqliteStoreOptions { TimeProvider = time, TraceHistory = TimeSpan.FromDays(7) };
        await using (var store = SqliteMailStore.Open(folder.Path, options))
        await using (var trace = new SqliteMessageTrace(store))
        {
            trace.Note(Step(id, 0, MessageStepKind.Received, null, "x"));
        }

        await using (var store = SqliteMailStore.Open(folder.Path, options))
        await using (var trace = new SqliteMessageTrace(store))
        {
            Assert.That(await trace.FindAsync(id, default), Has.Count.EqualTo(1));
            time.Advance(TimeSpan.FromDays(7) - TimeSpan.FromSeconds(1));
            trace.Note(Step(MailCore.Messaging.QueueId.Create(time), 0, MessageStepKind.Received, null, "y"));
            Assert.That(await trace.FindAsync(id, default), Has.Count.EqualTo(1));
            time.Advance(TimeSpan.FromSeconds(2));
            trace.Note(Step(MailCore.Messaging.QueueId.Create(time), 0, MessageStepKind.Received, null, "z"));
            await trace.FindAsync(id, default);
            Assert.That(await trace.FindAsync(id, default), Is.Empty);
        }
    }

    [Test]
    public async Task A_trace_of_no_length_keeps_nothing()
    {
        using var folder = new SqliteTestFolder();
        await using var store = SqliteMailStore.Open(folder.Path, new SqliteStoreOptions { TraceHistory = TimeSpan.Zero });
        await using var trace = new SqliteMessageTrace(store);
        trace.Note(Step("Q1", 0, MessageStepKind.Received, null, "x"));
        Assert.That(await trace.FindAsync("Q1", default), Is.Empty);
    }

    private static MessageStep Step(string queueId, int second, MessageStepKind kind, string? recipient, string detail) =>
        new(queueId, DateTimeOffset.UnixEpoch.AddSeconds(second), kind, recipient, detail);
}

using MailCore.Delivery;
using MailCore.Messaging;
using MailCore.Smtp;
using MailCore.Storage.Sqlite;
using MailCore.Testing;
using MailCore.Tests.Smtp;
using MailCore.Tests.Sqlite;
using Microsoft.Extensions.Logging;
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
        var id = QueueId.Create(time);
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
            trace.Note(Step(QueueId.Create(time), 0, MessageStepKind.Received, null, "y"));
            Assert.That(await trace.FindAsync(id, default), Has.Count.EqualTo(1));
            time.Advance(TimeSpan.FromSeconds(2));
            trace.Note(Step(QueueId.Create(time), 0, MessageStepKind.Received, null, "z"));
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

    [Test]
    public async Task A_message_id_is_remembered_up_to_a_lines_length([Values(998, 999)] int length)
    {
        var trace = new InMemoryMessageTrace();
        await using var server = await new SmtpTestServer().PopulateAsync();
        server.Delivery = new TracingDelivery(new StubDelivery(), trace, TimeProvider.System);
        await using var client = await server.GreetAsync();
        var messageId = $"<{new string('x', length - 2)}>";
        await client.SendMessageAsync(250, $"Message-ID: {messageId}\r\n\r\nx\r\n");
        Assert.That(await trace.FindAsync(messageId, default), Has.Count.EqualTo(length == 998 ? 2 : 0));
    }

    [TestCase("Discarded", 250)]
    [TestCase("Refused", 554)]
    public async Task A_message_that_no_delivery_gets_is_traced_as_well(string kind, int code)
    {
        var trace = new InMemoryMessageTrace();
        var judge = new Judge(kind == "Discarded");
        await using var server = await new SmtpTestServer { Trace = trace, Filters = { new SmtpFilterRegistration(_ => judge) } }.PopulateAsync();
        await using var client = await server.GreetAsync();
        await client.SendMessageAsync(code, "x\r\n");
        var step = (await trace.FindAsync(judge.QueueId, default)).Single();
        Assert.That(step.Kind.ToString(), Is.EqualTo(kind));
        Assert.That(step.Detail, Does.StartWith("from <eve@elsewhere.example> by ").And.Contain(code == 250 ? "by a filter" : "554"));
    }

    [Test]
    public async Task Disposing_writes_what_waits_and_a_container_may_do_it_either_way()
    {
        using var folder = new SqliteTestFolder();
        using (var store = SqliteMailStore.Open(folder.Path))
        {
            using var trace = new SqliteMessageTrace(store);
            trace.Note(Step("Q1", 0, MessageStepKind.Received, null, "x"));
        }

        Assert.That(await new SqliteStoreFolder(folder.Path).FindTraceAsync("Q1", default), Has.Count.EqualTo(1));
    }

    [Test]
    public async Task What_comes_faster_than_it_can_be_kept_is_dropped_and_told([Values(0, 1)] int more)
    {
        using var folder = new SqliteTestFolder();
        var logs = new WarningLog();
        await using var store = SqliteMailStore.Open(folder.Path);
        await using var trace = new SqliteMessageTrace(store, logs);
        // The writer is kept busy, so that what is noted waits.
        using var busy = new ManualResetEventSlim();
        var blocked = store.WriteAsync(_ => busy.Wait(TimeSpan.FromSeconds(30)), default);
        trace.Note(Step("Q0", 0, MessageStepKind.Received, null, "taken by the first write"));
        var first = trace.FindAsync("Q0", default).AsTask();
        await WaitForAsync(() => trace.Waiting == 0);
        for (var i = 0; i < SqliteMessageTrace.MaxWaiting + more; i++)
        {
            trace.Note(Step("Q1", 0, MessageStepKind.Received, null, "x"));
        }

        busy.Set();
        await blocked;
        await first;
        Assert.That(await trace.FindAsync("Q1", default), Has.Count.EqualTo(SqliteMessageTrace.MaxWaiting));
        Assert.That(logs.Texts, more == 0 ? Is.Empty : Is.EqualTo(new[] { "1 steps of messages are missing in the trace" }));
    }

    private static async Task WaitForAsync(Func<bool> condition)
    {
        for (var i = 0; i < 3_000 && !condition(); i++)
        {
            await Task.Delay(10);
        }

        Assert.That(condition(), "it did not come about");
    }

    private sealed class Judge(bool discards) : ISmtpFilter
    {
        public string QueueId { get; private set; } = "";

        public ValueTask<SmtpVerdict> OnMessageAsync(SmtpFilterContext context, MailTransaction transaction, Stream message, CancellationToken cancellationToken)
        {
            QueueId = transaction.QueueId;
            return new(discards ? SmtpVerdict.Discard("unwanted") : SmtpVerdict.Reject(new SmtpReply(554, "5.7.1", "No")));
        }
    }

    private sealed class WarningLog : ILogger<SqliteMessageTrace>
    {
        public System.Collections.Concurrent.ConcurrentQueue<string> Texts { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => Texts.Enqueue(formatter(state, exception));
    }

    private static MessageStep Step(string queueId, int second, MessageStepKind kind, string? recipient, string detail) =>
        new(queueId, DateTimeOffset.UnixEpoch.AddSeconds(second), kind, recipient, detail);
}

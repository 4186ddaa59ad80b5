using System.Text;
using MailCore.Relay;
using MailCore.Storage.Sqlite;
using MailCore.Testing;
using MailCore.Testing.NUnit.Relay;
using MailCore.Testing.Relay;
using NUnit.Framework;

namespace MailCore.Tests.Relay.Queue;

[TestFixture]
internal sealed class InMemoryRelayQueueTests : RelayQueueConformanceFixture
{
    protected override Task<IQueueConformanceTarget> CreateAsync(string name) => Task.FromResult<IQueueConformanceTarget>(new Target());

    internal sealed class Target : IQueueConformanceTarget
    {
        public Target(Func<IRelayQueue, IRelayQueue>? wrap = null) => Queue = (wrap ?? (static queue => queue))(new InMemoryRelayQueue(Clock));

        public IRelayQueue Queue { get; }

        public ManualTimeProvider Clock { get; } = new();

        public ValueTask DisposeAsync() => default;
    }
}

[TestFixture]
internal sealed class SqliteRelayQueueTests : RelayQueueConformanceFixture
{
    protected override Task<IQueueConformanceTarget> CreateAsync(string name) => Task.FromResult<IQueueConformanceTarget>(new SqliteQueueTarget());

    [Test]
    public async Task A_message_that_is_delivered_and_queued_has_its_content_once_and_loses_it_with_the_last_item()
    {
        await using var target = new SqliteQueueTarget();
        var entry = new QueueProbe(target).Entry("bob@example.net");
        await using (var content = await target.Store.StageAsync(System.IO.Pipelines.PipeReader.Create(new MemoryStream(Encoding.UTF8.GetBytes(new string('x', 100_000)))), default, CancellationToken.None))
        {
            await target.Queue.EnqueueAsync(entry, content, CancellationToken.None);
            Assert.That(Directory.EnumerateFiles(target.Folder, "*", SearchOption.AllDirectories).Count(static file => new FileInfo(file).Length == 100_000), Is.EqualTo(1));
        }

        var queue = new QueueProbe(target);
        await queue.CompleteAsync(LeaseResult.Done(await queue.LeaseOneAsync()));
        await target.ReopenAsync();
        await target.Store.MaintainAsync();
        var report = await new SqliteStoreFolder(target.Folder).CheckAsync();
        Assert.That(report.Problems, Is.Empty);
        Assert.That(await new SqliteStoreFolder(target.Folder).ReadQueueAsync(QueueFilter.All), Is.Empty);
    }

    [Test]
    public async Task A_closed_folder_and_an_open_one_obey_orders()
    {
        await using var target = new SqliteQueueTarget();
        var probe = new QueueProbe(target);
        var id = await probe.AddAsync("bob@example.net");
        var folder = new SqliteStoreFolder(target.Folder);
        Assert.That((await folder.ReadQueueAsync(QueueFilter.All)).Single().QueueId, Is.EqualTo(id));

        var held = folder.ChangeQueueAsync(new QueueFilter { QueueId = id }, QueueAction.Hold);
        while (!held.IsCompleted)
        {
            await target.Sqlite.ObeyAsync();
            await Task.Yield();
        }

        Assert.That(await held, Is.EqualTo(1));
        Assert.That((await probe.ListAsync()).Single().IsHeld);

        await target.CloseAsync();
        Assert.That(await folder.ChangeQueueAsync(QueueFilter.All, QueueAction.Delete), Is.EqualTo(1));
        Assert.That(await folder.ReadQueueAsync(QueueFilter.All), Is.Empty);
    }
}

[TestFixture]
internal sealed class RelayBacklogTests
{
    private const int Backlog = 100_000;

    [Test]
    public async Task A_hundred_thousand_messages_open_in_200_MB_and_hold_nobody_up()
    {
        await using var target = new SqliteQueueTarget();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var probe = new QueueProbe(target);
        foreach (var group in Enumerable.Range(0, Backlog).Select(_ => probe.Entry("x@dead.example")).Chunk(2_000))
        {
            await Task.WhenAll(group.Select(probe.AddAsync));
        }

        await target.CloseAsync();
        var started = TimeProvider.System.GetTimestamp();
        target.Open();
        TestContext.Out.WriteLine($"Opened in {TimeProvider.System.GetElapsedTime(started).TotalMilliseconds:N0} ms with {(GC.GetTotalMemory(forceFullCollection: true) - before) / 1_000_000} MB.");
        Assert.That(GC.GetTotalMemory(forceFullCollection: true) - before, Is.LessThan(200_000_000));
        Assert.That(target.Queue.Measure().Single().Items, Is.EqualTo(Backlog));

        // The dead host's first message and the others' are given together; then it rests, and what others get does not depend on it.
        await probe.AddAsync(probe.Entry("x@alive.example") with { QueueId = "OTHER" });
        var first = await probe.LeaseAsync(max: 2);
        Assert.That(first.Select(static lease => lease.Hop!.Host), Is.EquivalentTo(new[] { "dead.example", "alive.example" }));
        var resting = new HashSet<string> { first.Single(static lease => lease.Hop!.Host == "dead.example").Destination };
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        Assert.That(await probe.LeaseAsync(alter: request => request with { Resting = resting }), Is.Empty);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - allocated, Is.LessThan(10_000), "a look at the queue costs the same whatever waits for the dead host");
    }
}

internal sealed class SqliteQueueTarget : IQueueConformanceTarget
{
    public SqliteQueueTarget() => Open();

    public string Folder { get; } = Directory.CreateTempSubdirectory("mailcore-queue-").FullName;

    public ManualTimeProvider Clock { get; } = new();

    public SqliteMailStore Store { get; private set; } = null!;

    public SqliteRelayQueue Sqlite { get; private set; } = null!;

    public IRelayQueue Queue => Sqlite;

    public async ValueTask<bool> ReopenAsync()
    {
        await CloseAsync();
        Open();
        return true;
    }

    public async Task CloseAsync()
    {
        await Sqlite.DisposeAsync();
        await Store.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        Directory.Delete(Folder, recursive: true);
    }

    public void Open()
    {
        Store = SqliteMailStore.Open(Folder, new SqliteStoreOptions { TimeProvider = Clock, SurvivesPowerLoss = false });
        Sqlite = new SqliteRelayQueue(Store);
    }
}

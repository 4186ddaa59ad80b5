using System.IO.Pipelines;
using MailCore.Storage.Sqlite;
using NUnit.Framework;

namespace MailCore.Tests.Sqlite;

/// <summary>Against the toy version: a mailbox of a million messages, a thousand receptions at once. Counts, never times.</summary>
[NonParallelizable]
public sealed class SqliteScaleTests
{
    private const int Rows = 1_000_000;

    private SqliteTestFolder _folder = null!;
    private SqliteMailStore _store = null!;
    private SqliteTestAccount _full = null!;

    [OneTimeSetUp]
    public async Task OpenAsync()
    {
        _folder = new SqliteTestFolder();
        _store = SqliteMailStore.Open(_folder.Path);
        _full = await SqliteTestAccount.OpenAsync(_store, "full");
        await _full.AppendAsync([1, 2, 3]);
        await FillAsync();
    }

    [OneTimeTearDown]
    public async Task CloseAsync()
    {
        await _store.DisposeAsync();
        _folder.Dispose();
    }

    [Test]
    public async Task An_append_into_a_million_rows_writes_as_many_pages_as_into_none()
    {
        var empty = await SqliteTestAccount.OpenAsync(_store, "empty");
        var other = await SqliteTestAccount.OpenAsync(_store, "other");
        await empty.AppendAsync([1]);
        await _full.AppendAsync([1]);
        var (intoEmpty, intoFull) = (0L, 0L);
        for (var i = 0; i < 100; i++)
        {
            intoEmpty += await CountPagesAsync(empty);
            intoFull += await CountPagesAsync(_full);

            // Rows of another mailbox behind, so that no mailbox has the end of a table to itself.
            await other.AppendAsync([1]);
        }

        TestContext.Out.WriteLine($"Pages for 100 appends: {intoEmpty} into the empty mailbox, {intoFull} into the full one.");
        Assert.That(intoFull, Is.LessThanOrEqualTo(intoEmpty * 11 / 10));
    }

    [Test]
    public async Task A_million_rows_are_loaded_into_24_MB()
    {
        await ReadAsync(_full);
        var before = GC.GetTotalAllocatedBytes(precise: true);
        var rows = await ReadAsync(_full);
        var allocated = GC.GetTotalAllocatedBytes(precise: true) - before;

        TestContext.Out.WriteLine($"{allocated:N0} octets for {rows:N0} rows.");
        Assert.That(rows, Is.EqualTo((await _full.InboxInfoAsync()).Messages));
        Assert.That(allocated, Is.LessThan(24.5 * rows));
    }

    [Test]
    public async Task Asking_for_changes_when_there_are_none_allocates_next_to_nothing()
    {
        var asOf = (await _full.Reads.SnapshotAsync(CancellationToken.None)).AsOf;
        await _full.Reads.ChangesSinceAsync(asOf, _full.Inbox, 100, CancellationToken.None);
        var before = GC.GetAllocatedBytesForCurrentThread();
        await _full.Reads.ChangesSinceAsync(asOf, _full.Inbox, 100, CancellationToken.None);

        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(500));
    }

    // After two blocks each is held in memory as a whole, after 32 it is on its way to a file.
    [TestCase(2)]
    [TestCase(32)]
    public async Task A_thousand_messages_of_1_MB_received_at_once_take_under_60_MB(int blocks)
    {
        const int Receptions = 1000;
        var gate = new TaskCompletionSource();
        var waiting = new CountdownEvent(Receptions);
        var block = new byte[16 * 1024];
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var staging = Enumerable.Range(0, Receptions).Select(_ => Task.Run(async () =>
        {
            var reader = new SteppedReader(block, 64, blocks, gate.Task, waiting);
            await using var content = await _store.StageAsync(reader, default, CancellationToken.None);
            return content.Length;
        })).ToArray();
        await Task.Run(waiting.Wait);
        var held = GC.GetTotalMemory(forceFullCollection: true) - before;
        gate.SetResult();

        Assert.That(await Task.WhenAll(staging), Has.All.EqualTo(64 * block.Length));
        TestContext.Out.WriteLine($"{held:N0} octets while {Receptions} messages are being received.");
        Assert.That(held, Is.LessThan(60 * 1024 * 1024));
        Assert.That(_folder.MessageFiles(), Is.Empty);
    }

    private static async Task<int> ReadAsync(SqliteTestAccount account)
    {
        var rows = 0;
        var load = await account.Reads.LoadAsync(account.Inbox, CancellationToken.None);
        await foreach (var segment in load!.Segments)
        {
            rows += segment.Count;
        }

        return rows;
    }

    private async Task<long> CountPagesAsync(SqliteTestAccount account)
    {
        var before = await PagesAsync();
        await account.AppendAsync([1]);
        return await PagesAsync() - before;
    }

    private Task<long> PagesAsync() => _store.WriteAsync(static db => db.PagesWritten, CancellationToken.None);

    // Through the contract this would take as long as all other tests together.
    private Task<bool> FillAsync() => _store.WriteAsync(
        static db =>
        {
            db.Execute($"""
                WITH RECURSIVE numbers(n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM numbers WHERE n < {Rows})
                INSERT INTO entry(mailbox, uid, flags, modseq, size, message) SELECT mailbox, n, 0, n, size, message FROM entry, numbers WHERE uid = 1;
                UPDATE mailbox SET uid_next = {Rows + 1}, messages = {Rows}, unseen = {Rows}, bytes = bytes * {Rows}, highest_modseq = {Rows};
                UPDATE account SET modseq = {Rows}, quota_used = quota_used * {Rows};
                """);
            return true;
        },
        CancellationToken.None);

    /// <summary>Gives the same block again and again, and waits once on the way.</summary>
    private sealed class SteppedReader(byte[] block, int count, int waitAfter, Task gate, CountdownEvent waiting) : PipeReader
    {
        private int _given;

        public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
        {
            if (_given++ == waitAfter)
            {
                waiting.Signal();
                await gate;
            }

            return new ReadResult(new(block), isCanceled: false, isCompleted: _given == count);
        }

        public override void AdvanceTo(SequencePosition consumed)
        {
        }

        public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
        {
        }

        public override void CancelPendingRead()
        {
        }

        public override void Complete(Exception? exception = null)
        {
        }

        public override bool TryRead(out ReadResult result) => throw new NotSupportedException();
    }
}

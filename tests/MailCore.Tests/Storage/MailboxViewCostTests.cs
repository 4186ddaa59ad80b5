using System.Runtime.CompilerServices;
using MailCore.Storage;
using NUnit.Framework;
using static MailCore.Tests.Storage.StoreFixture;

namespace MailCore.Tests.Storage;

/// <summary>Octets are counted, time is not.</summary>
[TestFixture, NonParallelizable]
public sealed class MailboxViewCostTests
{
    private const int Million = 1_000_000;

    [Test]
    public async Task A_change_among_a_million_rows_copies_little()
    {
        var store = new StoreFixture();
        var inbox = await store.InboxAsync();
        await store.FillAsync(inbox, Million);
        var view = (await inbox.OpenViewAsync())!;
        Assert.That(view.State.Count, Is.EqualTo(Million));

        await inbox.SetFlagsAsync(Uids(500_000), new FlagChange(FlagMode.Add, SystemFlags.Seen));
        Assert.That(Refresh(view, RowChangeKind.Changed), Is.LessThan(100_000), "a flag");
        await inbox.RemoveAsync(Uids(400_000));
        Assert.That(Refresh(view, RowChangeKind.Vanished), Is.LessThan(100_000), "an expunge");
        await AppendAsync(inbox);
        Assert.That(Refresh(view, RowChangeKind.Added), Is.LessThan(100_000), "an append");
        await AppendAsync(inbox);
        Assert.That(Refresh(view, RowChangeKind.Added), Is.LessThan(100_000), "another append");
    }

    [Test]
    public void A_view_of_a_million_rows_takes_less_than_32_MB()
    {
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var rows = Load();
        var held = GC.GetTotalMemory(forceFullCollection: true) - before;
        Assert.That(rows.Count, Is.EqualTo(Million));
        Assert.That(held, Is.LessThan(32_000_000));
        GC.KeepAlive(rows);
    }

    [Test]
    public async Task A_million_rows_in_memory_take_less_than_60_octets_each()
    {
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var store = new StoreFixture();
        var inbox = await store.InboxAsync();
        await store.FillAsync(inbox, Million);
        var view = await inbox.OpenViewAsync();
        var held = GC.GetTotalMemory(forceFullCollection: true) - before;
        Assert.That(held, Is.LessThan(60L * Million), "store and view together");
        Assert.That(view!.State.Count, Is.EqualTo(Million));
        GC.KeepAlive(store);
    }

    private static long Refresh(MailboxView view, RowChangeKind expected)
    {
        var before = view.State;
        var start = GC.GetAllocatedBytesForCurrentThread();
        var refresh = view.RefreshAsync().AsTask();

        // The memory store answers at once, so that all of it was on this thread.
        Assert.That(refresh.IsCompletedSuccessfully, Is.True);
        var changes = refresh.Result.ChangesFrom(before).ToList();
        var allocated = GC.GetAllocatedBytesForCurrentThread() - start;
        Assert.That(changes.Select(static change => change.Kind), Is.EqualTo(new[] { expected }));
        return allocated;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static RowSegments Load() => RowSegments.LoadAsync(Segments(), known: null).AsTask().GetAwaiter().GetResult();

    // As a store on disk hands them out: made for this load, in segments of the largest size.
    private static async IAsyncEnumerable<ColumnSegment> Segments()
    {
        await Task.CompletedTask;
        for (var first = 1; first <= Million; first += StorageLimits.RowsPerSegment)
        {
            uint[] uids = [.. Enumerable.Range(first, Math.Min(StorageLimits.RowsPerSegment, Million + 1 - first)).Select(static uid => (uint)uid)];
            yield return new ColumnSegment(uids, new ulong[uids.Length], new long[uids.Length], new uint[uids.Length]);
        }
    }
}

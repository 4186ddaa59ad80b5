using MailCore.Storage;
using NUnit.Framework;
using static MailCore.Tests.Storage.StoreFixture;

namespace MailCore.Tests.Storage;

[TestFixture, Parallelizable(ParallelScope.All), FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class MailboxViewTests
{
    private readonly StoreFixture _store = new();

    [Test]
    public async Task All_who_open_a_mailbox_share_one_view()
    {
        var view = await (await _store.InboxAsync()).OpenViewAsync();
        Assert.That(await (await _store.InboxAsync()).OpenViewAsync(), Is.SameAs(view));
        Assert.That(_store.Gate.Loads, Is.EqualTo(1));
    }

    [Test]
    public async Task A_view_shows_rows_by_rank_and_by_uid()
    {
        var inbox = await _store.InboxAsync();
        await _store.FillAsync(inbox, 3000);
        await inbox.RemoveAsync(Uids(Enumerable.Range(1, 3000).Where(static uid => uid % 2 == 0)));
        await inbox.SetFlagsAsync(Uids(5), new FlagChange(FlagMode.Add, SystemFlags.Flagged) { Keywords = ["k"] });
        var state = (await inbox.OpenViewAsync())!.State;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(state.Count, Is.EqualTo(1500));
            Assert.That(state.Info.Messages, Is.EqualTo(1500));
            Assert.That(state[2].Uid, Is.EqualTo(new Uid(5)));
            Assert.That(state[2].Flags, Is.EqualTo(SystemFlags.Flagged));
            Assert.That(state[2].FlagWord, Is.EqualTo(256 + 4));
            Assert.That(state.UidAt(1499), Is.EqualTo(new Uid(2999)));
            Assert.That(state.IndexOf(new Uid(2999)), Is.EqualTo(1499));
            Assert.That(state.IndexOf(new Uid(2)), Is.EqualTo(-1));
            Assert.That(state.IndexOf(new Uid(uint.MaxValue)), Is.EqualTo(-1));
            Assert.That(state.LowerBound(new Uid(0)), Is.Zero);
            Assert.That(state.LowerBound(new Uid(2)), Is.EqualTo(1));
            Assert.That(state.LowerBound(new Uid(3000)), Is.EqualTo(1500));
            Assert.That(state.Range(1, 2).Select(static row => row.Uid.Value), Is.EqualTo(new[] { 3, 5 }));
            Assert.That(state.Range(1499, int.MaxValue).Count(), Is.EqualTo(1));
            Assert.That(state.Intersect(UidSet.Parse("1:4,2998:4294967295")), Is.EqualTo(Uids(1, 3, 2999)));
            Assert.That(state.Intersect(UidSet.Empty), Is.Empty);
            Assert.That(() => state[1500], Throws.TypeOf<ArgumentOutOfRangeException>());
            Assert.That(() => state[-1], Throws.TypeOf<ArgumentOutOfRangeException>());
        }
    }

    [Test]
    public async Task A_view_of_an_empty_mailbox_is_empty()
    {
        var state = (await (await _store.InboxAsync()).OpenViewAsync())!.State;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(state.Count, Is.Zero);
            Assert.That(state.LowerBound(new Uid(1)), Is.Zero);
            Assert.That(state.IndexOf(new Uid(1)), Is.EqualTo(-1));
            Assert.That(state.Intersect(UidSet.All), Is.Empty);
        }
    }

    [Test]
    public async Task A_refresh_is_a_state_and_older_states_stay_as_they_are()
    {
        var inbox = await _store.InboxAsync();
        var first = await AppendAsync(inbox);
        var view = (await inbox.OpenViewAsync())!;
        var before = view.State;
        await AppendAsync(inbox);
        await inbox.RemoveAsync([first]);
        Assert.That(view.State, Is.SameAs(before));
        var after = await view.RefreshAsync();
        Assert.That(view.State, Is.SameAs(after));
        Assert.That(before.Range(0, 9).Select(static row => row.Uid.Value), Is.EqualTo(new[] { 1 }));
        Assert.That(after.Range(0, 9).Select(static row => row.Uid.Value), Is.EqualTo(new[] { 2 }));
        Assert.That(await view.RefreshAsync(), Is.SameAs(after));
    }

    [Test]
    public async Task A_change_of_another_mailbox_moves_no_row()
    {
        var inbox = await _store.InboxAsync();
        await AppendAsync(inbox);
        var other = (await inbox.Account.CreateMailboxAsync(MailboxName.Parse("Other"))).Mailbox!;
        var view = (await inbox.OpenViewAsync())!;
        var before = view.State;
        await AppendAsync(other);
        var after = await view.RefreshAsync();
        Assert.That(after.AsOf, Is.GreaterThan(before.AsOf));
        Assert.That(after.Rows, Is.SameAs(before.Rows));
        Assert.That(after.ChangesFrom(before), Is.Empty);
    }

    [Test]
    public async Task Sessions_that_refresh_at_once_ask_the_store_once()
    {
        var inbox = await _store.InboxAsync();
        var view = (await inbox.OpenViewAsync())!;
        var held = new TaskCompletionSource();
        _store.Gate.AfterChanges = () => held.Task;
        var asked = _store.Gate.Questions;
        var first = view.RefreshAsync().AsTask();
        var others = Enumerable.Range(0, 100).Select(_ => view.RefreshAsync().AsTask()).ToList();
        Assert.That(_store.Gate.Questions, Is.EqualTo(asked + 1));
        held.SetResult();
        await first;
        await Task.WhenAll(others);
        Assert.That(_store.Gate.Questions, Is.EqualTo(asked + 2));
    }

    [Test]
    public async Task A_refresh_is_not_answered_by_one_that_looked_before_the_commit()
    {
        var inbox = await _store.InboxAsync();
        var view = (await inbox.OpenViewAsync())!;
        var held = new TaskCompletionSource();
        _store.Gate.AfterChanges = () => held.Task;
        var early = view.RefreshAsync().AsTask();
        var uid = await AppendAsync(inbox);
        var late = view.RefreshAsync().AsTask();
        held.SetResult();
        Assert.That((await early).Count, Is.Zero);
        Assert.That((await late).IndexOf(uid), Is.Zero);
    }

    [Test]
    public async Task A_refresh_that_fails_leaves_the_view_as_it_was()
    {
        var inbox = await _store.InboxAsync();
        var view = (await inbox.OpenViewAsync())!;
        var before = view.State;
        await AppendAsync(inbox);
        _store.Gate.AfterChanges = static () => throw new IOException("disk");
        Assert.That(async () => await view.RefreshAsync(), Throws.TypeOf<IOException>());
        Assert.That(view.State, Is.SameAs(before));
        _store.Gate.AfterChanges = null;
        Assert.That((await view.RefreshAsync()).Count, Is.EqualTo(1));
    }

    [Test]
    public async Task One_who_stops_waiting_stops_nobody_else()
    {
        var inbox = await _store.InboxAsync();
        var view = (await inbox.OpenViewAsync())!;
        var held = new TaskCompletionSource();
        _store.Gate.AfterChanges = () => held.Task;
        await AppendAsync(inbox);
        using var cancel = new CancellationTokenSource();
        var impatient = view.RefreshAsync(cancel.Token).AsTask();
        var patient = view.RefreshAsync().AsTask();
        await cancel.CancelAsync();
        Assert.That(async () => await impatient, Throws.InstanceOf<OperationCanceledException>());
        held.SetResult();
        Assert.That((await patient).Count, Is.EqualTo(1));
    }

    [Test]
    public async Task Lost_hints_cost_time_and_no_change()
    {
        var inbox = await _store.InboxAsync();
        var view = (await inbox.OpenViewAsync())!;
        var hints = 0;
        using var listening = view.OnHint(() => hints++);

        // Past the gateway, so that nobody is told.
        await using var staged = await _store.Memory.StageAsync(System.IO.Pipelines.PipeReader.Create(new MemoryStream()), default, default);
        await _store.Memory.CommitAsync([new ChangeBatch(inbox.Account.Id, [new AppendMessage(inbox.Id, staged, default, 0, [], default, default)])], default);
        Assert.That(hints, Is.Zero);
        Assert.That((await view.RefreshAsync()).Count, Is.EqualTo(1));
    }

    [Test]
    public async Task A_hint_comes_before_the_committer_goes_on_and_none_after_disposal()
    {
        var inbox = await _store.InboxAsync();
        var view = (await inbox.OpenViewAsync())!;
        var hints = 0;
        var listening = view.OnHint(() => hints++);
        await AppendAsync(inbox);
        Assert.That(hints, Is.EqualTo(1));
        await inbox.SetFlagsAsync(Uids(77), new FlagChange(FlagMode.Add, SystemFlags.Seen));
        Assert.That(hints, Is.EqualTo(1), "Nothing changed.");
        listening.Dispose();
        await AppendAsync(inbox);
        Assert.That(hints, Is.EqualTo(1));
        Assert.That(_store.Signal.Count, Is.Zero);
    }

    [Test]
    public async Task A_truncated_feed_is_a_reload()
    {
        var inbox = await _store.InboxAsync();
        await _store.FillAsync(inbox, 45_000);
        var view = (await inbox.OpenViewAsync())!;
        var before = view.State;
        await inbox.RemoveAsync(Uids(1, 2));
        await inbox.SetFlagsAsync(Uids(Enumerable.Range(5000, 40_000)), new FlagChange(FlagMode.Add, SystemFlags.Seen));
        var loads = _store.Gate.Loads;
        var after = await view.RefreshAsync();
        Assert.That(_store.Gate.Loads, Is.EqualTo(loads + 1));
        var changes = after.ChangesFrom(before).ToList();
        Assert.That(changes.Count(static change => change.Kind == RowChangeKind.Changed), Is.EqualTo(40_000));
        Assert.That(changes.Where(static change => change.Kind == RowChangeKind.Vanished).Select(static change => change.Uid.Value), Is.EqualTo(new[] { 1, 2 }));
        Assert.That(after.Segments.ToArray().Count(before.Segments.ToArray().Contains), Is.EqualTo(3), "Segments in which nothing changed are kept.");
    }

    [Test]
    public async Task A_deleted_mailbox_is_reported_and_keeps_its_last_rows()
    {
        var account = await _store.AccountAsync();
        var mailbox = (await account.CreateMailboxAsync(MailboxName.Parse("Work"))).Mailbox!;
        await AppendAsync(mailbox);
        var view = (await mailbox.OpenViewAsync())!;
        await account.DeleteMailboxAsync(mailbox.Id);
        var state = await view.RefreshAsync();
        Assert.That(state.IsRemoved, Is.True);
        Assert.That(state.Count, Is.EqualTo(1));
        Assert.That((await view.RefreshAsync()).IsRemoved, Is.True);
        Assert.That(await mailbox.OpenViewAsync(), Is.Null);
        Assert.That(await account.OpenMailbox(new MailboxId("never")).OpenViewAsync(), Is.Null);
    }

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(3)]
    public async Task A_patched_view_is_the_same_as_a_loaded_one(int seed)
    {
        var random = new Random(seed);
        var inbox = await _store.InboxAsync();
        await _store.FillAsync(inbox, 5000);
        var view = (await inbox.OpenViewAsync())!;
        var shown = view.State;
        for (var step = 0; step < 80; step++)
        {
            await ChangeAsync(inbox, shown, random);
            if (random.Next(3) != 0)
            {
                var next = await view.RefreshAsync();
                await CheckLoadAsync(inbox, next);
                CheckDifference(shown, next);
                shown = next;
            }
        }
    }

    private async Task ChangeAsync(Mailbox inbox, MailboxViewState shown, Random random)
    {
        var some = Enumerable.Range(0, random.Next(1, 30)).Select(_ => new Uid((uint)random.Next(1, (int)shown.Info.UidNext.Value + 5))).Distinct().ToList();
        switch (random.Next(7))
        {
            case 0:
                await _store.FillAsync(inbox, random.Next(1, 5));
                break;
            case 1:
                await _store.FillAsync(inbox, random.Next(1, 1200));
                break;
            case 2 or 3:
                await inbox.SetFlagsAsync(some, new FlagChange((FlagMode)random.Next(3), (SystemFlags)random.Next(32)) { Keywords = [$"k{random.Next(9)}"] });
                break;
            case 4:
                await inbox.RemoveAsync(some);
                break;
            case 5:
                // A whole stretch, so that segments empty and join.
                var from = random.Next(1, (int)shown.Info.UidNext.Value);
                await inbox.RemoveAsync(Uids(Enumerable.Range(from, random.Next(1, 2500)).Where(_ => random.Next(20) != 0)));
                break;
            default:
                await inbox.CopyAsync(some, inbox.Id);
                break;
        }
    }

    private static async Task CheckLoadAsync(Mailbox inbox, MailboxViewState state)
    {
        var rows = new List<MailboxRow>();
        await foreach (var segment in (await inbox.Account.Store.LoadAsync(inbox.Id, default))!.Segments)
        {
            for (var i = 0; i < segment.Count; i++)
            {
                rows.Add(new MailboxRow(new Uid(segment.Uids[i]), segment.Flags[i], new ModSeq(segment.ModSeqs[i]), segment.Sizes[i]));
            }
        }

        Assert.That(state.Range(0, int.MaxValue).SequenceEqual(rows), Is.True);
        Assert.That(state.Info.Messages, Is.EqualTo(state.Count));
        Assert.That(state.Segments.ToArray().Select(static segment => segment.Count), Is.All.InRange(1, RowSegments.Capacity));
        Assert.That(state.Segments.Length, Is.LessThanOrEqualTo((state.Count / 100) + 16), "Segments thinned out are joined.");
    }

    private static void CheckDifference(MailboxViewState older, MailboxViewState newer)
    {
        // By brute force over both.
        var was = older.Range(0, int.MaxValue).Select((row, rank) => (row, rank)).ToDictionary(static entry => entry.row.Uid);
        var now = newer.Range(0, int.MaxValue).Select((row, rank) => (row, rank)).ToDictionary(static entry => entry.row.Uid);
        var expected = was.Keys.Union(now.Keys).Order().Select(uid => (uid, old: was.GetValueOrDefault(uid, (default, -1)), @new: now.GetValueOrDefault(uid, (default, -1))))
            .Where(static entry => entry.old.row != entry.@new.row)
            .Select(static entry => new MailboxRowChange(
                entry.old.rank < 0 ? RowChangeKind.Added : entry.@new.rank < 0 ? RowChangeKind.Vanished : RowChangeKind.Changed, entry.uid, entry.old.rank, entry.@new.rank));
        Assert.That(newer.ChangesFrom(older).SequenceEqual(expected), Is.True);
    }
}

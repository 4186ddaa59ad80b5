using System.IO.Pipelines;
using MailCore.Storage;
using MailCore.Storage.InMemory;
using MailCore.Testing;
using NUnit.Framework;
using static MailCore.Tests.Storage.StoreFixture;

namespace MailCore.Tests.Storage.InMemory;

/// <summary>What only this store promises: when it lets go.</summary>
[TestFixture, Parallelizable(ParallelScope.All), FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class InMemoryStoreLifetimeTests
{
    private readonly StoreFixture _store = new();

    [Test]
    public async Task Expunged_content_goes_after_its_time_without_any_other_commit()
    {
        var inbox = await _store.InboxAsync();
        var uid = await AppendAsync(inbox, new string('x', 200_000));
        await AppendAsync(inbox, "kept");
        await inbox.RemoveAsync([uid]);
        _store.Clock.Advance(TimeSpan.FromMinutes(34));
        Assert.That(_store.Memory.ContentCount, Is.EqualTo(2));
        Assert.That(await inbox.ReadBatchAsync(new[] { uid }, MessageFields.None), Has.Count.EqualTo(1));
        _store.Clock.Advance(TimeSpan.FromMinutes(10));
        Assert.That(_store.Memory.ContentCount, Is.EqualTo(1));
        Assert.That(await inbox.ReadBatchAsync(new[] { uid }, MessageFields.None), Is.Empty);
        Assert.That(_store.Clock.ArmedTimers, Is.Zero, "Nothing is left to wait for.");
    }

    [Test]
    public async Task Content_of_a_deleted_mailbox_goes_after_its_time()
    {
        var account = await _store.AccountAsync();
        var work = (await account.CreateMailboxAsync(MailboxName.Parse("Work"))).Mailbox!;
        await AppendAsync(work, "live");
        await work.RemoveAsync([await AppendAsync(work, "expunged before")]);
        await account.DeleteMailboxAsync(work.Id);
        _store.Clock.Advance(TimeSpan.FromMinutes(34));
        Assert.That(_store.Memory.ContentCount, Is.EqualTo(2));
        _store.Clock.Advance(TimeSpan.FromMinutes(10));
        Assert.That(_store.Memory.ContentCount, Is.Zero);
        Assert.That(_store.Clock.ArmedTimers, Is.Zero);
    }

    [Test]
    public async Task Copies_hold_content_until_the_last_one_goes()
    {
        var inbox = await _store.InboxAsync();
        var uid = await AppendAsync(inbox);
        for (var i = 0; i < 5; i++)
        {
            uid = (await inbox.CopyAsync([uid], inbox.Id)).NewUids[0];
            uid = (await inbox.MoveAsync([uid], inbox.Id)).NewUids[0];
        }

        _store.Clock.Advance(TimeSpan.FromHours(1));
        Assert.That(_store.Memory.ContentCount, Is.EqualTo(1));
        await inbox.RemoveAsync(Uids(Enumerable.Range(1, 20)));
        _store.Clock.Advance(TimeSpan.FromHours(1));
        Assert.That(_store.Memory.ContentCount, Is.Zero);
    }

    [Test]
    public async Task Content_staged_elsewhere_is_refused_before_anything_happens()
    {
        var inbox = await _store.InboxAsync();
        var other = new InMemoryMailStore(_store.Clock);
        await using var mine = await _store.Memory.StageAsync(PipeReader.Create(new MemoryStream()), default, default);
        await using var foreign = await other.StageAsync(PipeReader.Create(new MemoryStream()), default, default);
        var append = new AppendMessage(inbox.Id, mine, default, 0, [], default, default);
        Assert.That(
            async () => await inbox.Account.CommitAsync([append, append with { Content = foreign }]), Throws.InstanceOf<ArgumentException>());
        Assert.That((await inbox.GetInfoAsync())!.Messages, Is.Zero);
    }

    [Test]
    public async Task A_feed_older_than_the_tombstones_is_truncated()
    {
        var clock = new ManualTimeProvider();
        var memory = new InMemoryMailStore(clock) { TombstonesPerMailbox = 100 };
        var account = (await new MailAccounts(memory, new LocalChangeSignal(), clock).OpenAsync(new AccountId("alice")))!;
        var inbox = (await account.FindMailboxAsync(MailboxName.Inbox))!;
        await _store.FillAsync(inbox, 0);
        var view = (await inbox.OpenViewAsync())!;
        for (var i = 0; i < 150; i++)
        {
            await AppendAsync(inbox);
        }

        var filled = await view.RefreshAsync();
        foreach (var uid in Enumerable.Range(1, 140))
        {
            await inbox.RemoveAsync(Uids(uid));
        }

        var changes = await account.Store.ChangesSinceAsync(filled.AsOf, inbox.Id, int.MaxValue, default);
        Assert.That(changes.Truncated, Is.True);
        Assert.That(changes.OldestKept, Is.GreaterThan(filled.AsOf));
        var exact = await account.Store.ChangesSinceAsync(changes.OldestKept, inbox.Id, int.MaxValue, default);
        Assert.That(exact.Truncated, Is.False);
        Assert.That(exact.Mailboxes[0].Vanished, Has.Length.EqualTo(changes.AsOf.Value - changes.OldestKept.Value));
        Assert.That((await view.RefreshAsync()).ChangesFrom(filled).Count(), Is.EqualTo(140));
    }

    [Test]
    public async Task Delivery_keys_older_than_seven_days_are_forgotten()
    {
        var inbox = await _store.InboxAsync();
        var first = await AppendAsync(inbox, options: new AppendOptions { DeliveryKey = "Q" });
        _store.Clock.Advance(TimeSpan.FromDays(7));
        Assert.That(await AppendAsync(inbox, options: new AppendOptions { DeliveryKey = "Q" }), Is.GreaterThan(first));
    }

    [Test]
    public async Task Accounts_are_made_on_first_use_and_a_commit_makes_none()
    {
        var results = await _store.Accounts.CommitAsync([new ChangeBatch(new AccountId("unknown"), [new Subscribe("x", true)])]);
        Assert.That(results[0].Error, Is.EqualTo(CommitError.NoAccount));
        Assert.That(await _store.Accounts.OpenAsync(new AccountId("unknown")), Is.Not.Null);
        Assert.That(async () => await _store.Accounts.OpenAsync(new AccountId("")), Throws.InstanceOf<ArgumentException>());
    }

    [Test, NonParallelizable]
    public async Task Ten_thousand_accounts_with_a_message_each_take_less_than_40_MB()
    {
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var i = 0; i < 10_000; i++)
        {
            await AppendAsync(await _store.InboxAsync($"user{i}@example.org"));
        }

        Assert.That(GC.GetTotalMemory(forceFullCollection: true) - before, Is.LessThan(40_000_000));
        GC.KeepAlive(_store);
    }
}

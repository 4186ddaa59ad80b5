using System.Runtime.CompilerServices;
using MailCore.Mime;
using MailCore.Storage;
using NUnit.Framework;
using static MailCore.Tests.Storage.StoreFixture;

namespace MailCore.Tests.Storage;

[TestFixture, Parallelizable(ParallelScope.All), FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class MailAccountsTests
{
    private readonly StoreFixture _store = new();

    [Test]
    public async Task An_account_is_opened_once_however_many_ask_at_once()
    {
        var held = new TaskCompletionSource();
        _store.Gate.BeforeOpen = () => held.Task;
        var opening = Enumerable.Range(0, 50).Select(_ => _store.Accounts.OpenAsync(new AccountId("alice")).AsTask()).ToList();
        held.SetResult();
        var accounts = await Task.WhenAll(opening);
        Assert.That(accounts, Is.All.SameAs(accounts[0]));
        Assert.That(_store.Gate.Opens, Is.EqualTo(1));
        GC.KeepAlive(accounts);
    }

    [Test]
    public async Task One_who_stops_waiting_for_an_account_stops_nobody_else()
    {
        var held = new TaskCompletionSource();
        _store.Gate.BeforeOpen = () => held.Task;
        using var cancel = new CancellationTokenSource();
        var impatient = _store.Accounts.OpenAsync(new AccountId("alice"), cancel.Token).AsTask();
        var patient = _store.Accounts.OpenAsync(new AccountId("alice")).AsTask();
        await cancel.CancelAsync();
        Assert.That(async () => await impatient, Throws.InstanceOf<OperationCanceledException>());
        held.SetResult();
        Assert.That(await patient, Is.Not.Null);
    }

    [Test]
    public async Task An_account_that_the_store_does_not_have_is_null_and_leaves_nothing()
    {
        Assert.That(await _store.Accounts.OpenAsync(new AccountId("nobody")), Is.Null);
        Assert.That(_store.Accounts.Cached, Is.Zero);
    }

    [Test]
    public async Task A_failed_opening_can_be_repeated()
    {
        _store.Gate.BeforeOpen = static () => Task.FromException(new IOException("disk"));
        Assert.That(async () => await _store.Accounts.OpenAsync(new AccountId("alice")), Throws.TypeOf<IOException>());
        _store.Gate.BeforeOpen = null;
        Assert.That(await _store.Accounts.OpenAsync(new AccountId("alice")), Is.Not.Null);
    }

    [Test, NonParallelizable]
    public async Task Accounts_that_nobody_holds_are_let_go()
    {
        await OpenManyAsync(5000);
        for (var i = 0; i < 5; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        // The sweep comes when their number has doubled.
        await OpenManyAsync(6000);
        Assert.That(_store.Accounts.Cached, Is.LessThan(7000));
    }

    [Test, NonParallelizable]
    public async Task A_view_that_nobody_holds_is_let_go()
    {
        var inbox = await _store.InboxAsync();
        var weak = await OpenViewAsync(inbox);
        for (var i = 0; i < 20 && weak.IsAlive; i++)
        {
            await Task.Yield();
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.That(weak.IsAlive, Is.False);
        Assert.That((await inbox.OpenViewAsync())!.State.Count, Is.Zero);
    }

    [Test]
    public async Task A_commit_signals_each_account_that_changed_before_it_returns()
    {
        var (alice, bob, carol) = (await _store.InboxAsync("alice"), await _store.InboxAsync("bob"), await _store.InboxAsync("carol"));
        var hints = new List<string>();
        using var one = alice.Account.Listen(() => hints.Add("alice"));
        using var two = bob.Account.Listen(() => hints.Add("bob"));
        using var three = carol.Account.Listen(() => hints.Add("carol"));
        var results = await _store.Accounts.CommitAsync(
        [
            new ChangeBatch(alice.Account.Id, [new Subscribe("a", true)]),
            new ChangeBatch(bob.Account.Id, [new DeleteMailbox(bob.Id)]),
            new ChangeBatch(carol.Account.Id, [new Subscribe("c", true)]),
        ]);
        Assert.That(results.Select(static result => result.Error), Is.EqualTo(new[] { CommitError.None, CommitError.NotSupported, CommitError.None }));
        Assert.That(hints, Is.EqualTo(new[] { "alice", "carol" }));
    }

    [Test]
    public async Task A_signal_that_fails_does_not_fail_the_commit()
    {
        var accounts = new MailAccounts(_store.Memory, new BrokenSignal(), _store.Clock);
        var account = (await accounts.OpenAsync(new AccountId("alice")))!;
        Assert.That((await account.SubscribeAsync(MailboxName.Parse("x"), true)).Succeeded, Is.True);
    }

    [Test]
    public async Task Who_listens_to_all_accounts_hears_of_those_that_nobody_knew_until_they_listen_no_more()
    {
        var heard = new List<string>();
        var listening = _store.Accounts.Listen(account => heard.Add(account.Value));
        using var second = _store.Accounts.Listen(account => heard.Add($"{account} too"));
        await AppendAsync(await _store.InboxAsync(), "x\r\n");
        listening.Dispose();
        listening.Dispose();
        var first = heard[0];
        await AppendAsync(await _store.InboxAsync(), "y\r\n");
        Assert.That(heard, Is.EqualTo(new[] { first, $"{first} too", $"{first} too" }));
    }

    [Test]
    public async Task A_summary_is_computed_while_staging_and_kept()
    {
        var inbox = await _store.InboxAsync();
        var uid = await AppendAsync(inbox, "Subject: kept\r\nFrom: a@example.org\r\n\r\ntext\r\n");
        var row = (await inbox.ReadBatchAsync(new[] { uid }, MessageFields.Summary))[0];
        Assert.That(MessageSummary.TryDecode(row.Summary, out var summary), Is.True);
        Assert.That(summary!.Length, Is.EqualTo(44));
    }

    private async Task OpenManyAsync(int count)
    {
        for (var i = 0; i < count; i++)
        {
            await _store.Accounts.OpenAsync(new AccountId($"user{count}-{i}"));
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static async Task<WeakReference> OpenViewAsync(Mailbox inbox) => new(await inbox.OpenViewAsync());

    private sealed class BrokenSignal : IChangeSignal
    {
        public IDisposable Listen(AccountId account, Action<ChangeHint> hint) => throw new NotSupportedException();

        public ValueTask RaiseAsync(AccountId account, ChangeHint hint) => throw new IOException("The other node is down.");
    }
}

using MailCore.Storage;
using MailCore.Storage.Sqlite;
using NUnit.Framework;

namespace MailCore.Tests.Sqlite;

public sealed class SqliteRetentionTests
{
    private const int Large = 100_000;

    private SqliteTestFolder _folder = null!;
    private SteppedTime _time = null!;
    private SqliteMailStore _store = null!;

    [SetUp]
    public void Open()
    {
        _folder = new SqliteTestFolder();
        _time = new SteppedTime();
        _store = SqliteMailStore.Open(_folder.Path, new SqliteStoreOptions { TimeProvider = _time });
    }

    [TearDown]
    public async Task CloseAsync()
    {
        await _store.DisposeAsync();
        _folder.Dispose();
    }

    [TestCase(1000)]
    [TestCase(Large)]
    public async Task Content_survives_its_expunge_for_35_minutes_and_then_goes(int size)
    {
        var anna = await SqliteTestAccount.OpenAsync(_store);
        var octets = SqliteTestAccount.Octets(size);
        await anna.AppendAsync(octets);
        var content = (await anna.ReadRowAsync(1))!.Content;
        await anna.CommitAsync(new Expunge(anna.Inbox, [1], OnlyDeleted: false));

        await PassAsync(TimeSpan.FromMinutes(35));
        Assert.That((await anna.ReadRowAsync(1))!.Expunged);
        Assert.That(await anna.HasContentAsync(1, octets));

        await PassAsync(TimeSpan.FromMinutes(6));
        Assert.That(await anna.ReadRowAsync(1), Is.Null);
        Assert.That(await anna.ReadContentAsync(content), Is.Null);
        Assert.That(Count("content") + Count("message") + Count("garbage") + _folder.MessageFiles().Length, Is.Zero);
        Assert.That((await anna.Reads.ChangesSinceAsync(new ModSeq(2), null, 100, CancellationToken.None)).Mailboxes[0].Vanished, Is.EqualTo([1]));
    }

    [Test]
    public async Task A_message_to_50_accounts_is_kept_once_and_until_the_last_is_gone()
    {
        var accounts = new List<SqliteTestAccount>();
        for (var i = 0; i < 50; i++)
        {
            accounts.Add(await SqliteTestAccount.OpenAsync(_store, $"user{i}"));
        }

        var octets = SqliteTestAccount.Octets(Large);
        var before = _store.Commits;
        await using (var staged = await SqliteTestAccount.StageAsync(_store, octets))
        {
            await _store.CommitAsync([.. accounts.Select(account => new ChangeBatch(account.Id, [account.Append(staged)]))], CancellationToken.None);
        }

        Assert.That(_store.Commits - before, Is.EqualTo(1));
        Assert.That((Count("content"), _folder.MessageFiles().Length), Is.EqualTo((1, 1)));
        foreach (var account in accounts)
        {
            Assert.That(await accounts[^1].HasContentAsync(1, octets));
            await account.CommitAsync(new Expunge(account.Inbox, [1], OnlyDeleted: false));
            await PassAsync(TimeSpan.FromMinutes(41));
        }

        Assert.That((Count("content"), Count("content_use"), _folder.MessageFiles().Length), Is.EqualTo((0, 0, 0)));
    }

    [Test]
    public async Task Content_stays_readable_while_a_reader_is_open()
    {
        var anna = await SqliteTestAccount.OpenAsync(_store);
        var octets = SqliteTestAccount.Octets(Large);
        await anna.AppendAsync(octets);
        await using var reader = await _store.OpenContentAsync((await anna.ReadRowAsync(1))!.Content, CancellationToken.None);
        await anna.CommitAsync(new Expunge(anna.Inbox, [1], OnlyDeleted: false));
        await PassAsync(TimeSpan.FromMinutes(41));

        Assert.That(_folder.MessageFiles(), Is.Empty);
        var read = new byte[Large];
        Assert.That(await reader!.ReadAsync(0, read, CancellationToken.None), Is.EqualTo(Large));
        Assert.That(read.AsSpan().SequenceEqual(octets));
    }

    [Test]
    public async Task Content_still_staged_can_be_appended_again_after_its_message_expired()
    {
        var anna = await SqliteTestAccount.OpenAsync(_store);
        var octets = SqliteTestAccount.Octets(Large);
        await using (var staged = await SqliteTestAccount.StageAsync(_store, octets))
        {
            await anna.CommitAsync(anna.Append(staged));
            await anna.CommitAsync(new Expunge(anna.Inbox, [1], OnlyDeleted: false));
            await PassAsync(TimeSpan.FromMinutes(41));
            await anna.CommitAsync(anna.Append(staged));
        }

        await PassAsync(TimeSpan.FromMinutes(41));
        Assert.That(await anna.HasContentAsync(2, octets));
        Assert.That((Count("content"), Count("content_use"), Count("message")), Is.EqualTo((1, 0, 1)));
    }

    [Test]
    public async Task Many_expunged_messages_go_in_steps_and_all_of_them()
    {
        var anna = await SqliteTestAccount.OpenAsync(_store);
        await using (var staged = await SqliteTestAccount.StageAsync(_store, [1]))
        {
            await anna.CommitAsync([.. Enumerable.Repeat(anna.Append(staged), 1000)]);
        }

        await anna.CommitAsync(new Expunge(anna.Inbox, [.. Enumerable.Range(1, 1000).Select(static uid => (uint)uid)], OnlyDeleted: false));
        await PassAsync(TimeSpan.FromMinutes(41));
        Assert.That((Count("content"), Count("message"), Count("expunged")), Is.EqualTo((0, 0, 1000)));
    }

    [Test]
    public async Task Expunges_are_remembered_for_30_days_and_then_the_feed_says_truncated()
    {
        var anna = await SqliteTestAccount.OpenAsync(_store);
        await anna.AppendAsync([1]);
        var since = (await anna.CommitAsync(new Subscribe("a", true))).ModSeq!.Value;
        var expunged = (await anna.CommitAsync(new Expunge(anna.Inbox, [1], OnlyDeleted: false))).ModSeq!.Value;

        await PassAsync(TimeSpan.FromMinutes(41));
        await PassAsync(TimeSpan.FromDays(29));
        Assert.That((await anna.Reads.ChangesSinceAsync(since, null, 100, CancellationToken.None)).Truncated, Is.False);

        await PassAsync(TimeSpan.FromDays(1.1));
        var changes = await anna.Reads.ChangesSinceAsync(since, null, 100, CancellationToken.None);
        Assert.That((changes.Truncated, changes.OldestKept), Is.EqualTo((true, expunged)));
        Assert.That((await anna.Reads.ChangesSinceAsync(expunged, null, 100, CancellationToken.None)).OldestKept, Is.EqualTo(expunged));
        Assert.That((Count("expunged"), Count("retention")), Is.EqualTo((0, 0)));
    }

    [Test]
    public async Task A_deleted_mailbox_stays_readable_for_35_minutes_and_then_leaves_nothing()
    {
        var anna = await SqliteTestAccount.OpenAsync(_store);
        var work = (await anna.CommitAsync(new CreateMailbox("Work"))).Changes[0].Mailbox;
        await using (var staged = await SqliteTestAccount.StageAsync(_store, SqliteTestAccount.Octets(Large)))
        {
            await anna.CommitAsync([.. Enumerable.Repeat(anna.Append(staged) with { Mailbox = work }, 600)]);
        }

        await anna.CommitAsync(new Expunge(work, [5], OnlyDeleted: false));
        await anna.CommitAsync(new DeleteMailbox(work));
        Assert.That((await anna.Reads.SnapshotAsync(CancellationToken.None)).QuotaUsed, Is.Zero);

        await PassAsync(TimeSpan.FromMinutes(35));
        var rows = await anna.Reads.ReadAsync(work, new Uid[] { new(1), new(5), new(601) }, MessageFields.All, CancellationToken.None);
        Assert.That(rows.Select(static row => (row.Uid.Value, row.Expunged)), Is.EqualTo([(1u, true), (5u, true)]));

        await PassAsync(TimeSpan.FromMinutes(6));
        Assert.That((Count("content"), Count("content_use"), Count("message"), Count("entry"), Count("expunged")), Is.EqualTo((0, 0, 0, 0, 0)));
        Assert.That(_folder.MessageFiles(), Is.Empty);
        Assert.That((await anna.Reads.ChangesSinceAsync(new ModSeq(2), null, 100, CancellationToken.None)).Removed, Is.EqualTo([work]));

        await PassAsync(TimeSpan.FromDays(31));
        await PassAsync(TimeSpan.FromDays(31));
        Assert.That((Count("removed_mailbox"), Count("retention")), Is.EqualTo((0, 0)));
        Assert.That((await anna.Reads.ChangesSinceAsync(new ModSeq(2), null, 100, CancellationToken.None)).Truncated);
    }

    [Test]
    public async Task Delivery_keys_are_forgotten_after_7_days_and_removed()
    {
        var anna = await SqliteTestAccount.OpenAsync(_store);
        await using var staged = await SqliteTestAccount.StageAsync(_store, [1]);
        var append = anna.Append(staged) with { DeliveryKey = "Q1 anna" };
        await anna.CommitAsync(append);

        await PassAsync(TimeSpan.FromDays(7));
        Assert.That((await anna.CommitAsync(append)).Changes[0].NewUids, Is.EqualTo([1]));
        await PassAsync(TimeSpan.FromSeconds(1));
        Assert.That(Count("delivery"), Is.Zero);
        Assert.That((await anna.CommitAsync(append)).Changes[0].NewUids, Is.EqualTo([2]));
    }

    [Test]
    public async Task Expired_state_is_removed()
    {
        var state = new SqliteServerState(_store);
        await state.SetAsync("greylist", new byte[] { 1 }, _time.Now.AddMinutes(1), CancellationToken.None);
        Assert.That(await state.GetAsync("greylist", CancellationToken.None), Is.EqualTo(new byte[] { 1 }));

        _time.Now += TimeSpan.FromMinutes(1);
        Assert.That(await state.GetAsync("greylist", CancellationToken.None), Is.Null);
        await PassAsync(TimeSpan.Zero);
        Assert.That(Count("state"), Is.Zero);
    }

    private async Task PassAsync(TimeSpan time)
    {
        _time.Now += time;
        await _store.MaintainAsync();
    }

    private long Count(string table) => _store.Read(db => db.Use(new($"SELECT count(*) FROM {table}")).Scalar()!.Value);
}

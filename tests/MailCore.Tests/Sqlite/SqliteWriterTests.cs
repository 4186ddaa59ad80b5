using MailCore.Storage;
using MailCore.Storage.Sqlite;
using NUnit.Framework;

namespace MailCore.Tests.Sqlite;

public sealed class SqliteWriterTests : SqliteStoreFixture
{
    [Test]
    public async Task Commits_that_wait_share_one_flush()
    {
        var accounts = new List<SqliteTestAccount>();
        for (var i = 0; i < 20; i++)
        {
            accounts.Add(await SqliteTestAccount.OpenAsync(Store, $"user{i}"));
        }

        await accounts[0].AppendAsync([1]);
        await using var content = await SqliteTestAccount.StageAsync(Store, [1, 2, 3]);
        var before = Store.Commits;
        using var hold = HoldWriter();
        var commits = accounts.ConvertAll(account => account.CommitAsync(account.Append(content)));
        hold.Dispose();
        var results = await Task.WhenAll(commits);

        Assert.That(results.Select(static result => result.Error), Has.All.EqualTo(CommitError.None));
        Assert.That(Store.Commits - before, Is.EqualTo(1));
    }

    [Test]
    public async Task A_rejected_batch_leaves_others_of_the_same_flush_alone()
    {
        var anna = await SqliteTestAccount.OpenAsync(Store);
        var bob = await SqliteTestAccount.OpenAsync(Store, "bob");
        await bob.CommitAsync(new SetQuota(1));
        await using var content = await SqliteTestAccount.StageAsync(Store, [1, 2, 3]);
        using var hold = HoldWriter();
        var refused = bob.CommitAsync(bob.Append(content));
        var taken = anna.CommitAsync(anna.Append(content));
        hold.Dispose();

        Assert.That((await refused).Error, Is.EqualTo(CommitError.OverQuota));
        Assert.That((await taken).Error, Is.EqualTo(CommitError.None));
        await content.DisposeAsync();
        Assert.That(await anna.HasContentAsync(1, [1, 2, 3]));
        Assert.That((await bob.InboxInfoAsync()).Messages, Is.Zero);
    }

    [Test]
    public async Task A_work_that_throws_fails_alone()
    {
        var anna = await SqliteTestAccount.OpenAsync(Store);
        await using var content = await SqliteTestAccount.StageAsync(Store, [1, 2, 3]);
        using var hold = HoldWriter();
        var first = anna.CommitAsync(anna.Append(content));
        var bad = Store.WriteAsync<bool>(static db => throw new InvalidOperationException("mine"), CancellationToken.None);
        var second = anna.CommitAsync(anna.Append(content));
        hold.Dispose();

        Assert.That(() => bad, Throws.InvalidOperationException.With.Message.EqualTo("mine"));
        Assert.That((await first).Changes[0].NewUids, Is.EqualTo([1]));
        Assert.That((await second).Changes[0].NewUids, Is.EqualTo([2]));
        Assert.That((await second).ModSeq!.Value.Value, Is.EqualTo((await first).ModSeq!.Value.Value + 1));
    }

    [Test]
    public async Task A_commit_cancelled_before_it_begins_takes_no_effect()
    {
        var anna = await SqliteTestAccount.OpenAsync(Store);
        using var cancel = new CancellationTokenSource();
        using var hold = HoldWriter();
        var commit = Store.CommitAsync([new ChangeBatch(anna.Id, [new Subscribe("a", true)])], cancel.Token).AsTask();
        await cancel.CancelAsync();
        Assert.That(() => commit, Throws.InstanceOf<OperationCanceledException>());
        hold.Dispose();

        await anna.CommitAsync(new Subscribe("b", true));
        Assert.That((await anna.Reads.SnapshotAsync(CancellationToken.None)).Subscriptions, Is.EqualTo(["b"]));
    }

    [Test]
    public async Task Disposal_finishes_commits_under_way()
    {
        var anna = await SqliteTestAccount.OpenAsync(Store);
        using var hold = HoldWriter();
        var commit = anna.CommitAsync(new Subscribe("a", true));
        var closing = Store.DisposeAsync().AsTask();
        hold.Dispose();
        await closing;
        Assert.That((await commit).Error, Is.EqualTo(CommitError.None));

        await using var again = SqliteMailStore.Open(Folder.Path);
        anna = await SqliteTestAccount.OpenAsync(again);
        Assert.That((await anna.Reads.SnapshotAsync(CancellationToken.None)).Subscriptions, Is.EqualTo(["a"]));
    }

    [Test]
    public async Task A_full_disk_acknowledges_nothing_and_is_survived()
    {
        var anna = await SqliteTestAccount.OpenAsync(Store);
        await anna.AppendAsync(SqliteTestAccount.Octets(1000));
        var before = await anna.InboxInfoAsync();
        await LimitPagesAsync("(SELECT page_count FROM pragma_page_count)");
        await using var content = await SqliteTestAccount.StageAsync(Store, SqliteTestAccount.Octets(30_000));
        using var hold = HoldWriter();
        var big = anna.CommitAsync(anna.Append(content));
        var small = anna.CommitAsync(new SetFlags(anna.Inbox, [1], FlagMode.Add, SystemFlags.Seen, [], null));
        hold.Dispose();

        // The one that needs no room is not dragged down by the one that does.
        Assert.That(() => big, Throws.TypeOf<SqliteStoreException>().With.Message.Contains("full"));
        Assert.That((await small).Error, Is.EqualTo(CommitError.None));
        Assert.That((await anna.InboxInfoAsync()).Messages, Is.EqualTo(before.Messages));
        await LimitPagesAsync("1000000");
        Assert.That((await anna.CommitAsync(anna.Append(content))).Changes[0].NewUids, Is.EqualTo([2]));
    }

    [Test]
    public async Task Readers_do_not_wait_for_a_write_transaction_that_is_open()
    {
        var anna = await SqliteTestAccount.OpenAsync(Store);
        await anna.AppendAsync([1, 2, 3]);
        await using var content = await SqliteTestAccount.StageAsync(Store, [4]);
        using var written = new ManualResetEventSlim();
        using var release = new ManualResetEventSlim();
        await anna.CommitAsync(anna.Append(content));
        var writing = Store.WriteAsync(
            db =>
            {
                db.Execute("UPDATE entry SET flags = 1; UPDATE mailbox SET messages = 1000");
                written.Set();
                release.Wait();
                db.Execute("UPDATE entry SET flags = 0; UPDATE mailbox SET messages = 2");
                return true;
            },
            default);
        await Task.Run(written.Wait);

        // Each of these would hang here, and sees nothing of what is not committed.
        Assert.That((await anna.InboxInfoAsync()).Messages, Is.EqualTo(2));
        Assert.That(await anna.HasContentAsync(1, [1, 2, 3]));
        var load = await anna.Reads.LoadAsync(anna.Inbox, CancellationToken.None);
        await foreach (var segment in load!.Segments)
        {
            Assert.That(segment.Flags, Is.EqualTo(new ulong[] { 0, 0 }));
        }

        Assert.That((await anna.Reads.ChangesSinceAsync(new ModSeq(1), null, 100, CancellationToken.None)).Mailboxes, Is.Not.Empty);
        Assert.That(writing.IsCompleted, Is.False);
        release.Set();
        Assert.That(await writing);
    }

    [Test]
    public async Task A_commit_without_effect_is_not_flushed()
    {
        var anna = await SqliteTestAccount.OpenAsync(Store);
        await anna.AppendAsync([1]);
        await anna.CommitAsync(new ClaimRecent(anna.Inbox));
        var before = Store.Commits;
        var claimed = await anna.CommitAsync(new ClaimRecent(anna.Inbox));
        await anna.CommitAsync(new SetFlags(anna.Inbox, [1, 7], FlagMode.Remove, SystemFlags.Seen, ["unknown"], null));

        Assert.That(claimed.Changes[0].RecentFrom, Is.EqualTo(new Uid(2)));
        Assert.That(Store.Commits, Is.EqualTo(before));
    }

    [Test]
    public async Task A_client_that_stalls_in_the_middle_of_reads_does_not_keep_the_log_growing()
    {
        await Store.DisposeAsync();
        const int Limit = 1024 * 1024;
        Store = SqliteMailStore.Open(Folder.Path, new SqliteStoreOptions { WriteAheadLimit = Limit });
        var anna = await SqliteTestAccount.OpenAsync(Store);
        await anna.AppendAsync(SqliteTestAccount.Octets(20_000));
        var load = await anna.Reads.LoadAsync(anna.Inbox, CancellationToken.None);
        await using var segments = load!.Segments.GetAsyncEnumerator();
        await using var reader = await Store.OpenContentAsync((await anna.ReadRowAsync(1))!.Content, CancellationToken.None);
        await reader!.ReadAsync(0, new byte[10], CancellationToken.None);

        for (var i = 0; i < 800; i++)
        {
            await anna.AppendAsync(SqliteTestAccount.Octets(20_000));
        }

        // 800 appends write about 20 MB. Past four times the limit the writer waits until the log has been copied.
        Assert.That(Folder.LogLength(), Is.LessThan(6 * Limit));
        Assert.That(await segments.MoveNextAsync());
        Assert.That(segments.Current.Count, Is.EqualTo(1));
    }

    private async Task LimitPagesAsync(string pages) => await Store.WriteAsync(
        db =>
        {
            var limit = db.QueryText($"SELECT {pages}");
            return db.QueryText($"PRAGMA max_page_count={limit}");
        },
        CancellationToken.None);

    /// <summary>Keeps the writer busy until disposal, so that what is asked for meanwhile makes one group.</summary>
    private Hold HoldWriter()
    {
        var hold = new Hold();
        _ = Store.WriteAsync(_ => hold.Wait(), CancellationToken.None);
        hold.Started.Wait();
        return hold;
    }

    private sealed class Hold : IDisposable
    {
        private readonly ManualResetEventSlim _released = new();

        public ManualResetEventSlim Started { get; } = new();

        public bool Wait()
        {
            Started.Set();
            _released.Wait();
            return true;
        }

        public void Dispose() => _released.Set();
    }
}

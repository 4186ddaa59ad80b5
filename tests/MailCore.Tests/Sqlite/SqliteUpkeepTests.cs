using System.IO.Pipelines;
using System.Text;
using MailCore.Mime;
using MailCore.Storage;
using MailCore.Storage.Sqlite;
using MailCore.Storage.Sqlite.Database;
using NUnit.Framework;

namespace MailCore.Tests.Sqlite;

/// <summary>Check, rebuild, compaction, backup and the quota report, on a store with two accounts, small and large messages, and shared ones.</summary>
public sealed class SqliteUpkeepTests
{
    private SqliteTestFolder _folder = null!;
    private SqliteMailStore _store = null!;

    [SetUp]
    public async Task FillAsync()
    {
        _folder = new SqliteTestFolder();
        Open();
        var accounts = new MailAccounts(_store, new LocalChangeSignal(), TimeProvider.System);
        var (anna, bob) = (await accounts.OpenAsync(new AccountId("anna")), await accounts.OpenAsync(new AccountId("bob")));
        for (var i = 0; i < 12; i++)
        {
            await using var message = await accounts.StageAsync(PipeReader.Create(new(Message(i))), default);
            var batches = new List<ChangeBatch>();
            foreach (var account in i % 4 == 0 ? new[] { anna!, bob! } : [anna!])
            {
                var inbox = (await account.FindMailboxAsync(MailboxName.Inbox))!;
                batches.Add(new ChangeBatch(account.Id, [new AppendMessage(inbox.Id, message.Content, "Received: here\r\n"u8.ToArray(), SystemFlags.None, [], DateTimeOffset.UnixEpoch, message.Summary)]));
            }

            await accounts.CommitAsync(batches);
        }

        var mailbox = (await anna!.FindMailboxAsync(MailboxName.Inbox))!;
        await mailbox.RemoveAsync([new Uid(2)]);
        await mailbox.CopyAsync([new Uid(3), new Uid(6)], mailbox.Id);
        await anna.SetQuotaAsync(1_000_000);
    }

    [TearDown]
    public async Task CloseAsync()
    {
        await _store.DisposeAsync();
        _folder.Dispose();
    }

    [Test]
    public async Task A_sound_store_has_no_problems_and_is_told_so_while_it_is_open()
    {
        var steps = new List<WorkProgress>();
        var report = await new SqliteStoreFolder(_folder.Path).CheckAsync(new Steps(steps));

        Assert.That(report.Problems, Is.Empty);
        Assert.That((report.Messages, report.Unhashed, report.ProblemCount), Is.EqualTo((17, 0, 0)));
        Assert.That(report.Octets, Is.GreaterThan(3 * 100_000));
        Assert.That(steps, Has.Some.EqualTo(new WorkProgress("Checking messages", 17, 17)));
    }

    [Test]
    public async Task A_flipped_bit_of_a_message_is_found_wherever_its_octets_are()
    {
        Execute("UPDATE content SET data = CAST(replace(data, x'6c696e65', x'6c696e64') AS BLOB) WHERE id = (SELECT content FROM message WHERE id = (SELECT message FROM entry WHERE uid = 4 AND mailbox = (SELECT min(id) FROM mailbox)))");
        var file = _folder.MessageFiles()[0];
        await using (var stream = new FileStream(file, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            stream.Position = 5000;
            stream.WriteByte(0);
        }

        var report = await CheckAsync();
        Assert.That(report.Select(static problem => problem.What).ToList(), Has.Count.GreaterThan(1).And.All.EqualTo("its octets are not those received: the hash differs"));
        Assert.That(report.Select(static problem => problem.Where), Has.Some.EqualTo("anna, INBOX, UID 4"));
    }

    [Test]
    public async Task A_missing_and_a_superfluous_message_file_are_named_and_nothing_is_deleted()
    {
        var file = _folder.MessageFiles()[0];
        File.Move(file, Path.Combine(_folder.Path, "aside"));
        var foreign = Path.Combine(Path.GetDirectoryName(file)!, "0000000000000000");
        await File.WriteAllTextAsync(foreign, "x");
        await ReopenAsync();
        var before = Directory.GetFiles(_folder.Path, "*", SearchOption.AllDirectories);

        var report = await CheckAsync();
        Assert.That(report, Has.Some.Matches<StoreProblem>(problem => problem!.What == $"its file {file} is missing"));
        Assert.That(report, Has.Some.EqualTo(new StoreProblem(foreign, "no message uses this file")));
        Assert.That(Directory.GetFiles(_folder.Path, "*", SearchOption.AllDirectories), Is.EquivalentTo(before));
    }

    [TestCase("UPDATE message SET summary = x'0102'", "index entry does not fit")]
    [TestCase("UPDATE mailbox SET unseen = unseen + 1", "counters are wrong")]
    [TestCase("UPDATE account SET quota_used = 1", "quota counters are wrong")]
    [TestCase("UPDATE account SET messages = 1000", "quota counters are wrong")]
    [TestCase("DELETE FROM content_use", "messages use it, and 1 are counted")]
    [TestCase("UPDATE content SET hash = NULL", null)]
    public async Task What_is_derived_is_found_wrong_and_made_again_from_the_messages(string damage, string? problem)
    {
        var before = Dump();
        Execute(damage);
        var found = await CheckAsync();
        if (problem is not null)
        {
            Assert.That(found.Select(static one => one.What), Is.Not.Empty.And.All.Contains(problem));
        }

        var steps = new List<WorkProgress>();
        var rebuilt = await _store.RebuildIndexAsync(new Steps(steps));

        Assert.That(rebuilt.Problems, Is.Empty);
        Assert.That(rebuilt.Summaries + rebuilt.Counters + rebuilt.Hashes, Is.Positive);
        Assert.That(steps, Is.Not.Empty);
        Assert.That(await CheckAsync(), Is.Empty);
        Assert.That(Dump(), Is.EqualTo(before));
        Assert.That((await _store.RebuildIndexAsync()) is { Summaries: 0, Counters: 0, Hashes: 0 });
    }

    [TestCase("UPDATE mailbox SET uid_next = 3", "past the end")]
    [TestCase("UPDATE entry SET size = size + 1", "size is not that of its octets")]
    [TestCase("DELETE FROM message WHERE id = (SELECT max(message) FROM entry)", "details are missing")]
    [TestCase("DELETE FROM content WHERE id = (SELECT max(id) FROM content)", "octets are not in the database")]
    [TestCase("DELETE FROM entry WHERE uid = 5", "no mailbox has it")]
    public async Task What_does_not_fit_together_is_reported(string damage, string problem)
    {
        Execute(damage);
        Assert.That((await CheckAsync()).Select(static one => one.What), Has.Some.Contains(problem));
    }

    [Test]
    public async Task A_damaged_page_is_reported_and_the_rest_is_still_checked()
    {
        await _store.DisposeAsync();
        await DamageAsync("SELECT rootpage FROM sqlite_schema WHERE name = 'entry'");
        var report = await new SqliteStoreFolder(_folder.Path).CheckAsync();

        Assert.That(report.ProblemCount, Is.Positive);
        Assert.That(report.Problems, Has.Some.Matches<StoreProblem>(static problem => problem!.What.Contains("malformed", StringComparison.Ordinal) || problem.What.Contains("page", StringComparison.Ordinal)));
        Assert.That(report.Octets, Is.GreaterThan(3 * 100_000), "The messages were read all the same.");
        Open();
    }

    [Test]
    public async Task A_damaged_page_fails_its_readers_with_advice_and_stops_no_one_else()
    {
        await _store.DisposeAsync();
        await DamageAsync("SELECT rootpage FROM sqlite_schema WHERE name = 'entry'");
        Open();
        var anna = await SqliteTestAccount.OpenAsync(_store, "anna");

        Assert.That(() => anna.AppendAsync([1]), Throws.TypeOf<SqliteStoreException>().With.Message.Contains("damaged").And.Message.Contains("restore a backup"));
        Assert.That(async () => await anna.Reads.LoadAsync(anna.Inbox, CancellationToken.None), Throws.TypeOf<SqliteStoreException>().With.Message.Contains("damaged"));
        Assert.That((await anna.CommitAsync(new Subscribe("other", true))).Error, Is.EqualTo(CommitError.None));
    }

    [Test]
    public async Task Compacting_gives_room_back_and_keeps_everything()
    {
        var anna = await SqliteTestAccount.OpenAsync(_store, "anna");
        await anna.CommitAsync(new SetQuota(null));
        for (var i = 0; i < 100; i++)
        {
            await anna.AppendAsync(SqliteTestAccount.Octets(20_000, i));
        }

        Execute("DELETE FROM content WHERE id IN (SELECT content FROM message WHERE id IN (SELECT message FROM entry WHERE uid > 20))");
        Execute("DELETE FROM message WHERE id IN (SELECT message FROM entry WHERE uid > 20); DELETE FROM entry WHERE uid > 20");
        await _store.RebuildIndexAsync();
        var kept = Dump();
        await ReopenAsync();

        var report = await _store.CompactAsync();

        Assert.That(report.OctetsAfter, Is.LessThan(report.OctetsBefore / 2));
        Assert.That(Dump(), Is.EqualTo(kept));
        anna = await SqliteTestAccount.OpenAsync(_store, "anna");
        Assert.That(await anna.AppendAsync([1, 2]), Is.EqualTo((await anna.InboxInfoAsync()).UidNext.Value - 1));
    }

    [Test]
    public async Task A_backup_taken_while_mail_comes_in_can_be_opened_and_holds_all_from_before()
    {
        var anna = await SqliteTestAccount.OpenAsync(_store, "anna");
        var before = (await anna.InboxInfoAsync()).Messages;
        using var stop = new CancellationTokenSource();
        var begun = new TaskCompletionSource();
        var writing = Task.Run(async () =>
        {
            var count = 0L;
            for (; !stop.IsCancellationRequested; count++)
            {
                var octets = SqliteTestAccount.Octets(count % 10 == 0 ? 50_000 : 500, (int)count);
                await using var content = await SqliteTestAccount.StageAsync(_store, octets);
                var summarizer = new MessageSummarizer();
                summarizer.Push(octets);
                await anna.CommitAsync(anna.Append(content) with { Summary = summarizer.Complete().Encode() });
                begun.TrySetResult();
            }

            return count;
        });
        await Task.WhenAny(begun.Task, writing);
        var target = Path.Combine(_folder.Path, "backup");
        var steps = new List<WorkProgress>();
        var report = await new SqliteStoreFolder(_folder.Path).BackupAsync(target, new Steps(steps));
        await stop.CancelAsync();
        var written = await writing;

        Assert.That(report.Problems, Is.Empty);
        Assert.That(steps[^1].Done, Is.EqualTo(report.Octets).And.EqualTo(steps[^1].Total));
        Assert.That((await new SqliteStoreFolder(target).CheckAsync()).Problems, Is.Empty);
        await using var restored = SqliteMailStore.Open(target);
        var again = await SqliteTestAccount.OpenAsync(restored, "anna");
        Assert.That((await again.InboxInfoAsync()).Messages, Is.InRange(before + 1, before + written));
        Assert.That(await again.ReadContentAsync(15), Is.EqualTo(SqliteTestAccount.Octets(50_000, 0)));
        Assert.That(await again.ReadContentAsync(4), Is.EqualTo(await anna.ReadContentAsync(4)));
        Assert.That((await again.AppendAsync([1])), Is.Positive);
    }

    [Test]
    public async Task A_backup_goes_into_an_empty_folder_only_and_says_what_it_could_not_copy()
    {
        Assert.That(() => new SqliteStoreFolder(_folder.Path).BackupAsync(_folder.Path), Throws.TypeOf<SqliteStoreException>().With.Message.Contains("not empty"));
        File.Delete(_folder.MessageFiles()[0]);
        var report = await new SqliteStoreFolder(_folder.Path).BackupAsync(Path.Combine(_folder.Path, "backup"));

        Assert.That(report.Problems.Single().What, Does.Contain("missing"));
        Assert.That(report.Files, Is.EqualTo(2));
    }

    [Test]
    public async Task A_backup_forgets_messages_whose_files_expire_while_it_is_taken()
    {
        await _store.DisposeAsync();
        var time = new SteppedTime();
        _store = SqliteMailStore.Open(_folder.Path, new SqliteStoreOptions { TimeProvider = time });
        var anna = await SqliteTestAccount.OpenAsync(_store, "anna");
        await anna.CommitAsync(new Expunge(anna.Inbox, [11], OnlyDeleted: false));
        var files = _folder.MessageFiles().Length;
        var target = Path.Combine(_folder.Path, "backup");

        var report = await new SqliteStoreFolder(_folder.Path).BackupAsync(target, new Interruption(() =>
        {
            time.Now += TimeSpan.FromHours(1);
            _store.MaintainAsync().Wait();
            _store.MaintainAsync().Wait();
        }));

        Assert.That((report.Files, report.Problems.Count), Is.EqualTo((files - 1, 0)));
        Assert.That((await new SqliteStoreFolder(target).CheckAsync()).Problems, Is.Empty);
    }

    [Test]
    public async Task The_quota_report_says_what_each_account_uses()
    {
        var usage = await new SqliteStoreFolder(_folder.Path).ReadUsageAsync();
        var anna = await (await SqliteTestAccount.OpenAsync(_store, "anna")).Reads.SnapshotAsync(default);

        Assert.That(usage.Select(static one => (one.Account.Value, one.Mailboxes, one.Messages, one.QuotaLimit)), Is.EqualTo(new (string, long, long, long?)[] { ("anna", 1, 13, 1_000_000), ("bob", 1, 3, null) }));
        Assert.That(usage[0].QuotaUsed, Is.EqualTo(anna.QuotaUsed).And.Positive);
    }

    [Test]
    public void A_folder_without_a_store_is_named()
    {
        using var empty = new SqliteTestFolder();
        Assert.That(() => new SqliteStoreFolder(empty.Path).CheckAsync(), Throws.TypeOf<SqliteStoreException>().With.Message.Contains(empty.Path));
        Assert.That(Directory.GetFileSystemEntries(empty.Path), Is.Empty);
    }

    private static byte[] Message(int number) => Encoding.ASCII.GetBytes(
        $"Subject: number {number}\r\nFrom: a@example.org\r\n\r\n{string.Concat(Enumerable.Repeat($"line of {number}\r\n", number % 5 == 0 ? 9_000 : 10))}");

    private async Task<IReadOnlyList<StoreProblem>> CheckAsync() => (await new SqliteStoreFolder(_folder.Path).CheckAsync()).Problems;

    private void Open() => _store = SqliteMailStore.Open(_folder.Path);

    private async Task ReopenAsync()
    {
        await _store.DisposeAsync();
        Open();
    }

    private void Execute(string sql) => _store.WriteAsync(
        db =>
        {
            db.Execute(sql);
            return true;
        },
        default).Wait();

    private async Task DamageAsync(string page)
    {
        int number;
        using (var db = StoreConnection.OpenReader(Path.Combine(_folder.Path, "mail.db")))
        {
            number = int.Parse(db.QueryText(page)!, System.Globalization.CultureInfo.InvariantCulture);
        }

        await using var file = new FileStream(Path.Combine(_folder.Path, "mail.db"), FileMode.Open, FileAccess.Write);
        file.Position = (number - 1) * 4096L;
        file.Write(new byte[4096]);
    }

    // All that a store knows of its messages.
    private List<string> Dump() => _store.Read(static db =>
    {
        var lines = new List<string>();
        foreach (var sql in new[]
        {
            "SELECT concat_ws('|', mailbox, uid, flags, size, message) FROM entry ORDER BY mailbox, uid",
            "SELECT concat_ws('|', id, content, hex(prefix), hex(summary)) FROM message ORDER BY id",
            "SELECT concat_ws('|', id, size, hex(hash), hex(data)) FROM content ORDER BY id",
            "SELECT concat_ws('|', id, messages, unseen, deleted, bytes, uid_next) FROM mailbox ORDER BY id",
            "SELECT concat_ws('|', content, uses) FROM content_use ORDER BY content",
            "SELECT concat_ws('|', id, quota_used, quota_limit, messages) FROM account ORDER BY id",
        })
        {
            using var row = db.Use(new(sql));
            while (row.Step())
            {
                lines.Add(row.Text(0));
            }
        }

        return lines;
    });

    /// <summary>Something that happens between the copy of the database and those of the files.</summary>
    private sealed class Interruption(Action action) : IProgress<WorkProgress>
    {
        private bool _done;

        public void Report(WorkProgress value)
        {
            if (!_done && value.Step == "Copying message files")
            {
                _done = true;
                action();
            }
        }
    }

    private sealed class Steps(List<WorkProgress> into) : IProgress<WorkProgress>
    {
        public void Report(WorkProgress value) => into.Add(value);
    }
}

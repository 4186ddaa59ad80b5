using System.Text;
using MailCore.Storage;
using MailCore.Tests.Imap;
using NUnit.Framework;

namespace MailCore.Tests.Storage;

/// <summary>Copies and moves between accounts: whole, and never at the cost of a message.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class MessageTransferTests
{
    [Test]
    public async Task A_copy_in_another_account_is_the_same_message()
    {
        await using var server = new ImapTestServer();
        var (from, to) = await StartAsync(server);
        var date = new DateTimeOffset(2024, 2, 3, 4, 5, 6, TimeSpan.FromHours(5));
        var options = new AppendOptions { Flags = SystemFlags.Seen | SystemFlags.Deleted, Keywords = ["b"], InternalDate = date, Prefix = "X: y\r\n"u8.ToArray() };
        await server.AppendAsync("Subject: first\r\n\r\na"u8.ToArray(), new AppendOptions { Keywords = ["a"] }, from);
        var uid = await server.AppendAsync("Subject: second\r\n\r\nb\0c\n"u8.ToArray(), options, from);
        var copied = await from.CopyAsync([uid], to, FlagsKept.All);
        Assert.That(copied.Succeeded);
        Assert.That(copied.SourceUids, Is.EqualTo([uid]));
        var (row, text) = await ReadAsync(to, copied.NewUids[0]);
        var (original, _) = await ReadAsync(from, uid);
        var state = (await to.OpenViewAsync())!.State;
        Assert.Multiple(() =>
        {
            Assert.That(text, Is.EqualTo("X: y\r\nSubject: second\r\n\r\nb\0c\n"));
            Assert.That(row.InternalDate, Is.EqualTo(date));
            Assert.That(row.EmailId, Is.EqualTo(original.EmailId));
            Assert.That(row.Summary.ToArray(), Is.EqualTo(original.Summary.ToArray()));
            Assert.That(state[0].Flags, Is.EqualTo(SystemFlags.Seen | SystemFlags.Deleted));
            Assert.That(state.Info.Keywords, Is.EqualTo(new[] { "b" }));
            Assert.That(copied.UidValidity, Is.EqualTo(state.Info.UidValidity));
        });
    }

    [Test]
    public async Task Flags_that_may_not_be_set_stay_behind_in_the_own_account_too()
    {
        await using var server = new ImapTestServer();
        var (from, _) = await StartAsync(server);
        var near = await server.MailboxAsync("Near");
        var uid = await server.AppendAsync("x"u8.ToArray(), new AppendOptions { Flags = SystemFlags.Seen | SystemFlags.Flagged, Keywords = ["a"] }, from);
        Assert.That((await from.MoveAsync([uid], near, new FlagsKept(SystemFlags.Seen, Keywords: false))).Succeeded);
        var state = (await near.OpenViewAsync())!.State;
        Assert.That(state[0].FlagWord, Is.EqualTo((ulong)SystemFlags.Seen));
        Assert.That(await CountAsync(from), Is.Zero);
    }

    [TestCase(256, 1)]
    [TestCase(257, 2)]
    public async Task Many_messages_are_copied_in_steps_and_in_order(int count, int commits)
    {
        await using var server = new ImapTestServer();
        var store = new FaultyStore(server.Store);
        server.UseStore(store);
        var (from, to) = await StartAsync(server, count);
        var seen = 0;
        store.Committing = () => Task.FromResult(seen++);
        var copied = await from.CopyAsync(await UidsAsync(from), to, FlagsKept.All);
        Assert.That(copied.NewUids, Has.Count.EqualTo(count).And.Ordered);
        Assert.That(seen, Is.EqualTo(commits));
        Assert.That((await ReadAsync(to, copied.NewUids[^1])).Text, Is.EqualTo($"message {count}\r\n"));
    }

    [TestCase(257, true)]
    [TestCase(256, false)]
    public async Task What_passes_the_quota_half_way_is_taken_back_whole(int limit, bool fits)
    {
        await using var server = new ImapTestServer();
        var (from, to) = await StartAsync(server, 257);
        await to.Account.SetQuotaAsync(null, limit);
        var moved = await from.MoveAsync(await UidsAsync(from), to, FlagsKept.All);
        Assert.That(moved.Error, Is.EqualTo(fits ? CommitError.None : CommitError.OverQuota));
        Assert.That(await CountAsync(to), Is.EqualTo(fits ? 257 : 0));
        Assert.That(await CountAsync(from), Is.EqualTo(fits ? 0 : 257));
    }

    [TestCase(1, 0)]
    [TestCase(2, 0)]
    [TestCase(3, 2)]
    public async Task A_move_that_breaks_off_loses_nothing(int failing, int copies)
    {
        await using var server = new ImapTestServer();
        var store = new FaultyStore(server.Store);
        server.UseStore(store);
        var (from, to) = await StartAsync(server, 2);
        var commit = 0;
        // The append, the removal; from the third on also what would take the copies back.
        store.Committing = () => ++commit == Math.Min(failing, 2) || (failing == 3 && commit == 3) ? throw new IOException("broken") : Task.CompletedTask;
        await Assert.ThatAsync(async () => await from.MoveAsync(await UidsAsync(from), to, FlagsKept.All), Throws.InstanceOf<IOException>());
        Assert.That(await CountAsync(from), Is.EqualTo(2));
        Assert.That(await CountAsync(to), Is.EqualTo(copies));
    }

    [Test]
    public async Task Two_moves_at_once_lose_nothing()
    {
        await using var server = new ImapTestServer();
        var (from, to) = await StartAsync(server, 40);
        var other = await server.MailboxAsync("INBOX", "eve");
        var uids = await UidsAsync(from);
        var moves = new[] { to, other }.Select(target => Task.Run(async () => await from.MoveAsync(uids, target, FlagsKept.All))).ToArray();
        Assert.That((await Task.WhenAll(moves)).All(static moved => moved.Succeeded));
        Assert.That(await CountAsync(from), Is.Zero);
        var texts = new HashSet<string>();
        foreach (var mailbox in new[] { to, other })
        {
            foreach (var uid in await UidsAsync(mailbox))
            {
                texts.Add((await ReadAsync(mailbox, uid)).Text);
            }
        }

        Assert.That(texts, Has.Count.EqualTo(40));
    }

    [Test]
    public async Task A_replacement_in_another_account_is_there_before_the_original_goes()
    {
        await using var server = new ImapTestServer();
        var store = new FaultyStore(server.Store);
        server.UseStore(store);
        var (from, to) = await StartAsync(server, 1);
        await using var staged = await server.Accounts.StageAsync(System.IO.Pipelines.PipeReader.Create(new MemoryStream("new"u8.ToArray())), default);
        var commit = 0;
        store.Committing = () => ++commit == 2 ? throw new IOException("broken") : Task.CompletedTask;
        await Assert.ThatAsync(async () => await from.ReplaceAsync(new Uid(1), to, new MessageToAppend(staged, AppendOptions.Default)), Throws.InstanceOf<IOException>());
        Assert.That(await CountAsync(from), Is.EqualTo(1));
        Assert.That(await CountAsync(to), Is.EqualTo(1));
        store.Committing = null;
        Assert.That((await from.ReplaceAsync(new Uid(1), to, new MessageToAppend(staged, AppendOptions.Default))).Succeeded);
        Assert.That(await CountAsync(from), Is.Zero);
    }

    private static async Task<(Mailbox From, Mailbox To)> StartAsync(ImapTestServer server, int count = 0)
    {
        await server.AddUserAsync();
        await server.AddUserAsync("amy");
        await server.AddUserAsync("eve");
        var from = await server.MailboxAsync("Work");
        for (var i = 1; i <= count; i++)
        {
            await server.AppendAsync(Encoding.ASCII.GetBytes($"message {i}\r\n"), null, from);
        }

        return (from, await server.MailboxAsync("INBOX", "amy"));
    }

    private static async Task<Uid[]> UidsAsync(Mailbox mailbox) => (await mailbox.OpenViewAsync())!.State.Intersect(UidSet.All);

    private static async Task<long> CountAsync(Mailbox mailbox) => (await mailbox.GetInfoAsync())!.Messages;

    private static async Task<(MessageRow Row, string Text)> ReadAsync(Mailbox mailbox, Uid uid)
    {
        var row = (await mailbox.ReadBatchAsync(new[] { uid }, MessageFields.All)).Single();
        await using var content = await mailbox.OpenContentAsync(row);
        var octets = new byte[content!.Length];
        var read = 0;
        while (read < octets.Length)
        {
            read += await content.ReadAsync(read, octets.AsMemory(read));
        }

        return (row, Encoding.ASCII.GetString(octets));
    }
}

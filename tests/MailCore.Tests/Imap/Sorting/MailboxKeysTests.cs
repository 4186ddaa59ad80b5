using System.Text;
using MailCore.Imap.Sorting;
using MailCore.Storage;
using NUnit.Framework;

namespace MailCore.Tests.Imap.Sorting;

/// <summary>What SORT and THREAD keep between commands: it changes no answer, spares reads, and has an end.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class MailboxKeysTests
{
    private static readonly string[] Commands =
    [
        "SORT (DATE)", "SORT (REVERSE ARRIVAL)", "SORT (SUBJECT)", "SORT (FROM SIZE)", "SORT (TO)", "SORT (CC REVERSE SUBJECT)", "SORT (DISPLAYFROM)", "SORT (REVERSE DISPLAYTO)",
        "SORT (SIZE)", "THREAD REFERENCES", "THREAD REFS", "THREAD ORDEREDSUBJECT",
    ];

    [Test]
    public async Task A_message_is_read_once_for_each_key_by_all_sessions()
    {
        await using var server = new ImapTestServer();
        var store = new FaultyStore(server.Store);
        server.UseStore(store);
        await server.AddUserAsync();
        for (var i = 0; i < 10; i++)
        {
            await server.AppendAsync(Message(new Random(i), i));
        }

        await using var client = await server.SelectedAsync();
        var first = new List<string>();
        foreach (var command in Commands)
        {
            first.Add((await client.OkAsync($"{command} UTF-8 ALL"))[0]);
        }

        await using var other = await server.SelectedAsync();
        store.Broken.Add("ReadAsync");
        for (var i = 0; i < Commands.Length; i++)
        {
            Assert.That((await other.OkAsync($"{Commands[i]} UTF-8 ALL"))[0], Is.EqualTo(first[i]), Commands[i]);
        }

        // They outlast the sessions, too.
        await client.DisposeAsync();
        await other.DisposeAsync();
        await using var later = await server.SelectedAsync();
        Assert.That((await later.OkAsync("THREAD REFERENCES UTF-8 ALL"))[0], Is.EqualTo(first[9]));
    }

    [Test]
    public async Task Nothing_is_kept_without_memory_for_it()
    {
        await using var server = new ImapTestServer();
        server.Options.SortMemory = 0;
        var store = new FaultyStore(server.Store);
        server.UseStore(store);
        await server.AddUserAsync();
        await server.AppendAsync(Message(new Random(1), 1));
        await using var client = await server.SelectedAsync();
        await client.OkAsync("SORT (DATE) UTF-8 ALL");
        store.Broken.Add("ReadAsync");
        Assert.That((await client.RunAsync("SORT (DATE) UTF-8 ALL"))[^1], Does.Contain("SERVERBUG"));
    }

    [Test]
    public async Task What_is_kept_changes_no_answer([Range(1, 12)] int seed)
    {
        var random = new Random(seed);
        await using var keeping = new ImapTestServer();
        await using var forgetting = new ImapTestServer();
        forgetting.Options.SortMemory = 0;
        await keeping.AddUserAsync();
        await forgetting.AddUserAsync();
        await using var client = await keeping.SelectedAsync();
        await using var other = await forgetting.SelectedAsync();
        var number = 0;
        for (var round = 0; round < 60; round++)
        {
            string? command = null;
            switch (random.Next(4))
            {
                case 0:
                    for (var i = random.Next(1, 6); i > 0; i--)
                    {
                        var message = Message(random, number++);
                        await keeping.AppendAsync(message, AppendOptions.Default with { InternalDate = keeping.Time.GetUtcNow() });
                        await forgetting.AppendAsync(message, AppendOptions.Default with { InternalDate = keeping.Time.GetUtcNow() });
                    }

                    await client.OkAsync("NOOP");
                    await other.OkAsync("NOOP");
                    continue;
                case 1 when number > 0:
                    command = $"UID STORE {random.Next(1, number + 1)} +FLAGS (\\Deleted)";
                    await client.RunAsync(command);
                    await other.RunAsync(command);
                    if (random.Next(2) == 0)
                    {
                        await client.OkAsync("EXPUNGE");
                        await other.OkAsync("EXPUNGE");
                    }

                    continue;
                default:
                    var (first, last) = (random.Next(1, number + 2), random.Next(1, number + 2));
                    command = $"UID {Commands[random.Next(Commands.Length)]} UTF-8 {(random.Next(2) == 0 ? "ALL" : $"UID {first}:{last}")}";
                    Assert.That((await client.OkAsync(command))[0], Is.EqualTo((await other.OkAsync(command))[0]), command);
                    continue;
            }
        }
    }

    [Test]
    public void Keys_are_dropped_by_their_last_use_when_they_are_more_than_allowed()
    {
        var cache = new MailboxKeyCache();
        var size = Fill(cache, "a", 1_000);
        Assert.That(cache.Size, Is.EqualTo(size));
        Assert.That(Fill(cache, "b", 1_000), Is.EqualTo(size));

        cache.Settle(new AccountId("a"), Info("b", 1), 2 * size);
        Assert.That(cache.Size, Is.EqualTo(2 * size), "as much as is allowed");
        Assert.That(Open(cache, "a").Count, Is.EqualTo(1_000));
        cache.Settle(new AccountId("a"), Info("a", 1), (2 * size) - 1);
        Assert.That(cache.Size, Is.EqualTo(size));
        Assert.That(Open(cache, "b").Count, Is.Zero, "not used for the longest time");
        Assert.That(Open(cache, "a").Count, Is.EqualTo(1_000));

        Fill(cache, "c", 100_000, limit: 2 * size);
        Assert.That(Open(cache, "c").Count, Is.Zero, "too large by itself");
        Assert.That(Open(cache, "a").Count, Is.EqualTo(1_000), "and nobody else's fault");
    }

    [Test]
    public void Keys_belong_to_one_UIDVALIDITY_of_one_mailbox_of_one_account()
    {
        var cache = new MailboxKeyCache();
        var keys = cache.Open(new AccountId("a"), Info("a", 1));
        Assert.That(cache.Open(new AccountId("a"), Info("a", 1)), Is.SameAs(keys));
        Assert.That(cache.Open(new AccountId("a"), Info("a", 2)), Is.Not.SameAs(keys));
        Assert.That(cache.Open(new AccountId("a"), Info("b", 1)), Is.Not.SameAs(keys));
        Assert.That(cache.Open(new AccountId("b"), Info("a", 1)), Is.Not.SameAs(keys));
    }

    [Test]
    public void Keys_of_a_mailbox_are_begun_anew_when_most_of_its_messages_have_gone()
    {
        var cache = new MailboxKeyCache();
        Fill(cache, "a", 10_000);
        Assert.That(cache.Open(new AccountId("a"), Info("a", 1, 3_000)).Count, Is.EqualTo(10_000));
        Assert.That(cache.Open(new AccountId("a"), Info("a", 1, 2_900)).Count, Is.Zero);
        Assert.That(cache.Size, Is.Zero);
    }

    [Test]
    public void Rows_are_those_that_were_added_in_whatever_order([Range(1, 10)] int seed)
    {
        var random = new Random(seed);
        var keys = new MailboxKeys();
        var model = new SortedDictionary<uint, string>();
        for (var round = 0; round < 40; round++)
        {
            var found = new KeyRows();
            var uids = Enumerable.Range(0, random.Next(1, 30)).Select(_ => (uint)random.Next(1, 200)).Distinct().Order().ToArray();
            foreach (var uid in uids)
            {
                var key = Encoding.ASCII.GetBytes(new string('k', (int)(uid % 7)) + uid);
                key.CopyTo(found.Reserve(key.Length + random.Next(4)));
                found.Add(uid, key.Length);
            }

            var before = keys.Rows(KeyKind.From);
            var copy = Read(before);
            keys.Take(KeyKind.From, found, expected: 10, isLast: false);
            if (found.Count > 0)
            {
                Assert.That(model.Keys.LastOrDefault(), Is.GreaterThanOrEqualTo(uids[0]), "what is behind all is taken at once");
                keys.Take(KeyKind.From, found, expected: 10, isLast: true);
            }

            foreach (var uid in uids)
            {
                model[uid] = new string('k', (int)(uid % 7)) + uid;
            }

            Assert.That(Read(keys.Rows(KeyKind.From)), Is.EqualTo(model));
            Assert.That(Read(before), Is.EqualTo(copy), "somebody may still work with it");
            var row = 0;
            for (var uid = 1u; uid <= 200; uid += (uint)random.Next(1, 20))
            {
                Assert.That(keys.Rows(KeyKind.From).TrySeek(uid, ref row), Is.EqualTo(model.ContainsKey(uid)));
            }
        }
    }

    [Test]
    public void Identifiers_have_numbers_of_their_own_whatever_their_octets_are()
    {
        var random = new Random(3);
        var table = new MessageIdTable();
        var model = new Dictionary<string, int>();
        for (var i = 0; i < 20_000; i++)
        {
            var id = new byte[random.Next(4)];
            random.NextBytes(id);
            var name = Convert.ToHexString(id);
            model.TryAdd(name, model.Count);
            Assert.That(table.NumberOf(id), Is.EqualTo(model[name]));
        }

        Assert.That(table.Count, Is.EqualTo(model.Count));
    }

    private static SortedDictionary<uint, string> Read(KeyRows.View rows)
    {
        var read = new SortedDictionary<uint, string>();
        for (var i = 0; i < rows.Count; i++)
        {
            read.Add(rows.UidAt(i), Encoding.ASCII.GetString(rows[i]));
        }

        return read;
    }

    private static MailboxKeys Open(MailboxKeyCache cache, string mailbox) => cache.Open(new AccountId("a"), Info(mailbox, 1));

    private static long Fill(MailboxKeyCache cache, string mailbox, int count, long limit = long.MaxValue)
    {
        var keys = Open(cache, mailbox);
        var rows = new KeyRows();
        for (var uid = 1u; uid <= count; uid++)
        {
            rows.Reserve(8);
            rows.Add(uid, 8);
        }

        keys.Take(KeyKind.Sent, rows, count, isLast: true);
        cache.Settle(new AccountId("a"), Info(mailbox, 1), limit);
        return keys.Size;
    }

    private static MailboxInfo Info(string id, uint uidValidity, long messages = 100_000) =>
        new(new MailboxId(id), "INBOX", uidValidity, new Uid(1), default, messages, 0, 0, 0, new Uid(1), []);

    private static byte[] Message(Random random, int number) => Encoding.ASCII.GetBytes(
        $"Message-ID: <{random.Next(20)}@x>\r\nFrom: {(char)('a' + random.Next(5))}@x, b@c\r\nTo: \"{(char)('a' + random.Next(5))} z\" <x@y>\r\n"
        + (random.Next(2) == 0 ? $"Cc: {(char)('a' + random.Next(5))}@x\r\n" : "")
        + (random.Next(3) == 0 ? "" : $"Date: {1 + random.Next(28)} Jan 2026 10:00:00 +0000\r\n")
        + $"Subject: {(random.Next(2) == 0 ? "Re: " : "")}{(char)('a' + random.Next(4))}\r\n"
        + (random.Next(3) == 0 ? "" : $"References: <{random.Next(20)}@x> <{random.Next(20)}@x>\r\n") + $"\r\n{new string('x', number % 9)}\r\n");
}

using System.Globalization;
using MailCore.Storage;
using MailCore.Storage.Sqlite;
using MailCore.Tests.Imap;
using MailCore.Tests.Storage.WrongStores;
using NUnit.Framework;

namespace MailCore.Tests.Sqlite;

/// <summary>What SORT and THREAD of large mailboxes cost: octets and messages looked at are counted, times are not.</summary>
[NonParallelizable]
public sealed class SqliteSortCostTests : SqliteStoreFixture
{
    private readonly byte[] _buffer = new byte[16 * 1024];

    [TestCase("DATE", 10_000, 70)]
    [TestCase("DATE", 40_000, 70)]
    [TestCase("SUBJECT", 40_000, 70)]
    [TestCase("FROM", 40_000, 60)]
    [TestCase("SUBJECT REVERSE DATE", 40_000, 110)]
    public async Task The_first_SORT_looks_once_at_each_message_and_allocates_what_it_keeps(string keys, int messages, int limit)
    {
        await using var server = new ImapTestServer();
        var counting = await FillAsync(server, messages);
        await using var client = await server.SelectedAsync();
        // What is rented was rented before; the mailbox's keys are none of it.
        await client.OkAsync("SORT RETURN (COUNT) (SIZE) UTF-8 ALL");
        await client.OkAsync("SORT RETURN (COUNT) (CC) UTF-8 ALL");
        (counting.Scanned, counting.Fields) = (0, MessageFields.None);

        var each = await AllocatedAsync(client, $"SORT RETURN (COUNT) ({keys}) UTF-8 ALL") / (double)messages;

        TestContext.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{each:N1} octets for each message."));
        Assert.That(counting.Scanned, Is.EqualTo(messages));
        Assert.That(counting.Fields, Is.EqualTo(MessageFields.Summary), "the store's dates are for messages without one");
        Assert.That(each, Is.LessThan(limit));
        Assert.That(await LeastAsync(() => AllocatedAsync(client, $"SORT RETURN (COUNT) ({keys}) UTF-8 ALL")), Is.LessThan(16L * messages), "the next one");
        Assert.That(counting.Scanned, Is.EqualTo(messages), "and it reads nothing");
    }

    [TestCase("REFERENCES", 10_000)]
    [TestCase("REFERENCES", 40_000)]
    [TestCase("REFS", 40_000)]
    [TestCase("ORDEREDSUBJECT", 40_000)]
    public async Task A_warm_THREAD_looks_at_no_message_and_allocates_next_to_nothing(string algorithm, int messages)
    {
        await using var server = new ImapTestServer();
        var counting = await FillAsync(server, messages);
        await using var client = await server.SelectedAsync(capacity: 4096);
        await DropAnswerAsync(client, $"THREAD {algorithm} UTF-8 ALL");
        await DropAnswerAsync(client, $"THREAD {algorithm} UTF-8 ALL");
        counting.Scanned = 0;

        var octets = 0L;
        var each = await LeastAsync(async () =>
        {
            var before = GC.GetTotalAllocatedBytes(precise: true);
            octets = await DropAnswerAsync(client, $"THREAD {algorithm} UTF-8 ALL");
            return GC.GetTotalAllocatedBytes(precise: true) - before;
        }) / (double)messages;

        TestContext.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{each:N1} octets for each message, {octets:N0} received."));
        Assert.That(counting.Scanned, Is.Zero);
        Assert.That(octets, Is.GreaterThan(5L * messages), "each is named");
        Assert.That(each, Is.LessThan(16));
    }

    [TestCase("SORT (SUBJECT)")]
    [TestCase("THREAD REFERENCES")]
    public async Task A_first_SORT_or_THREAD_ends_with_its_client_after_few_messages(string command)
    {
        await using var server = new ImapTestServer();
        var counting = await FillAsync(server, 40_000);
        var client = await server.SelectedAsync(capacity: 4096);
        counting.Scanning = () =>
        {
            client.Connection.FinishClientWriting();
            return Task.CompletedTask;
        };
        await client.SendAsync($"a {command} UTF-8 ALL\r\n");
        await Assert.ThrowsAsync<IOException>(() => client.Session);
        Assert.That(counting.Scanned, Is.InRange(1, 8192));
        await client.DisposeAsync();
    }

    [Test]
    public async Task Another_session_is_served_while_a_first_SORT_reads()
    {
        await using var server = new ImapTestServer();
        var counting = await FillAsync(server, 4_000);
        await using var other = await server.SelectedAsync();
        await using var client = await server.SelectedAsync();
        var served = 0;
        counting.Scanning = async () =>
        {
            await other.OkAsync("FETCH 1 (FLAGS ENVELOPE)").WaitAsync(TimeSpan.FromSeconds(30));
            await other.OkAsync("SORT (DATE) UTF-8 1").WaitAsync(TimeSpan.FromSeconds(30));
            served++;
        };
        Assert.That((await client.OkAsync("SORT RETURN (COUNT) (SUBJECT) UTF-8 ALL"))[0], Does.EndWith(" COUNT 4000"));
        Assert.That(served, Is.GreaterThan(10));
    }

    // The pool of arrays may be emptied at any time, but not each time.
    private static async Task<long> LeastAsync(Func<Task<long>> measure) => Math.Min(await measure(), Math.Min(await measure(), await measure()));

    private static async Task<long> AllocatedAsync(ImapTestClient client, string command)
    {
        var before = GC.GetTotalAllocatedBytes(precise: true);
        await client.OkAsync(command);
        return GC.GetTotalAllocatedBytes(precise: true) - before;
    }

    // Without a string of all of it.
    private async Task<long> DropAnswerAsync(ImapTestClient client, string command)
    {
        await client.SendAsync($"t {command}\r\n");
        var octets = 0L;
        var tail = 0;
        while (!_buffer.AsSpan(0, tail).StartsWith("t OK"u8))
        {
            var count = await client.Connection.Client.ReadAsync(_buffer.AsMemory(tail));
            octets += count;
            var lastLine = _buffer.AsSpan(0, tail + count)[..^1].LastIndexOf((byte)'\n') + 1;
            var isLine = lastLine > 0 || _buffer[0] == 't';
            _buffer.AsSpan(lastLine, isLine ? tail + count - lastLine : 0).CopyTo(_buffer);
            tail = isLine ? tail + count - lastLine : 0;
        }

        return octets;
    }

    private async Task<Counting> FillAsync(ImapTestServer server, int messages)
    {
        server.UseStore(Store);
        await server.AddUserAsync();
        await server.AppendAsync("Message-ID: <a@x>\r\nReferences: <b@x> <c@x>\r\nDate: Mon, 5 Jan 2026 10:00:00 +0000\r\nSubject: about a thing\r\nFrom: Somebody <a@example.org>\r\n\r\nbody\r\n"u8.ToArray());
        await Store.WriteAsync(
            db =>
            {
                db.Execute(SqliteFilling.EntriesAndMessages(messages));
                return true;
            },
            default);
        await Store.DisposeAsync();
        Store = SqliteMailStore.Open(Folder.Path);
        var counting = new Counting(Store);
        server.UseStore(counting);
        return counting;
    }

    private sealed class Counting(IMailStore inner) : StoreWrapper(inner)
    {
        public int Scanned { get; set; }

        public MessageFields Fields { get; set; }

        public Func<Task>? Scanning { get; set; }

        protected override async ValueTask ScanAsync(IAccountStore account, MailboxId mailbox, ReadOnlyMemory<Uid> uids, MessageFields fields, MessageGlanceHandler handler)
        {
            Scanned += uids.Length;
            Fields |= fields;
            if (Scanning is { } scanning)
            {
                // The one that is served by it scans, too.
                Scanning = null;
                await scanning();
                Scanning = scanning;
            }

            await base.ScanAsync(account, mailbox, uids, fields, handler);
        }
    }
}

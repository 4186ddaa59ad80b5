using System.Globalization;
using MailCore.Storage;
using MailCore.Storage.Sqlite;
using MailCore.Tests.Imap;
using MailCore.Tests.Storage.WrongStores;
using NUnit.Framework;

namespace MailCore.Tests.Sqlite;

/// <summary>What searches of large mailboxes cost: octets, messages looked at and messages opened are counted, times are not.</summary>
[NonParallelizable]
public sealed class SqliteSearchCostTests : SqliteStoreFixture
{
    private const int Million = 1_000_000;

    [Test]
    public async Task A_search_of_a_million_messages_makes_no_list_of_them_and_tells_how_far_it_is()
    {
        await using var server = new ImapTestServer();
        server.Options.ProgressInterval = TimeSpan.Zero;
        await FillAsync(server, SqliteFilling.Entries(Million));
        await using var client = await server.SelectedAsync(capacity: 4096);
        await client.OkAsync("SEARCH RETURN (COUNT) FLAGGED");

        var before = GC.GetTotalAllocatedBytes(precise: true);
        var responses = await client.OkAsync("SEARCH RETURN (COUNT MIN MAX) NOT UNFLAGGED LARGER 3");
        var allocated = GC.GetTotalAllocatedBytes(precise: true) - before;

        TestContext.Out.WriteLine($"{allocated:N0} octets, {responses.Count} responses.");
        Assert.That(responses[^2], Does.EndWith(") MIN 3 MAX 999999 COUNT 499999"));
        Assert.That(responses.Count(static line => line.Contains("[INPROGRESS (", StringComparison.Ordinal)), Is.InRange(Million / 20_000, Million / 16_000), "it looks up now and then");
        Assert.That(allocated, Is.LessThan(Million), "less than an octet for a message, the client's side included");
    }

    [Test]
    public async Task A_result_too_scattered_to_be_kept_is_not_followed()
    {
        await using var server = new ImapTestServer();
        await FillAsync(server, SqliteFilling.Entries(Million));
        await using var client = await server.SelectedAsync(capacity: 4096);
        var responses = await client.OkAsync("UID SEARCH RETURN (UPDATE COUNT) FLAGGED");
        Assert.That(responses[0], Does.EndWith(" COUNT 499999"));
        Assert.That(responses[1], Does.Match("^\\* NO \\[NOUPDATE \"T\\d+\"\\] "));
        Assert.That((await client.OkAsync("UID SEARCH RETURN (UPDATE COUNT) UNDELETED")).Count, Is.EqualTo(2), "this one is");
    }

    [Test]
    public async Task A_search_by_header_ends_with_its_client_after_few_of_a_million_messages()
    {
        await using var server = new ImapTestServer();
        await FillAsync(server, SqliteFilling.Entries(Million));
        var counting = new Counting(Store);
        server.UseStore(counting);
        var client = await server.SelectedAsync(capacity: 4096);
        counting.Scanning = () =>
        {
            client.Connection.FinishClientWriting();
            return Task.CompletedTask;
        };
        await client.SendAsync("a SEARCH SUBJECT nothing\r\n");
        await Assert.ThrowsAsync<IOException>(() => client.Session);
        Assert.That(counting.Scanned, Is.InRange(1, 2048));
        await client.DisposeAsync();
    }

    [Test]
    public async Task A_search_by_flag_ends_with_its_client_among_a_million_messages()
    {
        await using var server = new ImapTestServer();
        server.Options.ProgressInterval = TimeSpan.Zero;
        await FillAsync(server, SqliteFilling.Entries(Million));
        // So little that the server can't be many notes ahead of who reads them.
        var client = await server.SelectedAsync(capacity: 256);
        await client.SendAsync("a SEARCH RETURN (COUNT) NOT UNFLAGGED LARGER 3\r\n");
        Assert.That(await client.ReadLineAsync(), Does.Contain("[INPROGRESS "));
        client.Connection.FinishClientWriting();
        var notes = new List<string>();
        while (await client.ReadLineAsync() is { } line)
        {
            notes.Add(line);
        }

        await Assert.ThrowsAsync<IOException>(() => client.Session);
        Assert.That(notes, Has.All.Contains("[INPROGRESS "), "no answer");
        Assert.That(notes, Has.Count.LessThan(Million / (16 * 1024) / 2));
        await client.DisposeAsync();
    }

    [Test]
    public async Task Another_session_is_served_while_a_search_by_header_runs()
    {
        const int Messages = 4_000;
        await using var server = new ImapTestServer();
        await FillAsync(server, SqliteFilling.Entries(Messages));
        var counting = new Counting(Store);
        server.UseStore(counting);
        await using var other = await server.SelectedAsync();
        await using var client = await server.SelectedAsync();
        var served = 0;
        // The search goes on only when the other has its answers: one that kept the store or the account would never.
        counting.Scanning = async () =>
        {
            await other.OkAsync("FETCH 1 (FLAGS ENVELOPE BODY.PEEK[])").WaitAsync(TimeSpan.FromSeconds(30));
            await other.OkAsync("STORE 1 +FLAGS (\\Answered)").WaitAsync(TimeSpan.FromSeconds(30));
            served++;
        };
        Assert.That((await client.OkAsync("SEARCH SUBJECT nothing"))[0], Is.EqualTo("* SEARCH"));
        Assert.That(served, Is.EqualTo(counting.Scans).And.GreaterThan(10));
    }

    [TestCase(1_000)]
    [TestCase(4_000)]
    public async Task A_search_by_header_looks_once_at_each_message_opens_none_and_allocates_next_to_nothing(int messages)
    {
        await using var server = new ImapTestServer();
        await FillAsync(server, SqliteFilling.EntriesAndMessages(messages));
        var counting = new Counting(Store);
        server.UseStore(counting);
        await using var client = await server.SelectedAsync();
        await client.OkAsync("SEARCH SUBJECT nothing FROM nobody");
        (counting.Scanned, counting.Scans, counting.Read) = (0, 0, 0);

        var before = GC.GetTotalAllocatedBytes(precise: true);
        Assert.That((await client.OkAsync("SEARCH OR SUBJECT nothing FROM nobody"))[0], Is.EqualTo("* SEARCH"));
        var each = (GC.GetTotalAllocatedBytes(precise: true) - before) / (double)messages;

        TestContext.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{each:N1} octets for each message."));
        Assert.That(counting.Scanned, Is.EqualTo(messages));
        Assert.That(counting.Scans, Is.EqualTo((messages + StorageLimits.UidsPerRead - 1) / StorageLimits.UidsPerRead));
        Assert.That((counting.Read, counting.Opened), Is.EqualTo((0, 0)));
        Assert.That(each, Is.LessThan(100), "most of it is the client's and does not grow");
    }

    [TestCase(1_000)]
    [TestCase(4_000)]
    public async Task A_search_by_text_opens_each_message_once(int messages)
    {
        await using var server = new ImapTestServer();
        await FillAsync(server, SqliteFilling.EntriesAndMessages(messages));
        var counting = new Counting(Store);
        server.UseStore(counting);
        await using var client = await server.SelectedAsync();
        Assert.That((await client.OkAsync("SEARCH TEXT nothing FLAGGED"))[0], Is.EqualTo("* SEARCH"));
        Assert.That((counting.Opened, counting.Read, counting.Scanned), Is.EqualTo(((messages - 1) / 2, (messages - 1) / 2, 0)), "the flagged ones, and no other");
    }

    [Test]
    public async Task A_search_by_text_allocates_little_for_each_message()
    {
        const int Messages = 1_000;
        await using var server = new ImapTestServer();
        server.UseStore(Store);
        await server.AddUserAsync();
        var text = new System.Text.StringBuilder("Received: from client.example by relay.example; Mon, 5 Jan 2026 10:00:00 +0000\r\nMessage-ID: <1@client.example>\r\n"
            + "Date: Mon, 5 Jan 2026 10:00:00 +0000\r\nFrom: Person <p@client.example>\r\nTo: Somebody <u@example.org>\r\nSubject: Message\r\n"
            + "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n").Insert(0, "X-Field: value\r\n", 10);
        var message = System.Text.Encoding.ASCII.GetBytes(text.Append(new string('x', 2_000)).ToString());
        for (var i = 0; i < Messages; i++)
        {
            await server.AppendAsync(message);
        }

        await using var client = await server.SelectedAsync();
        await client.OkAsync("SEARCH TEXT nothing");
        var before = GC.GetTotalAllocatedBytes(precise: true);
        Assert.That((await client.OkAsync("SEARCH TEXT nothing"))[0], Is.EqualTo("* SEARCH"));
        var each = (GC.GetTotalAllocatedBytes(precise: true) - before) / Messages;
        TestContext.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{each:N0} octets for each message."));
        Assert.That(each, Is.LessThan(4_000));
    }

    [Test]
    public async Task Messages_that_left_are_shown_to_a_session_that_has_not_been_told()
    {
        await using var server = new ImapTestServer();
        server.UseStore(Store);
        await server.AddUserAsync();
        for (var i = 0; i < 10; i++)
        {
            await server.AppendAsync(System.Text.Encoding.ASCII.GetBytes($"Subject: number {i}\r\nDate: {i + 1} Jun 2025 10:00 +0000\r\n\r\n"));
        }

        await using var client = await server.SelectedAsync();
        await (await server.MailboxAsync()).RemoveAsync([new Uid(1), new Uid(5), new Uid(6), new Uid(10)]);
        await client.OkAsync("FETCH 1 UID");
        Assert.That((await client.OkAsync("SEARCH SUBJECT number"))[0], Is.EqualTo("* SEARCH 1 2 3 4 5 6 7 8 9 10"));
        Assert.That((await client.OkAsync("SEARCH OR SENTBEFORE 2-Jun-2025 SENTSINCE 10-Jun-2025"))[0], Is.EqualTo("* SEARCH 1 10"));
        Assert.That((await client.OkAsync("SEARCH 1,3,10 SUBJECT number"))[0], Is.EqualTo("* SEARCH 1 3 10"));
        await client.OkAsync("NOOP");
        Assert.That((await client.OkAsync("SEARCH SUBJECT number"))[0], Is.EqualTo("* SEARCH 1 2 3 4 5 6"));
    }

    private async Task FillAsync(ImapTestServer server, string sql)
    {
        server.UseStore(Store);
        await server.AddUserAsync();
        await server.AppendAsync("Subject: x\r\nFrom: Somebody <a@example.org>\r\n\r\nbody\r\n"u8.ToArray());
        await Store.WriteAsync(
            db =>
            {
                db.Execute(sql);
                return true;
            },
            default);
        await Store.DisposeAsync();
        Store = SqliteMailStore.Open(Folder.Path);
        server.UseStore(Store);
    }

    private sealed class Counting(IMailStore inner) : StoreWrapper(inner)
    {
        public int Opened { get; private set; }

        public int Read { get; set; }

        public int Scanned { get; set; }

        public int Scans { get; set; }

        public Func<Task>? Scanning { get; set; }

        public override ValueTask<IContentReader?> OpenContentAsync(ContentId id, CancellationToken cancellationToken)
        {
            Opened++;
            return base.OpenContentAsync(id, cancellationToken);
        }

        protected override ValueTask<IReadOnlyList<MessageRow>> ReadAsync(IAccountStore account, MailboxId mailbox, ReadOnlyMemory<Uid> uids, MessageFields fields)
        {
            Read += uids.Length;
            return base.ReadAsync(account, mailbox, uids, fields);
        }

        protected override async ValueTask ScanAsync(IAccountStore account, MailboxId mailbox, ReadOnlyMemory<Uid> uids, MessageFields fields, MessageGlanceHandler handler)
        {
            Scans++;
            Scanned += uids.Length;
            if (Scanning is not null)
            {
                await Scanning();
            }

            await base.ScanAsync(account, mailbox, uids, fields, handler);
        }
    }
}

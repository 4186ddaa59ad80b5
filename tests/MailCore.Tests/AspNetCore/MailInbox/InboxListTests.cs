using System.Net;
using System.Text;
using MailCore.Storage;
using MailCore.Storage.InMemory;
using MailCore.Tests.Storage.WrongStores;
using NUnit.Framework;

namespace MailCore.Tests.AspNetCore.MailInbox;

/// <summary>Pages, what they cost, and searches.</summary>
[CancelAfter(60_000)]
internal sealed class InboxListTests
{
    [Test]
    public async Task Pages_of_many_mailboxes_join_to_the_whole_list_in_the_order_of_arrival()
    {
        await using var inbox = await InboxHost.StartAsync();
        var random = new Random(20_26);
        var expected = new HashSet<string>();
        for (var i = 0; i < 137; i++)
        {
            var (account, mailbox) = (random.Next(2) == 0 ? "bob@example.org" : "alice@example.org", random.Next(3) switch { 0 => "INBOX", 1 => "Work", _ => "Work/Old" });
            await inbox.AppendAsync($"Subject: {i}\r\n\r\n", account, mailbox);
            expected.Add($"{i}");
        }

        var arrived = new Dictionary<string, List<int>>();
        string? next = "";
        var pages = 0;
        while (next is not null)
        {
            var page = await inbox.GetAsync($"api/messages?limit=10{(next.Length == 0 ? "" : $"&before={next}")}");
            Assert.That((long)page["total"]!, Is.EqualTo(137));
            foreach (var item in page["messages"]!.AsArray())
            {
                Assert.That(expected.Remove((string)item!["subject"]!), Is.True, "Each comes once.");
                var place = $"{item["account"]} {item["mailbox"]}";
                (arrived.TryGetValue(place, out var list) ? list : arrived[place] = []).Add(int.Parse((string)item["subject"]!));
            }

            next = (string?)page["next"];
            pages++;
        }

        Assert.That(expected, Is.Empty);
        Assert.That(pages, Is.EqualTo(14));
        Assert.That(arrived.Values, Has.Count.EqualTo(6).And.All.Ordered.Descending);
    }

    [Test]
    public async Task Mailboxes_are_merged_by_the_time_of_arrival()
    {
        var time = new MailCore.Testing.ManualTimeProvider(DateTimeOffset.UtcNow);
        await using var inbox = await InboxHost.StartAsync(mail: mail => mail.UseStore(_ => new InMemoryMailStore(time)));
        for (var i = 0; i < 20; i++)
        {
            await inbox.AppendAsync($"Subject: {i}\r\n\r\n", i % 3 == 0 ? "bob@example.org" : "alice@example.org", i % 4 == 0 ? "Work" : "INBOX", date: time.GetUtcNow().AddYears(-i));
            time.Advance(TimeSpan.FromSeconds(1));
        }

        var subjects = new List<string>();
        string? next = "";
        while (next is not null)
        {
            var page = await inbox.GetAsync($"api/messages?limit=3{(next.Length == 0 ? "" : $"&before={next}")}");
            subjects.AddRange(page["messages"]!.AsArray().Select(static item => (string)item!["subject"]!));
            next = (string?)page["next"];
        }

        Assert.That(subjects, Is.EqualTo(Enumerable.Range(0, 20).Reverse().Select(static i => $"{i}")));
    }

    [Test]
    public async Task A_page_stays_where_it_was_when_messages_come_and_go()
    {
        await using var inbox = await InboxHost.StartAsync();
        for (var i = 0; i < 10; i++)
        {
            await inbox.AppendAsync($"Subject: {i}\r\n\r\n");
        }

        var first = await inbox.GetAsync("api/messages?limit=4");
        await inbox.AppendAsync("Subject: new\r\n\r\n");
        await inbox.ChangeAsync(HttpMethod.Delete, $"api/messages/{first["messages"]![3]!["id"]}");
        var second = await inbox.GetAsync($"api/messages?limit=4&before={first["next"]}");
        Assert.That(second["messages"]!.AsArray().Select(static item => (string)item!["subject"]!), Is.EqualTo(new[] { "5", "4", "3", "2" }));
    }

    [Test]
    public async Task A_page_of_a_hundred_thousand_messages_reads_a_page_of_them()
    {
        const int count = 100_000;
        CountingStore? store = null;
        await using var inbox = await InboxHost.StartAsync(mail: mail => mail.UseStore(_ => store = new CountingStore(new InMemoryMailStore(TimeProvider.System))));
        await inbox.AppendAsync("Subject: many\r\n\r\nx\r\n");
        var bob = (await inbox.Accounts.OpenAsync(new AccountId("bob@example.org")))!;
        var box = (await bob.FindMailboxAsync(MailboxName.Inbox))!;
        var work = (await bob.CreateMailboxAsync(MailboxName.TryParse("Work", out var name) ? name : default)).Mailbox!;
        for (var copied = 1; copied < count; copied *= 2)
        {
            var uids = (await box.OpenViewAsync())!.State.Intersect(UidSet.All);
            await box.CopyAsync(uids[..Math.Min(uids.Length, count - copied)], box.Id);
        }

        await box.CopyAsync([new Uid(1), new Uid(2)], work.Id);
        await inbox.ListAsync("?limit=1");
        store!.Reset();

        var page = await inbox.GetAsync("api/messages?limit=50");
        Assert.That(((long)page["total"]!, page["messages"]!.AsArray().Count), Is.EqualTo((count + 2L, 50)));
        Assert.That((store.Read, store.Loads, store.Opened), Is.EqualTo((Math.Min(store.Read, 150), 0, 0)), "A hundred and fifty rows at the most, no mailbox and no message.");
        store.Reset();

        // From the middle on: each mailbox is searched for the place.
        await inbox.GetAsync($"api/messages?limit=50&before={page["next"]}");
        Assert.That((store.Read, store.Loads, store.Opened), Is.EqualTo((Math.Min(store.Read, 200), 0, 0)));
    }

    [TestCase("?limit=0")]
    [TestCase("?limit=201")]
    [TestCase("?limit=x")]
    [TestCase("?limit=-1")]
    [TestCase("?wait=61")]
    [TestCase("?wait=-1")]
    [TestCase("?before=x")]
    [TestCase("?before=AAAA")]
    [TestCase("?before=%00")]
    [TestCase("?query=a%20b%20c%20d%20e%20f%20g%20h%20i%20j%20k")]
    public async Task What_is_no_question_is_400(string query)
    {
        await using var inbox = await InboxHost.StartAsync();
        using var answer = await inbox.Http.GetAsync($"api/messages{query}");
        Assert.That((answer.StatusCode, answer.Content.Headers.ContentType!.MediaType), Is.EqualTo((HttpStatusCode.BadRequest, "application/problem+json")));
    }

    [TestCase(500, HttpStatusCode.OK)]
    [TestCase(501, HttpStatusCode.BadRequest)]
    public async Task A_query_has_an_end(int length, HttpStatusCode expected)
    {
        await using var inbox = await InboxHost.StartAsync();
        using var answer = await inbox.Http.GetAsync($"api/messages?query={new string('x', length)}");
        Assert.That(answer.StatusCode, Is.EqualTo(expected));
    }

    [TestCase("hilfe", "1")]
    [TestCase("HILFE für", "1")]
    [TestCase("jürgen", "1")]
    [TestCase("bob@example.org", "3,2,1")]
    [TestCase("treasure", "2")]
    [TestCase("hidden treasure", "2")]
    [TestCase("treasure missing", "")]
    [TestCase("dG9rZW4", "")]
    [TestCase("body", "3,1")]
    [TestCase("   ", "3,2,1")]
    [TestCase("%", "")]
    public async Task Words_are_looked_for_in_header_and_text_as_people_read_them(string query, string expected)
    {
        await using var inbox = await InboxHost.StartAsync();
        await inbox.SendAsync("From: =?utf-8?Q?J=C3=BCrgen?= <j@there.example>\r\nX-Number: 1\r\nMessage-ID: <1@x>\r\nSubject: =?utf-8?Q?Hilfe_f=C3=BCr?=\r\n alle\r\n\r\nbody\r\n");
        await inbox.SendAsync("Subject: =?utf-8?b?bmVlZGxl?=\r\nMessage-ID: <2@x>\r\nContent-Transfer-Encoding: base64\r\n\r\naGlkZGVuIHRyZWFzdXJl\r\n");
        await inbox.SendAsync("Subject: x\r\nMessage-ID: <3@x>\r\n\r\nthe body\r\n");
        var page = await inbox.GetAsync($"api/messages?query={Uri.EscapeDataString(query)}");
        var found = new List<string>();
        foreach (var item in page["messages"]!.AsArray())
        {
            found.Add(((string)(await inbox.GetAsync($"api/messages/{item!["id"]}"))["messageId"]!)[1..2]);
        }

        Assert.That(string.Join(',', found), Is.EqualTo(expected));
        Assert.That(page["total"] is null, Is.EqualTo(query.Trim().Length > 0));
    }

    [Test]
    public async Task A_search_looks_into_so_many_messages_and_goes_on_where_it_stopped()
    {
        CountingStore? store = null;
        await using var inbox = await InboxHost.StartAsync(static options => options.MaxSearched = 5, mail => mail.UseStore(_ => store = new CountingStore(new InMemoryMailStore(TimeProvider.System))));
        for (var i = 0; i < 12; i++)
        {
            await inbox.AppendAsync($"Subject: {(i % 6 == 0 ? "needle" : "hay")} {i}\r\n\r\nx\r\n");
        }

        var answers = new List<string>();
        string? next = "";
        while (next is not null)
        {
            store!.Reset();
            var page = await inbox.GetAsync($"api/messages?query=needle{(next.Length == 0 ? "" : $"&before={next}")}");
            answers.Add(string.Join(',', page["messages"]!.AsArray().Select(static item => (string)item!["subject"]!)));
            Assert.That(store.Opened, Is.LessThanOrEqualTo(5));
            next = (string?)page["next"];
        }

        Assert.That(answers, Is.EqualTo(new[] { "", "needle 6", "needle 0" }));
    }

    [Test]
    public async Task Where_the_store_has_an_index_only_what_it_names_is_looked_into()
    {
        IndexedStore? store = null;
        await using var inbox = await InboxHost.StartAsync(mail: mail => mail.UseStore(_ => store = new IndexedStore(new InMemoryMailStore(TimeProvider.System))));
        for (var i = 0; i < 40; i++)
        {
            await inbox.AppendAsync($"Subject: {(i == 7 ? "needle" : "hay")} {i}\r\n\r\nx\r\n");
        }

        var page = await inbox.GetAsync("api/messages?query=needle");
        Assert.That(page["messages"]!.AsArray().Select(static item => (string?)item!["subject"]), Is.EqualTo(new[] { "needle 7" }));
        Assert.That(store!.Opened, Is.EqualTo(2), "The index names one too many.");
    }

    [Test]
    public async Task A_message_of_an_older_summary_is_described_all_the_same()
    {
        await using var inbox = await InboxHost.StartAsync(mail: static mail => mail.UseStore(static _ => new WithoutSummaries(new InMemoryMailStore(TimeProvider.System))));
        await inbox.SendAsync("Subject: x\r\n\r\nhello\r\n");
        var item = (await inbox.ListAsync())[0]!;
        Assert.That(((string?)item["subject"], (string?)item["preview"]), Is.EqualTo(("x", "hello")));
        Assert.That(await inbox.Http.GetStringAsync($"api/messages/{item["id"]}/text"), Is.EqualTo("hello\r\n"));
    }

    [TestCase(2, 2)]
    [TestCase(1, 1)]
    public async Task Accounts_beyond_the_limit_are_left_out(int limit, int expected)
    {
        await using var inbox = await InboxHost.StartAsync(options => options.MaxAccounts = limit);
        Assert.That((await inbox.GetAsync("api/mailboxes")).AsArray(), Has.Count.EqualTo(expected));
    }

    private sealed class IndexedStore(IMailStore inner) : StoreWrapper(inner), IMessageSearch
    {
        public int Opened { get; private set; }

        public ValueTask<UidSet?> FindCandidatesAsync(AccountId account, MailboxId mailbox, string text, MessageTextScope scope, CancellationToken cancellationToken) =>
            ValueTask.FromResult<UidSet?>(UidSet.From([new Uid(3), new Uid(8)]));

        public override ValueTask<IContentReader?> OpenContentAsync(ContentId id, CancellationToken cancellationToken)
        {
            Opened++;
            return base.OpenContentAsync(id, cancellationToken);
        }
    }

    private sealed class CountingStore(IMailStore inner) : StoreWrapper(inner)
    {
        public int Read { get; private set; }

        public int Loads { get; private set; }

        public int Opened { get; private set; }

        public void Reset() => (Read, Loads, Opened) = (0, 0, 0);

        public override ValueTask<IContentReader?> OpenContentAsync(ContentId id, CancellationToken cancellationToken)
        {
            Opened++;
            return base.OpenContentAsync(id, cancellationToken);
        }

        protected override ValueTask<MailboxLoad?> LoadAsync(IAccountStore account, MailboxId mailbox)
        {
            Loads++;
            return base.LoadAsync(account, mailbox);
        }

        protected override ValueTask<IReadOnlyList<MessageRow>> ReadAsync(IAccountStore account, MailboxId mailbox, ReadOnlyMemory<Uid> uids, MessageFields fields)
        {
            Read += uids.Length;
            return base.ReadAsync(account, mailbox, uids, fields);
        }
    }

    private sealed class WithoutSummaries(IMailStore inner) : StoreWrapper(inner)
    {
        protected override async ValueTask<IReadOnlyList<MessageRow>> ReadAsync(IAccountStore account, MailboxId mailbox, ReadOnlyMemory<Uid> uids, MessageFields fields) =>
            [.. (await base.ReadAsync(account, mailbox, uids, fields)).Select(static row => row with { Summary = Encoding.ASCII.GetBytes("old") })];
    }
}

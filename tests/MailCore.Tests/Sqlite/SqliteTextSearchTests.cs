using System.Text;
using MailCore.Storage;
using MailCore.Storage.Sqlite;
using MailCore.Storage.Sqlite.Text;
using MailCore.Tests.Corpus;
using MailCore.Tests.Imap;
using MailCore.Tests.Storage.WrongStores;
using NUnit.Framework;

namespace MailCore.Tests.Sqlite;

/// <summary>SEARCH TEXT and BODY by the index of texts: the same answers as by reading every message, for less reading.</summary>
public sealed class SqliteTextSearchTests
{
    private SqliteTestFolder _folder = null!;
    private SqliteMailStore _store = null!;

    [SetUp]
    public void MakeFolder()
    {
        _folder = new SqliteTestFolder();
        Open(index: true);
    }

    [TearDown]
    public async Task CloseAsync()
    {
        await _store.DisposeAsync();
        _folder.Dispose();
    }

    [Test]
    public async Task The_answers_are_those_of_reading_every_message()
    {
        var texts = new List<string>();
        await using (var server = await ServeAsync(_store))
        {
            foreach (var message in MessageCorpus.Files)
            {
                using var octets = new MemoryStream();
                await using (var stream = message.Open())
                {
                    await stream.CopyToAsync(octets);
                }

                await server.AppendAsync(octets.ToArray(), new AppendOptions { Prefix = "Delivered-To: prefixed@example.org\r\n"u8.ToArray() });
                texts.Add(Encoding.Latin1.GetString(octets.ToArray()));
            }

            await server.AppendAsync(Encoding.UTF8.GetBytes("Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe_aus_K=C3=B6ln?=\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nΣίσυφος, ПРИВЕТ, straße, 𐐨𐐩𐐪 \"quoted\" a\0b \u0130stanbul \u017fimple \u212aelvin\r\n"));
            await server.AppendAsync(Encoding.ASCII.GetBytes($"Subject: long\r\n\r\n{string.Concat(Enumerable.Repeat("filler \r\n", TextIndexer.MaxLength / 9 * 2))}needle at the end\r\n"));
            await server.AppendAsync("Subject: =?utf-8?b?bmVlZGxl?=\r\nContent-Transfer-Encoding: base64\r\n\r\naGlkZGVuIHRyZWFzdXJl\r\n"u8.ToArray());

            // Some are in the index, some wait for it, some are expunged while a session still shows them.
            await _store.IndexTextAsync();
            await using var indexed = await server.SelectedAsync();
            var inbox = await server.MailboxAsync();
            await inbox.CopyAsync([new Uid(1), new Uid(2)], inbox.Id);
            await inbox.RemoveAsync([new Uid(3), new Uid(5)]);
            await using var slow = await ServeAsync(new WithoutIndex(_store));
            await using var reading = await slow.SelectedAsync();

            await _store.IndexTextAsync();
            await indexed.OkAsync("NOOP");
            foreach (var query in Queries(texts))
            {
                var expected = await AskAsync(reading, query);
                Assert.That(await AskAsync(indexed, query), Is.EqualTo(expected), query.ToString());
            }
        }
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task Fuzzy_searches_are_announced_and_answered_with_an_index_only(bool hasIndex)
    {
        await _store.DisposeAsync();
        Open(hasIndex);
        await using var server = await ServeAsync(_store);
        await server.AppendAsync("Subject: a\r\n\r\nA boat on the river\r\n"u8.ToArray());
        await server.AppendAsync("Subject: b\r\n\r\nA river\r\n"u8.ToArray());
        await _store.IndexTextAsync();
        await using var client = await server.SelectedAsync();
        Assert.That((await client.OkAsync("CAPABILITY"))[0].Split(' ').Contains("SEARCH=FUZZY"), Is.EqualTo(hasIndex));
        Assert.That((await client.RunAsync("SEARCH FUZZY TEXT \"river boat\""))[0], hasIndex ? Is.EqualTo("* SEARCH 1") : Does.Contain(" BAD FUZZY needs an index"));
    }

    [Test]
    public async Task Messages_expunged_by_others_are_found_until_a_session_is_told()
    {
        await using var server = await ServeAsync(_store);
        await server.AppendAsync("Subject: a\r\n\r\nneedle\r\n"u8.ToArray());
        await server.AppendAsync("Subject: b\r\n\r\nneedle\r\n"u8.ToArray());
        await _store.IndexTextAsync();
        await using var client = await server.SelectedAsync();
        await (await server.MailboxAsync()).RemoveAsync([new Uid(1)]);

        Assert.That(await AskAsync(client, new Query("BODY needle", null)), Is.EqualTo("* SEARCH 1 2"));
    }

    [Test]
    public async Task Only_messages_that_may_match_are_read()
    {
        var counting = new Counting(_store);
        await using var server = await ServeAsync(counting);
        for (var i = 0; i < 60; i++)
        {
            await server.AppendAsync(Encoding.ASCII.GetBytes($"Subject: {i}\r\n\r\nhaystack {(i % 20 == 7 ? "with a Needle" : "only")}\r\n"));
        }

        await _store.IndexTextAsync();
        counting.Opened = 0;
        await using var client = await server.SelectedAsync();

        Assert.That(await AskAsync(client, new Query("BODY needle", null)), Is.EqualTo("* SEARCH 8 28 48"));
        Assert.That(counting.Opened, Is.EqualTo(3));
        Assert.That(await AskAsync(client, new Query("TEXT nowhere", null)), Is.EqualTo("* SEARCH"));
        Assert.That(counting.Opened, Is.EqualTo(3));
        Assert.That(await AskAsync(client, new Query("BODY ne", null)), Is.EqualTo("* SEARCH 8 28 48"), "Too short for the index.");
        Assert.That(counting.Opened, Is.EqualTo(63));
    }

    [Test]
    public async Task What_waits_for_the_index_is_read_and_so_is_what_is_too_long_for_it()
    {
        await using var server = await ServeAsync(_store);
        await server.AppendAsync(Encoding.ASCII.GetBytes($"Subject: long\r\n\r\n{new string('x', TextIndexer.MaxLength)}"));
        await _store.IndexTextAsync();
        await _store.WriteAsync(
            static db =>
            {
                db.Execute("INSERT INTO text_queue SELECT max(id) + 1, 0 FROM message");
                return true;
            },
            default);
        var candidates = await (await server.MailboxAsync()).FindCandidatesAsync("anything", MessageTextScope.Body);

        Assert.That(candidates!.ToString(), Is.EqualTo("1"));
    }

    [Test]
    public async Task Opened_without_the_option_the_index_goes_and_with_it_it_comes_back()
    {
        await using (var server = await ServeAsync(_store))
        {
            await server.AppendAsync("Subject: first\r\n\r\nneedle\r\n"u8.ToArray());
        }

        await ReopenAsync(index: false);
        await using (var server = await ServeAsync(_store))
        {
            await server.AppendAsync("Subject: second\r\n\r\nneedle\r\n"u8.ToArray());
            Assert.That(await (await server.MailboxAsync()).FindCandidatesAsync("needle", MessageTextScope.Body), Is.Null);
            Assert.That(_store.Read(static db => db.QueryText("SELECT count(*) FROM sqlite_schema WHERE name LIKE 'text%'")), Is.EqualTo("0"));
        }

        await ReopenAsync(index: true);
        await _store.IndexTextAsync();
        await using (var server = await ServeAsync(_store))
        {
            var inbox = await server.MailboxAsync();
            Assert.That((await inbox.FindCandidatesAsync("NEEDLE", MessageTextScope.Body))!.ToString(), Is.EqualTo("1:2"));
            Assert.That((await inbox.FindCandidatesAsync("second", MessageTextScope.Message))!.ToString(), Is.EqualTo("2"));
            Assert.That((await inbox.FindCandidatesAsync("second", MessageTextScope.Body))!.IsEmpty);
            await _store.RebuildIndexAsync();
            await _store.IndexTextAsync();
            Assert.That((await inbox.FindCandidatesAsync("first", MessageTextScope.Message))!.ToString(), Is.EqualTo("1"));
            Assert.That((await new SqliteStoreFolder(_folder.Path).CheckAsync()).Problems, Is.Empty);
        }
    }

    [Test]
    public async Task What_is_removed_leaves_the_index()
    {
        await _store.DisposeAsync();
        var time = new SteppedTime();
        _store = SqliteMailStore.Open(_folder.Path, new SqliteStoreOptions { FullTextSearch = true, TimeProvider = time });
        var anna = await SqliteTestAccount.OpenAsync(_store);
        await anna.AppendAsync("Subject: x\r\n\r\nneedle\r\n"u8.ToArray());
        await _store.IndexTextAsync();
        await anna.CommitAsync(new Expunge(anna.Inbox, [1], OnlyDeleted: false));
        time.Now += TimeSpan.FromHours(1);
        await _store.MaintainAsync();

        Assert.That(_store.Read(static db => db.QueryText("SELECT count(*) FROM text_docsize")), Is.EqualTo("0"));
        Assert.That(_store.Read(static db => db.QueryText("SELECT count(*) FROM text_queue")), Is.EqualTo("0"));
    }

    [Test]
    public async Task An_index_of_texts_in_another_form_is_made_anew()
    {
        await using (var server = await ServeAsync(_store))
        {
            await server.AppendAsync("Content-Type: text/plain; charset=utf-8\r\n\r\nna\u00efve\r\n"u8.ToArray());
            await _store.IndexTextAsync();
            Assert.That((await (await server.MailboxAsync()).FindCandidatesAsync("naive", MessageTextScope.Body))!.IsEmpty, "The accent stands between.");
            Assert.That((await (await server.MailboxAsync()).FindCandidatesAsync("nai", MessageTextScope.Body))!.ToString(), Is.EqualTo("1"));
        }

        // As one from before there was a form: in upper case only.
        await _store.WriteAsync(
            static db =>
            {
                db.Execute("DROP TABLE text_form; DELETE FROM text; INSERT INTO text(rowid, header, body) SELECT id, '', 'NA\u00cfVE' FROM message");
                return true;
            },
            default);
        await ReopenAsync(index: true);
        await _store.IndexTextAsync();
        await using var later = await ServeAsync(_store);
        Assert.That((await (await later.MailboxAsync()).FindCandidatesAsync("nai", MessageTextScope.Body))!.ToString(), Is.EqualTo("1"));

        await ReopenAsync(index: true);
        Assert.That(_store.Read(static db => db.QueryText("SELECT count(*) FROM text_queue")), Is.EqualTo("0"), "Made anew once.");
    }

    [Test]
    public void Nul_is_no_end_of_a_text() => Assert.That(FoldedText.Of("A\0B"), Is.EqualTo("A\uFFFDB"));

    private static IEnumerable<Query> Queries(List<string> texts)
    {
        foreach (var text in new[] { "needle", "NEEDLE", "hidden treasure", "grüße", "KÖLN", "σίσυφος", "привет", "STRASSE", "straße", "𐐀𐐁", "𐐨𐐩𐐪", "\"quoted\"", "istanbul", "simple", "kelvin", "\u212aelvin", "prefixed@", "ab", "a", "" })
        {
            yield return new Query("TEXT", text);
            yield return new Query("BODY", text);
            yield return new Query("NOT BODY", text);
        }

        yield return new Query("OR BODY needle TEXT received", null);
        yield return new Query("NOT OR TEXT subject (BODY needle NOT TEXT quoted)", null);
        var random = new Random(20260101);
        for (var i = 0; i < 150; i++)
        {
            var text = texts[random.Next(texts.Count)];
            var start = random.Next(Math.Max(1, text.Length - 12));
            var part = new string([.. text.Substring(start, Math.Min(random.Next(1, 12), text.Length - start)).Where(static c => c is >= ' ' and < '\u007f')]);
            yield return new Query(random.Next(2) == 0 ? "TEXT" : "BODY", random.Next(2) == 0 ? part.ToUpperInvariant() : part);
        }
    }

    private static async Task<string> AskAsync(ImapTestClient client, Query query)
    {
        var command = query.Text is { } text ? $"SEARCH CHARSET UTF-8 {query.Keys} {{{Encoding.UTF8.GetByteCount(text)}+}}\r\n{text}" : $"SEARCH {query.Keys}";
        return (await client.OkAsync(command)).Single(static line => line.StartsWith("* SEARCH", StringComparison.Ordinal));
    }

    private static async Task<ImapTestServer> ServeAsync(IMailStore store)
    {
        var server = new ImapTestServer();
        server.UseStore(store);
        await server.AddUserAsync();
        return server;
    }

    private void Open(bool index) => _store = SqliteMailStore.Open(_folder.Path, new SqliteStoreOptions { FullTextSearch = index, SurvivesPowerLoss = false });

    private async Task ReopenAsync(bool index)
    {
        await _store.DisposeAsync();
        Open(index);
    }

    private sealed record Query(string Keys, string? Text);

    private sealed class WithoutIndex(IMailStore inner) : StoreWrapper(inner);

    private sealed class Counting(SqliteMailStore inner) : StoreWrapper(inner), IMessageSearch
    {
        public int Opened { get; set; }

        public override ValueTask<IContentReader?> OpenContentAsync(ContentId id, CancellationToken cancellationToken)
        {
            Opened++;
            return base.OpenContentAsync(id, cancellationToken);
        }

        public ValueTask<UidSet?> FindCandidatesAsync(AccountId account, MailboxId mailbox, string text, MessageTextScope scope, CancellationToken cancellationToken) =>
            inner.FindCandidatesAsync(account, mailbox, text, scope, cancellationToken);
    }
}

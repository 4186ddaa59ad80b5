using System.Text;
using MailCore.Storage;
using MailCore.Storage.Sqlite;
using MailCore.Tests.Imap;
using MailCore.Tests.Storage.WrongStores;
using NUnit.Framework;

namespace MailCore.Tests.Sqlite;

/// <summary>What sessions and deliveries cost over a store on disk: octets, pages, flushes and messages opened are counted, times are not.</summary>
[NonParallelizable]
public sealed class SqliteSessionCostTests : SqliteStoreFixture
{
    private const int Million = 1_000_000;

    [Test]
    public async Task The_first_session_on_a_million_messages_takes_under_32_MB_and_each_further_one_under_100_KB()
    {
        const int Further = 20;
        await using var server = await ServeAsync(Store);
        server.Options.MaxSessionsPerAccount = Further + 1;
        await FillAsync(server, Million);

        // What is made once in a process is not a session's.
        await (await server.SelectedAsync("Other", capacity: 4096)).DisposeAsync();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var clients = new List<ImapTestClient> { await server.SelectedAsync(capacity: 4096) };
        var first = GC.GetTotalMemory(forceFullCollection: true) - before;
        for (var i = 0; i < Further; i++)
        {
            clients.Add(await server.SelectedAsync(capacity: 4096));
        }

        var further = (GC.GetTotalMemory(forceFullCollection: true) - before - first) / Further;
        TestContext.Out.WriteLine($"{first:N0} octets for the first session, {further:N0} for each further one.");
        Assert.That(await clients[^1].OkAsync($"FETCH {Million} UID"), Does.Contain($"* {Million} FETCH (UID {Million})"));
        Assert.That(first, Is.LessThan(32 * 1024 * 1024));
        Assert.That(further, Is.LessThan(100 * 1024));
        foreach (var client in clients)
        {
            await client.DisposeAsync();
        }
    }

    [Test]
    public async Task An_append_into_a_million_messages_with_a_session_watching_allocates_under_100_KB()
    {
        const int Appends = 50;
        await using var server = await ServeAsync(Store);
        await FillAsync(server, Million);
        await using var watching = await server.SelectedAsync(capacity: 4096);
        var message = Encoding.ASCII.GetBytes($"Subject: x\r\n\r\n{new string('x', 4000)}\r\n");
        await AppendAndTellAsync(server, watching, message);

        var before = GC.GetTotalAllocatedBytes(precise: true);
        for (var i = 0; i < Appends; i++)
        {
            await AppendAndTellAsync(server, watching, message);
        }

        var each = (GC.GetTotalAllocatedBytes(precise: true) - before) / Appends;
        TestContext.Out.WriteLine($"{each:N0} octets for each append with a NOOP that tells of it.");
        Assert.That(each, Is.LessThan(100 * 1024));
    }

    [Test]
    public async Task Envelope_structure_flags_size_and_date_of_many_messages_touch_no_message_body()
    {
        const int Messages = 100_000;
        const int Page = 10_000;
        await using var server = await ServeAsync(Store);
        await server.AppendAsync(Encoding.ASCII.GetBytes($"Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n{new string('x', 50_000)}\r\n--b--\r\n"));
        await Store.WriteAsync(
            static db =>
            {
                db.Execute(SqliteFilling.EntriesAndMessages(Messages));
                return true;
            },
            default);
        await Store.DisposeAsync();
        Store = SqliteMailStore.Open(Folder.Path);
        var counting = new Counting(Store);
        server.UseStore(counting);

        await using var client = await server.SelectedAsync();
        await LoseContentsAsync();
        for (var first = 1; first <= Messages; first += Page)
        {
            var fetched = await client.OkAsync($"FETCH {first}:{first + Page - 1} (UID FLAGS ENVELOPE BODYSTRUCTURE BODY RFC822.SIZE INTERNALDATE)");
            Assert.That(fetched.Count(static line => line.Contains(" FETCH ", StringComparison.Ordinal) && line.Contains("\"MIXED\"", StringComparison.OrdinalIgnoreCase)), Is.EqualTo(Page));
        }

        Assert.That(counting.Opened, Is.Zero);
    }

    [Test]
    public async Task One_message_of_1_MB_to_50_accounts_is_one_copy_and_one_flush()
    {
        const int Accounts = 50;
        var accounts = new MailAccounts(Store, new LocalChangeSignal(), TimeProvider.System);
        var inboxes = new List<(MailAccount Account, Mailbox Inbox)>();
        for (var i = 0; i < Accounts; i++)
        {
            var account = (await accounts.OpenAsync(new AccountId($"user{i}")))!;
            inboxes.Add((account, (await account.FindMailboxAsync(MailboxName.Inbox))!));
        }

        var octets = Encoding.ASCII.GetBytes($"Subject: to all\r\n\r\n{string.Concat(Enumerable.Repeat(new string('x', 78) + "\r\n", 13_107))}");
        await using var message = await accounts.StageAsync(System.IO.Pipelines.PipeReader.Create(new(octets)), default);
        await Store.WriteAsync(static _ => true, default);
        var (commits, pages) = (Store.Commits, await PagesAsync());
        var results = await accounts.CommitAsync([.. inboxes.Select(one => new ChangeBatch(one.Account.Id, [
            new AppendMessage(one.Inbox.Id, message.Content, Encoding.ASCII.GetBytes($"Delivered-To: {one.Account.Id}\r\n"), SystemFlags.None, [], DateTimeOffset.UnixEpoch, message.Summary)]))]);

        Assert.That(results.Select(static result => result.Error), Has.Exactly(Accounts).EqualTo(CommitError.None));
        Assert.That(Store.Commits - commits, Is.EqualTo(1));
        Assert.That(Folder.MessageFiles().Select(static file => new FileInfo(file).Length), Is.EqualTo(new[] { (long)octets.Length }));
        Assert.That(await PagesAsync() - pages, Is.LessThan(6 * Accounts), "A row and its index entries for each account, and no octets of the message.");
    }

    private static async Task AppendAndTellAsync(ImapTestServer server, ImapTestClient watching, byte[] message)
    {
        await server.AppendAsync(message);
        await watching.OkAsync("NOOP");
    }

    private async Task<ImapTestServer> ServeAsync(IMailStore store)
    {
        var server = new ImapTestServer();
        server.UseStore(store);
        await server.AddUserAsync();
        await server.MailboxAsync("Other");
        return server;
    }

    private Task<long> PagesAsync() => Store.WriteAsync(static db => db.PagesWritten, default);

    private Task<bool> LoseContentsAsync() => Store.WriteAsync(
        static db =>
        {
            db.Execute("DELETE FROM content");
            return true;
        },
        default);

    // Through the contract this would take as long as all other tests together.
    private async Task FillAsync(ImapTestServer server, int rows)
    {
        await server.AppendAsync("Subject: x\r\n\r\n"u8.ToArray());
        await Store.WriteAsync(
            db =>
            {
                db.Execute(SqliteFilling.Entries(rows));
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

        public override ValueTask<IContentReader?> OpenContentAsync(ContentId id, CancellationToken cancellationToken)
        {
            Opened++;
            return base.OpenContentAsync(id, cancellationToken);
        }
    }
}

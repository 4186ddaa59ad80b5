using MailCore.Storage;
using MailCore.Storage.Sqlite;
using MailCore.Tests.Sqlite;
using NUnit.Framework;

namespace MailCore.Tests.Imap;

/// <summary>Clients that come and go, on one mailbox, each with a memory of its own that must come to equal the store.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class ImapResyncTests
{
    [Test]
    public Task Two_qresync_clients_and_a_condstore_client_that_come_and_go_know_what_the_store_has([Range(1, 16)] int seed) => RunAsync(seed, async clients =>
    {
        var random = new Random(seed);
        for (var step = 0; step < 150; step++)
        {
            await clients[random.Next(clients.Count)].ActAsync(random);
        }
    });

    [Test]
    public Task And_so_they_do_at_the_same_time([Range(1, 8)] int seed) => RunAsync(seed, clients => Task.WhenAll(clients.Select((client, index) => Task.Run(async () =>
    {
        var random = new Random((seed * 10) + index);
        for (var step = 0; step < 100; step++)
        {
            await client.ActAsync(random);
        }
    }))));

    [Test]
    public async Task The_durable_store_tells_them_the_same([Range(1, 3)] int seed)
    {
        using var folder = new SqliteTestFolder();
        await using var store = SqliteMailStore.Open(folder.Path);
        await using var server = new ImapTestServer();
        server.UseStore(store);
        await server.AddUserAsync();
        var random = new Random(seed);
        await RunAsync(server, await server.MailboxAsync(), async clients =>
        {
            for (var step = 0; step < 120; step++)
            {
                await clients[random.Next(clients.Count)].ActAsync(random);
            }
        });
    }

    // With every other seed the store soon forgets what was expunged.
    private static async Task RunAsync(int seed, Func<List<SyncingClient>, Task> act)
    {
        await using var server = new ImapTestServer(tombstones: seed % 2 == 0 ? 4 : 250_000);
        await server.AddUserAsync();
        await RunAsync(server, await server.MailboxAsync(), act);
    }

    private static async Task RunAsync(ImapTestServer server, Mailbox inbox, Func<List<SyncingClient>, Task> act)
    {
        for (var i = 0; i < 8; i++)
        {
            await server.AppendAsync("x"u8.ToArray(), mailbox: inbox);
        }

        List<SyncingClient> clients = [new(server, byQResync: true), new(server, byQResync: true), new(server, byQResync: false)];
        try
        {
            await act(clients);
            await CheckAsync(inbox, clients);
        }
        catch (AssertionException)
        {
            foreach (var client in clients)
            {
                TestContext.Out.WriteLine(string.Join('\n', client.Log.TakeLast(60)) + "\n");
            }

            throw;
        }
    }

    private static async Task CheckAsync(Mailbox inbox, List<SyncingClient> clients)
    {
        var rows = (await inbox.OpenViewAsync())!.State;
        var stored = rows.Range(0, int.MaxValue).ToDictionary(static row => row.Uid.Value, static row => Text(row.Flags));
        foreach (var client in clients)
        {
            if (client.IsConnected)
            {
                await client.RunAsync("NOOP");
                await client.LearnAsync();
                Assert.That(client.Cache, Is.EqualTo(stored), "without another connection");
                await client.DropAsync(null);
            }

            await client.ConnectAsync();
            Assert.That(client.Cache, Is.EqualTo(stored), "after coming back");
            await client.DisposeAsync();
        }
    }

    private static string Text(SystemFlags flags) =>
        SyncingClient.Normal(Enum.GetValues<SystemFlags>().Where(flag => flag != 0 && flags.HasFlag(flag)).Select(static flag => $"\\{flag}"));
}

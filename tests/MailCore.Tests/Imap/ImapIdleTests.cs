using MailCore.Storage;
using NUnit.Framework;

namespace MailCore.Tests.Imap;

[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class ImapIdleTests
{
    [Test]
    public async Task The_end_of_idle_by_done_leaves_only_the_selection_s_subscription_and_close_none()
    {
        await using var server = await ServerAsync();
        await using var client = await server.SelectedAsync();
        await StartAsync(client);
        Assert.That(server.Signal.Count, Is.EqualTo(1));
        await client.SendAsync("DONE\r\n");
        await client.ReadToAsync("i");
        Assert.That(server.Signal.Count, Is.EqualTo(1));
        await client.OkAsync("CLOSE");
        Assert.That(server.Signal.Count, Is.Zero);
    }

    [Test]
    public async Task A_client_that_drops_in_idle_leaves_no_task_and_no_subscription()
    {
        await using var server = await ServerAsync();
        var client = await server.SelectedAsync();
        await StartAsync(client);
        await client.Connection.Client.DisposeAsync();
        await client.Session;
        Assert.That(server.Signal.Count, Is.Zero);
        await server.AppendAsync("later"u8.ToArray());
    }

    [Test]
    public async Task A_broken_connection_in_idle_leaves_no_task_and_no_subscription()
    {
        await using var server = await ServerAsync();
        var client = await server.SelectedAsync();
        await StartAsync(client);
        client.Connection.AbortClient();
        await Assert.ThrowsAsync<IOException>(() => client.Session);
        Assert.That(server.Signal.Count, Is.Zero);
    }

    [Test]
    public async Task A_shutdown_in_idle_says_bye_and_leaves_no_task_and_no_subscription()
    {
        await using var server = await ServerAsync();
        await using var client = await server.SelectedAsync();
        await StartAsync(client);
        server.Stop();
        Assert.That(await client.ReadLineAsync(), Is.EqualTo("* BYE The server is shutting down"));
        Assert.That(await client.ReadLineAsync(), Is.Null);
        await client.Session;
        Assert.That(server.Signal.Count, Is.Zero);
    }

    [Test]
    public async Task Idle_ends_after_its_time_and_not_before()
    {
        await using var server = await ServerAsync();
        await using var client = await server.SelectedAsync();
        await StartAsync(client);
        server.Time.Advance(TimeSpan.FromMinutes(29));
        await server.AppendAsync("still told"u8.ToArray());
        Assert.That(await client.ReadLineAsync(), Is.EqualTo("* 1 EXISTS"));
        Assert.That(await client.ReadLineAsync(), Is.EqualTo("* 1 RECENT"));
        await AdvanceUntilAsync(server, client, TimeSpan.FromMinutes(1));
        Assert.That(await client.ReadLineAsync(), Is.EqualTo("* BYE Idle for too long"));
        await client.Session;
        Assert.That(server.Signal.Count, Is.Zero);
    }

    [Test]
    public async Task A_change_without_a_hint_is_found_by_the_slow_poll()
    {
        await using var server = await ServerAsync();
        await using var client = await server.SelectedAsync();
        await StartAsync(client);
        // Committed behind the accounts' back, as by another process.
        await server.Store.CommitAsync([new ChangeBatch(new AccountId("bob"), [new CreateMailbox("Other")])], CancellationToken.None);
        var mailbox = await server.MailboxAsync();
        await using var staged = await server.Accounts.StageAsync(
            System.IO.Pipelines.PipeReader.Create(new MemoryStream("unheard"u8.ToArray())), default);
        await server.Store.CommitAsync(
            [new ChangeBatch(new AccountId("bob"), [new AppendMessage(mailbox.Id, staged.Content, default, SystemFlags.None, [], server.Time.GetUtcNow(), staged.Summary)])],
            CancellationToken.None);
        var line = client.ReadLineAsync();
        for (var i = 0; i < 100 && !line.IsCompleted; i++)
        {
            server.Time.Advance(server.Options.PollInterval);
            await Task.Yield();
            await Task.WhenAny(line, Task.Delay(5));
        }

        Assert.That(await line, Is.EqualTo("* 1 EXISTS"));
    }

    [Test]
    public async Task Many_sessions_in_idle_hear_of_one_change()
    {
        await using var server = await ServerAsync();
        server.Options.MaxSessionsPerAccount = 20;
        var clients = new List<ImapTestClient>();
        for (var i = 0; i < 20; i++)
        {
            clients.Add(await server.SelectedAsync());
            await StartAsync(clients[^1]);
        }

        await server.AppendAsync("news"u8.ToArray());
        foreach (var client in clients)
        {
            Assert.That(await client.ReadLineAsync(), Is.EqualTo("* 1 EXISTS"));
            await client.DisposeAsync();
        }

        Assert.That(server.Signal.Count, Is.Zero);
    }

    private static async Task<ImapTestServer> ServerAsync()
    {
        var server = new ImapTestServer();
        await server.AddUserAsync();
        return server;
    }

    private static async Task StartAsync(ImapTestClient client)
    {
        await client.SendAsync("i IDLE\r\n");
        Assert.That(await client.ReadLineAsync(), Is.EqualTo("+ Idling"));
    }

    // The session arms its next wait on its own thread.
    private static async Task AdvanceUntilAsync(ImapTestServer server, ImapTestClient client, TimeSpan step)
    {
        for (var i = 0; i < 1_000 && !client.Session.IsCompleted; i++)
        {
            server.Time.Advance(step);
            await Task.WhenAny(client.Session, Task.Delay(5));
        }
    }
}

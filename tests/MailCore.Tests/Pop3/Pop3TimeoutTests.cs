using MailCore.Testing;
using NUnit.Framework;

namespace MailCore.Tests.Pop3;

[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class Pop3TimeoutTests
{
    [Test]
    public async Task A_login_that_takes_too_long_is_closed_without_a_word()
    {
        var time = new ManualTimeProvider();
        await using var server = await ServerAsync(time);
        await using var client = await server.OpenAsync();
        time.Advance(server.Options.LoginTimeout - TimeSpan.FromSeconds(1));
        Assert.That(await client.AskAsync("NOOP"), Is.EqualTo("+OK Nothing done"));
        // Commands do not put the end off.
        time.Advance(TimeSpan.FromSeconds(2));
        await AdvanceToEndAsync(time, client);
        Assert.That(await client.ReadLineAsync(), Is.Null);
        await client.Session;
    }

    [Test]
    public async Task Ten_idle_minutes_log_out_without_a_word_and_delete_nothing()
    {
        var time = new ManualTimeProvider();
        await using var server = await ServerAsync(time);
        await using var client = await server.LogInAsync("bob", "secret");
        for (var i = 0; i < 3; i++)
        {
            time.Advance(server.Options.IdleTimeout - TimeSpan.FromSeconds(1));
            Assert.That(await client.AskAsync(i == 0 ? "DELE 1" : "NOOP"), Does.StartWith("+OK"));
        }

        await AdvanceToEndAsync(time, client);
        Assert.That(await client.ReadLineAsync(), Is.Null);
        await client.Session;
        Assert.That(server.Locks.Count, Is.Zero);
        Assert.That((await (await server.InboxAsync("bob")).GetInfoAsync())!.Messages, Is.EqualTo(1));
    }

    [Test]
    public async Task A_client_that_trickles_octets_of_one_command_is_idle()
    {
        var time = new ManualTimeProvider();
        await using var server = await ServerAsync(time);
        await using var client = await server.LogInAsync("bob", "secret");
        for (var i = 0; i < 10 && !client.Session.IsCompleted; i++)
        {
            await client.SendAsync("x");
            time.Advance(server.Options.IdleTimeout / 5);
        }

        await AdvanceToEndAsync(time, client);
        Assert.That(await client.ReadLineAsync(), Is.Null);
        await client.Session;
    }

    [Test]
    public async Task A_client_that_does_not_read_is_cut_off()
    {
        var time = new ManualTimeProvider();
        await using var server = await ServerAsync(time);
        await server.AppendAsync("bob", new byte[1024 * 1024]);
        await using var client = await server.LogInAsync("bob", "secret");
        await client.SendAsync("RETR 2\r\n");
        await AdvanceToEndAsync(time, client);
        await Assert.ThatAsync(() => client.Session, Throws.InstanceOf<IOException>());
        Assert.That(server.Locks.Count, Is.Zero);
    }

    // In steps, since the session may be about to arm its timer.
    private static async Task AdvanceToEndAsync(ManualTimeProvider time, Pop3TestClient client)
    {
        while (!client.Session.IsCompleted)
        {
            time.Advance(TimeSpan.FromSeconds(10));
            await Task.Yield();
        }
    }

    private static async Task<Pop3TestServer> ServerAsync(ManualTimeProvider time)
    {
        var server = new Pop3TestServer(time: time);
        server.AddUser("bob", "secret");
        await server.AppendAsync("bob", "Subject: one\r\n\r\nHello\r\n"u8.ToArray());
        return server;
    }
}

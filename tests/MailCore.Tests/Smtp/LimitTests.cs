using System.Text;
using MailCore.Smtp;
using MailCore.Testing;
using NUnit.Framework;

namespace MailCore.Tests.Smtp;

/// <summary>Every limit and time-out, at n and n + 1.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class LimitTests
{
    [Test]
    public async Task The_real_size_is_checked_while_streaming_and_the_dialog_stays_in_step([Values("", " SIZE=5")] string declared)
    {
        await using var server = await new SmtpTestServer(null, options => options.MaxMessageSize = 20).PopulateAsync();
        await using var client = await server.GreetAsync();
        foreach (var (length, code) in new[] { (18, 250), (19, 552), (100_000, 552), (18, 250) })
        {
            await client.SayAsync(250, $"MAIL FROM:<eve@elsewhere.example>{declared}");
            await client.SayAsync(250, "RCPT TO:<bob@example.org>");
            await client.SayAsync(354, "DATA");
            await client.SendAsync(new string('x', length) + "\r\nQUIT\r\n"[..2] + ".\r\n");
            Assert.That(await client.ExpectAsync(code), code == 552 ? Does.StartWith("552 5.3.4") : Does.StartWith("250"));
        }

        await client.SayAsync(250, "NOOP");
        Assert.That(await server.MessagesAsync(), Has.Count.EqualTo(2));
    }

    [Test]
    public async Task The_rest_of_a_body_too_large_is_never_read_as_commands()
    {
        await using var server = await new SmtpTestServer(null, options => options.MaxMessageSize = 10).PopulateAsync();
        await using var client = await server.GreetAsync();
        await client.SendMessageAsync(552, string.Concat(Enumerable.Repeat("RSET\r\nQUIT\r\nMAIL FROM:<>\r\n", 1_000)));
        await client.SayAsync(503, "RCPT TO:<bob@example.org>");
    }

    [Test]
    public async Task A_body_past_the_hard_cap_is_answered_and_cut_off()
    {
        await using var server = await new SmtpTestServer(null, options => (options.MaxMessageSize, options.MaxDrain) = (1_000, 10_000)).PopulateAsync();
        await using var client = await server.GreetAsync();
        await client.SayAsync(250, "MAIL FROM:<>");
        await client.SayAsync(250, "RCPT TO:<bob@example.org>");
        await client.SayAsync(354, "DATA");
        var sending = client.SendAsync(new string('x', 40_000));
        Assert.That(await client.ReadReplyAsync(), Does.StartWith("552 5.3.4"));
        await client.ExpectCloseAsync();
        await sending;
    }

    [Test]
    public async Task A_command_line_may_be_as_long_as_the_limit([Values(0, 100, 511)] int cut)
    {
        await using var server = new SmtpTestServer(null, options => options.MaxCommandLine = 512);
        await using var client = await server.GreetAsync();
        foreach (var (length, reply) in new[] { (512, "250 2.0.0"), (513, "500 5.5.2"), (5_000, "500 5.5.2"), (512, "250 2.0.0") })
        {
            var line = "NOOP " + new string('x', length - 5) + "\r\n";
            await client.SendAsync(line[..cut]);
            await client.SendAsync(line[cut..]);
            Assert.That(await client.ReadReplyAsync(), Does.StartWith(reply));
        }
    }

    [Test]
    public async Task Sixty_four_megabytes_without_crlf_are_500_and_closed_with_memory_flat()
    {
        await using var server = new SmtpTestServer();
        await using var client = await server.GreetAsync();
        var chunk = new byte[64 * 1024];
        chunk.AsSpan().Fill((byte)'A');
        var sent = 0L;
        try
        {
            for (; sent < 64 * 1024 * 1024; sent += chunk.Length)
            {
                await client.SendAsync(chunk);
            }
        }
        catch (IOException)
        {
            // Closed under way, as it should be.
        }

        Assert.That(sent, Is.LessThan(2 * 1024 * 1024));
        Assert.That(await client.ReadReplyAsync(), Does.StartWith("500 5.5.2"));
        await client.ExpectCloseAsync();
    }

    [Test]
    public async Task A_message_of_one_5_mb_line_is_refused_and_one_of_100_kb_is_not()
    {
        await using var server = await new SmtpTestServer().PopulateAsync();
        await using var client = await server.GreetAsync();
        Assert.That(await client.SendMessageAsync(554, new string('x', 5_000_000) + "\r\n"), Does.StartWith("554 5.6.0"));
        var text = new string('y', 100_000) + "\r\n";
        await client.SendMessageAsync(250, text);
        Assert.That((await server.MessagesAsync()).Single().Content, Is.EqualTo(text));
    }

    [Test]
    public async Task Recipients_are_counted()
    {
        await using var server = await new SmtpTestServer(null, options => options.MaxRecipients = 3).PopulateAsync();
        await using var client = await server.GreetAsync();
        await client.SayAsync(250, "MAIL FROM:<>");
        await client.SayAsync(550, "RCPT TO:<nobody@example.org>");
        for (var i = 0; i < 3; i++)
        {
            await client.SayAsync(250, "RCPT TO:<bob@example.org>");
        }

        Assert.That(await client.SayAsync(452, "RCPT TO:<bob@example.org>"), Does.StartWith("452 4.5.3"));
        await client.SayAsync(354, "DATA");
        await client.SendAsync("x\r\n.\r\n");
        await client.ExpectAsync(250);
        Assert.That(await server.MessagesAsync(), Has.Count.EqualTo(1), "one copy for one mailbox");
    }

    [Test]
    public async Task A_looping_message_is_refused()
    {
        await using var server = await new SmtpTestServer(null, options => options.MaxReceived = 3).PopulateAsync();
        await using var client = await server.GreetAsync();
        var received = "Received: from a by b; Mon, 1 Jan 2024 00:00:00 +0000\r\n";
        await client.SendMessageAsync(250, string.Concat(Enumerable.Repeat(received, 3)) + "\r\n" + received);
        Assert.That(await client.SendMessageAsync(554, string.Concat(Enumerable.Repeat(received, 4)) + "\r\n"), Does.StartWith("554 5.4.6"));
        await client.SayAsync(250, "NOOP");
    }

    [Test]
    public async Task Too_many_bad_commands_end_the_session()
    {
        await using var server = await new SmtpTestServer().PopulateAsync();
        await using var client = await server.GreetAsync();
        for (var i = 0; i < 10; i++)
        {
            await client.SayAsync(500, "BLURB");
            await client.SayAsync(250, "NOOP");
        }

        Assert.That(await client.SayAsync(421, "BLURB"), Does.StartWith("421 4.7.0"));
        await client.ExpectCloseAsync();
    }

    [Test]
    public async Task Three_bad_commands_are_enough_before_authentication_where_that_is_required()
    {
        await using var server = await new SmtpTestServer(SmtpDialect.Submission).PopulateAsync();
        await using var early = await server.GreetAsync();
        for (var i = 0; i < 3; i++)
        {
            await early.SayAsync(530, "MAIL FROM:<bob@example.org>");
        }

        await early.SayAsync(421, "MAIL FROM:<bob@example.org>");
        await early.ExpectCloseAsync();
        await using var late = await server.GreetAsync();
        await late.LoginAsync();
        for (var i = 0; i < 10; i++)
        {
            await late.SayAsync(500, "BLURB");
        }
    }

    [Test]
    public async Task Messages_of_a_session_are_counted()
    {
        await using var server = await new SmtpTestServer(null, options => options.MaxMessages = 2).PopulateAsync();
        await using var client = await server.GreetAsync();
        await client.SendMessageAsync(250, "one\r\n");
        await client.SendMessageAsync(250, "two\r\n");
        await client.SayAsync(421, "MAIL FROM:<>");
        await client.ExpectCloseAsync();
    }

    [Test]
    public async Task A_silent_client_gets_421_and_an_active_one_is_never_cut()
    {
        var time = new ManualTimeProvider();
        await using var server = new SmtpTestServer(null, options => options.CommandTimeout = TimeSpan.FromMinutes(5)) { Time = time };
        await using var client = await server.GreetAsync();
        for (var i = 0; i < 10; i++)
        {
            time.Advance(TimeSpan.FromMinutes(4));
            await client.SayAsync(250, "NOOP");
        }

        Assert.That(await PassTimeAsync(time, client), Is.EqualTo("421 4.4.2 Nothing came in time"));
        await client.ExpectCloseAsync();
    }

    [Test]
    public async Task A_client_that_falls_silent_within_a_message_gets_421()
    {
        var time = new ManualTimeProvider();
        await using var server = await new SmtpTestServer { Time = time }.PopulateAsync();
        await using var client = await server.GreetAsync();
        await client.SayAsync(250, "MAIL FROM:<>");
        await client.SayAsync(250, "RCPT TO:<bob@example.org>");
        await client.SayAsync(354, "DATA");
        await client.SendAsync("Subject: half");
        Assert.That(await PassTimeAsync(time, client), Does.StartWith("421 4.4.2"));
        await client.ExpectCloseAsync();
        Assert.That(await server.MessagesAsync(), Is.Empty);
    }

    [Test]
    public async Task A_message_that_drips_is_cut_off_unless_the_option_says_not_to([Values("DATA", "BDAT 2000 LAST")] string verb, [Values(0, 1_000)] long minimum)
    {
        var time = new ManualTimeProvider();
        await using var server = new SmtpTestServer(null, options => (options.MinDataPerMinute, options.DataTimeout) = (minimum, TimeSpan.FromDays(30)))
        {
            Time = time,
            Staging = new DiscardStaging(),
            Delivery = new StubDelivery(),
            Router = new MailCore.Delivery.HandlerRouter(new StubDelivery()),
        };
        var connection = new InlineConnection();
        var session = server.Protocol.RunAsync(connection, default);
        connection.Feed(Encoding.ASCII.GetBytes($"EHLO client.example\r\nMAIL FROM:<>\r\nRCPT TO:<bob@example.org>\r\n{verb}\r\n"));
        for (var i = 0; i < 1_000 && !session.IsCompleted; i++)
        {
            time.Advance(TimeSpan.FromSeconds(61));
            connection.Feed("x"u8.ToArray());
            await Task.Yield();
        }

        if (minimum == 0)
        {
            Assert.That(session.IsCompleted, Is.False);
            return;
        }

        await session.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.That(Encoding.ASCII.GetString(connection.Take()), Does.EndWith("\r\n421 4.4.2 The message comes too slowly\r\n"));
    }

    [Test]
    public async Task A_command_that_drips_wins_no_time()
    {
        var time = new ManualTimeProvider();
        await using var server = new SmtpTestServer(null, static options => options.CommandTimeout = TimeSpan.FromMinutes(3)) { Time = time };
        var connection = new InlineConnection();
        var session = server.Protocol.RunAsync(connection, default);
        for (var i = 0; i < 1_000 && !session.IsCompleted; i++)
        {
            connection.Feed("x"u8.ToArray());
            time.Advance(TimeSpan.FromMinutes(1));
            await Task.Yield();
        }

        await session.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.That(Encoding.ASCII.GetString(connection.Take()), Does.EndWith("\r\n421 4.4.2 Nothing came in time\r\n"));
    }

    [Test]
    public async Task Commands_of_a_minute_are_counted()
    {
        var time = new ManualTimeProvider();
        await using var server = await new SmtpTestServer(null, static options => options.MaxCommandsPerMinute = 3) { Time = time }.PopulateAsync();
        await using var client = await server.GreetAsync();
        await client.SayAsync(250, "NOOP");
        await client.SayAsync(250, "NOOP");
        time.Advance(TimeSpan.FromSeconds(60));
        for (var i = 0; i < 3; i++)
        {
            await client.SayAsync(250, "NOOP");
        }

        Assert.That(await client.SayAsync(421, "NOOP"), Does.StartWith("421 4.7.0"));
        await client.ExpectCloseAsync();
    }

    [Test]
    public async Task Shutdown_mid_data_is_421_and_never_554()
    {
        await using var server = await new SmtpTestServer().PopulateAsync();
        await using var client = await server.GreetAsync();
        await client.SayAsync(250, "MAIL FROM:<>");
        await client.SayAsync(250, "RCPT TO:<bob@example.org>");
        await client.SayAsync(354, "DATA");
        await client.SendAsync("Subject: half\r\n");
        await server.Stopping.CancelAsync();
        Assert.That(await client.ReadReplyAsync(), Does.StartWith("421 4.3.2"));
        await client.ExpectCloseAsync();
        Assert.That(await server.MessagesAsync(), Is.Empty);
    }

    [Test]
    public async Task Shutdown_of_an_idle_session_is_421()
    {
        await using var server = new SmtpTestServer();
        await using var client = await server.GreetAsync();
        await server.Stopping.CancelAsync();
        Assert.That(await client.ReadReplyAsync(), Does.StartWith("421 4.3.2"));
        await client.ExpectCloseAsync();
    }

    [Test]
    public async Task Shutdown_while_delivering_lets_the_message_finish()
    {
        var delivery = new StubDelivery { Hold = new TaskCompletionSource() };
        await using var server = await new SmtpTestServer { Delivery = delivery }.PopulateAsync();
        await using var client = await server.GreetAsync();
        await client.SayAsync(250, "MAIL FROM:<>");
        await client.SayAsync(250, "RCPT TO:<bob@example.org>");
        await client.SayAsync(354, "DATA");
        await client.SendAsync("x\r\n.\r\nMAIL FROM:<>\r\n");
        await delivery.Entered.Task;
        await server.Stopping.CancelAsync();
        delivery.Hold.SetResult();
        await client.ExpectAsync(250);
        await client.ExpectAsync(421);
        await client.ExpectCloseAsync();
    }

    [Test]
    public async Task Clients_that_connect_and_leave_leave_no_session_behind()
    {
        await using var server = new SmtpTestServer();
        for (var i = 0; i < 200; i++)
        {
            var (connection, session) = server.Open();
            if (i % 2 == 0)
            {
                await connection.Client.DisposeAsync();
            }
            else
            {
                connection.AbortClient();
            }

            try
            {
                await session.WaitAsync(TimeSpan.FromSeconds(30));
            }
            catch (IOException)
            {
            }
        }
    }

    [Test]
    public async Task A_client_that_leaves_within_a_message_leaves_nothing_stored()
    {
        await using var server = await new SmtpTestServer().PopulateAsync();
        await using var client = await server.GreetAsync();
        await client.SayAsync(250, "MAIL FROM:<>");
        await client.SayAsync(250, "RCPT TO:<bob@example.org>");
        await client.SayAsync(354, "DATA");
        await client.SendAsync("Subject: half\r\n.\r");
        await client.Connection.Client.DisposeAsync();
        Assert.That(async () => await client.Session.WaitAsync(TimeSpan.FromSeconds(30)), Throws.InstanceOf<IOException>());
        Assert.That(await server.MessagesAsync(), Is.Empty);
    }

    [Test]
    public async Task A_connection_aborted_while_delivering_is_broken_io_and_no_bug()
    {
        var delivery = new StubDelivery { Hold = new TaskCompletionSource() };
        await using var server = await new SmtpTestServer { Delivery = delivery }.PopulateAsync();
        await using var client = await server.GreetAsync();
        await client.SayAsync(250, "MAIL FROM:<>");
        await client.SayAsync(250, "RCPT TO:<bob@example.org>");
        await client.SayAsync(354, "DATA");
        await client.SendAsync("x\r\n.\r\n");
        await delivery.Entered.Task;
        client.Connection.Server.Abort(null);
        Assert.That(async () => await client.Session.WaitAsync(TimeSpan.FromSeconds(30)), Throws.InstanceOf<IOException>());
    }

    [Test]
    public async Task A_client_that_does_not_read_is_cut_off()
    {
        var time = new ManualTimeProvider();
        await using var server = new SmtpTestServer { Time = time };
        var (connection, session) = server.Open();
        var octets = Encoding.ASCII.GetBytes("EHLO client.example\r\n" + string.Concat(Enumerable.Repeat("HELP\r\n", 20_000)));
        var sending = connection.Client.WriteAsync(octets).AsTask();
        while (!session.IsCompleted)
        {
            await Task.Yield();
            time.Advance(TimeSpan.FromMinutes(1));
        }

        Assert.That(async () => await session, Throws.InstanceOf<IOException>());
        Assert.That(async () => await sending, Throws.InstanceOf<IOException>());
    }

    /// <summary>Lets time go by until the server says something.</summary>
    internal static async Task<string?> PassTimeAsync(ManualTimeProvider time, SmtpTestClient client)
    {
        var reply = client.ReadReplyAsync();
        while (!reply.IsCompleted)
        {
            time.Advance(TimeSpan.FromSeconds(20));
            await Task.Yield();
        }

        return await reply;
    }
}

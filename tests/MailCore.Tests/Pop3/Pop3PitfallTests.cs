using System.Text;
using MailCore.Pop3;
using MailCore.Storage;
using MailCore.Testing;
using MailCore.Tls;
using NUnit.Framework;

namespace MailCore.Tests.Pop3;

/// <summary>Where peers break.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class Pop3PitfallTests
{
    private static readonly byte[] Message = "Subject: one\r\n\r\nHello\r\n"u8.ToArray();

    [Test]
    public async Task A_mail_drop_is_locked_for_one_session()
    {
        await using var server = await ServerAsync(Message);
        await using var first = await server.LogInAsync("bob", "secret");
        await using var second = await server.OpenAsync();
        await second.AskAsync("USER bob");
        Assert.That(await second.AskAsync("PASS secret"), Does.StartWith("-ERR [IN-USE]"));
        Assert.That(await first.AskAsync("QUIT"), Does.StartWith("+OK"));
        await second.AskAsync("USER bob");
        Assert.That(await second.AskAsync("PASS secret"), Does.StartWith("+OK 1 "));
        await second.DisposeAsync();
        await second.Session;
        Assert.That(server.Locks.Count, Is.Zero);
    }

    [Test]
    public async Task A_mail_drop_is_a_snapshot_that_delivery_and_IMAP_do_not_change()
    {
        await using var server = await ServerAsync(Message, Message);
        await using var client = await server.LogInAsync("bob", "secret");
        await server.AppendAsync("bob", Message);
        await (await server.InboxAsync("bob")).RemoveAsync([new Uid(1)]);
        Assert.That(await client.AskAsync("STAT"), Is.EqualTo($"+OK 2 {2 * Message.Length}"));
        Assert.That(await client.AskAsync("LIST 3"), Does.StartWith("-ERR"));
        Assert.That(await client.AskAsync("RETR 1"), Does.StartWith("-ERR"));
        Assert.That(await client.AskAsync("RETR 2"), Does.StartWith("+OK"));
        await client.ReadMultilineAsync();
        await client.AskAsync("DELE 1");
        await client.AskAsync("DELE 2");
        Assert.That(await client.AskAsync("QUIT"), Does.StartWith("+OK"));
        Assert.That(await UidsAsync(server), Is.EqualTo(new[] { 3u }));
    }

    [Test]
    public async Task Dele_takes_effect_at_quit_only()
    {
        await using var server = await ServerAsync(Message, Message);
        await using var client = await server.LogInAsync("bob", "secret");
        await client.AskAsync("DELE 1");
        await client.AskAsync("NOOP");
        Assert.That(await UidsAsync(server), Is.EqualTo(new[] { 1u, 2u }));
        await client.AskAsync("QUIT");
        Assert.That(await UidsAsync(server), Is.EqualTo(new[] { 2u }));
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task A_dropped_connection_deletes_nothing(bool isReset)
    {
        await using var server = await ServerAsync(Message);
        await using var client = await server.LogInAsync("bob", "secret");
        await client.AskAsync("DELE 1");
        if (isReset)
        {
            client.Connection.AbortClient();
        }
        else
        {
            await client.DisposeAsync();
        }

        await EndAsync(client);
        Assert.That(await UidsAsync(server), Is.EqualTo(new[] { 1u }));
        Assert.That(server.Locks.Count, Is.Zero);
    }

    [Test]
    public async Task A_quit_that_was_received_deletes_though_nobody_reads_its_answer()
    {
        await using var server = await ServerAsync(Message);
        await using var client = await server.LogInAsync("bob", "secret");
        await client.SendAsync("DELE 1\r\nQUIT\r\n");
        await client.DisposeAsync();
        await EndAsync(client);
        Assert.That(await UidsAsync(server), Is.Empty);
        Assert.That(server.Locks.Count, Is.Zero);
    }

    [Test]
    public async Task Uidl_is_stable_across_sessions([Values] Pop3UniqueIdFormat format)
    {
        await using var server = await ServerAsync(Message, Message, Message);
        server.Options.UniqueIds = format;
        var before = await UniqueIdsAsync(server);
        Assert.That(before, Is.Unique);
        await (await server.InboxAsync("bob")).RemoveAsync([new Uid(2)]);
        await server.AppendAsync("bob", Message);
        var after = await UniqueIdsAsync(server);
        Assert.That(after, Has.Count.EqualTo(3));
        Assert.That(after.Take(2), Is.EqualTo(new[] { before[0], before[2] }));
        Assert.That(before, Does.Not.Contain(after[2]));
    }

    [TestCase(Pop3UniqueIdFormat.Dotted, "{1}.{0}")]
    [TestCase(Pop3UniqueIdFormat.Dovecot, "{0:x8}{1:x8}")]
    public async Task A_unique_id_is_made_of_UID_and_UIDVALIDITY(Pop3UniqueIdFormat format, string expected)
    {
        await using var server = await ServerAsync();
        server.Options.UniqueIds = format;
        await server.AppendAsync("bob", Message, AppendOptions.Default with { KeepUid = new Uid(0xabcdef) });
        await server.AppendAsync("bob", Message, AppendOptions.Default with { KeepUid = new Uid(uint.MaxValue - 1) });
        var validity = (await (await server.InboxAsync("bob")).GetInfoAsync())!.UidValidity;
        var made = new[] { 0xabcdefu, uint.MaxValue - 1 }.Select(uid => string.Format(System.Globalization.CultureInfo.InvariantCulture, expected, uid, validity));
        Assert.That(await UniqueIdsAsync(server), Is.EqualTo(made));
    }

    [Test]
    public async Task Top_0_sends_the_header_alone()
    {
        await using var server = await ServerAsync(Message);
        await using var client = await server.LogInAsync("bob", "secret");
        await client.AskAsync("TOP 1 0");
        Assert.That(await client.ReadMultilineAsync(), Is.EqualTo("Subject: one\r\n\r\n"));
    }

    // Every vector that must not end DATA must not end a RETR either.
    [TestCase("\n.\n")]
    [TestCase("\n.\r")]
    [TestCase("\r.\n")]
    [TestCase("\r.\r")]
    [TestCase("\n.\r\n")]
    [TestCase("\r.\r\n")]
    [TestCase("\r\n.\n")]
    [TestCase("\r\n.\r")]
    [TestCase("\r\n\0.\r\n")]
    [TestCase("\r\n.\0\r\n")]
    [TestCase("\r\n.\r\r\n")]
    [TestCase("\r\r\n.\r\r\n")]
    [TestCase("\r\n.\r\n")]
    public async Task Dots_are_stuffed_on_the_way_out_after_a_bare_LF_too(string vector)
    {
        var message = $"Subject: dots\r\n\r\nbefore{vector}DELE 1\r\n";
        await using var server = await ServerAsync(Encoding.Latin1.GetBytes(message));
        await using var client = await server.LogInAsync("bob", "secret");
        await client.AskAsync("RETR 1");
        Assert.That(await client.ReadMultilineAsync(), Is.EqualTo(message));
        Assert.That(await client.AskAsync("NOOP"), Is.EqualTo("+OK Nothing done"));
    }

    [TestCase("")]
    [TestCase("Subject: x")]
    [TestCase("Subject: x\r\n\r\nlast")]
    [TestCase("Subject: x\r\n\r\nlast\n")]
    [TestCase("Subject: x\r\n\r\nlast\r")]
    [TestCase("Subject: x\r\n\r\n.")]
    [TestCase("Subject: x\r\n\r\nlast\r\n")]
    public async Task Messages_without_a_final_CRLF_get_one_and_no_other_does(string message)
    {
        await using var server = await ServerAsync(Encoding.Latin1.GetBytes(message));
        await using var client = await server.LogInAsync("bob", "secret");
        Assert.That(await client.AskAsync("LIST 1"), Is.EqualTo($"+OK 1 {message.Length}"));
        await client.AskAsync("RETR 1");
        var expected = message.Length == 0 || message.EndsWith("\r\n", StringComparison.Ordinal) ? message : message + "\r\n";
        Assert.That(await client.ReadMultilineAsync(), Is.EqualTo(expected));
        await client.AskAsync("TOP 1 10");
        Assert.That(await client.ReadMultilineAsync(), Is.EqualTo(expected));
    }

    [Test]
    public async Task No_USER_or_PASS_in_clear_text_unless_the_policy_allows_it(
        [Values(TlsMode.None, TlsMode.Opportunistic, TlsMode.Required)] TlsMode mode, [Values] bool isAllowed)
    {
        await using var server = new Pop3TestServer(new TlsPolicy(mode) { AllowCleartextAuthentication = isAllowed });
        server.AddUser("bob", "secret");
        await using var client = await server.OpenAsync();
        var expected = isAllowed && mode != TlsMode.Required ? "+OK" : "-ERR";
        Assert.That(await client.AskAsync("USER bob"), Does.StartWith(expected));
        Assert.That(await client.AskAsync("PASS secret"), Does.StartWith(expected));
    }

    [Test]
    public async Task An_unknown_user_and_a_wrong_password_get_the_same_replies()
    {
        await using var server = await ServerAsync();
        await using var client = await server.OpenAsync();
        var known = (await client.AskAsync("USER bob"), await client.AskAsync("PASS wrong"));
        var unknown = (await client.AskAsync("USER nobody"), await client.AskAsync("PASS wrong"));
        Assert.That(unknown, Is.EqualTo(known));
    }

    [Test]
    public async Task A_password_may_begin_and_end_with_spaces()
    {
        await using var server = new Pop3TestServer();
        server.AddUser("some body", " two  spaces ");
        await using var client = await server.OpenAsync();
        await client.AskAsync("USER some body ");
        Assert.That(await client.AskAsync("PASS  two  spaces "), Does.StartWith("+OK"));
    }

    [Test]
    public async Task No_password_reaches_a_log_and_no_control_character_of_a_client()
    {
        using var log = new CollectedLog();
        await using var server = new Pop3TestServer(loggers: log);
        server.AddUser("bob", "s3cret-right");
        await using var client = await server.OpenAsync();
        await client.AskAsync("USER bo\tb");
        await client.AskAsync("USER mallory");
        await client.AskAsync("PASS s3cret-wrong");
        await client.AskAsync("AUTH PLAIN " + Convert.ToBase64String("\0bob\0s3cret-wrong"u8));
        await client.AskAsync("AUTH PLAIN " + Convert.ToBase64String("\0bob\0s3cret-right"u8));
        await client.AskAsync("QUIT");
        await EndAsync(client);
        var text = string.Join('\n', log.Lines.Select(static line => line.Text));
        Assert.That(text, Does.Contain("mallory").And.Contain("bob logged in"));
        Assert.That(text, Does.Not.Contain("s3cret").And.Not.Contain("\t"));
    }

    [Test]
    public async Task Plaintext_behind_STLS_drops_the_connection_and_is_never_run()
    {
        await using var server = new Pop3TestServer(TlsPolicy.Opportunistic);
        await using var client = await server.OpenAsync();
        await client.SendAsync("STLS\r\nCAPA\r\n");
        Assert.That(await client.ReadLineAsync(), Is.Null);
        await EndAsync(client);
    }

    [Test]
    public async Task Plaintext_instead_of_a_handshake_ends_the_connection()
    {
        await using var server = new Pop3TestServer(TlsPolicy.Opportunistic);
        await using var client = await server.OpenAsync();
        await client.AskAsync("STLS");
        await client.SendAsync("CAPA\r\nCAPA\r\nCAPA\r\n");
        await Assert.ThatAsync(() => client.Session, Throws.InstanceOf<IOException>());
    }

    [Test]
    public async Task A_half_open_TLS_handshake_times_out()
    {
        var time = new ManualTimeProvider();
        await using var server = new Pop3TestServer(TlsPolicy.Opportunistic, time: time);
        await using var client = await server.OpenAsync();
        await client.AskAsync("STLS");
        while (!client.Session.IsCompleted)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        await Assert.ThatAsync(() => client.Session, Throws.InstanceOf<TlsHandshakeException>());
    }

    [Test]
    public async Task A_batch_of_1000_commands_is_answered_in_one_flush()
    {
        await using var server = await ServerAsync(Message);
        FlushCountingPipe counting = null!;
        var (connection, session) = server.Connect(transport => counting = new FlushCountingPipe(transport));
        await using var fresh = new Pop3TestClient(connection, session);
        await fresh.ReadLineAsync();
        var before = counting.Flushes;
        await fresh.SendAsync("USER bob\r\nPASS secret\r\n" + string.Concat(Enumerable.Repeat("STAT\r\n", 998)));
        var stat = "";
        for (var i = 0; i < 1_000; i++)
        {
            stat = await fresh.ReadLineAsync();
        }

        Assert.That(stat, Is.EqualTo($"+OK 1 {Message.Length}"));
        Assert.That(counting.Flushes - before, Is.EqualTo(1));
    }

    [Test]
    [NonParallelizable]
    public async Task A_command_line_without_end_is_dropped_with_flat_memory_and_the_connection_closed()
    {
        await using var server = await ServerAsync();
        await using var client = await server.OpenAsync();
        var chunk = new byte[64 * 1024];
        Array.Fill(chunk, (byte)'x');
        var before = GC.GetTotalAllocatedBytes(precise: true);
        var sent = 0L;
        try
        {
            for (; sent < 64 * 1024 * 1024; sent += chunk.Length)
            {
                await client.Connection.Client.WriteAsync(chunk);
            }
        }
        catch (IOException)
        {
            // Closed.
        }

        Assert.That(sent, Is.LessThan(4 * 1024 * 1024));
        Assert.That(GC.GetTotalAllocatedBytes(precise: true) - before, Is.LessThan(4 * 1024 * 1024));
        Assert.That(await client.ReadLineAsync(), Is.EqualTo("-ERR Line too long"));
        Assert.That(await client.ReadLineAsync(), Is.Null);
    }

    [Test]
    public async Task Ten_thousand_clients_that_connect_and_leave_leave_no_session()
    {
        await using var server = await ServerAsync(Message);
        server.Options.MailDropMode = Pop3MailDropMode.Exclusive;
        for (var i = 0; i < 10_000; i++)
        {
            await using var client = i % 100 == 0 ? await server.LogInAsync("bob", "secret") : await server.OpenAsync();
            await client.DisposeAsync();
            await EndAsync(client);
        }

        Assert.That(server.Locks.Count, Is.Zero);
    }

    [Test]
    public async Task A_stop_lets_the_command_finish_says_so_and_deletes_nothing()
    {
        await using var server = await ServerAsync(Message);
        await using var client = await server.LogInAsync("bob", "secret");
        await client.AskAsync("DELE 1");
        server.Stop();
        Assert.That(await client.ReadLineAsync(), Is.EqualTo("-ERR [SYS/TEMP] The server is shutting down"));
        Assert.That(await client.ReadLineAsync(), Is.Null);
        await EndAsync(client);
        Assert.That(await UidsAsync(server), Is.EqualTo(new[] { 1u }));
    }

    [Test]
    public async Task A_stop_ends_a_login_that_is_being_delayed()
    {
        var time = new ManualTimeProvider();
        await using var server = new Pop3TestServer(time: time);
        server.Logins.FailureDelay = TimeSpan.FromSeconds(2);
        await using var client = await server.OpenAsync();
        await client.SendAsync("USER bob\r\nPASS wrong\r\n");
        server.Stop();
        string? line;
        do
        {
            line = await client.ReadLineAsync();
        }
        while (line == "+OK Send PASS");

        Assert.That(line, Is.EqualTo("-ERR [SYS/TEMP] The server is shutting down"));
        Assert.That(await client.ReadLineAsync(), Is.Null);
    }

    private static async Task<Pop3TestServer> ServerAsync(params byte[][] messages)
    {
        var server = new Pop3TestServer();
        server.AddUser("bob", "secret");
        foreach (var message in messages)
        {
            await server.AppendAsync("bob", message);
        }

        return server;
    }

    private static async Task<uint[]> UidsAsync(Pop3TestServer server)
    {
        var state = (await (await server.InboxAsync("bob")).OpenViewAsync())!.State;
        return [.. state.Range(0, state.Count).Select(static row => row.Uid.Value)];
    }

    private static async Task<List<string>> UniqueIdsAsync(Pop3TestServer server)
    {
        await using var client = await server.LogInAsync("bob", "secret");
        await client.AskAsync("UIDL");
        var lines = (await client.ReadMultilineAsync()).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        await client.AskAsync("QUIT");
        await EndAsync(client);
        return [.. lines.Select(static line => line.Split(' ')[1])];
    }

    private static async Task EndAsync(Pop3TestClient client)
    {
        try
        {
            await client.Session.WaitAsync(TimeSpan.FromSeconds(30));
        }
        catch (IOException)
        {
            // The client's doing.
        }
    }
}

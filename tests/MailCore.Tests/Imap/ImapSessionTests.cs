using System.Text;
using MailCore.Storage;
using MailCore.Tls;
using NUnit.Framework;

namespace MailCore.Tests.Imap;

[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class ImapSessionTests
{
    [Test]
    public async Task A_client_that_does_not_log_in_is_let_go()
    {
        await using var server = await ServerAsync();
        await using var client = await server.ClientAsync();
        await client.OkAsync("NOOP");
        server.Time.Advance(TimeSpan.FromSeconds(30));
        // Activity is no login.
        await client.OkAsync("NOOP");
        await EndsAsync(server, client, TimeSpan.FromSeconds(10));
        Assert.That(await client.ReadLineAsync(), Is.EqualTo("* BYE Too slow to log in"));
    }

    [Test]
    public async Task A_client_that_sends_commands_forever_before_login_is_let_go_too()
    {
        await using var server = await ServerAsync();
        await using var client = await server.ClientAsync();
        server.Time.Advance(TimeSpan.FromSeconds(61));
        await client.SendAsync("a NOOP\r\n");
        Assert.That(await client.ReadLineAsync(), Is.EqualTo("* BYE Too slow to log in"));
        Assert.That(await client.ReadLineAsync(), Is.Null);
    }

    [Test]
    public async Task A_logged_in_client_is_idle_for_30_minutes_at_the_most()
    {
        await using var server = await ServerAsync();
        await using var client = await server.SelectedAsync();
        server.Time.Advance(TimeSpan.FromMinutes(29));
        await client.OkAsync("NOOP");
        server.Time.Advance(TimeSpan.FromMinutes(29));
        await client.OkAsync("NOOP");
        await EndsAsync(server, client, TimeSpan.FromMinutes(10));
        Assert.That(await client.ReadLineAsync(), Is.EqualTo("* BYE Idle for too long"));
        Assert.That(server.Signal.Count, Is.Zero);
    }

    [Test]
    public async Task A_user_has_sixteen_sessions_and_not_seventeen_until_one_ends()
    {
        await using var server = await ServerAsync();
        await server.AddUserAsync("alice", "also");
        var clients = new List<ImapTestClient>();
        for (var i = 0; i < 16; i++)
        {
            clients.Add(await server.SelectedAsync());
        }

        await using var late = await server.ClientAsync();
        Assert.That((await late.RunAsync("LOGIN bob secret"))[^1], Does.Contain(" NO [LIMIT] "));
        await using var other = await server.ClientAsync();
        await other.OkAsync("LOGIN alice also");
        await clients[0].OkAsync("UNAUTHENTICATE");
        await late.OkAsync("LOGIN bob secret");
        Assert.That((await clients[0].RunAsync("LOGIN bob secret"))[^1], Does.Contain(" NO [LIMIT] "));
        await clients[1].DisposeAsync();
        await clients[0].OkAsync("LOGIN bob secret");
        foreach (var client in clients)
        {
            await client.DisposeAsync();
        }
    }

    [Test]
    public async Task A_command_that_stops_in_the_middle_has_less_time()
    {
        await using var server = await ServerAsync();
        await using var client = await server.SelectedAsync();
        await client.SendAsync("a APPEND INBOX {100+}\r\nhalf of");
        await EndsAsync(server, client, TimeSpan.FromMinutes(2), atMost: 10);
        Assert.That(await client.ReadLineAsync(), Is.EqualTo("* BYE Idle for too long"));
    }

    [Test]
    public async Task A_shutdown_lets_the_append_at_hand_finish_and_then_says_bye()
    {
        await using var server = await ServerAsync();
        await using var client = await server.SelectedAsync();
        await client.SendAsync("a APPEND INBOX {10}\r\n");
        Assert.That(await client.ReadLineAsync(), Is.EqualTo("+ Send it"));
        await client.SendAsync("12345");
        server.Stop();
        await client.SendAsync("67890\r\nb NOOP\r\n");
        Assert.That((await client.ReadToAsync("a"))[^1], Does.StartWith("a OK [APPENDUID "));
        Assert.That(await client.ReadLineAsync(), Is.EqualTo("* BYE The server is shutting down"));
        Assert.That(await client.ReadLineAsync(), Is.Null);
    }

    [Test]
    public async Task A_shutdown_tells_a_client_that_waits()
    {
        await using var server = await ServerAsync();
        await using var client = await server.ClientAsync();
        server.Stop();
        Assert.That(await client.ReadLineAsync(), Is.EqualTo("* BYE The server is shutting down"));
        Assert.That(await client.ReadLineAsync(), Is.Null);
    }

    [Test]
    public async Task Implicit_tls_needs_no_starttls_and_offers_none()
    {
        await using var server = new ImapTestServer { Tls = TlsPolicy.Implicit };
        await server.AddUserAsync();
        var (connection, _) = server.Connect();
        await using var tls = new System.Net.Security.SslStream(connection.Client, false, static (_, _, _, _) => true);
        await tls.AuthenticateAsClientAsync("mx.example.org");
        using var reader = new StreamReader(tls, Encoding.ASCII);
        Assert.That(await reader.ReadLineAsync(), Does.Contain("AUTH=PLAIN").And.Not.Contain("STARTTLS").And.Not.Contain("LOGINDISABLED"));
        await tls.WriteAsync("a LOGIN bob secret\r\n"u8.ToArray());
        Assert.That(await reader.ReadLineAsync(), Does.StartWith("a OK "));
    }

    [Test]
    public async Task Sixty_four_megabytes_without_a_line_end_are_dropped_and_the_session_closed()
    {
        await using var server = await ServerAsync();
        await using var client = await server.ClientAsync();
        var write = Task.Run(async () =>
        {
            var junk = new byte[64 * 1024];
            junk.AsSpan().Fill((byte)'x');
            for (var i = 0; i < 1024; i++)
            {
                await client.SendAsync(junk);
            }
        });
        Assert.That(await client.ReadLineAsync(), Is.EqualTo("* BAD The line is too long"));
        Assert.That(await client.ReadLineAsync(), Is.EqualTo("* BYE Can't find the next command"));
        await Assert.ThrowsAsync<IOException>(() => write);
    }

    [Test]
    public async Task A_thousand_pipelined_commands_are_answered_in_order()
    {
        await using var server = await ServerAsync();
        await using var client = await server.SelectedAsync();
        await client.SendAsync(string.Concat(Enumerable.Range(0, 1_000).Select(static i => $"t{i} NOOP\r\n")));
        for (var i = 0; i < 1_000; i++)
        {
            Assert.That(await client.ReadLineAsync(), Is.EqualTo($"t{i} OK Done"));
        }
    }

    [Test]
    public async Task An_expunged_message_answers_as_long_as_the_store_has_it_and_then_no_expungeissued()
    {
        await using var server = await ServerAsync();
        await server.AppendAsync("one"u8.ToArray());
        await server.AppendAsync("two"u8.ToArray());
        await using var client = await server.SelectedAsync();
        await (await server.MailboxAsync()).RemoveAsync([new Uid(1)]);
        Assert.That((await client.OkAsync("FETCH 1:2 BODY.PEEK[]"))[0], Is.EqualTo("* 1 FETCH (BODY[] {3}\r\none)"));
        server.Time.Advance(TimeSpan.FromMinutes(29));
        await client.OkAsync("FETCH 1 FLAGS");
        server.Time.Advance(TimeSpan.FromMinutes(29));
        var gone = await client.RunAsync("FETCH 1:2 BODY.PEEK[]");
        Assert.That(gone[0], Is.EqualTo("* 2 FETCH (BODY[] {3}\r\ntwo)"));
        Assert.That(gone[^1], Does.Contain(" NO [EXPUNGEISSUED] "));
        Assert.That(await client.OkAsync("NOOP"), Does.Contain("* 1 EXPUNGE"));
        Assert.That((await client.OkAsync("FETCH 1 BODY.PEEK[]"))[0], Is.EqualTo("* 1 FETCH (BODY[] {3}\r\ntwo)"));
    }

    [Test]
    public async Task Fetching_bodies_sets_seen_only_where_it_may()
    {
        await using var server = await ServerAsync();
        for (var i = 0; i < 200; i++)
        {
            await server.AppendAsync("x"u8.ToArray());
        }

        await using var client = await server.ClientAsync();
        await client.OkAsync("LOGIN bob secret");
        await client.OkAsync("EXAMINE INBOX");
        Assert.That((await client.OkAsync("FETCH 1:* BODY[]"))[0], Does.Not.Contain("FLAGS"));
        await client.OkAsync("SELECT INBOX");
        Assert.That((await client.OkAsync("FETCH 1:* BODY.PEEK[]"))[0], Does.Not.Contain("FLAGS"));
        var responses = await client.OkAsync("FETCH 1:* BODY[]");
        Assert.That(responses, Has.Count.EqualTo(201));
        Assert.That(responses.SkipLast(1), Has.All.Contains("FLAGS (\\Seen \\Recent)"));
        Assert.That((await client.OkAsync("SEARCH UNSEEN"))[0], Is.EqualTo("* SEARCH"));
    }

    [Test]
    public async Task Append_keeps_its_octets_bare_line_ends_and_nul_too()
    {
        var octets = "a\r\rb\n.\n\0.\r\n\xff"u8.ToArray();
        await using var server = await ServerAsync();
        await using var client = await server.SelectedAsync();
        await client.SendAsync([.. Encoding.ASCII.GetBytes($"a APPEND INBOX {{{octets.Length}+}}\r\n"), .. octets, .. "\r\n"u8]);
        await client.ReadToAsync("a");
        Assert.That((await client.OkAsync("FETCH 1 BODY.PEEK[]"))[0], Is.EqualTo($"* 1 FETCH (BODY[] {{{octets.Length}}}\r\n{Encoding.Latin1.GetString(octets)})"));
    }

    [Test]
    public async Task The_keyword_past_the_limit_is_refused_and_new_ones_no_longer_offered()
    {
        await using var server = await ServerAsync();
        await server.AppendAsync("x"u8.ToArray());
        await using var client = await server.SelectedAsync();
        await client.OkAsync($"STORE 1 FLAGS.SILENT ({string.Join(' ', Enumerable.Range(1, StorageLimits.KeywordsPerMailbox - 1).Select(static i => $"k{i}"))})");
        Assert.That(await client.OkAsync("STORE 1 +FLAGS (last)"), Has.Some.StartsWith("* OK [PERMANENTFLAGS ").And.None.Contains("\\*"));
        Assert.That((await client.RunAsync("STORE 1 +FLAGS (more)"))[^1], Does.Contain(" NO [LIMIT] "));
        await client.OkAsync("STORE 1 +FLAGS (LAST k1)");
        Assert.That((await client.RunAsync("APPEND INBOX (more) {1+}\r\nx"))[^1], Does.Contain(" NO [LIMIT] "));
    }

    [Test]
    public async Task Past_the_quota_append_and_copy_are_refused_whole()
    {
        await using var server = await ServerAsync();
        var account = (await server.Accounts.OpenAsync(new AccountId("bob")))!;
        await account.SetQuotaAsync(25);
        await using var client = await server.SelectedAsync();
        await client.OkAsync("APPEND INBOX {10+}\r\n0123456789");
        await client.OkAsync("APPEND INBOX {10+}\r\n0123456789");
        Assert.That((await client.RunAsync("APPEND INBOX {6+}\r\n012345"))[^1], Does.Contain(" NO [OVERQUOTA] "));
        Assert.That((await client.RunAsync("COPY 1:2 INBOX"))[^1], Does.Contain(" NO [OVERQUOTA] "));
        Assert.That(await client.OkAsync("STATUS INBOX (MESSAGES)"), Does.Contain("* STATUS INBOX (MESSAGES 2)"));
        await client.OkAsync("APPEND INBOX {5+}\r\n01234");
    }

    [Test]
    public async Task A_web_browser_gets_nothing_done()
    {
        await using var server = await ServerAsync();
        await using var client = await server.ClientAsync();
        await client.SendAsync("POST / HTTP/1.1\r\nHost: mx.example.org\r\nContent-Length: 30\r\n\r\na LOGIN bob secret\r\nb NOOP\r\n");
        var lines = new List<string>();
        while (await client.ReadLineAsync() is { } line)
        {
            lines.Add(line);
        }

        Assert.That(lines, Has.None.Contains(" OK "));
        Assert.That(lines[^1], Is.EqualTo("* BYE Too many bad commands"));
    }

    private static async Task<ImapTestServer> ServerAsync()
    {
        var server = new ImapTestServer();
        await server.AddUserAsync();
        return server;
    }

    private static async Task EndsAsync(ImapTestServer server, ImapTestClient client, TimeSpan step, int atMost = 100)
    {
        for (var i = 0; i < atMost && !client.Session.IsCompleted; i++)
        {
            server.Time.Advance(step);
            await Task.WhenAny(client.Session, Task.Delay(20));
        }
    }
}

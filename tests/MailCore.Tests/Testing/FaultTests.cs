using System.Collections.Concurrent;
using System.IO.Compression;
using System.Net.Sockets;
using System.Text;
using MailCore.Testing;
using NUnit.Framework;

namespace MailCore.Tests.Testing;

[Parallelizable(ParallelScope.All)]
public sealed class FaultTests
{
    private static readonly TimeSpan Guard = TimeSpan.FromSeconds(30);

    [TestCase("EHLO")]
    [TestCase("MAIL")]
    [TestCase("RCPT")]
    [TestCase("DATA")]
    [TestCase("RSET")]
    [TestCase("NOOP")]
    [TestCase("QUIT")]
    public async Task Any_SMTP_command_is_answered_by_a_fault_and_the_dialog_stays_in_step(string verb)
    {
        await using var mail = await TestMailServer.StartAsync();
        var bob = mail.CreateInbox();
        mail.Faults.OnSmtp(verb).Reply(450, "4.7.0", "Not now").Times(1);
        await using var client = await DialogClient.ConnectAsync(mail, mail.SmtpPort);
        await client.ReadAsync();

        string[] dialog = ["EHLO client.example", "NOOP", "RSET", "MAIL FROM:<a@example.com>", $"RCPT TO:<{bob.Address}>", "DATA"];
        foreach (var line in dialog)
        {
            var reply = await client.AskAsync(line);
            Assert.That(reply, line.StartsWith(verb, StringComparison.Ordinal) ? Is.EqualTo("450 4.7.0 Not now") : Does.Not.StartWith("450"));
            if (reply[0] == '4')
            {
                Assert.That(await client.AskAsync(line), Does.StartWith("2").Or.StartWith("3"), "once only");
            }
        }

        Assert.That(await client.AskAsync("Subject: Hi\r\n\r\n."), Does.StartWith("250"));
        Assert.That(await client.AskAsync("QUIT"), verb == "QUIT" ? Does.StartWith("450") : Does.StartWith("221"));
        Assert.That(bob.Messages, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task A_pipelined_command_is_answered_in_its_place()
    {
        await using var mail = await TestMailServer.StartAsync();
        var (bob, carol) = (mail.CreateInbox(), mail.CreateInbox());
        mail.Faults.OnRecipient(carol).Reply(550, "5.1.1", "No");
        await using var client = await DialogClient.HelloAsync(mail);

        await client.SendAsync($"MAIL FROM:<>\r\nRCPT TO:<{carol.Address}>\r\nRCPT TO:<{bob.Address}>\r\nDATA\r\n");

        Assert.That(await client.ReadAsync(), Does.StartWith("250"));
        Assert.That(await client.ReadAsync(), Is.EqualTo("550 5.1.1 No"));
        Assert.That(await client.ReadAsync(), Does.StartWith("250"));
        Assert.That(await client.ReadAsync(), Does.StartWith("354"));
        Assert.That(await client.AskAsync("Subject: Hi\r\n\r\nRCPT TO:<text@example.com>\r\n."), Does.StartWith("250"));
        Assert.That((await bob.WaitForAsync(timeout: Guard)).Text, Does.Contain("RCPT TO:<text"));
        await carol.AssertQuietAsync(TimeSpan.Zero);
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task A_message_is_refused_when_it_has_come_in(bool chunked)
    {
        await using var mail = await TestMailServer.StartAsync();
        var (bob, carol) = (mail.CreateInbox(), mail.CreateInbox());
        mail.Faults.OnMessage(bob).Reply(452, "4.2.2", "Full").Times(1);
        await using var client = await DialogClient.HelloAsync(mail);

        Assert.That(await SendAsync(carol), Does.StartWith("250"));
        Assert.That(await SendAsync(bob), Is.EqualTo("452 4.2.2 Full"));
        await bob.AssertQuietAsync(TimeSpan.Zero);
        Assert.That(await SendAsync(bob), Does.StartWith("250"));

        async Task<string> SendAsync(TestInbox to)
        {
            if (!chunked)
            {
                return await client.MailAsync(to.Address);
            }

            await client.AskAsync("MAIL FROM:<>");
            await client.AskAsync($"RCPT TO:<{to.Address}>");
            await client.SendAsync("BDAT 9\r\nSubject: ");
            await client.ReadAsync();
            await client.SendAsync("BDAT 6 LAST\r\nHi\r\n\r\n");
            return await client.ReadAsync();
        }
    }

    [Test]
    public async Task A_refused_chunk_is_swallowed()
    {
        await using var mail = await TestMailServer.StartAsync();
        mail.Faults.OnData().Reply(451, "4.3.0", "No");
        await using var client = await DialogClient.HelloAsync(mail);
        await client.AskAsync("MAIL FROM:<>");
        await client.AskAsync($"RCPT TO:<{mail.CreateInbox().Address}>");

        await client.SendAsync("BDAT 6 LAST\r\nNOOP\r\nVRFY x\r\n");

        Assert.That(await client.ReadAsync(), Is.EqualTo("451 4.3.0 No"));
        Assert.That(await client.ReadAsync(), Does.StartWith("252").Or.StartWith("5"), "VRFY, not NOOP");
        Assert.That(mail.Transcripts[0].Lines, Has.Member("C: VRFY x").And.No.Member("C: NOOP"));
    }

    [Test]
    public async Task A_dropped_reply_leaves_a_delivered_message_and_a_client_that_does_not_know()
    {
        await using var mail = await TestMailServer.StartAsync();
        var bob = mail.CreateInbox();
        mail.Faults.OnMessage(bob).DropReply().Disconnect().Times(1);

        await using (var client = await DialogClient.HelloAsync(mail))
        {
            Assert.That(await client.MailAsync(bob.Address), Is.EqualTo("(closed)"));
        }

        await bob.WaitForAsync(timeout: Guard);
        await using var again = await DialogClient.HelloAsync(mail);
        Assert.That(await again.MailAsync(bob.Address), Does.StartWith("250"));
        Assert.That(await bob.WaitForManyAsync(2, timeout: Guard), Has.Count.EqualTo(2), "the classic duplicate");
    }

    [Test]
    public async Task A_dropped_reply_leaves_the_connection_open()
    {
        await using var mail = await TestMailServer.StartAsync();
        mail.Faults.OnSmtp("NOOP").DropReply().Times(1);
        await using var client = await DialogClient.HelloAsync(mail);

        await client.SendAsync("NOOP\r\nVRFY x\r\n");

        Assert.That(await client.ReadAsync(), Does.Not.StartWith("250"));
        Assert.That(await client.AskAsync("NOOP"), Does.StartWith("250"));
    }

    [Test]
    public async Task Replies_are_truncated_and_garbled()
    {
        await using var mail = await TestMailServer.StartAsync();
        mail.Faults.OnSmtp("NOOP").TruncateReply(5);
        mail.Faults.OnSmtp("RSET").GarbleReply();
        await using var client = await DialogClient.HelloAsync(mail);

        var garbled = await client.AskAsync("RSET");
        Assert.That(garbled, Is.Not.Empty);
        Assert.That(Encoding.Latin1.GetBytes(garbled), Has.All.GreaterThanOrEqualTo(0x80));
        await client.SendAsync("NOOP\r\n");
        Assert.That(await client.ReadLineAsync(), Is.EqualTo("250 2(closed)"));
    }

    [TestCase("connect")]
    [TestCase("EHLO")]
    [TestCase("RCPT")]
    [TestCase("message")]
    public async Task Connections_are_closed_and_reset_at_every_stage(string stage)
    {
        await using var mail = await TestMailServer.StartAsync();
        var bob = mail.CreateInbox();
        foreach (var isReset in new[] { false, true })
        {
            mail.Faults.Clear();
            var fault = stage switch
            {
                "connect" => mail.Faults.OnConnect(),
                "message" => mail.Faults.OnMessage(bob),
                _ => mail.Faults.OnSmtp(stage),
            };
            _ = isReset ? fault.Reset() : fault.Disconnect();

            var end = "";
            try
            {
                await using var client = await DialogClient.ConnectAsync(mail, mail.SmtpPort);
                end = await client.ReadAsync();
                foreach (var line in end == "(closed)" ? [] : new[] { "EHLO client.example", "MAIL FROM:<>", $"RCPT TO:<{bob.Address}>", "DATA", "Subject: Hi\r\n\r\n." })
                {
                    if (end != "(closed)")
                    {
                        end = await client.AskAsync(line);
                    }
                }
            }
            catch (Exception error) when (error is IOException or SocketException)
            {
                end = "(reset)";
            }

            Assert.That(end, Is.EqualTo(isReset ? "(reset)" : "(closed)"));
            Assert.That(fault.Hits, Is.EqualTo(1));
        }

        await bob.AssertQuietAsync(TimeSpan.Zero);
    }

    [Test]
    public async Task Delays_and_throttling_run_on_the_servers_clock()
    {
        var clock = new WatchedClock();
        await using var mail = await TestMailServer.StartAsync(options => options.Time = clock);
        mail.Faults.OnSmtp("NOOP").Delay(TimeSpan.FromSeconds(77)).Throttle(20).Times(1);
        await using var client = await DialogClient.HelloAsync(mail);

        var reply = client.AskAsync("NOOP");
        await clock.PassAsync(TimeSpan.FromSeconds(77));
        // Two octets are sent at once, then two each tenth of a second.
        for (var octets = 2; octets < "250 2.0.0 OK\r\n".Length; octets += 2)
        {
            Assert.That(reply.IsCompleted, Is.False);
            await clock.PassAsync(TimeSpan.FromMilliseconds(100));
        }

        Assert.That(await reply, Is.EqualTo("250 2.0.0 OK"));
    }

    [Test]
    public async Task Greetings_are_replaced()
    {
        await using var mail = await TestMailServer.StartAsync();
        mail.Faults.OnConnect(TestProtocol.Smtp).Reply(554, "5.3.2", "Closed");
        mail.Faults.OnConnect(TestProtocol.Imap).Reply("* BYE Closed");
        mail.Faults.OnConnect(TestProtocol.Pop3).Reply("-ERR [SYS/TEMP] Closed");

        foreach (var (port, greeting) in new[] { (mail.SmtpPort, "554 5.3.2 Closed"), (mail.ImapPort, "* BYE Closed"), (mail.Pop3Port, "-ERR [SYS/TEMP] Closed") })
        {
            await using var client = await DialogClient.ConnectAsync(mail, port);
            Assert.That(await client.ReadAsync(), Is.EqualTo(greeting));
            Assert.That(await client.ReadLineAsync(), Is.Null);
        }
    }

    [Test]
    public async Task TLS_fails_at_every_way_in()
    {
        await using var mail = await TestMailServer.StartAsync();
        mail.Faults.OnTls().GarbleReply().Times(2);
        mail.Faults.OnTls().Disconnect();

        for (var i = 0; i < 2; i++)
        {
            await using var imaps = await DialogClient.ConnectAsync(mail, mail.ImapsPort);
            Assert.That(async () => await imaps.StartTlsAsync(mail), Throws.InstanceOf<Exception>());
            await using var smtp = await DialogClient.HelloAsync(mail);
            Assert.That(await smtp.AskAsync("STARTTLS"), Does.StartWith("220"));
            Assert.That(async () => await smtp.StartTlsAsync(mail), Throws.InstanceOf<Exception>());
        }

        mail.Faults.Clear();
        await using var good = await DialogClient.HelloAsync(mail);
        await good.AskAsync("STARTTLS");
        await good.StartTlsAsync(mail);
        mail.Faults.OnSmtp("NOOP").Reply(451, "4.3.0", "In TLS too");
        Assert.That(await good.AskAsync("NOOP"), Is.EqualTo("451 4.3.0 In TLS too"));
    }

    [Test]
    public async Task Capabilities_are_hidden_and_their_commands_unknown()
    {
        await using var mail = await TestMailServer.StartAsync();
        var bob = mail.CreateInbox();
        mail.Faults.HideCapability("STARTTLS", TestProtocol.Smtp);
        mail.Faults.HideCapability("CHUNKING");
        mail.Faults.HideCapability("MOVE");
        mail.Faults.HideCapability("AUTH=PLAIN", TestProtocol.Imap);
        mail.Faults.HideCapability("UIDL");

        await using var smtp = await DialogClient.ConnectAsync(mail, mail.SmtpPort);
        await smtp.ReadAsync();
        var keywords = await smtp.AskAsync("EHLO client.example");
        Assert.That(keywords, Does.Contain("PIPELINING").And.Not.Contain("STARTTLS").And.Not.Contain("CHUNKING"));
        Assert.That(await smtp.AskAsync("STARTTLS"), Does.StartWith("502"));

        await using var imap = await DialogClient.ConnectAsync(mail, mail.ImapPort);
        Assert.That(await imap.ReadAsync(), Does.Contain("CAPABILITY").And.Not.Contain("AUTH=PLAIN"));
        Assert.That(await imap.AskUntilAsync($"a LOGIN {bob.Address} {bob.Password}", "a "), Does.Contain("IDLE").And.Not.Contain(" MOVE"));
        await imap.AskUntilAsync("b SELECT INBOX", "b ");
        Assert.That(await imap.AskUntilAsync("c UID MOVE 1 Trash", "c "), Is.EqualTo("c BAD Unknown command"));

        await using var pop3 = await DialogClient.ConnectAsync(mail, mail.Pop3Port);
        await pop3.ReadAsync();
        Assert.That(await pop3.AskUntilAsync("CAPA", "."), Does.Contain("TOP").And.Not.Contain("UIDL"));
    }

    [Test]
    public async Task IMAP_commands_are_refused_with_their_tag_and_their_literals_swallowed()
    {
        await using var mail = await TestMailServer.StartAsync();
        var bob = mail.CreateInbox();
        mail.Faults.OnImap("APPEND").For(bob).Reply("NO [OVERQUOTA] Full").Times(2);
        mail.Faults.OnImap("NOOP").Reply("* BYE Going down");
        await using var imap = await TestMailServerTests.LoginAsync(mail, bob);

        Assert.That(await imap.AskUntilAsync("b APPEND INBOX {6}", "b "), Is.EqualTo("b NO [OVERQUOTA] Full"));
        Assert.That(await imap.AskUntilAsync("c APPEND INBOX {10+}\r\nd NOOP\r\n\r\n\r\ne STATUS INBOX (MESSAGES)", "e "), Does.Match(@"^c NO \[OVERQUOTA\] Full\|\* STATUS INBOX \(MESSAGES 0\)"));
        Assert.That(await imap.AskUntilAsync("f APPEND INBOX {10+}\r\nd NOOP\r\n\r\n", "f "), Does.StartWith("f OK"));
        Assert.That(await imap.AskUntilAsync("g NOOP", "(closed)"), Is.EqualTo("* BYE Going down|(closed)"));
    }

    [Test]
    public async Task A_client_in_IDLE_is_cut_off_by_a_truncated_push()
    {
        await using var mail = await TestMailServer.StartAsync();
        var bob = mail.CreateInbox();
        await using var imap = await TestMailServerTests.LoginAsync(mail, bob);
        await imap.AskUntilAsync("b SELECT INBOX", "b ");
        mail.Faults.OnImap("IDLE").TruncateReply(20);
        Assert.That(await imap.AskUntilAsync("c IDLE", "+"), Does.StartWith("+"));

        await bob.SeedAsync("Subject: Hi\r\n\r\n"u8.ToArray());

        Assert.That(await imap.UntilAsync("(closed)"), Does.EndWith("(closed)"));
    }

    [Test]
    public async Task Messages_are_expunged_under_the_client()
    {
        await using var mail = await TestMailServer.StartAsync();
        var bob = mail.CreateInbox();
        await bob.SeedAsync("Subject: Hi\r\n\r\n"u8.ToArray());
        mail.Faults.OnImap("FETCH").For(bob).ExpungeUnderClient();
        await using var imap = await TestMailServerTests.LoginAsync(mail, bob);
        Assert.That(await imap.AskUntilAsync("b SELECT INBOX", "b "), Does.Contain("* 1 EXISTS"));

        await imap.AskUntilAsync("c FETCH 1 FLAGS", "c ");

        Assert.That(await imap.AskUntilAsync("d NOOP", "d "), Does.Contain("* 1 EXPUNGE").Or.Contain("d OK"));
        Assert.That(await imap.AskUntilAsync("e STATUS INBOX (MESSAGES)", "e "), Does.Contain("MESSAGES 0"));
    }

    [Test]
    public async Task UIDVALIDITY_changes_between_two_sessions()
    {
        await using var mail = await TestMailServer.StartAsync();
        var bob = mail.CreateInbox();
        await bob.SeedAsync("Subject: Hi\r\n\r\nkept\r\n"u8.ToArray());
        string before;
        await using (var imap = await TestMailServerTests.LoginAsync(mail, bob))
        {
            before = UidValidity(await imap.AskUntilAsync("b SELECT INBOX", "b "));
            mail.Faults.OnImap("NOOP").For(bob).ChangeUidValidity().Times(1);
            Assert.That(await imap.AskUntilAsync("c NOOP", "c "), Is.EqualTo("(closed)"));
        }

        await using var again = await TestMailServerTests.LoginAsync(mail, bob);
        Assert.That(UidValidity(await again.AskUntilAsync("b SELECT INBOX", "b ")), Is.Not.EqualTo(before));
        Assert.That(await again.AskUntilAsync("c FETCH 1 BODY[TEXT]", "c "), Does.Contain("kept"));
        await using var smtp = await DialogClient.HelloAsync(mail);
        await smtp.MailAsync(bob.Address);
        await bob.WaitForAsync(timeout: Guard);
        Assert.That(await again.AskUntilAsync("d NOOP", "d "), Does.Contain("* 2 EXISTS"));

        static string UidValidity(string reply) => reply.Split("[UIDVALIDITY ")[1].Split(']')[0];
    }

    [Test]
    public async Task POP3_commands_fail_as_told()
    {
        await using var mail = await TestMailServer.StartAsync();
        var bob = mail.CreateInbox();
        await bob.SeedAsync("Subject: Hi\r\n\r\nA body\r\n"u8.ToArray());
        mail.Faults.OnLogin(TestProtocol.Pop3).Reply("-ERR [IN-USE] Locked").Times(1);
        mail.Faults.OnPop3("RETR").For(bob).TruncateReply(12);
        await using var client = await DialogClient.ConnectAsync(mail, mail.Pop3sPort, tls: true);
        await client.ReadAsync();
        await client.AskAsync($"USER {bob.Address}");

        Assert.That(await client.AskAsync($"PASS {bob.Password}"), Is.EqualTo("-ERR [IN-USE] Locked"));
        Assert.That(await client.AskAsync($"PASS {bob.Password}"), Does.StartWith("+OK"));
        await client.SendAsync("RETR 1\r\n");
        Assert.That(await client.UntilAsync("(closed)"), Does.StartWith("+OK").And.EndsWith("(closed)").And.Not.Contain("body"));
    }

    [Test]
    public async Task Faults_come_by_count_number_predicate_and_endpoint()
    {
        await using var mail = await TestMailServer.StartAsync();
        mail.Faults.OnSmtp("NOOP").Nth(3).Reply(450, "4.0.0", "third");
        mail.Faults.OnSmtp("VRFY").When(point => point.Text.EndsWith("bob", StringComparison.Ordinal)).Reply(450, "4.0.0", "bob");
        mail.Faults.OnSmtp("RSET").At("submission").Reply(450, "4.0.0", "submission");
        await using var client = await DialogClient.HelloAsync(mail);

        var replies = new List<string>();
        for (var i = 0; i < 5; i++)
        {
            replies.Add((await client.AskAsync("NOOP"))[..3]);
        }

        Assert.That(replies, Is.EqualTo(new[] { "250", "250", "450", "250", "250" }));
        Assert.That(await client.AskAsync("VRFY alice"), Does.Not.Contain("bob"));
        Assert.That(await client.AskAsync("VRFY bob"), Is.EqualTo("450 4.0.0 bob"));
        Assert.That(await client.AskAsync("RSET"), Does.StartWith("250"));
    }

    [Test]
    public async Task The_same_seed_gives_the_same_faults()
    {
        var first = await RunAsync();
        Assert.That(await RunAsync(), Is.EqualTo(first));
        Assert.That(first, Does.Contain("4").And.Contain("2"));

        static async Task<string> RunAsync()
        {
            await using var mail = await TestMailServer.StartAsync();
            mail.Faults.OnSmtp("NOOP").WithProbability(0.5, seed: 7).Reply(450, "4.0.0", "perhaps");
            await using var client = await DialogClient.HelloAsync(mail);
            var replies = "";
            for (var i = 0; i < 20; i++)
            {
                replies += (await client.AskAsync("NOOP"))[0];
            }

            return replies;
        }
    }

    [Test]
    public async Task A_removed_fault_comes_no_more_and_a_transcript_tells_of_those_that_came()
    {
        await using var mail = await TestMailServer.StartAsync();
        var fault = mail.Faults.OnSmtp("NOOP").Reply(421, "4.3.2", "Bye");
        await using (var client = await DialogClient.HelloAsync(mail))
        {
            Assert.That(await client.AskAsync("NOOP"), Is.EqualTo("421 4.3.2 Bye"));
            Assert.That(await client.ReadLineAsync(), Is.Null, "421 closes");
        }

        fault.Remove();
        await using var again = await DialogClient.HelloAsync(mail);
        Assert.That(await again.AskAsync("NOOP"), Does.StartWith("250"));
        Assert.That(mail.Transcripts[0].Lines, Has.Member("-- fault: NOOP: reply '421 4.3.2 Bye'"));
    }

    [Test]
    public async Task Transcripts_and_faults_go_on_inside_compression()
    {
        await using var mail = await TestMailServer.StartAsync();
        var bob = mail.CreateInbox();
        mail.Faults.OnImap("NOOP").Reply("NO [UNAVAILABLE] Not now");
        using var socket = new TcpClient(mail.Host, mail.ImapPort);
        await using var stream = socket.GetStream();
        await SayAsync(stream, stream, $"a LOGIN {bob.Address} {bob.Password}", "a OK");
        await SayAsync(stream, stream, "b COMPRESS DEFLATE", "b OK");
        await using var compressed = new DeflateStream(stream, CompressionLevel.Fastest, leaveOpen: true);
        await using var inflated = new DeflateStream(stream, CompressionMode.Decompress, leaveOpen: true);

        await SayAsync(compressed, inflated, "c SELECT INBOX", "c OK");
        await SayAsync(compressed, inflated, "d NOOP", "d NO [UNAVAILABLE] Not now");

        Assert.That(mail.Transcripts[0].Lines, Has.Member("-- compressed from here").And.Member("C: c SELECT INBOX"));

        static async Task SayAsync(Stream to, Stream from, string line, string answer)
        {
            await to.WriteAsync(Encoding.ASCII.GetBytes(line + "\r\n"));
            await to.FlushAsync();
            var said = "";
            var octet = new byte[1];
            while (!(said.EndsWith('\n') && said.Contains(answer)))
            {
                Assert.That(await from.ReadAsync(octet).AsTask().WaitAsync(Guard), Is.EqualTo(1), said);
                said += (char)octet[0];
            }
        }
    }

    [Test]
    public async Task LMTP_recipients_are_answered_each_for_itself()
    {
        await using var mail = await TestMailServer.StartAsync();
        var (bob, carol) = (mail.CreateInbox(), mail.CreateInbox());
        mail.Faults.OnRecipient(carol).Reply(550, "5.1.1", "No").Times(1);
        mail.Faults.OnMessage(carol).Reply(452, "4.2.2", "Full").Times(1);
        await using var client = await DialogClient.ConnectAsync(mail, mail.LmtpPort);
        await client.ReadAsync();
        await client.AskAsync("LHLO client.example");
        await client.AskAsync("MAIL FROM:<>");
        await client.AskAsync($"RCPT TO:<{bob.Address}>");
        Assert.That(await client.AskAsync($"RCPT TO:<{carol.Address}>"), Is.EqualTo("550 5.1.1 No"));
        Assert.That(await client.AskAsync($"RCPT TO:<{carol.Address}>"), Does.StartWith("250"));
        await client.AskAsync("DATA");

        Assert.That(await client.AskAsync("Subject: Hi\r\n\r\n."), Is.EqualTo("452 4.2.2 Full"));
        Assert.That(await client.ReadAsync(), Is.EqualTo("452 4.2.2 Full"));
        await bob.AssertQuietAsync(TimeSpan.Zero);
    }

    [Test]
    public async Task No_secret_reaches_a_predicate()
    {
        await using var mail = await TestMailServer.StartAsync();
        var bob = mail.CreateInbox();
        var seen = new ConcurrentQueue<string>();
        mail.Faults.OnLogin().When(point =>
        {
            seen.Enqueue(point.Text);
            return false;
        }).Disconnect();
        await using var imap = await TestMailServerTests.LoginAsync(mail, bob);

        Assert.That(seen, Is.EqualTo(new[] { "LOGIN ***" }));
    }

    /// <summary>Moves by a time when somebody waits for just that time.</summary>
    private sealed class WatchedClock : TimeProvider
    {
        private readonly ManualTimeProvider _clock = new();
        private readonly ConcurrentDictionary<TimeSpan, SemaphoreSlim> _waits = new();

        public override long TimestampFrequency => _clock.TimestampFrequency;

        public async Task PassAsync(TimeSpan time)
        {
            Assert.That(await _waits.GetOrAdd(time, static _ => new SemaphoreSlim(0)).WaitAsync(Guard), "nobody waits");
            _clock.Advance(time);
        }

        public override DateTimeOffset GetUtcNow() => _clock.GetUtcNow();

        public override long GetTimestamp() => _clock.GetTimestamp();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = _clock.CreateTimer(callback, state, dueTime, period);
            _waits.GetOrAdd(dueTime, static _ => new SemaphoreSlim(0)).Release();
            return timer;
        }
    }
}

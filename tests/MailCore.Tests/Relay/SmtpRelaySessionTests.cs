using System.Text;
using MailCore.Messaging;
using MailCore.Relay;
using MailCore.Storage;
using MailCore.Testing;
using NUnit.Framework;

namespace MailCore.Tests.Relay;

/// <summary>Transactions as they stand on the wire.</summary>
[CancelAfter(60_000)]
public class SmtpRelaySessionTests
{
    private static readonly string[] EightBit = ["PIPELINING", "8BITMIME", "SMTPUTF8"];

    [Test]
    public async Task Commands_are_pipelined_up_to_DATA_and_the_message_follows_in_one_piece()
    {
        await using var server = await OpenAsync("PIPELINING", "SIZE 1000");
        var sending = SendAsync(server, RelayTestClient.Envelope("one@example.org", "two@example.org"), ".a\r\nb\r\n");

        await server.ExpectAsync("MAIL FROM:<alice@example.com> SIZE=7");
        await server.ExpectAsync("RCPT TO:<one@example.org>");
        await server.ExpectAsync("RCPT TO:<two@example.org>");
        await server.ExpectAsync("DATA");
        await server.SayAsync("250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n");
        await server.ExpectAsync("..a");
        await server.ExpectAsync("b");
        await server.ExpectAsync(".");
        await server.SayAsync("250 2.0.0 queued as 1\r\n");

        Assert.That((await sending).Select(static one => (one.Status, one.Reply.ToString(), one.RemoteName)), Is.All.EqualTo((RelayStatus.Sent, "250 2.0.0 queued as 1", "mx.example.org")));
    }

    [Test]
    public async Task DATA_that_is_taken_with_every_recipient_refused_gets_no_message()
    {
        await using var server = await OpenAsync("PIPELINING");
        var session = Session(server);
        var sending = SendAsync(session, RelayTestClient.Envelope("one@example.org"), "secret\r\n");
        await server.ExpectAsync("MAIL FROM:<alice@example.com>");
        await server.ExpectAsync("RCPT TO:<one@example.org>");
        await server.ExpectAsync("DATA");

        await server.SayAsync("250 ok\r\n550 5.1.1 no such user\r\n354 go\r\n");
        await server.ExpectAsync(".");
        await server.SayAsync("250 ok, for nobody\r\n");

        Assert.That((await sending).Single().Status, Is.EqualTo(RelayStatus.Failed));
        Assert.That(session.IsUsable);
        var next = SendAsync(session, RelayTestClient.Envelope("two@example.org"), "x\r\n");
        await server.ExpectAsync("MAIL FROM:<alice@example.com>");
        await server.SayAsync("554 no\r\n503 no\r\n503 no\r\n");
        Assert.That((await next).Single().Status, Is.EqualTo(RelayStatus.Failed));
    }

    [Test]
    public async Task RSET_is_sent_with_the_next_transaction_and_only_where_something_is_left_of_the_last()
    {
        await using var server = await OpenAsync("PIPELINING");
        var session = Session(server);
        await ExchangeAsync(server, session, "250 ok\r\n550 no\r\n554 no\r\n", "MAIL", "RCPT", "DATA");
        var taken = await ExchangeAsync(server, session, "250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n", "RSET", "MAIL", "RCPT", "DATA");
        await server.ExpectAsync("x");
        await server.ExpectAsync(".");
        await server.SayAsync("250 ok\r\n");
        Assert.That((await taken).Single().Status, Is.EqualTo(RelayStatus.Sent));
        await ExchangeAsync(server, session, "550 no\r\n503 no\r\n503 no\r\n", "MAIL", "RCPT", "DATA");
        await ExchangeAsync(server, session, "550 no\r\n503 no\r\n503 no\r\n", "MAIL", "RCPT", "DATA");
    }

    [Test]
    public async Task A_server_without_PIPELINING_is_asked_one_thing_at_a_time()
    {
        await using var server = await OpenAsync();
        var sending = SendAsync(server, RelayTestClient.Envelope("one@example.org"), "x\r\n");
        foreach (var (command, reply) in new[] { ("MAIL FROM:<alice@example.com>", "250 ok"), ("RCPT TO:<one@example.org>", "250 ok"), ("DATA", "354 go") })
        {
            // Anything that came ahead would be an answer unasked.
            await server.ExpectAsync(command);
            await server.SayAsync(reply + "\r\n");
        }

        await server.ExpectAsync("x");
        await server.ExpectAsync(".");
        await server.SayAsync("250 ok\r\n");
        Assert.That((await sending).Single().Status, Is.EqualTo(RelayStatus.Sent));
    }

    [Test]
    public async Task BDAT_carries_the_octets_as_they_are()
    {
        await using var server = await OpenAsync("PIPELINING", "CHUNKING");
        var sending = SendAsync(server, RelayTestClient.Envelope("one@example.org"), ".\r\n..\r\n");
        await server.ExpectAsync("MAIL FROM:<alice@example.com>");
        await server.ExpectAsync("RCPT TO:<one@example.org>");
        await server.SayAsync("250 ok\r\n250 ok\r\n");
        await server.ExpectAsync("BDAT 7 LAST");
        await server.ExpectAsync(".");
        await server.ExpectAsync("..");
        await server.SayAsync("250 ok\r\n");

        Assert.That((await sending).Single().Status, Is.EqualTo(RelayStatus.Sent));
    }

    [TestCase("a\nb\r\n")]
    [TestCase("a\rb\r\n")]
    [TestCase("a\r\nb")]
    [TestCase("a\r\r\nb\r\n")]
    public async Task A_bare_CR_or_LF_is_mended_and_for_that_DATA_is_used(string text)
    {
        await using var server = await OpenAsync("PIPELINING", "CHUNKING");
        var sending = SendAsync(server, RelayTestClient.Envelope("one@example.org"), text);
        await server.ReadLineAsync();
        await server.ReadLineAsync();
        await server.ExpectAsync("DATA");
        await server.SayAsync("250 ok\r\n250 ok\r\n354 go\r\n");
        await server.ExpectAsync("a");
        for (var line = await server.ReadLineAsync(); line != ".\r\n"; line = await server.ReadLineAsync())
        {
            Assert.That(line, Is.EqualTo("b\r\n").Or.EqualTo("\r\n"));
        }

        await server.SayAsync("250 ok\r\n");
        Assert.That((await sending).Single().Status, Is.EqualTo(RelayStatus.Sent));
    }

    [TestCase("BINARYMIME CHUNKING", true)]
    [TestCase("CHUNKING", false)]
    [TestCase("BINARYMIME", false)]
    public async Task Binary_goes_where_it_is_taken_and_nowhere_else(string keywords, bool isTaken)
    {
        await using var server = await OpenAsync([.. keywords.Split(' '), "8BITMIME"]);
        var envelope = new Envelope(new ReversePath(EmailAddress.Parse("alice@example.com"))) { Body = BodyType.BinaryMime };
        envelope.Recipients.Add(new Recipient(EmailAddress.Parse("one@example.org")));
        var sending = SendAsync(server, envelope, "a\0\nb");
        if (!isTaken)
        {
            Assert.That((await sending).Single().ToString(), Does.Contain("5.6.3").And.Contain("Failed"));
            return;
        }

        await server.ExpectAsync("MAIL FROM:<alice@example.com> BODY=BINARYMIME");
        await server.SayAsync("250 ok\r\n");
        await server.ReadLineAsync();
        await server.SayAsync("250 ok\r\n");
        await server.ExpectAsync("BDAT 4 LAST");
        foreach (var octet in "a\0\nb")
        {
            Assert.That(await server.ReadOctetAsync(), Is.EqualTo(octet));
        }

        await server.SayAsync("250 ok\r\n");
        Assert.That((await sending).Single().Status, Is.EqualTo(RelayStatus.Sent));
    }

    [TestCase("Subject: x\r\n\r\n\u00e9\r\n", false, " BODY=8BITMIME")]
    [TestCase("Subject: x\r\n\r\ne\r\n", false, "")]
    [TestCase("Subject: \u00e9\r\n\r\ne\r\n", true, " BODY=8BITMIME SMTPUTF8")]
    public async Task What_is_declared_is_what_the_octets_are(string text, bool smtpUtf8, string declared)
    {
        await using var server = await OpenAsync(EightBit);
        var envelope = new Envelope(new ReversePath(EmailAddress.Parse("alice@example.com"))) { SmtpUtf8 = smtpUtf8 };
        envelope.Recipients.Add(new Recipient(EmailAddress.Parse("one@example.org")));
        var sending = SendAsync(server, envelope, text);

        await server.ExpectAsync("MAIL FROM:<alice@example.com>" + declared);
        await server.ReadLineAsync();
        await server.ReadLineAsync();
        await server.SayAsync("554 5.0.0 no\r\n503 no\r\n503 no\r\n");
        Assert.That((await sending).Single().Status, Is.EqualTo(RelayStatus.Failed));
    }

    [Test]
    public async Task Without_SMTPUTF8_a_domain_has_a_form_in_ASCII_and_a_local_part_has_none()
    {
        await using var server = await OpenAsync("PIPELINING");
        var envelope = RelayTestClient.Envelope("one@b\u00fccher.example", "j\u00fcrgen@example.org");
        var sending = SendAsync(server, envelope, "x\r\n");

        await server.ExpectAsync("MAIL FROM:<alice@example.com>");
        await server.ExpectAsync("RCPT TO:<one@xn--bcher-kva.example>");
        await server.ExpectAsync("DATA");
        await server.SayAsync("250 ok\r\n250 ok\r\n354 go\r\n");
        await server.ReadLineAsync();
        await server.ReadLineAsync();
        await server.SayAsync("250 ok\r\n");

        var outcomes = await sending;
        Assert.That(outcomes[0].Status, Is.EqualTo(RelayStatus.Sent));
        Assert.That((outcomes[1].Status, outcomes[1].Reply.Status?.ToString()), Is.EqualTo((RelayStatus.Failed, "5.6.7")));
    }

    [Test]
    public async Task Internationalized_headers_do_not_go_to_a_server_without_SMTPUTF8()
    {
        await using var server = await OpenAsync("PIPELINING", "8BITMIME");
        var envelope = new Envelope(ReversePath.Null) { SmtpUtf8 = true };
        envelope.Recipients.Add(new Recipient(EmailAddress.Parse("one@example.org")));

        Assert.That((await SendAsync(server, envelope, "Subject: \u00e9\r\n\r\n")).Single().Reply.ToString(), Does.StartWith("553 5.6.7"));
    }

    [TestCase(7, ExpectedResult = true)]
    [TestCase(6, ExpectedResult = false)]
    public async Task<bool> A_message_over_the_announced_SIZE_is_not_sent(int size)
    {
        await using var server = await OpenAsync($"SIZE {size}");
        var sending = SendAsync(server, RelayTestClient.Envelope("one@example.org"), "1234 \r\n");
        if (size == 7)
        {
            await server.ReadLineAsync();
            await server.SayAsync("421 4.3.0 enough\r\n");
        }

        var outcome = (await sending).Single();
        Assert.That(outcome.Reply.Status?.ToString(), Is.EqualTo(size == 7 ? "4.3.0" : "5.3.4"));
        return outcome.Status == RelayStatus.Deferred;
    }

    [Test]
    public async Task Wishes_are_passed_on_to_a_server_that_knows_them()
    {
        var time = new ManualTimeProvider();
        await using var server = await OpenAsync(time, "DSN", "REQUIRETLS", "DELIVERBY 60", "MT-PRIORITY MIXER");
        var envelope = new Envelope(new ReversePath(EmailAddress.Parse("alice@example.com")))
        {
            Return = ReportContent.Headers,
            EnvelopeId = "a+b=c d",
            RequireTls = true,
            DeliverBy = new DeliverBy(time.GetUtcNow() + TimeSpan.FromSeconds(90), DeadlineAction.Return, IsTraced: true),
            Priority = -3,
        };
        envelope.Recipients.Add(new Recipient(EmailAddress.Parse("one@example.org"))
        {
            Notify = ReportEvents.Success | ReportEvents.Delay,
            Original = new OriginalRecipient("rfc822", "o+ne@example.org"),
        });
        envelope.Recipients.Add(new Recipient(EmailAddress.Parse("two@example.org")) { Notify = ReportEvents.Never, Original = new OriginalRecipient("utf-8", "j\u00fc\\@example.org") });
        var sending = SendAsync(Session(server, time), envelope, "x\r\n");

        await server.ExpectAsync("MAIL FROM:<alice@example.com> REQUIRETLS RET=HDRS ENVID=a+2Bb+3Dc+20d BY=90;RT MT-PRIORITY=-3");
        await server.SayAsync("250 ok\r\n");
        await server.ExpectAsync("RCPT TO:<one@example.org> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;o+2Bne@example.org");
        await server.SayAsync("250 ok\r\n");
        await server.ExpectAsync("RCPT TO:<two@example.org> NOTIFY=NEVER ORCPT=utf-8;j\\x{FC}\\x{5C}@example.org");
        await server.SayAsync("550 no\r\n");
        await server.ExpectAsync("DATA");
        await server.SayAsync("354 go\r\n");
        await server.ReadLineAsync();
        await server.ReadLineAsync();
        await server.SayAsync("250 ok\r\n");

        Assert.That((await sending)[0], Has.Property("PassesReportsOn").True.And.Property("PassesDeadlineOn").True);
    }

    [Test]
    public async Task Wishes_are_kept_from_a_server_that_knows_none()
    {
        await using var server = await OpenAsync("PIPELINING");
        var envelope = new Envelope(new ReversePath(EmailAddress.Parse("alice@example.com")))
        {
            Return = ReportContent.Full,
            EnvelopeId = "id",
            Priority = 4,
            DeliverBy = new DeliverBy(DateTimeOffset.UtcNow.AddHours(1), DeadlineAction.Notify, IsTraced: false),
        };
        envelope.Recipients.Add(new Recipient(EmailAddress.Parse("one@example.org")) { Notify = ReportEvents.Success });
        var sending = SendAsync(server, envelope, "x\r\n");

        await server.ExpectAsync("MAIL FROM:<alice@example.com>");
        await server.ExpectAsync("RCPT TO:<one@example.org>");
        await server.SayAsync("250 ok\r\n250 ok\r\n354 go\r\n");
        await server.ReadLineAsync();
        await server.ReadLineAsync();
        await server.ReadLineAsync();
        await server.SayAsync("250 ok\r\n");

        Assert.That((await sending)[0], Has.Property("PassesReportsOn").False.And.Property("PassesDeadlineOn").False);
    }

    [TestCase("", 90, "5.3.3")]
    [TestCase("DELIVERBY", 0, "5.4.7")]
    [TestCase("DELIVERBY", -1, "5.4.7")]
    [TestCase("DELIVERBY 91", 90, "5.4.7")]
    public async Task A_message_to_be_returned_by_a_time_does_not_go_where_nobody_keeps_it(string keyword, int seconds, string status)
    {
        var time = new ManualTimeProvider();
        await using var server = await OpenAsync(time, keyword.Length == 0 ? [] : [keyword]);
        var envelope = new Envelope(ReversePath.Null) { DeliverBy = new DeliverBy(time.GetUtcNow() + TimeSpan.FromSeconds(seconds), DeadlineAction.Return, IsTraced: false) };
        envelope.Recipients.Add(new Recipient(EmailAddress.Parse("one@example.org")));

        var outcome = (await SendAsync(Session(server, time), envelope, "x\r\n")).Single();

        Assert.That((outcome.Status, outcome.Reply.Status?.ToString()), Is.EqualTo((RelayStatus.Failed, status)));
    }

    [Test]
    public async Task What_has_no_sender_asks_for_no_reports()
    {
        await using var server = await OpenAsync("DSN", "PIPELINING");
        var envelope = new Envelope(ReversePath.Null);
        envelope.Recipients.Add(new Recipient(EmailAddress.Parse("one@example.org")));
        var sending = SendAsync(server, envelope, "x\r\n");

        await server.ExpectAsync("MAIL FROM:<>");
        await server.ExpectAsync("RCPT TO:<one@example.org> NOTIFY=NEVER");
        await server.SayAsync("421 4.0.0 bye\r\n");
        Assert.That((await sending).Single().Status, Is.EqualTo(RelayStatus.Deferred));
    }

    [TestCase(100, 0, "100")]
    [TestCase(101, 0, "100 1")]
    [TestCase(5, 2, "2 2 1")]
    public async Task A_transaction_has_so_many_recipients_and_the_rest_follow_in_others(int count, int limit, string expected)
    {
        await using var mta = new FaultyMta(limit == 0 ? ["PIPELINING"] : ["PIPELINING", $"LIMITS MAILMAX=10 RCPTMAX={limit}"]);
        var connector = RelayTestClient.Connector(new FixedHops(FixedHops.Host(mta.Port)));

        var outcomes = await connector.SendAsync(RelayTestClient.Message(RelayTestClient.Envelope([.. Enumerable.Range(0, count).Select(static i => $"r{i}@example.org")])));

        Assert.That(outcomes.Select(static one => one.Status), Is.All.EqualTo(RelayStatus.Sent));
        Assert.That(string.Join(' ', mta.Taken.Select(static one => one.Recipients.Split(' ').Length)), Is.EqualTo(expected));
        Assert.That(mta.Taken.SelectMany(static one => one.Recipients.Split(' ')), Is.Unique);
        Assert.That(mta.Connections, Is.EqualTo(1));
    }

    [TestCase("452 4.5.3 too many")]
    [TestCase("552 5.5.3 too many")]
    [TestCase("552 too many")]
    public async Task Recipients_too_many_for_a_transaction_are_sent_in_the_next(string reply)
    {
        await using var mta = new FaultyMta("PIPELINING");
        mta.At("RCPT", "250 ok", reply, reply);
        var connector = RelayTestClient.Connector(new FixedHops(FixedHops.Host(mta.Port)));

        var outcomes = await connector.SendAsync(RelayTestClient.Message(RelayTestClient.Envelope("one@example.org", "two@example.org", "three@example.org")));

        Assert.That(outcomes.Select(static one => one.Status), Is.All.EqualTo(RelayStatus.Sent));
        Assert.That(mta.Taken.Select(static one => one.Recipients), Is.EqualTo(new[] { "one@example.org", "two@example.org three@example.org" }));
    }

    [TestCase("552 5.2.2 mailbox full", nameof(RelayStatus.Failed), "5.2.2")]
    [TestCase("552 too many", nameof(RelayStatus.Deferred), "4.5.3")]
    public async Task RFC5321_4_5_3_1_10_552_for_the_number_of_recipients_is_no_refusal_for_good(string reply, string status, string code)
    {
        await using var mta = new FaultyMta("PIPELINING");
        mta.At("RCPT", reply);

        var outcome = (await RelayTestClient.Connector(new FixedHops(FixedHops.Host(mta.Port))).SendAsync(RelayTestClient.Message(RelayTestClient.Envelope("one@example.org")))).Single();

        Assert.That((outcome.Status.ToString(), outcome.Reply.Status?.ToString()), Is.EqualTo((status, code)));
    }

    [TestCase("drop")]
    [TestCase("421 4.4.2 idle")]
    public async Task A_session_that_ended_while_it_was_idle_counts_as_no_attempt(string end)
    {
        await using var mta = new FaultyMta("PIPELINING");
        mta.At("MAIL", "250 ok", end);
        var connector = RelayTestClient.Connector(new FixedHops(FixedHops.Host(mta.Port)));
        await using var session = (await connector.ConnectAsync(RelayTestClient.Hop, ReversePath.Null, MessageTls.Usual, default)).Session!;

        var first = (await session.SendAsync(RelayTestClient.Message(RelayTestClient.Envelope("one@example.org")), default)).Single();
        var second = (await session.SendAsync(RelayTestClient.Message(RelayTestClient.Envelope("two@example.org")), default)).Single();

        Assert.That((first.Status, second.Status, second.WasNotTried, session.IsUsable), Is.EqualTo((RelayStatus.Sent, RelayStatus.Deferred, true, false)));
    }

    [Test]
    public async Task A_message_that_can_not_be_read_to_its_end_breaks_the_connection_before_the_dot()
    {
        await using var server = await OpenAsync("PIPELINING");
        var session = Session(server);
        var message = new RelayMessage("Q1", RelayTestClient.Envelope("one@example.org"), new MessageContent("Subject: x\r\n"u8.ToArray(), new BrokenReader()));
        var sending = session.SendAsync(message, default).AsTask();
        for (var i = 0; i < 3; i++)
        {
            await server.ReadLineAsync();
        }

        await server.SayAsync("250 ok\r\n250 ok\r\n354 go\r\n");

        var outcome = (await sending.WaitAsync(RelayTestClient.Hang)).Single();
        Assert.That((outcome.Status, outcome.Reply.Status?.ToString(), session.IsUsable), Is.EqualTo((RelayStatus.Deferred, "4.3.0", false)));
        for (var line = await server.ReadLineAsync(); line.Length > 0; line = await server.ReadLineAsync())
        {
            Assert.That(line, Is.Not.EqualTo(".\r\n"));
        }
    }

    [Test]
    public async Task A_large_message_goes_through_without_being_held()
    {
        await using var mta = new FaultyMta("PIPELINING");
        var octets = new byte[8 * 1024 * 1024];
        new Random(11).NextBytes(octets);
        for (var i = 0; i < octets.Length; i++)
        {
            octets[i] = i % 64 == 62 ? (byte)'\r' : i % 64 == 63 ? (byte)'\n' : (byte)('.' + (octets[i] % 3));
        }

        var outcomes = await RelayTestClient.Connector(new FixedHops(FixedHops.Host(mta.Port))).SendAsync(RelayTestClient.Message(RelayTestClient.Envelope("one@example.org"), octets));

        Assert.That(outcomes.Single().Status, Is.EqualTo(RelayStatus.Sent));
        Assert.That(Encoding.Latin1.GetBytes(mta.Taken.Single().Text).AsSpan().SequenceEqual(octets));
    }

    [Test]
    public async Task Random_servers_leave_an_outcome_for_each_recipient_and_none_is_sent_without_a_250_at_the_end()
    {
        var random = new Random(2_920);
        string[] replies = ["250 ok", "250-more\r\n250 ok", "354 go", "550 5.1.1 no", "451 4.2.0 later", "421 4.3.2 bye", "452 4.5.3 many", "552 full", "220 x", "what", "250", "999 x", "334 x", "\0", "2500 x", "250-x\r\n251 y"];
        string[][] servers = [[], ["PIPELINING"], ["PIPELINING", "CHUNKING", "DSN", "SIZE"], ["CHUNKING", "LIMITS RCPTMAX=1"]];
        var sent = 0;
        for (var round = 0; round < 400; round++)
        {
            await using var server = await OpenAsync(servers[random.Next(servers.Length)]);
            var session = Session(server);
            var sending = SendAsync(session, RelayTestClient.Envelope("one@example.org", "two@example.org", "three@example.org"), "x\r\n");
            var serving = ServeAsync(server, new Random(random.Next()), replies);

            var outcomes = await sending;

            await server.Client.DisposeAsync();
            await serving;
            Assert.That(outcomes, Has.Count.EqualTo(3));
            Assert.That(outcomes.All(static one => one.Status != RelayStatus.Sent || one.Reply.Code is >= 200 and < 300));
            Assert.That(outcomes.All(static one => one.Status != RelayStatus.Failed || one.Reply.Code >= 500), string.Join('\n', outcomes));
            sent += outcomes.Count(static one => one.Status == RelayStatus.Sent);
        }

        // What a server says depends on nothing but the commands before, so that this is the same number each time.
        Assert.That(sent, Is.EqualTo(459));
    }

    /// <summary>Answers each command with one reply, mostly the right one, and leaves the message's own lines unanswered; then says no more.</summary>
    private static async Task ServeAsync(FakeServer server, Random random, string[] replies)
    {
        for (var left = random.Next(16); left > 0; left--)
        {
            var command = await server.ReadLineAsync();
            if (command.Length == 0)
            {
                return;
            }

            // BDAT's octets are no command; an answer to them would be there before or behind the client's next command, by chance.
            if (command.StartsWith("BDAT", StringComparison.Ordinal))
            {
                await server.ReadLineAsync();
            }

            var isData = command == "DATA\r\n";
            var reply = random.Next(8) > 0 ? isData ? "354 go" : "250 ok" : replies[random.Next(replies.Length)];
            await TrySayAsync(server, reply + "\r\n");
            if (!isData || reply != "354 go")
            {
                continue;
            }

            for (var line = ""; line != ".\r\n";)
            {
                line = await server.ReadLineAsync();
                if (line.Length == 0)
                {
                    return;
                }
            }

            await TrySayAsync(server, random.Next(8) > 0 ? "250 taken\r\n" : replies[random.Next(replies.Length)] + "\r\n");
        }

        server.Finish();
        while ((await server.ReadLineAsync()).Length > 0)
        {
        }
    }

    private static async Task TrySayAsync(FakeServer server, string text)
    {
        try
        {
            await server.SayAsync(text);
        }
        catch (IOException)
        {
            // The client has gone.
        }
    }

    private static async Task<Task<IReadOnlyList<RelayOutcome>>> ExchangeAsync(FakeServer server, RelaySession session, string replies, params string[] verbs)
    {
        var sending = SendAsync(session, RelayTestClient.Envelope("one@example.org"), "x\r\n");
        foreach (var verb in verbs)
        {
            Assert.That(await server.ReadLineAsync(), Does.StartWith(verb));
        }

        await server.SayAsync(replies);
        if (!replies.Contains("354", StringComparison.Ordinal))
        {
            Assert.That((await sending).Single().Status, Is.EqualTo(RelayStatus.Failed));
        }

        return sending;
    }

    private static SmtpRelaySession Session(FakeServer server, TimeProvider? time = null) =>
        new(server.Client, new SmtpClientOptions { HostName = "client.example", ServerName = "mx.example.org" }, time ?? TimeProvider.System);

    private static Task<IReadOnlyList<RelayOutcome>> SendAsync(FakeServer server, Envelope envelope, string text) => SendAsync(Session(server), envelope, text);

    private static Task<IReadOnlyList<RelayOutcome>> SendAsync(RelaySession session, Envelope envelope, string text) =>
        session.SendAsync(RelayTestClient.Message(envelope, text), default).AsTask().WaitAsync(RelayTestClient.Hang);

    private static Task<FakeServer> OpenAsync(params string[] keywords) => OpenAsync(null, keywords);

    private static async Task<FakeServer> OpenAsync(TimeProvider? time, params string[] keywords)
    {
        var server = new FakeServer(null, time);
        var open = server.Client.OpenAsync(default).AsTask();
        await server.GreetAsync(keywords);
        Assert.That((await open).Code, Is.EqualTo(250));
        return server;
    }

    /// <summary>Can be looked at once, and no second time.</summary>
    private sealed class BrokenReader : IContentReader
    {
        private int _reads;

        public long Length => 100_000;

        public ValueTask<int> ReadAsync(long offset, Memory<byte> into, CancellationToken cancellationToken)
        {
            _reads++;
            if (_reads > 5)
            {
                throw new IOException("disk");
            }

            var count = (int)Math.Min(into.Length, Length - offset);
            into.Span[..count].Fill((byte)'x');
            return ValueTask.FromResult(count);
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}

using System.IO.Pipelines;
using System.Net;
using System.Text;
using MailCore.Messaging;
using MailCore.Smtp;
using MailCore.Storage;
using MailCore.Testing;
using NUnit.Framework;

namespace MailCore.Tests.Smtp.Filters;

/// <summary>What the verdicts of filters do, seen by the client and in the mailbox.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class FilterStageTests
{
    private static readonly SmtpReply No = new(550, "5.7.1", "no");

    [Test]
    public async Task Every_filter_is_asked_at_every_stage_in_order()
    {
        List<string> asked = [];
        await using var server = await ServerAsync(new StubFilter("one", asked), new StubFilter("two", asked));
        await using var client = await server.GreetAsync();
        await client.SendMessageAsync(250, "Subject: x\r\n\r\nbody\r\n");
        Assert.That(asked, Is.EqualTo(new[] { "connect", "hello", "mail", "rcpt", "headers", "message" }.SelectMany(static stage => new[] { "one " + stage, "two " + stage })));
    }

    [Test]
    public async Task A_filter_sees_typed_facts_of_the_session_and_the_message()
    {
        MailSessionInfo? session = null;
        SmtpFilterContext? seen = null;
        var text = "";
        var header = "";
        await using var server = await ServerAsync(new StubFilter
        {
            Hello = context =>
            {
                (seen, session) = (context, context.Session);
                return default;
            },
            Headers = (transaction, headers) =>
            {
                header = headers["SUBJECT"] + "|" + headers["none"] + "|" + string.Join(',', headers.GetAll("x"));
                return default;
            },
            Message = (transaction, message) =>
            {
                message.Seek(-3, SeekOrigin.End);
                message.Position = 0;
                text = new StreamReader(message, Encoding.Latin1).ReadToEnd();
                return default;
            },
        });
        server.Remote = new IPEndPoint(IPAddress.Parse("::ffff:192.0.2.7"), 1234);
        await using var client = await server.GreetAsync();
        await client.SendMessageAsync(250, "Subject: =?utf-8?q?h=C3=B6?=\r\n llo\r\nX: 1\r\nx: 2\r\n\r\nbody\r\n");
        Assert.That(seen!.RemoteAddress, Is.EqualTo(IPAddress.Parse("192.0.2.7")));
        Assert.That((session!.ClientName, session.Protocol), Is.EqualTo(("client.example", "ESMTP")));
        Assert.That(seen.Dialect, Is.SameAs(SmtpDialect.Transfer));
        Assert.That(seen.Identity, Is.Null);
        Assert.That(seen.Tls, Is.Null);
        Assert.That(header, Is.EqualTo("hö llo||1,2"));
        Assert.That(text, Is.EqualTo("Subject: =?utf-8?q?h=C3=B6?=\r\n llo\r\nX: 1\r\nx: 2\r\n\r\nbody\r\n"));
    }

    [Test]
    public async Task A_filter_sees_TLS_and_who_logged_in()
    {
        var seen = new List<(string?, bool, string?)>();
        SmtpFilterContext? kept = null;
        await using var server = await ServerAsync(new StubFilter
        {
            Hello = context => { kept = context; return default; },
            MailFrom = _ => { seen.Add((kept!.Identity?.Name, kept.Tls is { ServerName: "mx.example.org" }, kept.Session.AuthenticatedUser)); return default; },
        });
        server.Options.OfferAuthentication = true;
        server.Tls = MailCore.Tls.TlsPolicy.Opportunistic;
        await using var client = await server.GreetAsync();
        await client.SayAsync(220, "STARTTLS");
        await client.StartTlsAsync();
        await client.SayAsync(250, "EHLO client.example");
        await client.LoginAsync();
        await client.SayAsync(250, "MAIL FROM:<bob@example.org>");
        Assert.That(seen, Is.EqualTo(new[] { ("bob@example.org", true, "bob@example.org") }).Or.EqualTo(new[] { ("bob", true, "bob") }));
    }

    [Test]
    public async Task A_rejection_stops_the_filters_behind_it()
    {
        List<string> asked = [];
        await using var server = await ServerAsync(new StubFilter("one", asked) { MailFrom = static _ => SmtpVerdict.Reject(No) }, new StubFilter("two", asked));
        await using var client = await server.GreetAsync();
        Assert.That(await client.SayAsync(550, "MAIL FROM:<eve@elsewhere.example>"), Is.EqualTo("550 5.7.1 no"));
        Assert.That(asked, Does.Not.Contain("two mail"));
        await client.SayAsync(503, "RCPT TO:<bob@example.org>");
    }

    [Test]
    public async Task A_refused_connection_gets_554_for_a_greeting_and_only_QUIT_works()
    {
        await using var server = await ServerAsync(new StubFilter { Connect = static _ => SmtpVerdict.Reject(new SmtpReply(554, "5.7.1", "not you")) });
        var (connection, session) = server.Open();
        await using var client = new SmtpTestClient(connection, session);
        Assert.That(await client.ReadReplyAsync(), Is.EqualTo("554 5.7.1 not you"));
        await client.SayAsync(503, "EHLO client.example");
        await client.SayAsync(503, "MAIL FROM:<>");
        await client.SayAsync(221, "QUIT");
        await client.ExpectCloseAsync();
    }

    [TestCase(421, "4.7.0")]
    [TestCase(521, "5.7.1")]
    public async Task A_connection_refused_with_421_or_521_is_closed(int code, string status)
    {
        await using var server = await ServerAsync(new StubFilter { Connect = _ => SmtpVerdict.Reject(new SmtpReply(code, status, "gone")) });
        var (connection, session) = server.Open();
        await using var client = new SmtpTestClient(connection, session);
        Assert.That(await client.ReadReplyAsync(), Is.EqualTo($"{code} {status} gone"));
        await client.ExpectCloseAsync();
    }

    [Test]
    public async Task After_a_refused_EHLO_the_client_has_not_greeted()
    {
        await using var server = await ServerAsync(new StubFilter { Hello = static context => context.Session.ClientName == "bad.example" ? SmtpVerdict.Reject(No) : default });
        await using var client = await server.GreetAsync();
        await client.SayAsync(550, "EHLO bad.example");
        await client.SayAsync(503, "MAIL FROM:<>");
        await client.SayAsync(250, "EHLO good.example");
        await client.SayAsync(250, "MAIL FROM:<>");
    }

    [Test]
    public async Task A_refused_recipient_is_not_one_and_an_unknown_one_is_never_shown()
    {
        var shown = new List<string>();
        await using var server = await ServerAsync(new StubFilter
        {
            Recipient = (_, recipient) =>
            {
                shown.Add(recipient.ToString());
                return recipient.Address.LocalPart == "alice" ? SmtpVerdict.Reject(new SmtpReply(450, "4.7.1", "later")) : default;
            },
        });
        await using var client = await server.GreetAsync();
        await client.SayAsync(250, "MAIL FROM:<>");
        await client.SayAsync(550, "RCPT TO:<nobody@example.org>");
        Assert.That(await client.SayAsync(450, "RCPT TO:<alice@example.org>"), Is.EqualTo("450 4.7.1 later"));
        await client.SayAsync(250, "RCPT TO:<bob@example.org>");
        await client.SayAsync(354, "DATA");
        await client.SendAsync("x\r\n.\r\n");
        await client.ExpectAsync(250);
        Assert.That(shown, Is.EqualTo(new[] { "alice@example.org", "bob@example.org" }));
        Assert.That(await server.MessagesAsync("alice@example.org"), Is.Empty);
        Assert.That(await server.MessagesAsync(), Has.Exactly(1).Items);
    }

    [Test]
    public async Task A_message_refused_by_its_header_is_drained_and_never_staged()
    {
        await using var server = await ServerAsync(new StubFilter { Headers = static (_, headers) => headers["Subject"] == "bad" ? SmtpVerdict.Reject(No) : default });
        var staging = new CountingStaging(server);
        server.Staging = staging;
        await using var client = await server.GreetAsync();
        Assert.That(await client.SendMessageAsync(550, "Subject: bad\r\n\r\n" + string.Concat(Enumerable.Repeat("MAIL FROM:<not@a.command>\r\n", 10_000))), Is.EqualTo("550 5.7.1 no"));
        Assert.That(staging.Count, Is.Zero);
        await client.SendMessageAsync(250, "Subject: good\r\n\r\n");
        Assert.That(await server.MessagesAsync(), Has.Exactly(1).Items);
    }

    [Test]
    public async Task A_message_refused_at_its_end_is_in_no_mailbox_and_LMTP_says_so_for_each_recipient()
    {
        await using var server = await ServerAsync(SmtpDialect.Lmtp, new StubFilter { Message = static (_, _) => SmtpVerdict.Reject(No) });
        await using var client = await server.GreetAsync();
        await client.SayAsync(250, "MAIL FROM:<>");
        await client.SayAsync(250, "RCPT TO:<bob@example.org>");
        await client.SayAsync(250, "RCPT TO:<alice@example.org>");
        await client.SayAsync(354, "DATA");
        await client.SendAsync("x\r\n.\r\nNOOP\r\n");
        await client.ExpectAsync(550);
        await client.ExpectAsync(550);
        await client.ExpectAsync(250);
        Assert.That(await server.MessagesAsync(), Is.Empty);
    }

    [Test]
    public async Task A_discarded_message_is_answered_with_OK_and_is_nowhere([Values("connect", "hello", "mail", "rcpt", "headers", "message")] string stage)
    {
        List<string> asked = [];
        SmtpVerdict At(string here) => here == stage ? SmtpVerdict.Discard("unwanted") : default;
        var filter = new StubFilter("one", asked)
        {
            Connect = _ => At("connect"),
            Hello = _ => At("hello"),
            MailFrom = _ => At("mail"),
            Recipient = (_, _) => At("rcpt"),
            Headers = (_, _) => At("headers"),
            Message = (_, _) => At("message"),
        };
        await using var server = await ServerAsync(filter, new StubFilter("two", asked));
        await using var client = await server.GreetAsync();
        Assert.That(await client.SendMessageAsync(250, "Subject: x\r\n\r\n"), Does.StartWith("250 2.0.0 OK queued as "));
        Assert.That(await server.MessagesAsync(), Is.Empty);
        Assert.That(asked, Does.Not.Contain("two message"));
    }

    [Test]
    public async Task A_discard_ends_with_its_message()
    {
        await using var server = await ServerAsync(new StubFilter { Headers = static (_, headers) => headers["Subject"] == "bad" ? SmtpVerdict.Discard("bad") : default });
        await using var client = await server.GreetAsync();
        await client.SendMessageAsync(250, "Subject: bad\r\n\r\n");
        await client.SendMessageAsync(250, "Subject: good\r\n\r\n");
        Assert.That((await server.MessagesAsync()).Single().Content, Is.EqualTo("Subject: good\r\n\r\n"));
    }

    [Test]
    public async Task A_quarantined_message_goes_to_Junk_and_tells_why([Values("connect", "hello", "mail", "rcpt", "headers", "message")] string stage)
    {
        SmtpVerdict At(string here) => here == stage ? SmtpVerdict.Quarantine("looks\r\nBad: yes") : default;
        await using var server = await ServerAsync(
            new StubFilter
            {
                Connect = _ => At("connect"),
                Hello = _ => At("hello"),
                MailFrom = _ => At("mail"),
                Recipient = (_, _) => At("rcpt"),
                Headers = (_, _) => At("headers"),
                Message = (_, _) => At("message"),
            },
            new StubFilter { Message = static (_, _) => SmtpVerdict.Quarantine("second") });
        await using var client = await server.GreetAsync();
        await client.SendMessageAsync(250, "Subject: x\r\n\r\n", to: "all@example.org");
        foreach (var account in new[] { "bob@example.org", "alice@example.org" })
        {
            Assert.That(await server.MessagesAsync(account), Is.Empty);
            var (prefix, content) = (await server.MessagesAsync(account, "Junk")).Single();
            Assert.That(content, Is.EqualTo("Subject: x\r\n\r\n"));
            Assert.That(prefix, Does.StartWith("Return-Path: ").And.EndsWith("\r\nX-MailCore-Quarantine: looks??Bad: yes\r\n"));
        }

        var snapshot = await (await server.Accounts.OpenAsync(new AccountId("bob@example.org")))!.SnapshotAsync();
        Assert.That(snapshot.Mailboxes.Single(static info => info.Name == "Junk").SpecialUse, Is.EqualTo("\\Junk"));
        Assert.That(snapshot.Subscriptions, Does.Contain("Junk"));
    }

    [Test]
    public async Task A_reason_of_any_length_is_cut_to_a_field()
    {
        await using var server = await ServerAsync(new StubFilter { Message = static (_, _) => SmtpVerdict.Quarantine(new string('ä', 100_000)) });
        await using var client = await server.GreetAsync();
        await client.SendMessageAsync(250, "Subject: x\r\n\r\n");
        Assert.That((await server.MessagesAsync(mailbox: "Junk")).Single().Prefix, Has.Length.LessThan(3_000).And.Contains("X-MailCore-Quarantine: =?utf-8?B?"));
    }

    [Test]
    public async Task Quarantine_uses_the_mailbox_that_the_user_has_for_junk()
    {
        await using var server = await ServerAsync(new StubFilter { Message = static (_, _) => SmtpVerdict.Quarantine("bad") });
        var account = await server.Accounts.OpenAsync(new AccountId("bob@example.org"));
        await account!.CreateMailboxAsync(MailboxName.Parse("Spam"), "\\Junk");
        await using var client = await server.GreetAsync();
        await client.SendMessageAsync(250, "Subject: x\r\n\r\n");
        Assert.That(await server.MessagesAsync(mailbox: "Spam"), Has.Exactly(1).Items);
        Assert.That((await account.SnapshotAsync()).Mailboxes.Select(static info => info.Name), Does.Not.Contain("Junk"));
    }

    [Test]
    public async Task A_failing_filter_is_451_or_passes_as_chosen([Values("connect", "hello", "mail", "rcpt", "headers", "message")] string stage, [Values] SmtpFilterFailure onFailure)
    {
        SmtpVerdict At(string here) => here == stage ? throw new InvalidOperationException("inside") : default;
        await using var server = await ServerAsync();
        server.Filters.Add(new SmtpFilterRegistration(new StubFilter
        {
            Connect = _ => At("connect"),
            Hello = _ => At("hello"),
            MailFrom = _ => At("mail"),
            Recipient = (_, _) => At("rcpt"),
            Headers = (_, _) => At("headers"),
            Message = (_, _) => At("message"),
        })
        { OnFailure = onFailure });
        var (connection, session) = server.Open();
        await using var client = new SmtpTestClient(connection, session);
        var replies = new List<string?> { await client.ReadReplyAsync() };
        foreach (var line in new[] { "EHLO client.example", "MAIL FROM:<>", "RCPT TO:<bob@example.org>", "DATA", "x\r\n." })
        {
            if (replies[^1]![0] is '4' or '5')
            {
                break;
            }

            await client.SendAsync(line + "\r\n");
            replies.Add(await client.ReadReplyAsync());
        }

        Assert.That(replies[^1], Does.StartWith(onFailure == SmtpFilterFailure.Pass ? "250 2.0.0" : stage == "connect" ? "421 4.3.0" : "451 4.3.0").And.Not.Contain("inside"));
        Assert.That(await server.MessagesAsync(), Has.Count.EqualTo(onFailure == SmtpFilterFailure.Pass ? 1 : 0));
    }

    [Test]
    public async Task A_filter_that_takes_too_long_is_told_and_counts_as_failed()
    {
        var time = new ManualTimeProvider();
        var waiting = new TaskCompletionSource();
        await using var server = await ServerAsync();
        server.Time = time;
        server.Filters.Add(new SmtpFilterRegistration(new StubFilter
        {
            Wait = async cancelled =>
            {
                waiting.TrySetResult();
                await Task.Delay(Timeout.Infinite, cancelled);
            },
        })
        { Timeout = TimeSpan.FromSeconds(10) });
        var (connection, session) = server.Open();
        await using var client = new SmtpTestClient(connection, session);
        await waiting.Task.WaitAsync(TimeSpan.FromSeconds(30));
        time.Advance(TimeSpan.FromSeconds(9.999));
        time.Advance(TimeSpan.FromSeconds(0.001));
        Assert.That(await client.ReadReplyAsync(), Does.StartWith("421 4.3.0"));
        await client.ExpectCloseAsync();
    }

    [Test]
    public async Task A_message_in_chunks_is_filtered_as_any_other()
    {
        await using var server = await ServerAsync(new StubFilter
        {
            Headers = static (transaction, headers) =>
            {
                transaction.Headers.Add("X-Seen", headers["Subject"]!);
                return headers["Subject"] == "bad" ? SmtpVerdict.Reject(No) : default;
            },
            Message = static (_, message) => message.Length > 100 ? SmtpVerdict.Reject(No) : default,
        });
        await using var client = await server.GreetAsync();
        await BeginAsync();
        await client.SendAsync("BDAT 9\r\nSubject: ");
        await client.ExpectAsync(250);
        await client.SendAsync("BDAT 13 LAST\r\ngood\r\n\r\nbody\r");
        await client.ExpectAsync(554);
        await BeginAsync();
        await client.SendAsync("BDAT 9\r\nSubject: ");
        await client.ExpectAsync(250);
        await client.SendAsync("BDAT 14 LAST\r\ngood\r\n\r\nbody\r\n");
        await client.ExpectAsync(250);
        await BeginAsync();
        await client.SendAsync("BDAT 20 LAST\r\nSubject: bad\r\n\r\nxx\r\n");
        Assert.That(await client.ReadReplyAsync(), Is.EqualTo("550 5.7.1 no"));
        await BeginAsync();
        await client.SendAsync("BDAT 16\r\nSubject: bad\r\n\r\nBDAT 4\r\nab\r\n");
        Assert.That(await client.ReadReplyAsync(), Is.EqualTo("550 5.7.1 no").Or.StartWith("250"));
        await client.ReadReplyAsync();
        await client.SayAsync(250, "RSET");
        await BeginAsync();
        await client.SendAsync("BDAT 117 LAST\r\nSubject: long\r\n\r\n" + new string('x', 98) + "\r\n");
        Assert.That(await client.ReadReplyAsync(), Is.EqualTo("550 5.7.1 no"));
        Assert.That((await server.MessagesAsync()).Single().Content, Is.EqualTo("X-Seen: good\r\nSubject: good\r\n\r\nbody\r\n"));

        async Task BeginAsync()
        {
            await client.SayAsync(250, "MAIL FROM:<>");
            await client.SayAsync(250, "RCPT TO:<bob@example.org>");
        }
    }

    [Test]
    public async Task A_transaction_that_ends_while_its_header_is_judged_leaves_the_next_one_alone()
    {
        var entered = new TaskCompletionSource();
        var gate = new TaskCompletionSource();
        await using var server = await ServerAsync();
        server.Filters.Add(new SmtpFilterRegistration(new SlowHeaders(entered, gate)));
        await using var client = await server.GreetAsync();
        await client.SayAsync(250, "MAIL FROM:<>");
        await client.SayAsync(250, "RCPT TO:<bob@example.org>");
        await client.SendAsync("BDAT 17\r\nSubject: slow\r\n\r\n");
        await client.ExpectAsync(250);
        await entered.Task.WaitAsync(TimeSpan.FromSeconds(30));
        await client.SayAsync(250, "RSET");
        await client.SendAsync("MAIL FROM:<>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n");
        gate.SetResult();
        await client.ExpectAsync(250);
        await client.ExpectAsync(250);
        await client.ExpectAsync(354);
        await client.SendAsync("Subject: good\r\n\r\n.\r\n");
        await client.ExpectAsync(250);
        Assert.That((await server.MessagesAsync()).Single().Content, Is.EqualTo("Subject: good\r\n\r\n"));
    }

    [Test]
    public async Task A_filter_has_a_time_limit()
    {
        await using var server = new SmtpTestServer();
        server.Filters.Add(new SmtpFilterRegistration(new StubFilter()) { Timeout = Timeout.InfiniteTimeSpan });
        Assert.That(() => server.Protocol, Throws.ArgumentException);
    }

    [Test]
    public void A_rejection_needs_a_negative_reply() => Assert.That(() => SmtpVerdict.Reject(SmtpReply.Ok), Throws.ArgumentException);

    private static Task<SmtpTestServer> ServerAsync(params StubFilter[] filters) => ServerAsync(SmtpDialect.Transfer, filters);

    private static Task<SmtpTestServer> ServerAsync(SmtpDialect dialect, params StubFilter[] filters)
    {
        var server = new SmtpTestServer(dialect);
        server.Filters.AddRange(filters.Select(static filter => new SmtpFilterRegistration(filter)));
        return server.PopulateAsync();
    }
}

/// <summary>Waits at one message's header and then discards it.</summary>
internal sealed class SlowHeaders(TaskCompletionSource entered, TaskCompletionSource gate) : ISmtpFilter
{
    public async ValueTask<SmtpVerdict> OnHeadersAsync(SmtpFilterContext context, MailTransaction transaction, MessageHeaders headers, CancellationToken cancellationToken)
    {
        if (headers["Subject"] != "slow")
        {
            return default;
        }

        entered.SetResult();
        await gate.Task;
        return SmtpVerdict.Discard("slow");
    }
}

/// <summary>Counts how often a message was written.</summary>
internal sealed class CountingStaging(SmtpTestServer server) : IMessageStaging
{
    public int Count { get; private set; }

    public ValueTask<StagedMessage> StageAsync(PipeReader message, StageHint hint, CancellationToken cancellationToken)
    {
        Count++;
        return server.Accounts.StageAsync(message, hint, cancellationToken);
    }
}

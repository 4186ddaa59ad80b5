using System.Net;
using MailCore.Delivery;
using MailCore.Messaging;
using MailCore.Smtp;
using NUnit.Framework;

namespace MailCore.Tests.Smtp;

/// <summary>What is announced to whom, the host's own verbs and keywords, and what trusted peers may tell.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class ExtensionTests
{
    private static readonly IPNetwork Loopback = IPNetwork.Parse("127.0.0.0/8");

    [Test]
    public async Task A_hosts_own_verb_is_answered_by_the_host()
    {
        await using var server = await new SmtpTestServer(null, static options => options.AddVerb("xwho", static (context, _) =>
        {
            context.EndsSession = context.Argument == "bye";
            return context.Argument == "fail"
                ? throw new InvalidOperationException("no")
                : ValueTask.FromResult(new SmtpReply(250, "2.0.0", $"{context.Session.ClientName} {context.Argument} {context.Transaction?.Envelope.From}\r\nQUIT"));
        })).PopulateAsync();
        await using var client = await server.GreetAsync();
        Assert.That(await client.SayAsync(250, "XWHO  is there "), Is.EqualTo("250-2.0.0 client.example is there ?\n250 2.0.0 QUIT"));
        await client.SayAsync(250, "MAIL FROM:<eve@elsewhere.example>");
        Assert.That(await client.SayAsync(250, "xwho"), Does.StartWith("250-2.0.0 client.example  eve@elsewhere.example"));
        await client.SayAsync(451, "XWHO fail");
        await client.SayAsync(501, "XWHO \xff");
        Assert.That(await client.SayAsync(214, "HELP"), Does.EndWith(" XWHO"));
        await client.SayAsync(250, "XWHO bye");
        await client.ExpectCloseAsync();
    }

    [Test]
    public async Task A_hosts_own_keyword_is_announced_and_its_parameters_are_carried()
    {
        await using var server = await new SmtpTestServer(null, static options => options.AddKeyword(
            new SmtpKeyword("XTRACK", "1 2") { MailParameters = ["XID"], RecipientParameters = ["XTAG"] }))
        { Delivery = new StubDelivery() }.PopulateAsync();
        await using var client = await server.ConnectAsync();
        Assert.That(await client.SayAsync(250, "EHLO client.example"), Does.Contain("\n250-XTRACK 1 2\n"));
        await client.SayAsync(501, "MAIL FROM:<eve@elsewhere.example> XID=1 xid=2");
        await client.SayAsync(555, "MAIL FROM:<eve@elsewhere.example> XTAG=1");
        await client.SayAsync(250, "MAIL FROM:<eve@elsewhere.example> xid=a+b SIZE=1");
        await client.SayAsync(555, "RCPT TO:<bob@example.org> XID=1");
        await client.SayAsync(250, "RCPT TO:<bob@example.org> XTAG");
        await client.SayAsync(354, "DATA");
        await client.SayAsync(250, ".");
        await client.SayAsync(250, "HELO client.example");
        await client.SayAsync(555, "MAIL FROM:<eve@elsewhere.example> XID=1");
        Assert.That(server.Deliveries.Transactions.Select(RecordingDelivery.Describe), Is.EqualTo(new[] { "<eve@elsewhere.example> XID=a+b <bob@example.org> XTAG=" }));
    }

    [Test]
    public void Verbs_and_keywords_that_could_not_work_are_refused_at_once()
    {
        var options = new SmtpOptions(SmtpDialect.Transfer);
        options.AddVerb("XONE", static (_, _) => ValueTask.FromResult(SmtpReply.Ok));
        options.AddKeyword(new SmtpKeyword("XONE"));
        Assert.Multiple(() =>
        {
            foreach (var verb in new[] { "", "MAIL", "mail", "XCLIENT", "XONE", "ABCDEFGHI", "X1", "X Y", "GR\u00dcN" })
            {
                Assert.That(() => options.AddVerb(verb, static (_, _) => ValueTask.FromResult(SmtpReply.Ok)), Throws.ArgumentException, verb);
            }

            foreach (var keyword in new SmtpKeyword[] { new(""), new("SIZE"), new("size"), new("AUTH"), new("xone"), new("A B"), new("-A"), new("A", "b\r\n250 c"), new("A") { MailParameters = ["b="] } })
            {
                Assert.That(() => options.AddKeyword(keyword), Throws.ArgumentException, keyword.Name);
            }
        });
    }

    [TestCase("PIPELINING", null, null)]
    [TestCase("SIZE", "MAIL FROM:<> SIZE=1", "555")]
    [TestCase("8BITMIME", "MAIL FROM:<> BODY=8BITMIME", "555")]
    [TestCase("BINARYMIME", "MAIL FROM:<> BODY=BINARYMIME", "501")]
    [TestCase("CHUNKING", "BDAT 0 LAST", "502")]
    [TestCase("CHUNKING", "MAIL FROM:<> BODY=BINARYMIME", "501")]
    [TestCase("SMTPUTF8", "MAIL FROM:<> SMTPUTF8", "555")]
    [TestCase("LIMITS", null, null)]
    [TestCase("DSN", "MAIL FROM:<> RET=FULL", "555")]
    [TestCase("ENHANCEDSTATUSCODES", null, null)]
    public async Task A_keyword_withheld_is_neither_announced_nor_accepted(string keyword, string? line, string? reply)
    {
        await using var server = new SmtpTestServer(null, options => options.WithheldKeywords.Add(keyword)) { Honours = DeliveryAbilities.StatusNotifications };
        await using var client = await server.ConnectAsync();
        Assert.That((await client.SayAsync(250, "EHLO client.example")).Split('\n').Select(static announced => announced[4..].Split(' ')[0]), Has.None.EqualTo(keyword));
        if (line is not null)
        {
            await client.SendAsync(line + "\r\n");
            Assert.That(await client.ReadReplyAsync(), Does.StartWith(reply!));
        }
    }

    [Test]
    public void An_unknown_keyword_can_not_be_withheld() => Assert.Multiple(static () =>
    {
        foreach (var keyword in new[] { "STARTTLS", "AUTH", "8BITMINE" })
        {
            Assert.That(() => new SmtpTestServer(null, options => options.WithheldKeywords.Add(keyword)).Protocol, Throws.ArgumentException.With.Message.Contains(keyword));
        }
    });

    [Test]
    public async Task Chunks_that_are_withheld_are_still_never_read_as_commands()
    {
        await using var server = new SmtpTestServer(null, static options => options.WithheldKeywords.Add("CHUNKING"));
        await using var client = await server.GreetAsync();
        await client.SayAsync(502, "BDAT 6 LAST\r\nQUIT");
        await client.SayAsync(250, "NOOP");
    }

    [Test]
    public async Task Wishes_are_announced_only_where_the_delivery_grants_them([Values] bool isSubmission)
    {
        var dialect = isSubmission ? SmtpDialect.Submission : SmtpDialect.Transfer;
        await using var without = new SmtpTestServer(dialect);
        await using var with = new SmtpTestServer(dialect) { Honours = (DeliveryAbilities)(-1) };
        var plain = await AnnouncedAsync(without);
        var all = await AnnouncedAsync(with);
        Assert.Multiple(() =>
        {
            Assert.That(plain, Has.None.AnyOf("DSN", "FUTURERELEASE", "DELIVERBY", "MT-PRIORITY", "REQUIRETLS"));
            Assert.That(all.Except(plain), Is.EquivalentTo(isSubmission ? new[] { "DSN", "FUTURERELEASE", "DELIVERBY", "MT-PRIORITY" } : ["DSN"]));
        });
    }

    [TestCase(DeliveryAbilities.None, DeliveryAbilities.None)]
    [TestCase(DeliveryAbilities.StatusNotifications | DeliveryAbilities.RequireTls, DeliveryAbilities.RequireTls)]
    [TestCase(DeliveryAbilities.FutureRelease | DeliveryAbilities.DeliverBy | DeliveryAbilities.Priority, DeliveryAbilities.DeliverBy | DeliveryAbilities.Priority)]
    public async Task What_a_relay_grants_holds_only_if_local_delivery_grants_it_too(DeliveryAbilities relay, DeliveryAbilities together)
    {
        await using var server = new SmtpTestServer();
        var local = new LocalDelivery(server.Accounts, Microsoft.Extensions.Logging.Abstractions.NullLogger<LocalDelivery>.Instance);
        var log = Microsoft.Extensions.Logging.Abstractions.NullLogger<RoutedDelivery>.Instance;
        var remote = new RecordingDelivery(new StubDelivery(), relay);
        Assert.Multiple(() =>
        {
            Assert.That(new RoutedDelivery(local, remote, log).Honours, Is.EqualTo(together));
            Assert.That(new RoutedDelivery(null, remote, log).Honours, Is.EqualTo(relay));
            Assert.That(new RoutedDelivery(local, null, log).Honours, Is.EqualTo(DeliveryAbilities.RequireTls));
            Assert.That(new RoutedDelivery(null, null, log).Honours, Is.EqualTo(DeliveryAbilities.None));
        });
    }

    [Test]
    public async Task XCLIENT_decides_what_the_trace_and_the_filters_see()
    {
        await using var server = await new SmtpTestServer(null, static options => options.XClientFrom.Add(Loopback)).PopulateAsync();
        await using var client = await server.GreetAsync();
        await client.SayAsync(220, "XCLIENT NAME=mail.example.net ADDR=IPV6:2001:db8::7 PORT=4711 DESTADDR=192.0.2.1 DESTPORT=25 HELO=inner.example PROTO=SMTP");
        await client.SendMessageAsync(250, "x\r\n");
        var session = server.Deliveries.Transactions.Single().Session;
        Assert.Multiple(async () =>
        {
            Assert.That(session.RemoteEndPoint, Is.EqualTo(IPEndPoint.Parse("[2001:db8::7]:4711")));
            Assert.That((session.ClientHostName, session.ClientName, session.Protocol), Is.EqualTo(("mail.example.net", "inner.example", "SMTP")));
            Assert.That((await server.MessagesAsync()).Single().Prefix, Does.Contain("Received: from inner.example ([IPv6:2001:db8::7])\r\n\tby mx.example.org with SMTP id "));
        });
    }

    [Test]
    public async Task XCLIENT_login_is_an_identity_and_a_client_that_says_XCLIENT_again_loses_it()
    {
        await using var server = await new SmtpTestServer(SmtpDialect.Submission, static options => options.XClientFrom.Add(Loopback)).PopulateAsync();
        await using var client = await server.GreetAsync();
        await client.SayAsync(220, "XCLIENT LOGIN=bob@example.org ADDR=192.0.2.7");
        await client.SayAsync(220, "XCLIENT ADDR=192.0.2.8");
        await client.SayAsync(250, "EHLO inner.example");
        await client.SayAsync(530, "MAIL FROM:<bob@example.org>");
        await client.SayAsync(220, "XCLIENT LOGIN=bob@example.org");
        await client.SayAsync(250, "EHLO inner.example");
        await client.SendMessageAsync(250, "Subject: x\r\n\r\n", from: "<bob@example.org>");
        Assert.That(server.Deliveries.Transactions.Single().Session, Has.Property("AuthenticatedUser").EqualTo("bob@example.org").And.Property("Protocol").EqualTo("ESMTPA"));
    }

    [Test]
    public async Task XCLIENT_of_a_client_of_unknown_address_leaves_it_none_of_the_proxys_rights([Values("[UNAVAILABLE]", "[tempunavail]")] string address)
    {
        await using var server = await new SmtpTestServer(null, static options =>
        {
            options.XClientFrom.Add(Loopback);
            options.TrustedNetworks = MailCore.Net.TrustedNetworks.Parse("127.0.0.0/8");
        }).PopulateAsync();
        await using var client = await server.GreetAsync();
        await client.SayAsync(220, $"XCLIENT NAME=[UNAVAILABLE] ADDR={address}");
        await client.SayAsync(250, "EHLO inner.example");
        await client.SendMessageAsync(250, "x\r\n");
        Assert.That(server.Deliveries.Transactions.Single().Session, Has.Property("RemoteEndPoint").Null.And.Property("IsTrustedNetwork").False);
    }

    [Test]
    public async Task XCLIENT_after_a_login_is_too_late()
    {
        await using var server = await new SmtpTestServer(SmtpDialect.Submission, static options => options.XClientFrom.Add(Loopback)).PopulateAsync();
        await using var client = await server.GreetAsync();
        await client.LoginAsync();
        await client.SayAsync(503, "XCLIENT LOGIN=alice@example.org");
    }

    [Test]
    public async Task XCLIENT_is_for_the_peer_itself_whatever_it_says_it_is()
    {
        await using var server = await new SmtpTestServer(null, static options => options.XClientFrom.Add(IPNetwork.Parse("192.0.2.0/24"))).PopulateAsync();
        await using var client = await server.GreetAsync();
        await client.SayAsync(502, "XCLIENT ADDR=192.0.2.7");
    }

    [Test]
    public async Task XFORWARD_tells_of_one_message_and_decides_nothing()
    {
        await using var server = await new SmtpTestServer(null, static options => options.XForwardFrom.Add(Loopback)).PopulateAsync();
        await using var client = await server.GreetAsync();
        await client.SayAsync(250, "XFORWARD NAME=mail.example.net ADDR=192.0.2.7 PORT=4711");
        await client.SayAsync(250, "XFORWARD PROTO=ESMTP HELO=inner.example IDENT=Q1 SOURCE=LOCAL");
        await client.SendMessageAsync(250, "x\r\n");
        await client.SendMessageAsync(250, "x\r\n");
        var sessions = server.Deliveries.Transactions.Select(static transaction => transaction.Session).ToList();
        Assert.Multiple(async () =>
        {
            Assert.That(sessions[0].Forwarded, Is.EqualTo(new ForwardedClient
            {
                HostName = "mail.example.net",
                Address = IPAddress.Parse("192.0.2.7"),
                Port = 4711,
                Protocol = "ESMTP",
                ClientName = "inner.example",
                Identifier = "Q1",
                IsLocal = true,
            }));
            Assert.That(sessions[1].Forwarded, Is.Null);
            Assert.That((await server.MessagesAsync())[0].Prefix, Does.Contain("from client.example ([127.0.0.1])"));
        });
    }

    [TestCase("AUTH=<>", "250")]
    [TestCase("AUTH=+3C+3E", "250")]
    [TestCase("AUTH=alice@example.org", "250")]
    [TestCase("AUTH=al+2Bice@example.org", "250")]
    [TestCase("AUTH=alice", "501")]
    [TestCase("AUTH=a+0Db@example.org", "501")]
    [TestCase("AUTH=alice@example.org AUTH=<>", "501")]
    [TestCase("AUTH", "501")]
    public async Task Auth_on_mail_is_parsed_carried_and_gives_no_right(string parameter, string reply)
    {
        await using var server = await new SmtpTestServer(null, static options => options.OfferAuthentication = true).PopulateAsync();
        await using var client = await server.GreetAsync();
        await client.SendAsync($"MAIL FROM:<eve@elsewhere.example> {parameter}\r\n");
        Assert.That(await client.ReadReplyAsync(), Does.StartWith(reply));
        if (reply == "250")
        {
            await client.SayAsync(550, "RCPT TO:<mallory@elsewhere.example>");
        }
    }

    private static async Task<List<string>> AnnouncedAsync(SmtpTestServer server)
    {
        await using var client = await server.ConnectAsync();
        return [.. (await client.SayAsync(250, "EHLO client.example")).Split('\n').Skip(1).Select(static line => line[4..].Split(' ')[0])];
    }
}

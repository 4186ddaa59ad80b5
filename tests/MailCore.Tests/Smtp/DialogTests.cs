using System.Text;
using MailCore.Smtp;
using MailCore.Smtp.Wire;
using NUnit.Framework;

namespace MailCore.Tests.Smtp;

/// <summary>Verbs, their order and their grammar.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class DialogTests
{
    [Test]
    public async Task A_message_is_accepted_and_visible_before_the_reply()
    {
        await using var server = await new SmtpTestServer().PopulateAsync();
        await using var client = await server.GreetAsync();
        var reply = await client.SendMessageAsync(250, "Subject: hi\r\n\r\n.dot\r\n..two\r\n".Replace("\r\n.", "\r\n..", StringComparison.Ordinal));
        var (prefix, content) = (await server.MessagesAsync()).Single();
        Assert.Multiple(() =>
        {
            Assert.That(reply, Does.Match("^250 2.0.0 OK queued as [0-9A-Z]{16}$"));
            Assert.That(content, Is.EqualTo("Subject: hi\r\n\r\n.dot\r\n..two\r\n"));
            Assert.That(prefix, Does.Match(
                "^Return-Path: <eve@elsewhere.example>\r\nDelivered-To: bob@example.org\r\n"
                + "Received: from client.example \\(\\[127\\.0\\.0\\.1\\]\\)\r\n\tby mx.example.org with ESMTP id " + reply[^16..]
                + "\r\n\tfor <bob@example.org>;\r\n\t\\w{3}, \\d\\d \\w{3} \\d{4} [0-9:]{8} \\+0000\r\n$"));
        });
    }

    [Test]
    public async Task An_empty_message_completes()
    {
        await using var server = await new SmtpTestServer().PopulateAsync();
        await using var client = await server.GreetAsync();
        await client.SendMessageAsync(250, "");
        Assert.That((await server.MessagesAsync()).Single().Content, Is.Empty);
    }

    [Test]
    public async Task Commands_out_of_order_are_refused()
    {
        await using var server = await new SmtpTestServer().PopulateAsync();
        await using var client = await server.ConnectAsync();
        await client.SayAsync(503, "MAIL FROM:<eve@elsewhere.example>");
        await client.SayAsync(250, "EHLO client.example");
        await client.SayAsync(503, "RCPT TO:<bob@example.org>");
        await client.SayAsync(503, "DATA");
        await client.SayAsync(250, "MAIL FROM:<eve@elsewhere.example>");
        await client.SayAsync(503, "MAIL FROM:<eve@elsewhere.example>");
        await client.SayAsync(550, "RCPT TO:<nobody@example.org>");
        Assert.That(await client.SayAsync(554, "DATA"), Is.EqualTo("554 5.5.1 No valid recipients"));
        await client.SayAsync(250, "RCPT TO:<bob@example.org>");
        await client.SayAsync(250, "RSET");
        await client.SayAsync(503, "RCPT TO:<bob@example.org>");
        await client.SayAsync(221, "QUIT");
        await client.ExpectCloseAsync();
    }

    [Test]
    public async Task Mail_before_hello_is_allowed_where_the_policy_does_not_ask()
    {
        await using var server = await new SmtpTestServer(null, options => options.RequireHello = false).PopulateAsync();
        await using var client = await server.ConnectAsync();
        await client.SendMessageAsync(250, "x\r\n");
        Assert.That((await server.MessagesAsync()).Single().Prefix, Does.Contain("from unknown ([127.0.0.1])").And.Contain(" with SMTP "));
    }

    [TestCase("EHLO again.example")]
    [TestCase("HELO again.example")]
    public async Task Ehlo_mid_transaction_resets(string hello)
    {
        await using var server = await new SmtpTestServer().PopulateAsync();
        await using var client = await server.GreetAsync();
        await client.SayAsync(250, "MAIL FROM:<eve@elsewhere.example>");
        await client.SayAsync(250, "RCPT TO:<bob@example.org>");
        await client.SayAsync(250, hello);
        await client.SayAsync(503, "DATA");
    }

    [TestCase("<postmaster>")]
    [TestCase("<PostMaster>")]
    [TestCase("<postmaster@example.org>")]
    [TestCase("<@relay.example,@[IPv6:::1]:bob@example.org>")]
    [TestCase(" <bob@example.org> ")]
    [TestCase("<bob+tag@example.org>")]
    [TestCase("<BOB@EXAMPLE.ORG>")]
    [TestCase("<bob@example.org.>")]
    [TestCase("<\"bob\"@example.org>")]
    [TestCase("<\"b\\ob\"@example.org>")]
    public async Task Recipients_are_parsed_not_guessed(string path)
    {
        await using var server = await new SmtpTestServer().PopulateAsync();
        await using var client = await server.GreetAsync();
        await client.SayAsync(250, "MAIL FROM:<>");
        Assert.That(await client.SayAsync(250, $"RCPT TO:{path}"), Is.EqualTo("250 2.1.5 Recipient OK"));
    }

    [TestCase("<>", "501 5.1.3")]
    [TestCase("bob@example.org", "501 5.1.3")]
    [TestCase("<bob>", "501 5.1.3")]
    [TestCase("<bob@example.org", "501 5.1.3")]
    [TestCase("<bob@exa mple.org>", "501 5.1.3")]
    [TestCase("<bob@@example.org>", "501 5.1.3")]
    [TestCase("<@relay.example bob@example.org>", "501 5.1.3")]
    [TestCase("<bob@[300.1.1.1]>", "501 5.1.3")]
    [TestCase("<\"bob@example.org>", "501 5.1.3")]
    [TestCase("<b\tob@example.org>", "501 5.1.3")]
    [TestCase("<bob@example.org>x", "501 5.5.4")]
    [TestCase("<bob@example.org> NOTIFY=NEVER", "555 5.5.4")]
    [TestCase("<bob@example.org> =x", "501 5.5.4")]
    [TestCase("<b\u00f6b@example.org>", "501 5.1.3")]
    [TestCase("<b\u00c3\u00b6b@example.org>", "553 5.6.7")]
    [TestCase("<nobody@example.org>", "550 5.1.1")]
    [TestCase("<mallory@elsewhere.example>", "550 5.7.1")]
    [TestCase("<bob%elsewhere.example@example.org>", "550 5.1.1")]
    [TestCase("<bob@[127.0.0.1]>", "550 5.7.1")]
    public async Task Recipients_are_refused_for_the_right_reason(string path, string reply)
    {
        await using var server = await new SmtpTestServer().PopulateAsync();
        await using var client = await server.GreetAsync();
        await client.SayAsync(250, "MAIL FROM:<>");
        Assert.That(await client.SayAsync(5, $"RCPT TO:{path}"), Does.StartWith(reply));
    }

    [TestCase("MAIL", "501 5.5.4")]
    [TestCase("MAIL FROM", "501 5.5.4")]
    [TestCase("MAIL TO:<eve@elsewhere.example>", "501 5.5.4")]
    [TestCase("MAIL FROM:eve@elsewhere.example", "501 5.1.7")]
    [TestCase("MAIL FROM:<postmaster>", "501 5.1.7")]
    [TestCase("MAIL FROM:<eve@elsewhere.example> SIZE=10 size=11", "501 5.5.4")]
    [TestCase("MAIL FROM:<eve@elsewhere.example> SIZE=", "501 5.5.4")]
    [TestCase("MAIL FROM:<eve@elsewhere.example> SIZE", "501 5.5.4")]
    [TestCase("MAIL FROM:<eve@elsewhere.example> SIZE=-1", "501 5.5.4")]
    [TestCase("MAIL FROM:<eve@elsewhere.example> SIZE=123456789012345678901", "501 5.5.4")]
    [TestCase("MAIL FROM:<eve@elsewhere.example> SIZE=99999999999999999999", "552 5.3.4")]
    [TestCase("MAIL FROM:<eve@elsewhere.example> SIZE=1001", "552 5.3.4")]
    [TestCase("MAIL FROM:<eve@elsewhere.example> SIZE=1000", "250 2.1.0")]
    [TestCase("MAIL FROM:<eve@elsewhere.example> BODY=BINARYMIME", "250 2.1.0")]
    [TestCase("MAIL FROM:<eve@elsewhere.example> BODY=7bit BODY=7BIT", "501 5.5.4")]
    [TestCase("MAIL FROM:<eve@elsewhere.example>  body=8bitmime  smtputf8 ", "250 2.1.0")]
    [TestCase("MAIL FROM:<eve@elsewhere.example> SMTPUTF8=1", "501 5.5.4")]
    [TestCase("MAIL FROM:<eve@elsewhere.example> SMTPUTF8 SMTPUTF8", "501 5.5.4")]
    [TestCase("MAIL FROM:<eve@elsewhere.example> RET=HDRS", "555 5.5.4")]
    [TestCase("MAIL FROM:<eve@elsewhere.example> AUTH=<>", "555 5.5.4")]
    [TestCase("MAIL FROM:<eve@elsewhere.example>SIZE=1", "501 5.5.4")]
    [TestCase("MAIL FROM:<eve@elsewhere.example> -X=1", "501 5.5.4")]
    [TestCase("MAIL FROM:<e\u00c3\u00bfe@elsewhere.example>", "553 5.6.7")]
    [TestCase("MAIL FROM:<e\u00c3\u00bfe@elsewhere.example> SMTPUTF8", "250 2.1.0")]
    [TestCase("mail from:<>", "250 2.1.0")]
    public async Task Mail_parameters_are_parsed(string line, string reply)
    {
        await using var server = await new SmtpTestServer(null, options => options.MaxMessageSize = 1_000).PopulateAsync();
        await using var client = await server.GreetAsync();
        await client.SendAsync(line + "\r\n");
        Assert.That(await client.ReadReplyAsync(), Does.StartWith(reply));
    }

    [Test]
    public async Task Helo_brings_no_extensions()
    {
        await using var server = await new SmtpTestServer().PopulateAsync();
        await using var client = await server.ConnectAsync();
        Assert.That(await client.SayAsync(250, "HELO client.example"), Is.EqualTo("250 mx.example.org"));
        await client.SayAsync(555, "MAIL FROM:<eve@elsewhere.example> SIZE=10");
        await client.SendMessageAsync(250, "x\r\n");
        Assert.That((await server.MessagesAsync()).Single().Prefix, Does.Contain(" with SMTP id "));
    }

    [TestCase("EHLO", "501")]
    [TestCase("EHLO ", "501")]
    [TestCase("EHLO two words", "501")]
    [TestCase("EHLO a\0b", "501")]
    [TestCase("EHLO a\rReceived:b", "501")]
    [TestCase("EHLO <script>", "501")]
    [TestCase("EHLO \u00ff", "501")]
    [TestCase("EHLO [127.0.0.1]", "250")]
    [TestCase("EHLO [IPv6:::1]", "250")]
    [TestCase("EHLO ::1", "250")]
    [TestCase("EHLO my_host", "250")]
    [TestCase("EHLO m\u00c3\u00bcnchen.example", "250")]
    [TestCase("ehlo client.example ", "250")]
    [TestCase("LHLO client.example", "500")]
    public async Task Hello_names_cannot_break_a_header(string line, string reply)
    {
        await using var server = new SmtpTestServer();
        await using var client = await server.ConnectAsync();
        await client.SendAsync(line + "\r\n");
        Assert.That(await client.ReadReplyAsync(), Does.StartWith(reply));
    }

    [TestCase("NOOP", "250 2.0.0")]
    [TestCase("NOOP anything", "250 2.0.0")]
    [TestCase("VRFY bob", "252 2.0.0")]
    [TestCase("VRFY", "501 5.5.4")]
    [TestCase("HELP", "214 2.0.0 EHLO HELO STARTTLS AUTH MAIL RCPT DATA BDAT RSET NOOP VRFY EXPN HELP QUIT")]
    [TestCase("HELP DATA", "214 2.0.0")]
    [TestCase("RSET now", "501 5.5.4")]
    [TestCase("DATA now", "501 5.5.4")]
    [TestCase("QUIT now", "501 5.5.4")]
    [TestCase("RSET ", "250 2.0.0")]
    [TestCase("EXPN all", "502 5.5.1")]
    [TestCase("MAILX", "500 5.5.1")]
    [TestCase("", "500 5.5.1")]
    [TestCase("MAILFROM:<eve@elsewhere.example>", "500 5.5.1")]
    [TestCase("AUTH PLAIN", "502 5.5.1")]
    [TestCase("STARTTLS", "502 5.5.1")]
    public async Task Every_verb_answers_properly(string line, string reply)
    {
        await using var server = new SmtpTestServer();
        await using var client = await server.GreetAsync();
        await client.SendAsync(line + "\r\n");
        Assert.That(await client.ReadReplyAsync(), Does.StartWith(reply));
        await client.SayAsync(250, "NOOP");
    }

    [TestCase("GET / HTTP/1.1\r\n")]
    [TestCase("POST / HTTP/1.1\r\n")]
    [TestCase("CONNECT mx.example.org:25 HTTP/1.1\r\n")]
    [TestCase("\x16\x03\x01\x02\x00\x01\x00")]
    [TestCase("\0")]
    [TestCase(" EHLO client.example\r\n")]
    [TestCase("*\r\n")]
    public async Task What_is_not_mail_is_closed(string text)
    {
        await using var server = new SmtpTestServer();
        await using var client = await server.ConnectAsync();
        await client.SendAsync(text);
        Assert.That(await client.ReadReplyAsync(), Is.EqualTo("421 4.7.0 This is a mail server"));
        await client.ExpectCloseAsync();
    }

    [Test]
    public async Task A_command_line_that_ends_in_lf_alone_is_refused()
    {
        await using var server = new SmtpTestServer();
        await using var client = await server.ConnectAsync();
        await client.SendAsync("EHLO client.example\n");
        Assert.That(await client.ReadReplyAsync(), Does.StartWith("500 5.5.2"));
        await client.SayAsync(250, "EHLO client.example");
    }

    [Test]
    public async Task The_announced_keywords_are_those_that_work()
    {
        await using var server = new SmtpTestServer(null, options => options.MaxMessageSize = 1234);
        await using var client = await server.ConnectAsync();
        Assert.That(
            await client.SayAsync(250, "EHLO client.example"),
            Is.EqualTo("250-mx.example.org\n250-PIPELINING\n250-SIZE 1234\n250-8BITMIME\n250-CHUNKING\n250-BINARYMIME\n250-ENHANCEDSTATUSCODES\n250-LIMITS RCPTMAX=1000\n250 SMTPUTF8"));
    }

    [Test]
    public async Task Smtputf8_addresses_survive_to_the_store()
    {
        await using var server = await new SmtpTestServer().PopulateAsync();
        await server.AddAsync("jör@example.org");
        await using var client = await server.GreetAsync();
        await client.SayAsync(250, Wire("MAIL FROM:<ünï@exämple.example> SMTPUTF8 BODY=8BITMIME"));
        await client.SayAsync(250, Wire("RCPT TO:<jör@example.org>"));
        await client.SayAsync(354, "DATA");
        await client.SendAsync(Wire("Subject: Grüße\r\n\r\nЖ\r\n.\r\n"));
        await client.ExpectAsync(250);
        var (prefix, content) = (await server.MessagesAsync("jör@example.org")).Single();
        Assert.Multiple(() =>
        {
            Assert.That(prefix, Does.Contain("Return-Path: <ünï@exämple.example>").And.Contain("for <jör@example.org>").And.Contain(" with UTF8SMTP id "));
            Assert.That(content, Is.EqualTo(Wire("Subject: Grüße\r\n\r\nЖ\r\n")));
        });
    }

    [Test]
    public async Task Eight_bit_content_stays_bytes()
    {
        await using var server = await new SmtpTestServer().PopulateAsync();
        await using var client = await server.GreetAsync();
        var octets = new string([.. Enumerable.Range(1, 255).Where(c => c is not ('\r' or '\n' or '.')).Select(c => (char)c)]) + "\r\n";
        await client.SendMessageAsync(250, octets);
        Assert.That((await server.MessagesAsync()).Single().Content, Is.EqualTo(octets));
    }

    [Test]
    public void Options_that_do_not_fit_are_refused_at_the_start()
    {
        Assert.Multiple(() =>
        {
            Assert.That(() => new SmtpTestServer(null, options => options.HostName = "bad name").Protocol, Throws.InstanceOf<ArgumentException>());
            Assert.That(() => new SmtpTestServer(null, options => options.RequireAuthentication = true).Protocol, Throws.InstanceOf<ArgumentException>());
            Assert.That(() => new SmtpTestServer(null, options => options.MaxCommandLine = 100).Protocol, Throws.InstanceOf<ArgumentException>());
            Assert.That(() => new SmtpTestServer(null, options => options.MaxTextLine = 100).Protocol, Throws.InstanceOf<ArgumentException>());
            Assert.That(new SmtpTestServer(SmtpDialect.Lmtp).Protocol.Name, Is.EqualTo("lmtp"));
        });
    }

    [Test]
    public void The_table_finds_verbs_in_any_case_and_nothing_else()
    {
        var table = SmtpCommandTable.Standard;
        Assert.Multiple(() =>
        {
            Assert.That(table.Commands.All(command => table.Find(Encoding.ASCII.GetBytes(command.Verb.ToLowerInvariant())) == command));
            Assert.That(table.Find("MAIL\0"u8), Is.Null);
            Assert.That(table.Find("\0MAIL"u8), Is.Null);
            Assert.That(table.Find("STARTTLSX"u8), Is.Null);
            Assert.That(table.Find(""u8), Is.Null);
            Assert.That(table.Find("MAI"u8), Is.Null);
        });
    }

    [Test]
    public void Xtext_is_decoded_strictly()
    {
        Assert.Multiple(() =>
        {
            Assert.That(XText.TryDecode("e+3Dmc2+40example.com"u8, out var text), Is.True);
            Assert.That(text, Is.EqualTo("e=mc2@example.com"));
            Assert.That(XText.TryDecode("+3d"u8, out _), Is.False);
            Assert.That(XText.TryDecode("a+4"u8, out _), Is.False);
            Assert.That(XText.TryDecode("a+"u8, out _), Is.False);
            Assert.That(XText.TryDecode("a=b"u8, out _), Is.False);
            Assert.That(XText.TryDecode("+0D+0A"u8, out _), Is.False);
            Assert.That(XText.TryDecode("+FF"u8, out _), Is.False);
        });
    }

    [Test]
    public void Random_paths_and_parameters_never_throw([Range(1, 20)] int seed)
    {
        var random = new Random(seed);
        const string Alphabet = "<>@\"\\.:,[]ab1 =+-\0\t\u00c3\u00b6IPv6";
        for (var round = 0; round < 2_000; round++)
        {
            var octets = Encoding.Latin1.GetBytes("<" + string.Concat(Enumerable.Range(0, random.Next(40)).Select(_ => Alphabet[random.Next(Alphabet.Length)])) + (random.Next(3) == 0 ? "" : ">"));
            if (SmtpPath.TryParse(octets, out var path))
            {
                Assert.That(path.Length, Is.InRange(2, octets.Length));
                Assert.That(octets[path.Length - 1], Is.EqualTo((byte)'>'));
                if (path.Address is { } address && address.Domain.Length > 0)
                {
                    Assert.That(address.ToString().Any(char.IsControl), Is.False);
                    Assert.That(Messaging(address.ToString()), Is.EqualTo(address));
                }
            }

            var parameters = new EsmtpParameters(octets);
            var count = 0;
            while (parameters.MoveNext())
            {
                Assert.That(++count, Is.LessThan(100));
            }
        }
    }

    private static MailCore.Messaging.EmailAddress Messaging(string text) => MailCore.Messaging.EmailAddress.Parse(text);

    private static string Wire(string text) => Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(text));
}

using MailCore.Authentication;
using MailCore.Smtp;
using MailCore.Tls;
using NUnit.Framework;

namespace MailCore.Tests.Smtp;

/// <summary>AUTH, STARTTLS, and what a submission server makes of them.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class LoginTests
{
    private static readonly string Right = SmtpTestClient.Plain("bob", "secret");

    [Test]
    public async Task Plain_and_login_let_in([Values("AUTH PLAIN {0}", "AUTH PLAIN|{0}", "auth plain|{0}", "AUTH LOGIN|Ym9i|c2VjcmV0", "AUTH LOGIN Ym9i|c2VjcmV0")] string dialog)
    {
        await using var server = await Submission().PopulateAsync();
        await using var client = await server.GreetAsync();
        var lines = string.Format(System.Globalization.CultureInfo.InvariantCulture, dialog, Right).Split('|');
        foreach (var line in lines[..^1])
        {
            await client.SayAsync(334, line);
        }

        Assert.That(await client.SayAsync(235, lines[^1]), Does.StartWith("235 2.7.0"));
        Assert.That(await client.SayAsync(503, $"AUTH PLAIN {Right}"), Does.StartWith("503 5.5.1"));
        Assert.That(await client.SayAsync(250, "EHLO client.example"), Does.Not.Contain("AUTH"));
    }

    [TestCase("AUTH", "501 5.5.4")]
    [TestCase("AUTH CRAM-MD5", "504 5.5.4")]
    [TestCase("AUTH ???", "501 5.5.4")]
    [TestCase("AUTH ABCDEFGHIJKLMNOPQRSTU", "501 5.5.4")]
    [TestCase("AUTH PLAIN !!!", "501 5.5.2")]
    [TestCase("AUTH PLAIN YWJj YWJj", "501 5.5.2")]
    [TestCase("AUTH PLAIN YWJ", "501 5.5.2")]
    [TestCase("AUTH PLAIN =", "501 5.5.2")]
    [TestCase("AUTH PLAIN YWJj", "501 5.5.2")]
    [TestCase("AUTH LOGIN =", "501 5.5.2")]
    [TestCase("AUTH PLAIN AAAA", "501 5.5.2")]
    public async Task A_malformed_login_is_a_refusal_and_not_an_exception(string line, string reply)
    {
        await using var server = await Submission().PopulateAsync();
        await using var client = await server.GreetAsync();
        await client.SendAsync(line + "\r\n");
        Assert.That(await client.ReadReplyAsync(), Does.StartWith(reply));
        await client.LoginAsync();
    }

    [TestCase("*", "501 5.7.0")]
    [TestCase("!!!", "501 5.5.2")]
    [TestCase("", "501 5.5.2")]
    [TestCase("AH\tN", "501 5.5.2")]
    public async Task An_exchange_can_be_cancelled_or_broken(string response, string reply)
    {
        await using var server = await Submission().PopulateAsync();
        await using var client = await server.GreetAsync();
        Assert.That(await client.SayAsync(334, "AUTH PLAIN"), Is.EqualTo("334 "));
        await client.SendAsync(response + "\r\n");
        Assert.That(await client.ReadReplyAsync(), Does.StartWith(reply));
        await client.LoginAsync();
    }

    [Test]
    public async Task Unknown_user_and_wrong_password_look_the_same_and_too_many_close()
    {
        await using var server = await Submission().PopulateAsync();
        await using var client = await server.GreetAsync();
        var unknown = await client.SayAsync(535, $"AUTH PLAIN {SmtpTestClient.Plain("nobody", "secret")}");
        Assert.That(await client.SayAsync(535, $"AUTH PLAIN {SmtpTestClient.Plain("bob", "wrong")}"), Is.EqualTo(unknown));
        Assert.That(await client.SayAsync(421, $"AUTH PLAIN {SmtpTestClient.Plain("bob", "wrong")}"), Does.StartWith("421 4.7.0"));
        await client.ExpectCloseAsync();
    }

    [Test]
    public async Task A_failing_authenticator_is_454()
    {
        await using var server = await new SmtpTestServer(SmtpDialect.Submission) { Logins = new FailingAuthenticator() }.PopulateAsync();
        await using var client = await server.GreetAsync();
        Assert.That(await client.SayAsync(454, $"AUTH PLAIN {Right}"), Does.StartWith("454 4.7.0"));
        await client.SayAsync(250, "NOOP");
    }

    [Test]
    public async Task Auth_during_a_transaction_is_refused()
    {
        await using var server = await new SmtpTestServer(null, options => options.OfferAuthentication = true).PopulateAsync();
        await using var client = await server.GreetAsync();
        await client.SayAsync(250, "MAIL FROM:<>");
        await client.SayAsync(503, $"AUTH PLAIN {Right}");
    }

    [Test]
    public async Task An_auth_line_may_be_twelve_kilobytes([Values(0, 3, 5, 4_000)] int cut)
    {
        await using var server = await new SmtpTestServer(SmtpDialect.Submission, options => options.MaxBadCommandsBeforeAuthentication = 10).PopulateAsync();
        await using var client = await server.GreetAsync();
        foreach (var (line, reply) in new[]
        {
            ("AUTH PLAIN " + new string('A', 12 * 1024 - 11), "501 5.5.2 Not"),
            ("AUTH PLAIN " + new string('A', 12 * 1024 - 10), "500 5.5.2 Line"),
            ("NOOP " + new string('A', 12 * 1024 - 5), "500 5.5.2 Line"),
        })
        {
            await client.SendAsync(line[..cut]);
            await client.SendAsync(line[cut..] + "\r\n");
            Assert.That(await client.ReadReplyAsync(), Does.StartWith(reply));
        }

        await client.SayAsync(334, "AUTH PLAIN");
        Assert.That(await client.SayAsync(500, new string('A', 12 * 1024 + 1)), Does.StartWith("500 5.5.6"));
        await client.LoginAsync();
    }

    [Test]
    public async Task Auth_needs_tls_where_the_policy_says_so()
    {
        await using var server = await new SmtpTestServer(SmtpDialect.Submission) { Tls = TlsPolicy.Opportunistic }.PopulateAsync();
        await using var client = await server.ConnectAsync();
        Assert.That(await client.SayAsync(250, "EHLO client.example"), Does.Contain("STARTTLS").And.Not.Contain("AUTH"));
        Assert.That(await client.SayAsync(538, $"AUTH PLAIN {Right}"), Does.StartWith("538 5.7.11"));
        await client.SayAsync(220, "STARTTLS");
        await client.StartTlsAsync();
        Assert.That(await client.SayAsync(250, "EHLO client.example"), Does.Contain("AUTH PLAIN LOGIN").And.Not.Contain("STARTTLS"));
        await client.LoginAsync();
        await client.SayAsync(503, "STARTTLS");
    }

    [Test]
    public async Task Nothing_but_the_way_to_tls_answers_where_tls_must_come_first()
    {
        await using var server = await new SmtpTestServer(SmtpDialect.Submission, options => options.MaxBadCommandsBeforeAuthentication = 20) { Tls = TlsPolicy.Required }.PopulateAsync();
        await using var client = await server.ConnectAsync();
        Assert.That(await client.SayAsync(250, "EHLO client.example"), Does.Contain("STARTTLS").And.Not.Contain("AUTH"));
        await client.SayAsync(250, "NOOP");
        foreach (var line in new[] { "MAIL FROM:<>", "RCPT TO:<bob@example.org>", "DATA", "RSET", "VRFY bob", "HELP", "HELO client.example", $"AUTH PLAIN {Right}" })
        {
            Assert.That(await client.SayAsync(530, line), Does.StartWith("530 5.7.0 Must issue a STARTTLS"));
        }

        await client.SayAsync(501, "STARTTLS now");
        await client.SayAsync(220, "STARTTLS");
        await client.StartTlsAsync();
        await client.SayAsync(252, "VRFY bob");
    }

    [Test]
    public async Task Starttls_forgets_ehlo()
    {
        await using var server = await new SmtpTestServer { Tls = TlsPolicy.Opportunistic }.PopulateAsync();
        await using var client = await server.GreetAsync();
        await client.SayAsync(250, "MAIL FROM:<>");
        Assert.That(await client.SayAsync(503, "STARTTLS"), Does.StartWith("503 5.5.1"), "not within a transaction");
        await client.SayAsync(250, "RSET");
        await client.SayAsync(220, "STARTTLS");
        await client.StartTlsAsync();
        await client.SayAsync(503, "MAIL FROM:<>");
        await client.SayAsync(250, "EHLO client.example");
        await client.SendMessageAsync(250, "x\r\n");
        await client.SendMessageAsync(250, "y\r\n");
        Assert.That((await server.MessagesAsync())[1].Prefix, Does.Match("with ESMTPS id \\w+\r\n\t\\(TLSv1\\.[23] with cipher TLS_\\w+\\)"));
        await client.SayAsync(221, "QUIT");
        await client.ExpectCloseAsync();
    }

    [Test]
    public async Task Auth_works_on_tls_after_the_first_message_as_before_it()
    {
        await using var server = await new SmtpTestServer(null, options => options.OfferAuthentication = true) { Tls = TlsPolicy.Opportunistic }.PopulateAsync();
        await using var client = await server.GreetAsync();
        await client.SayAsync(220, "STARTTLS");
        await client.StartTlsAsync();
        await client.SayAsync(250, "EHLO client.example");
        await client.SendMessageAsync(250, "x\r\n");
        await client.LoginAsync();
        await client.SendMessageAsync(250, "y\r\n");
        Assert.That((await server.MessagesAsync())[1].Prefix, Does.Contain(" with ESMTPSA id "));
    }

    [Test]
    public async Task Starttls_after_auth_is_refused()
    {
        await using var server = await new SmtpTestServer(SmtpDialect.Submission) { Tls = TlsPolicy.Opportunistic with { AllowCleartextAuthentication = true } }.PopulateAsync();
        await using var client = await server.GreetAsync();
        await client.LoginAsync();
        await client.SayAsync(503, "STARTTLS");
    }

    [Test]
    public async Task Plaintext_pipelined_behind_starttls_is_dropped_and_never_replayed([Values("RSET\r\n", "R", "\r\n")] string injected)
    {
        await using var server = await new SmtpTestServer { Tls = TlsPolicy.Opportunistic }.PopulateAsync();
        await using var client = await server.GreetAsync();
        await client.SendAsync("NOOP\r\nSTARTTLS\r\n" + injected);
        await client.ExpectAsync(250);
        await client.ExpectCloseAsync();
    }

    [Test]
    public async Task Submission_wants_auth_and_an_own_sender()
    {
        await using var server = await Submission().PopulateAsync();
        await using var client = await server.GreetAsync();
        Assert.That(await client.SayAsync(530, "MAIL FROM:<bob@example.org>"), Does.StartWith("530 5.7.0 Authentication required"));
        await client.LoginAsync();
        Assert.That(await client.SayAsync(553, "MAIL FROM:<alice@example.org>"), Does.StartWith("553 5.7.1"));
        await client.SayAsync(553, "MAIL FROM:<bob@elsewhere.example>");
        await client.SayAsync(250, "MAIL FROM:<>");
        await client.SayAsync(250, "RSET");
        await client.SayAsync(250, "MAIL FROM:<all@example.org>");
        await client.SayAsync(250, "RSET");
        await client.SayAsync(250, "MAIL FROM:<bob@example.org> AUTH=bob+40example.org");
        Assert.That(await client.SayAsync(550, "RCPT TO:<mallory@elsewhere.example>"), Does.StartWith("550 5.7.1 This server delivers to its own users only"));
        await client.SayAsync(250, "RCPT TO:<alice@example.org>");
    }

    [Test]
    public async Task Senders_need_not_be_owned_where_the_option_says_so()
    {
        await using var server = await new SmtpTestServer(SmtpDialect.Submission, options => options.RequireOwnedSender = false).PopulateAsync();
        await using var client = await server.GreetAsync();
        await client.LoginAsync();
        await client.SayAsync(250, "MAIL FROM:<alice@example.org>");
    }

    [Test]
    public async Task Submission_adds_date_and_message_id_and_removes_bcc()
    {
        await using var server = await Submission().PopulateAsync();
        await using var client = await server.GreetAsync();
        await client.LoginAsync();
        var reply = await client.SendMessageAsync(250, "From: <bob@example.org>\r\nBcc: <x@example.org>,\r\n <y@example.org>\r\nTo: z\r\nbCC : q\r\n\r\nBcc: in the body\r\n", "alice@example.org", "<bob@example.org>");
        var (prefix, content) = (await server.MessagesAsync("alice@example.org")).Single();
        Assert.Multiple(() =>
        {
            Assert.That(content, Does.Match(
                "^From: <bob@example.org>\r\nTo: z\r\nDate: \\w{3}, \\d\\d \\w{3} \\d{4} [0-9:]{8} \\+0000\r\nMessage-ID: <"
                + reply[^16..] + "@mx.example.org>\r\n\r\nBcc: in the body\r\n$"));
            Assert.That(prefix, Does.Contain(" with ESMTPA id "));
        });
    }

    [Test]
    public async Task Submission_leaves_a_complete_message_alone_and_refuses_a_bare_lf()
    {
        await using var server = await Submission().PopulateAsync();
        await using var client = await server.GreetAsync();
        await client.LoginAsync();
        var text = "date: today\r\nMESSAGE-ID: <1@x>\r\nSubject: s\r\n\r\nbody\r\n";
        await client.SendMessageAsync(250, text, from: "<bob@example.org>");
        Assert.That(await client.SendMessageAsync(554, "Subject: s\n\r\n", from: "<bob@example.org>"), Does.StartWith("554 5.6.0"));
        Assert.That((await server.MessagesAsync()).Single().Content, Is.EqualTo(text));
    }

    private static SmtpTestServer Submission() => new(SmtpDialect.Submission);

    private sealed class FailingAuthenticator : IMailAuthenticator
    {
        public ValueTask<AuthenticationResult> VerifyPasswordAsync(string user, string password, AuthenticationContext context, CancellationToken cancellationToken) =>
            throw new InvalidOperationException("no database");
    }
}

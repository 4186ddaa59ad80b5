using MailCore.Relay;
using MailCore.Tests.Tls;
using MailCore.Tls;
using NUnit.Framework;

namespace MailCore.Tests.Relay;

/// <summary>The attacks of "Why TLS Is Better Without STARTTLS" (Poddebniak et al., 2021) on a client.</summary>
[CancelAfter(60_000)]
public class NoStartTlsClientTests
{
    private TestAuthority _authority = null!;

    [OneTimeSetUp]
    public void MakeAuthority() => _authority = new TestAuthority();

    [OneTimeTearDown]
    public void RemoveAuthority() => _authority.Dispose();

    [TestCase("220 go ahead\r\n250 2.1.0 Sender OK\r\n")]
    [TestCase("220 go ahead\r\n250-mx.example.org\r\n250 AUTH PLAIN\r\n")]
    [TestCase("220 go ahead\r\n2", Description = "the beginning of an answer, to be completed inside TLS")]
    public async Task Response_injection_behind_220_ends_the_connection_before_a_handshake(string answer)
    {
        await using var server = new FakeServer();
        var open = server.Client.OpenAsync(default).AsTask();
        await server.GreetAsync("STARTTLS");
        await server.ExpectAsync("STARTTLS");

        await server.SayAsync(answer);

        await Assert.ThatAsync(() => open, Throws.TypeOf<SmtpDialogException>().With.Message.Contains("more than 220"));
        Assert.That(await server.ReadLineAsync(), Is.Empty, "no ClientHello");
    }

    [TestCase("EHLO")]
    [TestCase("STARTTLS")]
    public async Task Answers_ahead_of_the_question_end_the_connection(string question)
    {
        await using var server = new FakeServer();
        var open = server.Client.OpenAsync(default).AsTask();
        if (question == "EHLO")
        {
            await server.SayAsync("220 mx.example.org\r\n250-mx.example.org\r\n250 STARTTLS\r\n");
        }
        else
        {
            await server.SayAsync("220 mx.example.org\r\n");
            await server.ExpectAsync("EHLO client.example");
            await server.SayAsync("250-mx.example.org\r\n250 STARTTLS\r\n220 go ahead\r\n");
        }

        await Assert.ThatAsync(() => open, Throws.TypeOf<SmtpDialogException>().With.Message.Contains("unasked"));
        Assert.That(await server.ReadLineAsync(), Is.Empty);
    }

    [Test]
    public async Task Answers_in_the_place_of_a_handshake_are_not_read()
    {
        await using var server = new FakeServer();
        var open = server.Client.OpenAsync(default).AsTask();
        await server.GreetAsync("STARTTLS");
        await server.ExpectAsync("STARTTLS");
        await server.SayAsync("220 go ahead\r\n");
        Assert.That(await server.ReadOctetAsync(), Is.EqualTo(22), "a handshake record, with the ClientHello");

        await server.SayAsync("250-mx.example.org\r\n250 OK\r\n");

        await Assert.ThatAsync(() => open, Throws.TypeOf<TlsHandshakeException>());
        Assert.That(server.Client.IsSecured, Is.False);
    }

    [TestCase(nameof(OutboundTlsLevel.Encrypt), "not announced")]
    [TestCase(nameof(OutboundTlsLevel.Verify), "not announced")]
    [TestCase(nameof(OutboundTlsLevel.Encrypt), "454 4.7.0 TLS not available")]
    [TestCase(nameof(OutboundTlsLevel.Encrypt), "502 5.5.1 what?")]
    [TestCase(nameof(OutboundTlsLevel.Encrypt), "250 2.0.0 surely")]
    public async Task A_stripped_STARTTLS_where_tls_is_required_is_a_refusal_and_no_mail_is_sent(string level, string answer)
    {
        await using var server = new FakeServer(options => options with { Tls = Enum.Parse<OutboundTlsLevel>(level) });
        var open = server.Client.OpenAsync(default).AsTask();
        await server.GreetAsync(answer == "not announced" ? [] : ["STARTTLS"]);
        if (answer != "not announced")
        {
            await server.ExpectAsync("STARTTLS");
            await server.SayAsync(answer + "\r\n");
        }

        Assert.That((await open).ToString(), Does.StartWith("450 4.7.4"));
        await server.Client.DisposeAsync();
        Assert.That(await server.ReadLineAsync(), Is.Empty);
    }

    [Test]
    public async Task Where_tls_is_required_a_server_without_EHLO_is_refused_too()
    {
        await using var server = new FakeServer(static options => options with { Tls = OutboundTlsLevel.Encrypt });
        var open = server.Client.OpenAsync(default).AsTask();
        await server.SayAsync("220 mx.example.org\r\n");
        await server.ExpectAsync("EHLO client.example");
        await server.SayAsync("500 what?\r\n");
        await server.ExpectAsync("HELO client.example");
        await server.SayAsync("250 mx.example.org\r\n");

        Assert.That((await open).Code, Is.EqualTo(450));
    }

    [TestCase("not announced")]
    [TestCase("454 4.7.0 TLS not available")]
    public async Task A_stripped_STARTTLS_where_tls_is_a_wish_leaves_cleartext(string answer)
    {
        await using var server = new FakeServer();
        var open = server.Client.OpenAsync(default).AsTask();
        await server.GreetAsync(answer == "not announced" ? [] : ["STARTTLS"]);
        if (answer != "not announced")
        {
            await server.ExpectAsync("STARTTLS");
            await server.SayAsync(answer + "\r\n");
        }

        Assert.That((await open).Code, Is.EqualTo(250));
        Assert.That(server.Client.IsSecured, Is.False);
    }

    [TestCase(nameof(OutboundTlsLevel.Verify), "good", ExpectedResult = true)]
    [TestCase(nameof(OutboundTlsLevel.Verify), "another name", ExpectedResult = false)]
    [TestCase(nameof(OutboundTlsLevel.Verify), "expired", ExpectedResult = false)]
    [TestCase(nameof(OutboundTlsLevel.Verify), "untrusted", ExpectedResult = false)]
    [TestCase(nameof(OutboundTlsLevel.Verify), "for clients", ExpectedResult = false)]
    [TestCase(nameof(OutboundTlsLevel.Encrypt), "untrusted", ExpectedResult = true)]
    [TestCase(nameof(OutboundTlsLevel.Encrypt), "another name", ExpectedResult = true)]
    [TestCase(nameof(OutboundTlsLevel.Opportunistic), "expired", ExpectedResult = true)]
    public async Task<bool> A_wrong_certificate_counts_where_the_level_says_so(string level, string kind)
    {
        using var certificate = kind switch
        {
            "untrusted" => ServerCertificate.SelfSigned("mx.example.org").Certificate,
            "another name" => _authority.Issue(["mx.example.com"]),
            "expired" => _authority.Issue(["mx.example.org"], notAfter: DateTimeOffset.UtcNow.AddMinutes(-10)),
            "for clients" => _authority.Issue(["mx.example.org"], TestAuthority.ClientAuthentication),
            _ => _authority.Issue(["mx.example.org"]),
        };
        await using var server = new FakeServer(options => options with
        {
            Tls = Enum.Parse<OutboundTlsLevel>(level),
            Authorities = [_authority.Root, _authority.Intermediate],
        });
        var open = server.Client.OpenAsync(default).AsTask();
        await server.GreetAsync("STARTTLS");
        await server.ExpectAsync("STARTTLS");
        await server.SayAsync("220 go ahead\r\n");
        try
        {
            await server.StartTlsAsync(certificate);
            // With TLS 1.3 a server learns of a refusal only now.
            if (!(await server.ReadLineAsync()).StartsWith("EHLO", StringComparison.Ordinal))
            {
                await Assert.ThatAsync(() => open, Throws.TypeOf<TlsHandshakeException>());
                return false;
            }

            await server.SayAsync("250 mx.example.org\r\n");
            return (await open).Code == 250 && server.Client.IsSecured;
        }
        catch (Exception error) when (error is IOException or System.Security.Authentication.AuthenticationException)
        {
            await Assert.ThatAsync(() => open, Throws.TypeOf<TlsHandshakeException>());
            return false;
        }
    }

    [Test]
    public async Task What_was_announced_before_tls_is_forgotten()
    {
        using var certificate = _authority.Issue(["mx.example.org"]);
        await using var server = new FakeServer();
        var open = server.Client.OpenAsync(default).AsTask();
        await server.GreetAsync("STARTTLS", "SIZE 1000", "SMTPUTF8", "AUTH PLAIN");
        await server.ExpectAsync("STARTTLS");
        await server.SayAsync("220 go ahead\r\n");
        await server.StartTlsAsync(certificate);
        await server.AnswerEhloAsync("SIZE 2000");

        Assert.That((await open).Code, Is.EqualTo(250));
        Assert.That(server.Client.Features.MaxSize, Is.EqualTo(2000));
        Assert.That(new[] { "STARTTLS", "SMTPUTF8", "AUTH" }.Where(server.Client.Features.Has), Is.Empty);
    }
}

using System.Net;
using MailCore.Hosting;
using MailCore.Testing;
using NUnit.Framework;

namespace MailCore.Tests.Tls;

/// <summary>
/// The attacks of "Why TLS Is Better Without STARTTLS" (Poddebniak et al., 2021) on a server, in all three protocols. In memory, where
/// one write is one read.
/// </summary>
[TestFixture("smtp")]
[TestFixture("imap")]
[TestFixture("pop3")]
[CancelAfter(60_000)]
public class NoStartTlsTests(string protocol)
{
    private readonly List<InMemoryConnection> _connections = [];
    private MailServer _server = null!;

    private string StartTls => protocol switch
    {
        "imap" => "a STARTTLS",
        "pop3" => "STLS",
        _ => "STARTTLS",
    };

    private string Noop => protocol == "imap" ? "b NOOP" : "NOOP";

    private string Granted => protocol switch
    {
        "imap" => "a OK",
        "pop3" => "+OK",
        _ => "220",
    };

    [OneTimeSetUp]
    public async Task StartAsync() => _server = await MailServer.StartAsync(mail =>
    {
        mail.HostName = "mx.example.org";
        mail.UseInMemoryStore().UseSelfSignedCertificate().AddAccount("bob@example.org", "secret").AddAccount("eve@example.org", "secret");
        mail.ListenSmtp(0, static smtp => smtp.Options.OfferAuthentication = true);
        mail.ListenImap(0);
        mail.ListenPop3(0);
        foreach (var endpoint in mail.Endpoints)
        {
            // An attacker's login must be possible before TLS, so that it can be refused to outlive it.
            endpoint.On(IPAddress.Loopback).UseStartTls().AllowCleartextAuthentication();
        }
    });

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        await _server.DisposeAsync();
        foreach (var connection in _connections)
        {
            await connection.DisposeAsync();
        }
    }

    [TestCase("\r\n", Description = "a whole command")]
    [TestCase("", Description = "the beginning of one, which the client's first octets inside TLS would complete")]
    public async Task Command_injection_behind_STARTTLS_drops_the_connection_without_an_answer(string end)
    {
        using var client = await ConnectAsync();

        await client.WriteAsync($"{StartTls}\r\n{Noop}{end}");

        Assert.That(await client.ReadLineAsync(), Is.Null);
    }

    [Test]
    public async Task A_handshake_pipelined_behind_STARTTLS_drops_the_connection_too()
    {
        using var client = await ConnectAsync();

        await client.WriteAsync($"{StartTls}\r\n\u0016\u0003\u0001\u0001\u0000");

        Assert.That(await client.ReadLineAsync(), Is.Null);
    }

    [Test]
    public async Task Cleartext_in_the_place_of_a_handshake_is_no_command()
    {
        using var client = await ConnectAsync();
        Assert.That(await client.SayAsync(StartTls), Does.StartWith(Granted));

        await client.WriteAsync(Noop + "\r\n" + Noop + "\r\n");

        // At most the octets of a TLS alert.
        Assert.That(await client.ReadLineAsync() ?? "", Does.Not.Contain("OK"));
    }

    [Test]
    public async Task Session_fixation_a_login_before_TLS_does_not_reach_into_it()
    {
        using var client = await ConnectAsync();
        await client.WriteAsync(protocol switch
        {
            "imap" => "x LOGIN eve@example.org secret\r\n",
            "pop3" => "USER eve@example.org\r\nPASS secret\r\n",
            _ => $"EHLO x\r\nAUTH PLAIN {Smtp.SmtpTestClient.Plain("eve@example.org", "secret")}\r\n",
        });
        var answer = await client.ReadToAsync(line => protocol switch
        {
            "imap" => line.StartsWith("x OK", StringComparison.Ordinal),
            "pop3" => line.Contains("octets", StringComparison.Ordinal),
            _ => line.StartsWith("235", StringComparison.Ordinal),
        });
        Assert.That(answer, Is.Not.Empty);

        var refusal = await client.SayAsync(StartTls);

        Assert.That(refusal, Does.StartWith(protocol switch { "imap" => "a BAD", "pop3" => "-ERR", _ => "503" }));
    }

    [Test]
    public async Task What_was_said_before_TLS_is_forgotten_inside()
    {
        using var client = await ConnectAsync();
        if (protocol == "pop3")
        {
            await client.SayAsync("USER eve@example.org");
        }
        else if (protocol == "smtp")
        {
            await client.WriteAsync("EHLO attacker.example\r\n");
            await client.ReadToAsync(static line => line.StartsWith("250 ", StringComparison.Ordinal));
        }

        Assert.That(await client.SayAsync(StartTls), Does.StartWith(Granted));
        await client.StartTlsAsync();

        var (command, answer) = protocol switch
        {
            "imap" => ("c SELECT INBOX", "c BAD"),
            "pop3" => ("PASS secret", "-ERR"),
            _ => ("MAIL FROM:<eve@example.org>", "503 5.5.1 Say hello first"),
        };
        Assert.That(await client.SayAsync(command), Does.StartWith(answer));
    }

    [Test]
    public async Task A_transaction_before_TLS_is_not_carried_into_it()
    {
        Assume.That(protocol, Is.EqualTo("smtp"), "only SMTP has transactions before a login");
        using var client = await ConnectAsync();
        await client.SayAsync("HELO attacker.example");
        await client.SayAsync("MAIL FROM:<eve@example.org>");

        Assert.That(await client.SayAsync(StartTls), Does.StartWith("503"));
    }

    [Test]
    public async Task No_greeting_says_that_the_client_is_logged_in_already()
    {
        using var client = await ConnectAsync(readGreeting: false);

        var greeting = await client.ReadLineAsync();

        // PREAUTH would keep a client from STARTTLS.
        Assert.That(greeting, Does.StartWith(protocol switch { "imap" => "* OK ", "pop3" => "+OK ", _ => "220 " }));
    }

    [Test]
    public async Task A_half_done_login_does_not_turn_STARTTLS_into_a_response()
    {
        using var client = await ConnectAsync();
        await client.SayAsync(protocol == "smtp" ? "HELO x" : Noop);
        var prompt = await client.SayAsync(protocol == "imap" ? "l AUTHENTICATE LOGIN" : "AUTH LOGIN");
        Assert.That(prompt, Does.StartWith(protocol == "smtp" ? "334" : "+ "));

        var answer = await client.SayAsync(StartTls);

        Assert.That(answer, Does.Not.StartWith(Granted).And.Not.Null);
    }

    private async Task<MailClient> ConnectAsync(bool readGreeting = true)
    {
        var connection = new InMemoryConnection();
        _connections.Add(connection);
        _ = _server.ServeAsync(_server.Endpoints[protocol], connection.Server);
        var client = MailClient.Over(connection.Client);
        if (readGreeting)
        {
            await client.ReadLineAsync();
        }

        return client;
    }
}

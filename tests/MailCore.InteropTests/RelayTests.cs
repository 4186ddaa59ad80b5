using System.Text;
using MailCore.InteropTests.Server;
using MailCore.InteropTests.Tools;
using MailCore.InteropTests.Wire;
using NUnit.Framework;

namespace MailCore.InteropTests;

/// <summary>The sample passes mail on to real servers: a Postfix and an Exim, each on loopback with a domain of its own.</summary>
internal sealed class RelayTests
{
    [TestCase("")]
    [TestCase("smtpd_discard_ehlo_keywords = pipelining, chunking, size, dsn")]
    [TestCase("smtpd_discard_ehlo_keywords = chunking")]
    [Property("Fact", "the file in Postfix's Maildir ends with the octets that the sample was given, whatever Postfix offers")]
    public async Task Passes_mail_on_to_postfix(string setting)
    {
        PostfixServer.Require();
        await using var postfix = await PostfixServer.StartReceivingAsync("example.net", setting.Length == 0 ? [] : [setting]);
        await using var server = await StartAsync(postfix.Port);
        var message = StoredMessage.Make("to postfix");

        await GiveAsync(server, message, "anna@example.net", "bert@example.net");

        foreach (var user in new[] { "anna", "bert" })
        {
            var stored = ToCrlf((await postfix.WaitForMailAsync(user)).Single());
            Assert.That(stored.AsSpan().EndsWith(message), "the octets differ");
            Assert.That(Encoding.UTF8.GetString(stored.AsSpan(0, stored.Length - message.Length)), Does.Contain("from mx.example.org").And.Contain("from client.example"));
        }
    }

    [Test]
    [Property("Fact", "the reply to the sender is Postfix's own, and Postfix's log names the recipient it refused")]
    public async Task Tells_what_postfix_said()
    {
        PostfixServer.Require();
        await using var postfix = await PostfixServer.StartReceivingAsync("example.net");
        // Otherwise the sample asks at RCPT, and refuses there in its own words.
        await using var server = await StartAsync(postfix.Port, "--Mail:Routing:VerifiesRelayRecipients=false");

        await using var smtp = await RawSmtp.ConnectAsync(server.Smtp);
        var reply = await smtp.DeliverAsync("sender@example.com", "stranger@example.net", new MemoryStream(StoredMessage.Make("to nobody")));

        Assert.That(reply, Does.StartWith("550 5.1.1 ").And.Contain("User unknown in virtual mailbox table"));
        await postfix.WaitForLogAsync("RCPT from unknown[127.0.0.1]: 550 5.1.1 <stranger@example.net>");
    }

    [Test]
    [Property("Fact", "Exim's mailbox holds the lines that the sample was given, and Exim's log says that they came by BDAT (K)")]
    public async Task Passes_mail_on_to_exim_by_BDAT()
    {
        EximServer.Require();
        await using var exim = await EximServer.StartAsync("example.net");
        await using var server = await StartAsync(exim.Port);
        var message = StoredMessage.Make("to exim");

        await GiveAsync(server, message, "anna@example.net");

        var mailbox = await exim.WaitForMailAsync("end\n");
        Assert.That(mailbox, Does.Contain(Encoding.UTF8.GetString(message).ReplaceLineEndings("\n")));
        Assert.That(await exim.WaitForLogAsync("<= sender@example.com"), Does.Contain(" K ").And.Contain("H=(mx.example.org)").And.Contain("M8S=8"));
    }

    [Test]
    [Property("Fact", "the sample's mailbox holds the octets that Exim was given, below its trace")]
    public async Task Takes_mail_from_exim()
    {
        EximServer.Require();
        await using var server = await SampleServer.StartAsync("bob@example.org");
        await using var exim = await EximServer.StartAsync("example.net", $"127.0.0.1::{server.Smtp}");
        var message = StoredMessage.Make("from exim");

        await using var smtp = await RawSmtp.ConnectAsync(exim.Port);
        await smtp.SendAsync("MAIL FROM:<sender@example.com> BODY=8BITMIME");
        Assert.That(await smtp.SendAsync("RCPT TO:<bob@example.org>"), Does.StartWith("250"));
        Assert.That(await smtp.SendAsync("DATA"), Does.StartWith("354"));
        await smtp.SendContentAsync(new MemoryStream(message));
        Assert.That(await smtp.EndContentAsync(), Does.StartWith("250"));

        // Of its deliveries Exim keeps no log where it is told its configuration by another than root.
        await using var imap = await RawImap.ConnectAsync(server.Imaps, "bob@example.org", SampleServer.Password, "INBOX");
        for (var i = 0; i < 1_200 && await imap.CountAsync() == 0; i++)
        {
            await Task.Delay(50);
            await imap.SendAsync("NOOP");
        }

        Assert.That((await imap.FetchAsync(1)).AsSpan().EndsWith(message), "the octets differ");
    }

    [Test]
    [Property("Fact", "Postfix's log says that the connection had TLS")]
    public async Task Uses_TLS_where_postfix_offers_it()
    {
        PostfixServer.Require();
        var folder = Directory.CreateTempSubdirectory("mailcore-postfix-tls-");
        try
        {
            (await ClientTool.Openssl.RunAsync(
                ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=mx.example.net", "-keyout", $"{folder}/key.pem", "-out", $"{folder}/cert.pem"])).Succeeded();
            await using var postfix = await PostfixServer.StartReceivingAsync(
                "example.net", "smtpd_tls_security_level = encrypt", $"smtpd_tls_chain_files = {folder}/key.pem, {folder}/cert.pem", "smtpd_tls_loglevel = 1");
            await using var server = await StartAsync(postfix.Port);
            var message = StoredMessage.Make("to postfix by tls");

            await GiveAsync(server, message, "anna@example.net");

            Assert.That((await postfix.WaitForMailAsync("anna")).Single(), Is.Not.Empty);
            Assert.That(await postfix.WaitForLogAsync("TLS connection established from"), Does.Contain("TLSv1.3"));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [TestCase("scram-sha-256")]
    [TestCase("scram-sha-1")]
    [TestCase("plain")]
    [TestCase("login")]
    [Property("Fact", "Postfix, which asks Dovecot, names mechanism and user in its log and takes mail from nobody else")]
    public async Task Logs_in_at_a_smart_host(string mechanism)
    {
        PostfixServer.Require();
        DovecotServer.Require();
        await using var dovecot = await DovecotServer.StartAsync($$"""
            auth_mechanisms = {{mechanism}}
            service auth {
              inet_listener {
                port = @PORT@
              }
            }
            """);
        await using var postfix = await PostfixServer.StartReceivingAsync(
            "example.net", "smtpd_sasl_auth_enable = yes", "smtpd_sasl_type = dovecot", $"smtpd_sasl_path = inet:127.0.0.1:{dovecot.ExtraPort}", "smtpd_sasl_security_options = noanonymous",
            "smtpd_client_restrictions = permit_sasl_authenticated, reject");
        await using var server = await StartAsync(
            postfix.Port, $"--Mail:Relay:SmartHosts:0:Host=[127.0.0.1]:{postfix.Port}", "--Mail:Relay:SmartHosts:0:User=relayuser", $"--Mail:Relay:SmartHosts:0:Password={DovecotServer.Password}",
            "--Mail:Relay:SmartHosts:0:Tls=None", "--Mail:Relay:SmartHosts:0:AllowCleartextLogin=true");
        var message = StoredMessage.Make("with a login");

        await GiveAsync(server, message, "anna@example.net");

        Assert.That((await postfix.WaitForMailAsync("anna")).Single(), Is.Not.Empty);
        Assert.That(await postfix.WaitForLogAsync("sasl_method="), Does.Contain($"sasl_method={mechanism.ToUpperInvariant()}, sasl_username=relayuser"));
    }

    [Test]
    [Property("Fact", "Dovecot's Maildir holds the lines that the sample was given, below Dovecot's own trace")]
    public async Task Passes_mail_on_to_dovecot_by_LMTP()
    {
        DovecotServer.Require();
        new ClientTool("../lib/dovecot/lmtp", "dovecot-lmtpd").Require();
        await using var dovecot = await DovecotServer.StartAsync("""
            protocols = imap pop3 lmtp
            service lmtp {
              inet_listener lmtp {
                port = @PORT@
              }
            }
            """);
        await using var server = await StartAsync(0, $"--Mail:RelayDomains:0:Via=lmtp:[127.0.0.1]:{dovecot.ExtraPort}");
        var message = StoredMessage.Make("to dovecot");

        await GiveAsync(server, message, "anna@example.net", "bert@example.net");

        var stored = Directory.GetFiles(Path.Combine(dovecot.Maildir, "new")).Select(File.ReadAllBytes).ToList();
        Assert.That(stored, Has.Count.EqualTo(2), "all users share the Maildir");
        Assert.That(stored.All(octets => ToCrlf(octets).AsSpan().EndsWith(message)), "the octets differ");
    }

    private static Task<SampleServer> StartAsync(int port, params string[] arguments) => SampleServer.StartAsync(new SampleSetUp
    {
        Accounts = ["bob@example.org"],
        Arguments = ["--Mail:HostName=mx.example.org", "--Mail:RelayDomains:0:Name=example.net", $"--Mail:RelayDomains:0:Via=[127.0.0.1]:{port}", .. arguments],
    });

    private static async Task GiveAsync(SampleServer server, byte[] message, params string[] recipients)
    {
        await using var smtp = await RawSmtp.ConnectAsync(server.Smtp);
        await smtp.BeginAsync("sender@example.com", recipients);
        Assert.That(await smtp.SendAsync("DATA"), Does.StartWith("354"));
        await smtp.SendContentAsync(new MemoryStream(message));
        Assert.That(await smtp.EndContentAsync(), Does.StartWith("250"));
    }

    /// <summary>A Maildir keeps lines with LF.</summary>
    private static byte[] ToCrlf(byte[] lines) => Encoding.Latin1.GetBytes(Encoding.Latin1.GetString(lines).Replace("\n", "\r\n", StringComparison.Ordinal));
}

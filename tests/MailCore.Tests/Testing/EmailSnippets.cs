using System.Net;
using System.Net.Mail;
using System.Net.Security;
using System.Net.Sockets;
using MailCore.Hosting;
using MailCore.Testing;
using NUnit.Framework;

namespace MailCore.Tests.Testing;

/// <summary>The snippets of docs/testing-email.md, each a region; <see cref="EmailSnippetsTests"/> compares them with the page.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class EmailSnippets
{
    [Test]
    public async Task Start()
    {
        #region start
        await using var mail = await TestMailServer.StartAsync();

        var bob = mail.CreateInbox();
        using var client = new SmtpClient(mail.Host, mail.SmtpPort);
        await client.SendMailAsync("shop@shop.example", bob.Address, "Welcome", "Hello Bob");

        var message = await bob.WaitForAsync(m => m.Subject == "Welcome");
        Assert.That(message.Text, Does.Contain("Hello"));
        #endregion
    }

    [Test]
    public async Task Inboxes()
    {
        await using var mail = await TestMailServer.StartAsync();
        #region inboxes
        var one = mail.CreateInbox();                                   // user1-5f0c2a@example.test
        var other = mail.CreateInbox("carol@customer.example", "secret");
        using var client = new SmtpClient(mail.Host, mail.SubmissionPort) { Credentials = one.Credential };
        #endregion
        await client.SendMailAsync(one.Address, other.Address, "Hi", "Hi");
        Assert.That((await other.WaitForAsync()).Session.AuthenticatedUser, Is.EqualTo(one.Address));
    }

    [Test]
    public async Task Waiting()
    {
        await using var mail = await TestMailServer.StartAsync();
        var bob = mail.CreateInbox();
        using var client = new SmtpClient(mail.Host, mail.SmtpPort);
        await client.SendMailAsync("shop@shop.example", bob.Address, "Invoice", "https://shop.example/confirm?token=1");
        await client.SendMailAsync("shop@shop.example", bob.Address, "Invoice 2", "x");
        #region waiting
        var invoice = await bob.WaitForAsync(m => m.Subject == "Invoice", TimeSpan.FromSeconds(5));
        var both = await bob.WaitForManyAsync(2);
        await bob.AssertQuietAsync(TimeSpan.FromMilliseconds(200), m => m.Subject == "Reminder");
        await bob.ResetAsync();
        #endregion
        Assert.That(both, Has.Member(invoice));
        Assert.That(bob.Messages, Is.Empty);

        await client.SendMailAsync("shop@shop.example", bob.Address, "Invoice", "https://shop.example/confirm?token=1");
        #region message
        var message = await bob.WaitForAsync();
        Assert.That(message.Envelope.From.ToString(), Is.EqualTo("shop@shop.example"));      // MAIL FROM, not the header
        Assert.That(message.Envelope.Recipients, Has.Count.EqualTo(1));                      // Bcc is here, too
        Assert.That(message.Links[0].Query, Is.EqualTo("?token=1"));
        Assert.That(message.Headers("MIME-Version"), Is.EqualTo(new[] { "1.0" }));
        Assert.That(message.Octets.Length, Is.GreaterThan(100));                             // exactly what was sent
        using var stream = message.OpenRead();                                               // for MimeKit and others
        #endregion
    }

    [Test]
    public async Task Faults()
    {
        await using var mail = await TestMailServer.StartAsync();
        var bob = mail.CreateInbox();
        #region faults
        mail.Faults.OnRecipient(bob).Reply(451, "4.2.1", "later").Times(2);      // then it works
        mail.Faults.OnMessage(bob).DropReply().Disconnect().Nth(1);              // taken, but the client never hears of it
        mail.Faults.OnConnect().Reset().WithProbability(0.1, seed: 42);          // the same tenth in every run
        mail.Faults.OnSmtp("EHLO").Delay(TimeSpan.FromSeconds(3));
        mail.Faults.OnTls(TestProtocol.Smtp).GarbleReply();
        mail.Faults.HideCapability("STARTTLS");
        mail.Faults.OnImap("UID FETCH").For(bob).TruncateReply(100);
        mail.Faults.OnImap("FETCH").For(bob).ExpungeUnderClient();
        mail.Faults.OnImap("NOOP").For(bob).ChangeUidValidity();
        mail.Faults.OnPop3("RETR").Throttle(octetsPerSecond: 1_000);
        mail.Faults.OnPop3("STAT").Reply("-ERR [SYS/TEMP] later");
        mail.Faults.OnSmtp("MAIL").When(at => at.Endpoint == "submission" && at.Text.Contains("SIZE=")).GarbleReply();
        #endregion
        Assert.That(mail.Faults.All, Has.Count.EqualTo(12));
    }

    [Test]
    public async Task Transcripts()
    {
        await using var mail = await TestMailServer.StartAsync();
        var bob = mail.CreateInbox();
        using var client = new SmtpClient(mail.Host, mail.SmtpPort);
        await client.SendMailAsync("shop@shop.example", bob.Address, "Hi", "Hi");
        await bob.WaitForAsync();
        #region transcripts
        foreach (var session in bob.Transcripts)
        {
            Console.WriteLine(session);
        }

        Assert.That(mail.Transcripts[0].Lines, Has.Some.StartsWith("C: MAIL FROM:<shop@shop.example>"));
        #endregion
    }

    [Test]
    public async Task Remote()
    {
        #region remote
        await using var remote = await RemoteMta.StartAsync();
        remote.Faults.OnMessage().Reply(452, "4.3.1", "disk full").Times(1);

        await using var relay = await MailServer.StartAsync(server =>
        {
            server.UseInMemoryStore();
            server.AddRelayDomain("partner.example", via: remote.NextHop);
            server.ListenSmtp(0).On(IPAddress.Loopback).UseCleartext();
        });
        #endregion
        using var client = new SmtpClient("127.0.0.1", relay.Endpoints["smtp"].Port);
        Assert.That(async () => await client.SendMailAsync("a@example.com", "sales@partner.example", "Order", "x"), Throws.InstanceOf<SmtpException>());
        await client.SendMailAsync("a@example.com", "sales@partner.example", "Order", "x");
        #region remote-mail
        var order = await remote.Mail.WaitForAsync(m => m.Envelope.Recipients[0].ToString() == "sales@partner.example");
        #endregion
        Assert.That(order.Subject, Is.EqualTo("Order"));
    }

    [Test]
    public async Task Seeding()
    {
        var folder = Directory.CreateTempSubdirectory();
        await using var mail = await TestMailServer.StartAsync();
        var bob = mail.CreateInbox();
        #region seeding
        await bob.SeedAsync(folder.FullName);                       // its .eml files, by name
        await bob.SeedAsync(folder.FullName, "Archive/2026");
        await bob.SeedAsync("Subject: Hi\r\n\r\nHello\r\n"u8.ToArray());
        #endregion
        folder.Delete();
        Assert.That(bob.Messages, Is.Empty);
    }

    [Test]
    public async Task Everything()
    {
        #region everything
        await using var mail = await TestMailServer.StartAsync(options => options.AcceptsEverything = true);
        using var client = new SmtpClient(mail.Host, mail.SmtpPort);
        await client.SendMailAsync("shop@shop.example", "anyone@anywhere.example", "Hi", "Hello");
        var message = await mail.CatchAll.WaitForAsync(m => m.To.Contains("anyone@anywhere.example"));
        #endregion
        Assert.That(message.Subject, Is.EqualTo("Hi"));
    }

    [Test]
    public async Task Clock()
    {
        #region clock
        var clock = new ManualTimeProvider();
        await using var mail = await TestMailServer.StartAsync(options => options.Time = clock);
        clock.Advance(TimeSpan.FromDays(1));
        #endregion
        Assert.That(mail.SmtpPort, Is.Positive);
    }

    [Test]
    public async Task Containers()
    {
        #region container
        await using var mail = await TestMailServer.StartAsync(options =>
        {
            options.BindAddress = IPAddress.Any;                    // then logins need TLS
            options.HostName = "host.docker.internal";              // what the container connects to
        });
        var environment = new Dictionary<string, string>
        {
            ["SMTP_HOST"] = "host.docker.internal",
            ["SMTP_PORT"] = $"{mail.SubmissionPort}",
            ["SSL_CERT_FILE"] = mail.CertificateFile,               // mount it; NODE_EXTRA_CA_CERTS and curl's --cacert take it, too
        };
        #endregion
        Assert.That(File.Exists(environment["SSL_CERT_FILE"]));
        #region trust
        using var socket = new TcpClient(mail.Host, mail.ImapsPort);
        await using var tls = new SslStream(socket.GetStream(), leaveInnerStreamOpen: false, mail.TrustCertificate);
        await tls.AuthenticateAsClientAsync("host.docker.internal");
        #endregion
        Assert.That(tls.IsAuthenticated);
    }
}

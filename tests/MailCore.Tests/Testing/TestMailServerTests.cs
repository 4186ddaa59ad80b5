using System.Net;
using System.Net.Mail;
using System.Net.Security;
using System.Text;
using MailCore.Testing;
using NUnit.Framework;

namespace MailCore.Tests.Testing;

[Parallelizable(ParallelScope.All)]
public sealed class TestMailServerTests
{
    private static readonly TimeSpan Guard = TimeSpan.FromSeconds(30);

    [Test]
    public async Task All_roles_listen_on_free_ports_of_loopback()
    {
        await using var mail = await TestMailServer.StartAsync();

        int[] ports = [mail.SmtpPort, mail.SubmissionPort, mail.SubmissionsPort, mail.LmtpPort, mail.ImapPort, mail.ImapsPort, mail.Pop3Port, mail.Pop3sPort];
        Assert.That(ports, Is.Unique.And.All.GreaterThan(0));
        Assert.That(mail.Endpoints.All(endpoint => endpoint.IsLocal));
    }

    [Test]
    public async Task A_message_is_there_with_its_exact_octets_and_envelope_apart_from_its_header()
    {
        await using var mail = await TestMailServer.StartAsync();
        var (bob, carol) = (mail.CreateInbox(), mail.CreateInbox());
        await using var client = await DialogClient.HelloAsync(mail);

        await client.AskAsync("MAIL FROM:<app@example.com>");
        await client.AskAsync($"RCPT TO:<{bob.Address}>");
        await client.AskAsync($"RCPT TO:<{carol.Address}>");
        await client.AskAsync("DATA");
        await client.AskAsync($"From: App <app@example.com>\r\nTo: {bob.Address}\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\r\n..dot\r\nend\r\n.");

        var message = await carol.WaitForAsync(timeout: Guard);
        Assert.That(Encoding.Latin1.GetString(message.Octets.Span), Is.EqualTo($"From: App <app@example.com>\r\nTo: {bob.Address}\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\r\n.dot\r\nend\r\n"));
        Assert.That(message.Envelope.From.ToString(), Is.EqualTo("app@example.com"));
        Assert.That(message.Envelope.Recipients.Select(recipient => recipient.ToString()), Is.EqualTo(new[] { bob.Address, carol.Address }));
        Assert.That(message.Subject, Is.EqualTo("Grüße"));
        Assert.That(message.To, Is.EqualTo(new[] { bob.Address }));
        Assert.That(message.Session.ClientName, Is.EqualTo("client.example"));
        Assert.That((await bob.WaitForAsync(timeout: Guard)).QueueId, Is.EqualTo(message.QueueId));
    }

    [Test]
    public async Task Waiting_sees_mail_that_is_already_there_and_mail_that_comes_later()
    {
        await using var mail = await TestMailServer.StartAsync();
        var bob = mail.CreateInbox();
        await using var client = await DialogClient.HelloAsync(mail);
        await client.MailAsync(bob.Address, "Subject: first\r\n\r\n\r\n");
        Assert.That((await bob.WaitForAsync(m => m.Subject == "first", Guard)).Subject, Is.EqualTo("first"));

        var waiting = bob.WaitForAsync(m => m.Subject == "second", Guard);
        Assert.That(waiting.IsCompleted, Is.False);
        await client.MailAsync(bob.Address, "Subject: second\r\n\r\n\r\n");

        Assert.That((await waiting).Subject, Is.EqualTo("second"));
        Assert.That(await bob.WaitForManyAsync(2, timeout: Guard), Has.Count.EqualTo(2));
    }

    [Test]
    public async Task A_waiter_is_released_only_after_the_client_has_its_reply()
    {
        await using var mail = await TestMailServer.StartAsync(options => options.Time = new ManualTimeProvider());
        var bob = mail.CreateInbox();
        // The reply takes for ever on a clock that stands.
        mail.Faults.OnMessage(bob).Throttle(10);
        await using var client = await DialogClient.HelloAsync(mail);
        await client.AskAsync("MAIL FROM:<>");
        await client.AskAsync($"RCPT TO:<{bob.Address}>");
        await client.AskAsync("DATA");
        await client.SendAsync("Subject: Hi\r\n\r\n.\r\n");

        await Assert.ThrowsAsync<MailAssertionException>(() => bob.WaitForAsync(timeout: TimeSpan.FromMilliseconds(200)));

        mail.Faults.Clear();
        await using var another = await DialogClient.HelloAsync(mail);
        await another.MailAsync(bob.Address, "Subject: other\r\n\r\n");
        Assert.That((await bob.WaitForAsync(timeout: Guard)).Subject, Is.EqualTo("other"));
    }

    [Test]
    public async Task A_time_out_tells_what_did_arrive_and_holds_the_transcript_without_secrets()
    {
        await using var mail = await TestMailServer.StartAsync();
        var bob = mail.CreateInbox("bob", "hush-hush");
        await using var client = await DialogClient.ConnectAsync(mail, mail.SubmissionPort);
        await client.ReadAsync();
        await client.AskAsync("EHLO client.example");
        await client.AskAsync("AUTH LOGIN");
        await client.AskAsync(Convert.ToBase64String("bob@example.test"u8));
        Assert.That(await client.AskAsync(Convert.ToBase64String("hush-hush"u8)), Does.StartWith("235"));
        await client.MailAsync(bob.Address, "Subject: Goodbye\r\n\r\n", bob.Address);

        var error = (await Assert.ThrowsAsync<MailAssertionException>(() => bob.WaitForAsync(m => m.Subject == "Welcome", TimeSpan.FromMilliseconds(50))))!;

        Assert.That(error.Message, Does.Contain("No message that match").And.Contain("\"Goodbye\"").And.Contain("C: MAIL FROM:<bob@example.test>").And.Contain("S: 354"));
        Assert.That(error.Message, Does.Contain("C: ***").And.Not.Contain(Convert.ToBase64String("hush-hush"u8)).And.Not.Contain("hush-hush"));
    }

    [Test]
    public async Task Secrets_are_masked_in_transcripts_of_all_protocols()
    {
        await using var mail = await TestMailServer.StartAsync();
        var bob = mail.CreateInbox("bob", "hush-hush");
        var plain = Convert.ToBase64String("\0bob@example.test\0hush-hush"u8);
        await using (var smtp = await DialogClient.ConnectAsync(mail, mail.SubmissionPort))
        {
            await smtp.ReadAsync();
            await smtp.AskAsync("EHLO client.example");
            Assert.That(await smtp.AskAsync($"AUTH PLAIN {plain}"), Does.StartWith("235"));
        }

        await using (var imap = await DialogClient.ConnectAsync(mail, mail.ImapPort))
        {
            await imap.ReadAsync();
            Assert.That(await imap.AskUntilAsync("a LOGIN bob@example.test hush-wrong", "a "), Does.Contain("a NO"));
            await imap.AskUntilAsync("b LOGIN {16+}\r\nbob@example.test {9+}\r\nhush-hush", "b ");
        }

        await using (var pop3 = await DialogClient.ConnectAsync(mail, mail.Pop3Port))
        {
            await pop3.ReadAsync();
            await pop3.AskAsync("USER bob@example.test");
            Assert.That(await pop3.AskAsync("PASS hush-hush"), Does.StartWith("+OK"));
        }

        var said = string.Concat(mail.Transcripts);
        Assert.That(said, Does.Contain("AUTH PLAIN ***").And.Contain("LOGIN ***").And.Contain("PASS ***").And.Contain("USER bob@example.test"));
        Assert.That(said, Does.Not.Contain("hush-").And.Not.Contain(plain));
        Assert.That(bob.Transcripts.Select(transcript => transcript.Endpoint), Is.EqualTo(new[] { "submission", "imap", "pop3" }));
    }

    [Test]
    public async Task Quiet_fails_on_mail_that_is_there_and_on_mail_that_comes()
    {
        await using var mail = await TestMailServer.StartAsync();
        var (bob, carol) = (mail.CreateInbox(), mail.CreateInbox());
        await bob.AssertQuietAsync(TimeSpan.FromMilliseconds(20));

        var quiet = bob.AssertQuietAsync(Guard);
        await using var client = await DialogClient.HelloAsync(mail);
        await client.MailAsync(bob.Address, "Subject: noise\r\n\r\n");

        Assert.That((await Assert.ThrowsAsync<MailAssertionException>(() => quiet))!.Message, Does.Contain("noise"));
        await Assert.ThrowsAsync<MailAssertionException>(() => bob.AssertQuietAsync(TimeSpan.Zero));
        await bob.AssertQuietAsync(TimeSpan.Zero, m => m.Subject == "other");
        await carol.AssertQuietAsync(TimeSpan.Zero);
    }

    [Test]
    public async Task Reset_forgets_messages_faults_and_transcripts_and_empties_mailboxes()
    {
        await using var mail = await TestMailServer.StartAsync();
        var bob = mail.CreateInbox();
        mail.Faults.OnSmtp("NOOP").Reply(451, "4.3.0", "no");
        await using (var client = await DialogClient.HelloAsync(mail))
        {
            await client.MailAsync(bob.Address);
            await bob.WaitForAsync(timeout: Guard);
            await client.AskAsync("QUIT");
            Assert.That(await client.ReadLineAsync(), Is.Null);
        }

        await mail.ResetAsync();

        Assert.That(bob.Messages, Is.Empty);
        Assert.That(mail.Faults.All, Is.Empty);
        Assert.That(await CountAsync(mail, bob), Is.Zero);
    }

    [Test]
    public async Task Unknown_addresses_are_refused_unless_everything_is_accepted()
    {
        await using var strict = await TestMailServer.StartAsync();
        await using var open = await TestMailServer.StartAsync(options => options.AcceptsEverything = true);
        var carol = open.CreateInbox();
        await using var refused = await DialogClient.HelloAsync(strict);
        await using var taken = await DialogClient.HelloAsync(open);

        Assert.That(await refused.MailAsync("nobody@example.test"), Does.StartWith("550"));
        Assert.That(await refused.MailAsync("nobody@elsewhere.example"), Does.StartWith("55"));
        Assert.That(await taken.MailAsync("nobody@elsewhere.example"), Does.StartWith("250"));
        Assert.That(await taken.MailAsync(carol.Address), Does.StartWith("250"));
        Assert.That((await open.CatchAll.WaitForAsync(timeout: Guard)).Envelope.Recipients[0].ToString(), Is.EqualTo("nobody@elsewhere.example"));
        await carol.WaitForAsync(timeout: Guard);
        Assert.That(carol.Messages, Has.Count.EqualTo(1));
        Assert.That(open.CatchAll.Messages, Has.Count.EqualTo(1));
        Assert.Throws<InvalidOperationException>(() => _ = strict.CatchAll);
    }

    [Test]
    public async Task Seeds_from_a_folder_are_found_by_clients_and_not_by_waiters()
    {
        var folder = Directory.CreateTempSubdirectory();
        try
        {
            await File.WriteAllTextAsync(Path.Combine(folder.FullName, "2.eml"), "Subject: two\r\n\r\n");
            await File.WriteAllTextAsync(Path.Combine(folder.FullName, "1.eml"), "Subject: one\r\n\r\n");
            await File.WriteAllTextAsync(Path.Combine(folder.FullName, "read.me"), "no");
            await using var mail = await TestMailServer.StartAsync();
            var bob = mail.CreateInbox();

            Assert.That(await bob.SeedAsync(folder.FullName), Is.EqualTo(2));
            Assert.That(await bob.SeedAsync(folder.FullName, "Archive/2026"), Is.EqualTo(2));

            await using var imap = await LoginAsync(mail, bob);
            await imap.AskUntilAsync("b SELECT INBOX", "b ");
            Assert.That(await imap.AskUntilAsync("c FETCH 1:* BODY[HEADER.FIELDS (SUBJECT)]", "c "), Does.Match("one.*two"));
            Assert.That(await imap.AskUntilAsync("d STATUS Archive/2026 (MESSAGES)", "d "), Does.Contain("MESSAGES 2"));
            await bob.AssertQuietAsync(TimeSpan.Zero);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Test]
    public async Task Pooled_connections_of_SmtpClient_are_closed_at_the_end()
    {
        var mail = await TestMailServer.StartAsync();
        var bob = mail.CreateInbox();
        using var client = new SmtpClient(mail.Host, mail.SubmissionPort) { Credentials = bob.Credential };
        for (var i = 0; i < 3; i++)
        {
            await client.SendMailAsync(new MailMessage("app@example.com", bob.Address, $"Number {i}", $"Your link: https://example.com/confirm?n={i}."));
            await bob.WaitForAsync(m => m.Subject == $"Number {i}", Guard);
        }

        Assert.That(mail.Transcripts.Count(transcript => transcript.Endpoint == "submission"), Is.EqualTo(1), "SmtpClient keeps its connection");
        Assert.That(bob.Messages[2].Links, Is.EqualTo(new[] { new Uri("https://example.com/confirm?n=2") }));
        Assert.That(bob.Messages[0].Session.AuthenticatedUser, Is.EqualTo(bob.Address));
        await mail.DisposeAsync();
        Assert.That(mail.ConnectionCount, Is.Zero);
    }

    [Test]
    public async Task A_message_shows_its_parts()
    {
        await using var mail = await TestMailServer.StartAsync();
        var bob = mail.CreateInbox();
        using var client = new SmtpClient(mail.Host, mail.SmtpPort);
        using var message = new MailMessage("App <app@example.com>", bob.Address) { Subject = "Ünïcode", Body = "Prüfen: https://example.com/a?b=1&c=2\nEnde" };
        message.Bcc.Add("hidden@example.test");
        message.Headers.Add("X-Order", "42");
        message.AlternateViews.Add(AlternateView.CreateAlternateViewFromString("<p>Prüfen <a href=\"https://example.com/a?b=1&amp;c=2\">hier</a></p>", Encoding.UTF8, "text/html"));
        message.Attachments.Add(new Attachment(new MemoryStream([1, 2, 3]), "rechnung.pdf", "application/pdf"));
        mail.CreateInbox("hidden");

        await client.SendMailAsync(message);

        var got = await bob.WaitForAsync(timeout: Guard);
        Assert.That(got.Subject, Is.EqualTo("Ünïcode"));
        Assert.That(got.Text.TrimEnd(), Is.EqualTo("Prüfen: https://example.com/a?b=1&c=2\nEnde"));
        Assert.That(got.Html, Does.Contain("Prüfen <a"));
        Assert.That(got.Links, Is.EqualTo(new[] { new Uri("https://example.com/a?b=1&c=2") }));
        Assert.That(got.Headers("x-order"), Is.EqualTo(new[] { "42" }));
        Assert.That(got.Attachments.Single().FileName, Is.EqualTo("rechnung.pdf"));
        Assert.That(got.Attachments.Single().Content.ToArray(), Is.EqualTo(new byte[] { 1, 2, 3 }));
        Assert.That(got.Headers("Bcc"), Is.Empty);
        Assert.That(got.Envelope.Recipients, Has.Count.EqualTo(2));
    }

    [Test]
    public async Task The_trust_callback_accepts_this_certificate_and_no_other()
    {
        await using var mail = await TestMailServer.StartAsync();
        await using var other = await TestMailServer.StartAsync();
        await using var client = await DialogClient.ConnectAsync(mail, mail.ImapsPort, tls: true);

        Assert.That(await client.ReadAsync(), Does.StartWith("* OK"));
        Assert.That(mail.TrustCertificate(this, other.Certificate, null, SslPolicyErrors.None), Is.False);
        Assert.That(await File.ReadAllTextAsync(mail.CertificateFile), Does.StartWith("-----BEGIN CERTIFICATE-----"));
        var file = mail.CertificateFile;
        await mail.DisposeAsync();
        Assert.That(File.Exists(file), Is.False);
    }

    [Test]
    public async Task On_another_address_than_loopback_logins_need_TLS()
    {
        await using var mail = await TestMailServer.StartAsync(options => options.BindAddress = IPAddress.Any);
        await using var client = await DialogClient.ConnectAsync(mail, mail.SubmissionPort);
        await client.ReadAsync();

        Assert.That(mail.Host, Is.EqualTo("localhost"));
        Assert.That(await client.AskAsync("EHLO client.example"), Does.Contain("STARTTLS").And.Not.Contain("AUTH"));
        await client.AskAsync("STARTTLS");
        await client.StartTlsAsync(mail);
        Assert.That(await client.AskAsync("EHLO client.example"), Does.Contain("AUTH"));
    }

    [Test]
    public async Task The_clock_is_moved_by_hand()
    {
        var clock = new ManualTimeProvider(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));
        await using var mail = await TestMailServer.StartAsync(options => options.Time = clock);
        var bob = mail.CreateInbox();
        await using var client = await DialogClient.HelloAsync(mail);
        await client.MailAsync(bob.Address);
        Assert.That((await bob.WaitForAsync(timeout: Guard)).ReceivedAt.Year, Is.EqualTo(2030));

        // The server's time-out for commands.
        var goodbye = client.ReadLineAsync();
        while (!goodbye.IsCompleted)
        {
            clock.Advance(TimeSpan.FromMinutes(6));
            await Task.Yield();
        }

        Assert.That(await goodbye, Does.StartWith("421"));
    }

    [Test]
    public async Task Many_tests_share_a_server_without_meeting()
    {
        await using var mail = await TestMailServer.StartAsync();
        await Task.WhenAll(Enumerable.Range(0, 32).Select(async i =>
        {
            var inbox = mail.CreateInbox();
            mail.Faults.OnRecipient(inbox).Reply(451, "4.2.1", "later").Times(i % 3);
            await using var client = await DialogClient.HelloAsync(mail);
            for (var refused = 0; refused < i % 3; refused++)
            {
                Assert.That(await client.MailAsync(inbox.Address), Is.EqualTo("451 4.2.1 later"));
                await client.AskAsync("RSET");
            }

            await client.MailAsync(inbox.Address, $"Subject: {i}\r\n\r\n");
            Assert.That((await inbox.WaitForAsync(timeout: Guard)).Subject, Is.EqualTo($"{i}"));
            Assert.That(inbox.Messages, Has.Count.EqualTo(1));
        }));
    }

    [Test]
    public async Task A_remote_MTA_takes_what_a_server_passes_on_and_fails_as_told()
    {
        await using var remote = await RemoteMta.StartAsync();
        await using var mail = await TestMailServer.StartAsync(options => options.Configure = server => server.AddRelayDomain("partner.example", remote.NextHop));
        remote.Faults.OnMessage().Reply(452, "4.3.1", "disk full").Times(1);
        await using var client = await DialogClient.HelloAsync(mail);

        Assert.That(await client.MailAsync("sales@partner.example"), Does.StartWith("45"));
        await remote.Mail.AssertQuietAsync(TimeSpan.Zero);
        Assert.That(await client.MailAsync("sales@partner.example", "Subject: Order\r\n\r\n"), Does.StartWith("250"));

        var order = await remote.Mail.WaitForAsync(timeout: Guard);
        Assert.That(order.Subject, Is.EqualTo("Order"));
        Assert.That(order.Envelope.Recipients[0].ToString(), Is.EqualTo("sales@partner.example"));
        Assert.That(string.Concat(remote.Transcripts), Does.Contain("452 4.3.1 disk full"));
    }

    [Test]
    public async Task Threads_are_ready_for_clients_that_block()
    {
        await using var mail = await TestMailServer.StartAsync();

        ThreadPool.GetMinThreads(out var workers, out _);
        Assert.That(workers, Is.GreaterThanOrEqualTo(64));
    }

    internal static async Task<DialogClient> LoginAsync(TestMailServer mail, TestInbox inbox)
    {
        var imap = await DialogClient.ConnectAsync(mail, mail.ImapPort);
        await imap.ReadAsync();
        Assert.That(await imap.AskUntilAsync($"a LOGIN {inbox.Address} {inbox.Password}", "a "), Does.Contain("a OK"));
        return imap;
    }

    private static async Task<int> CountAsync(TestMailServer mail, TestInbox inbox)
    {
        await using var imap = await LoginAsync(mail, inbox);
        var status = await imap.AskUntilAsync("b STATUS INBOX (MESSAGES)", "b ");
        return int.Parse(status.Split("MESSAGES ")[1].Split(')')[0], System.Globalization.CultureInfo.InvariantCulture);
    }
}

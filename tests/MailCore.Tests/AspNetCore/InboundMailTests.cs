using System.Collections.Concurrent;
using System.Net;
using System.Text;
using MailCore.AspNetCore;
using MailCore.Hosting;
using MailCore.Messaging;
using MailCore.Storage;
using MailCore.Tests.Tls;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;

namespace MailCore.Tests.AspNetCore;

[CancelAfter(60_000)]
internal sealed class InboundMailTests
{
    private const string Message =
        "From: =?utf-8?Q?J=C3=BCrgen?= <j@there.example>\r\nTo: support@example.org\r\nSubject: =?utf-8?Q?Hilfe_f=C3=BCr?=\r\n alle\r\nX-Twice: 1\r\nX-Twice: 2\r\nMIME-Version: 1.0\r\n" +
        "Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\nContent-Type: multipart/alternative; boundary=a\r\n\r\n" +
        "--a\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\ngr=FC=DFe\r\n" +
        "--a\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\nPGI+w7w8L2I+\r\n--a--\r\n" +
        "--m\r\nContent-Type: Image/PNG\r\nContent-ID: <pic@x>\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=\"../../etc/pass.png\"\r\n\r\nAAECAwQ=\r\n" +
        "--m\r\nContent-Type: text/plain; name=notes.txt\r\n\r\nnot the text\r\n--m--\r\n";

    [Test]
    public async Task A_handler_gets_envelope_headers_texts_and_attachments()
    {
        await using var host = await HostAsync(static mail => mail.MapInbound<Tickets>("support@example.org", static async (m, tickets, ct) =>
        {
            tickets.Notes.Enqueue($"from {m.Envelope.From} to {string.Join(',', m.Envelope.Recipients)} by {m.Session.ClientName} at {m.ReceivedAt:yyyy}");
            tickets.Notes.Enqueue($"{m.Subject}|{m.Header("x-TWICE")}|{m.Header("none")}|{string.Join(',', m.Headers.Select(static header => header.Name))}|{m.Header("From")}");
            tickets.Notes.Enqueue($"{await m.ReadTextAsync(ct)}|{await m.ReadHtmlAsync(ct)}");
            foreach (var attachment in m.Attachments)
            {
                await using var stream = attachment.OpenRead();
                using var octets = new MemoryStream();
                await stream.CopyToAsync(octets, ct);
                tickets.Notes.Enqueue($"{attachment.FileName}|{attachment.ContentType}|{attachment.ContentId}|{Convert.ToHexString(octets.ToArray())}");
            }

            await using var whole = await m.OpenMessageAsync(ct);
            using var reader = new StreamReader(whole, Encoding.Latin1);
            tickets.Notes.Enqueue(await reader.ReadToEndAsync(ct));
            return SmtpReply.Ok;
        }));

        Assert.That(await SendAsync(host, Message, "support@example.org"), Does.StartWith("250 2.0.0 OK"));

        Assert.That(Notes(host), Is.EqualTo(new[]
        {
            $"from a@there.example to support@example.org by me.example at {DateTime.UtcNow:yyyy}",
            "Hilfe für alle|1||From,To,Subject,X-Twice,X-Twice,MIME-Version,Content-Type|Jürgen <j@there.example>",
            "grüße|<b>ü</b>",
            "pass.png|image/png|pic@x|0001020304",
            $"notes.txt|text/plain||{Convert.ToHexString("not the text"u8)}",
            Message,
        }));
    }

    [Test]
    public async Task A_message_of_plain_text_alone_has_its_body_and_no_attachment()
    {
        await using var host = await HostAsync(static mail => mail.MapInbound<Tickets>("support@example.org", static async (m, tickets, ct) =>
        {
            tickets.Notes.Enqueue($"{m.Subject}|{await m.ReadTextAsync(ct)}|{await m.ReadHtmlAsync(ct)}|{m.Attachments.Count}");
            return SmtpReply.Ok;
        }));
        await SendAsync(host, "X: y\r\n\r\nhello\r\n", "support@example.org");
        Assert.That(Notes(host), Is.EqualTo(new[] { "|hello\r\n||0" }));
    }

    [TestCase(-1)]
    [TestCase(0)]
    [TestCase(1)]
    public async Task A_text_is_cut_at_its_limit(int beyond)
    {
        await using var host = await HostAsync(static mail => mail.MapInbound<Tickets>("support@example.org", static async (m, tickets, ct) =>
        {
            tickets.Notes.Enqueue($"{(await m.ReadTextAsync(ct))!.Length - InboundMail.MaxTextLength}");
            return SmtpReply.Ok;
        }));
        var lines = string.Concat(Enumerable.Repeat(new string('x', 62) + "\r\n", InboundMail.MaxTextLength / 64));
        Assert.That(lines, Has.Length.EqualTo(InboundMail.MaxTextLength));
        var text = beyond < 0 ? lines[1..] : new string('y', beyond) + lines;
        await SendAsync(host, $"Subject: x\r\n\r\n{text}", "support@example.org");
        Assert.That(Notes(host), Is.EqualTo(new[] { $"{Math.Min(beyond, 0)}" }));
    }

    [Test]
    public async Task A_header_of_any_length_is_read_up_to_256_KB()
    {
        await using var host = await HostAsync(static mail => mail.MapInbound<Tickets>("support@example.org", static async (m, tickets, ct) =>
        {
            tickets.Notes.Enqueue($"{m.Headers.Sum(static header => header.Name.Length + header.Value.Length + 4) > 256 * 1024}|{m.Headers.Count is > 3_900 and < 4_400}|{await m.ReadTextAsync(ct)}");
            return SmtpReply.Ok;
        }));
        var header = string.Concat(Enumerable.Repeat($"X-Long: {new string('x', 54)}\r\n", 5_000));
        await SendAsync(host, $"{header}\r\nhello", "support@example.org");
        Assert.That(Notes(host).Single(), Does.StartWith("False|True|"));
    }

    [TestCase("support@example.org", "Support@Example.ORG", true)]
    [TestCase("support@example.org", "support@other.example", false)]
    [TestCase("support@example.org", "xsupport@example.org", false)]
    [TestCase("ticket-*@example.org", "ticket-17@example.org", true)]
    [TestCase("ticket-*@example.org", "ticket-@example.org", true)]
    [TestCase("ticket-*@example.org", "ticket@example.org", false)]
    [TestCase("*+*@example.org", "a+b@example.org", true)]
    [TestCase("*@in.example.org", "what.ever@in.example.org", true)]
    [TestCase("*@in.example.org", "a@b.in.example.org", false)]
    [TestCase("*@xn--bcher-kva.example", "a@xn--bcher-kva.example", true)]
    public async Task An_address_is_matched_by_its_pattern(string pattern, string address, bool isMatch)
    {
        await using var host = await HostAsync(mail => mail.MapInbound(pattern, static (_, _) => Task.FromResult(SmtpReply.Ok)));
        Assert.That(await RecipientAsync(host, address), isMatch ? Does.StartWith("250") : Does.StartWith("55"));
    }

    [TestCase("support")]
    [TestCase("@example.org")]
    [TestCase("a@*.example.org")]
    [TestCase("a?@example.org")]
    [TestCase("a b@example.org")]
    [TestCase("")]
    public void What_is_no_pattern_is_refused(string pattern) =>
        Assert.That(() => new ServiceCollection().AddMailServer(mail => mail.MapInbound(pattern, static (_, _) => Task.FromResult(SmtpReply.Ok))), Throws.TypeOf<FormatException>());

    [Test]
    public async Task The_first_pattern_that_matches_counts_and_accounts_come_behind()
    {
        await using var host = await HostAsync(static mail => mail
            .MapInbound("a*@example.org", static (_, _) => Task.FromResult(new SmtpReply(250, "2.0.0", "first")))
            .MapInbound("*@example.org", static (_, _) => Task.FromResult(new SmtpReply(250, "2.0.0", "second"))));
        Assert.That(await SendAsync(host, "\r\n", "ab@example.org"), Is.EqualTo("250 2.0.0 first"));
        Assert.That(await SendAsync(host, "\r\n", "bob@example.org"), Is.EqualTo("250 2.0.0 second"));
    }

    [TestCase("later", "451 4.3.0 not now")]
    [TestCase("never", "550 5.7.1 no thanks")]
    [TestCase("throw", "451 4.3.0")]
    [TestCase("null", "451 4.3.0")]
    [TestCase("354", "451 4.3.0")]
    [TestCase("fine", "250 2.1.5 taken")]
    public async Task The_reply_is_the_handlers_and_what_it_throws_is_451(string subject, string expected)
    {
        await using var host = await HostAsync(static mail => mail.MapInbound("support@example.org", static (m, _) => m.Subject switch
        {
            "later" => Task.FromResult(new SmtpReply(451, "4.3.0", "not now")),
            "never" => Task.FromResult(new SmtpReply(550, "5.7.1", "no thanks")),
            "throw" => throw new InvalidOperationException("private cause"),
            "null" => Task.FromResult<SmtpReply>(null!),
            "354" => Task.FromResult(new SmtpReply(354, (EnhancedStatusCode?)null, "Go ahead")),
            _ => Task.FromResult(new SmtpReply(250, "2.1.5", "taken")),
        }));
        Assert.That(await SendAsync(host, $"Subject: {subject}\r\n\r\n", "support@example.org"), Does.StartWith(expected).And.Not.Contain("private"));
    }

    [Test]
    public async Task Each_message_has_a_scope_of_its_own_that_ends_with_it()
    {
        await using var host = await HostAsync(static mail =>
        {
            mail.Services.AddScoped<Db>();
            mail.MapInbound<Db, Tickets>("support@example.org", static (_, db, tickets, _) =>
            {
                tickets.Notes.Enqueue(db.IsDisposed ? "disposed" : $"{db.Id}");
                tickets.Dbs.Enqueue(db);
                return Task.FromResult(SmtpReply.Ok);
            });
        });
        await SendAsync(host, "\r\n", "support@example.org");
        await SendAsync(host, "\r\n", "support@example.org");
        Assert.That(Notes(host), Is.Unique.And.Not.Contain("disposed"));
        Assert.That(host.GetRequiredService<Tickets>().Dbs, Has.Count.EqualTo(2).And.All.Matches<Db>(static db => db!.IsDisposed));
    }

    [Test]
    public async Task One_message_for_two_of_its_addresses_and_a_user_is_handled_once_without_the_user()
    {
        await using var host = await HostAsync(static mail => mail.MapInbound<Tickets>("ticket-*@example.org", static (m, tickets, _) =>
        {
            tickets.Notes.Enqueue(string.Join(',', m.Envelope.Recipients));
            return Task.FromResult(SmtpReply.Ok);
        }));
        Assert.That(await SendAsync(host, "Subject: x\r\n\r\n", "ticket-1@example.org", "bob@example.org", "ticket-2@example.org"), Does.StartWith("250"));
        Assert.That(Notes(host), Is.EqualTo(new[] { "ticket-1@example.org,ticket-2@example.org" }));
    }

    [TestCase("help@example.org", "", "help@example.org", Description = "alone")]
    [TestCase("all@example.org", "1", "all@example.org", Description = "beside an account")]
    [TestCase("twice@example.org", "", "twice@example.org", Description = "by two aliases: once")]
    [TestCase("ann@example.org", "", "ann@example.org", Description = "the forward of an account")]
    [TestCase("anybody@catch.example", "", "anybody@catch.example", Description = "a catch-all")]
    [TestCase("postmaster", "", "postmaster", Description = "the postmaster")]
    public async Task An_alias_leads_to_a_handler_too_beside_accounts_or_alone(string to, string ofBob, string seen)
    {
        await using var host = await HostAsync(static mail =>
        {
            mail.Routing.Postmaster = EmailAddress.Parse("support@example.org");
            mail.AddAccount("ann@example.org").AddAlias("ann@example.org", "support@example.org");
            mail.AddAlias("help@example.org", "support@example.org").AddAlias("all@example.org", "bob@example.org", "help@example.org");
            mail.AddAlias("twice@example.org", "help@example.org", "support@example.org").AddAlias("@catch.example", "help@example.org");
            mail.MapInbound<Tickets>("support@example.org", static (m, tickets, _) =>
            {
                tickets.Notes.Enqueue(string.Join(',', m.Envelope.Recipients));
                return Task.FromResult(SmtpReply.Ok);
            });
        });
        Assert.That(await SendAsync(host, "Subject: x\r\n\r\n", to), Does.StartWith("250"));
        Assert.That(Notes(host), Is.EqualTo(new[] { seen }));
        var inbox = await (await host.GetRequiredService<MailAccounts>().OpenAsync(new AccountId("bob@example.org")))!.FindMailboxAsync(MailboxName.Inbox);
        Assert.That((await inbox!.GetInfoAsync())!.Messages, Is.EqualTo(ofBob.Length));
    }

    [Test]
    public async Task Without_accounts_no_store_is_needed()
    {
        static void Configure(MailServerBuilder mail)
        {
            mail.Domains.Add("example.org");
            mail.MapInbound("support@example.org", static (m, _) => Task.FromResult(m.Subject.Length > 0 ? SmtpReply.Ok : new SmtpReply(550, "5.6.0", "no subject")));
            mail.AddAlias("help@example.org", "support@example.org").ListenSmtp(0).On(IPAddress.Loopback).UseCleartext();
        }

        var services = new ServiceCollection();
        services.AddMailServer(Configure);
        // As ASP.NET builds it in development.
        await using var host = services.BuildServiceProvider(new ServiceProviderOptions { ValidateOnBuild = true, ValidateScopes = true });
        await host.GetRequiredService<MailServer>().StartAsync(default);
        Assert.That(await SendAsync(host, "Subject: x\r\n\r\n", "support@example.org"), Does.StartWith("250"));
        Assert.That(await SendAsync(host, "\r\nx", "help@example.org"), Does.StartWith("550 5.6.0"));
        Assert.That(await RecipientAsync(host, "bob@example.org"), Does.StartWith("550 5.1.1"));

        var error = await Assert.ThrowsAsync<MailServerConfigurationException>(static () => MailServer.StartAsync(static mail =>
        {
            Configure(mail);
            mail.AddAccount("bob@example.org");
        }));
        Assert.That(error!.Message, Does.Contain("needs a store").And.Contain("leave out the accounts"));
    }

    [Test]
    public async Task By_lmtp_a_handler_and_a_mailbox_answer_each_for_itself()
    {
        await using var host = await HostAsync(static mail =>
        {
            mail.ListenLmtp(0);
            mail.MapInbound("support@example.org", static (_, _) => Task.FromResult(new SmtpReply(550, "5.7.1", "no thanks")));
        });
        using var client = await MailClient.ConnectAsync(host.GetRequiredService<MailServer>().Endpoints["lmtp"]);
        await client.ReadLineAsync();
        await client.WriteAsync("LHLO me.example\r\nMAIL FROM:<>\r\nRCPT TO:<bob@example.org>\r\nRCPT TO:<support@example.org>\r\nDATA\r\n");
        await client.ReadToAsync(static line => line.StartsWith("354", StringComparison.Ordinal));
        await client.WriteAsync("Subject: x\r\n\r\n.\r\n");
        Assert.That(await client.ReadLineAsync(), Does.StartWith("250"));
        Assert.That(await client.ReadLineAsync(), Does.StartWith("550 5.7.1 no thanks"));
    }

    [Test]
    public async Task A_pattern_opens_no_relay()
    {
        await using var host = await HostAsync(static mail => mail.MapInbound("*@example.org", static (_, _) => Task.FromResult(SmtpReply.Ok)));
        Assert.That(await RecipientAsync(host, "a@elsewhere.example"), Does.StartWith("55"));
        Assert.That(await RecipientAsync(host, "a%elsewhere.example@there.example"), Does.StartWith("55"));
    }

    [Test]
    public async Task A_handler_whose_service_is_missing_fails_the_start()
    {
        var error = await Assert.ThrowsAsync<MailServerConfigurationException>(() => HostAsync(static mail =>
            mail.MapInbound<Db>("support@example.org", static (_, _, _) => Task.FromResult(SmtpReply.Ok))));
        Assert.That(error!.Message, Does.Contain("support@example.org").And.Contain(nameof(Db)));
    }

    private static string[] Notes(ServiceProvider host) => [.. host.GetRequiredService<Tickets>().Notes];

    private static async Task<ServiceProvider> HostAsync(Action<MailServerBuilder> configure)
    {
        var services = new ServiceCollection();
        services.AddSingleton<Tickets>();
        services.AddMailServer(mail =>
        {
            mail.UseInMemoryStore().AddAccount("bob@example.org").ListenSmtp(0).On(IPAddress.Loopback).UseCleartext();
            configure(mail);
        });
        var host = services.BuildServiceProvider();
        try
        {
            await host.GetRequiredService<MailServer>().StartAsync(default);
            return host;
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
    }

    private static async Task<string?> RecipientAsync(ServiceProvider host, string address)
    {
        using var client = await ConnectAsync(host);
        return await client.SayAsync($"RCPT TO:<{address}>");
    }

    private static async Task<string?> SendAsync(ServiceProvider host, string message, params string[] to)
    {
        using var client = await ConnectAsync(host);
        foreach (var address in to)
        {
            Assert.That(await client.SayAsync($"RCPT TO:<{address}>"), Does.StartWith("250"));
        }

        await client.WriteAsync($"BDAT {message.Length} LAST\r\n{message}");
        return await client.ReadLineAsync();
    }

    private static async Task<MailClient> ConnectAsync(ServiceProvider host)
    {
        var client = await MailClient.ConnectAsync(host.GetRequiredService<MailServer>().Endpoints[0]);
        await client.ReadLineAsync();
        await client.WriteAsync("EHLO me.example\r\n");
        await client.ReadToAsync(static line => line.StartsWith("250 ", StringComparison.Ordinal));
        Assert.That(await client.SayAsync("MAIL FROM:<a@there.example>"), Does.StartWith("250"));
        return client;
    }

    private sealed class Tickets
    {
        public ConcurrentQueue<string> Notes { get; } = new();

        public ConcurrentQueue<Db> Dbs { get; } = new();
    }

    private sealed class Db : IDisposable
    {
        public Guid Id { get; } = Guid.NewGuid();

        public bool IsDisposed { get; private set; }

        public void Dispose() => IsDisposed = true;
    }
}

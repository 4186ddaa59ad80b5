using System.Net;
using System.Text.Json.Nodes;
using MailCore.Smtp;
using MailCore.Tests.Tls;
using Microsoft.Extensions.DependencyInjection.Extensions;
using NUnit.Framework;

namespace MailCore.Tests.AspNetCore.MailInbox;

/// <summary>Envelopes and dialogs of the sessions that brought messages, and what is never in them.</summary>
[CancelAfter(60_000)]
internal sealed class InboxSessionTests
{
    [Test]
    public async Task A_session_is_written_down_line_by_line()
    {
        await using var inbox = await InboxHost.StartAsync();
        var reply = await inbox.SendAsync("Subject: x\r\n\r\n.dot\r\nvery private\r\n");
        var transcript = await TranscriptAsync(inbox);
        var lines = transcript.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.That(lines[..3], Is.EqualTo(new[] { "S: 220 mx.example.org ESMTP ready", "C: EHLO me.example", "S: 250-mx.example.org" }));
        Assert.That(lines.Where(static line => line[0] != 'S').Skip(1), Is.EqualTo(new[]
        {
            "C: MAIL FROM:<sender@there.example>", "C: RCPT TO:<bob@example.org>", "C: DATA", "C: (a message of 34 octets)", "C: QUIT", "-- closed",
        }));
        Assert.That(lines[^6..], Has.One.StartsWith("S: 354 ").And.One.EqualTo($"S: {reply}").And.One.StartsWith("S: 221 "));
        Assert.That(transcript, Does.Not.Contain("private"));
    }

    [Test]
    public async Task A_login_leaves_its_name_in_the_envelope_and_its_secrets_nowhere()
    {
        await using var inbox = await InboxHost.StartAsync();
        var plain = Convert.ToBase64String("\0bob@example.org\0secret"u8);
        var (name, password) = (Convert.ToBase64String("bob@example.org"u8), Convert.ToBase64String("secret"u8));
        using (var client = await MailClient.ConnectAsync(inbox.Endpoints["submission"]))
        {
            await client.ReadLineAsync();
            await EhloAsync(client);
            await client.SayAsync("STARTTLS");
            await client.StartTlsAsync();
            await EhloAsync(client);
            await client.SayAsync($"AUTH PLAIN {Convert.ToBase64String("\0bob@example.org\0mistyped"u8)}");
            await client.SayAsync($"AUTH {password}");
            await client.SayAsync("AUTH X-UNKNOWN");
            // What a client says that did not wait for the refusal.
            await client.SayAsync(password);
            await client.SayAsync("PASS secret");
            await client.SayAsync("auth login");
            await client.SayAsync(name);
            await client.SayAsync("*");
            await client.SayAsync($"AUTH LOGIN {name}");
            Assert.That(await client.SayAsync(password), Does.StartWith("235"));
            Assert.That(await client.SayAsync($"AUTH PLAIN {plain}"), Does.StartWith("503"));
            await client.SayAsync("MAIL FROM:<bob@example.org>");
            await client.SayAsync("RCPT TO:<alice@example.org>");
            await client.WriteAsync("BDAT 21 LAST\r\nSubject: x\r\n\r\nprivate");
            Assert.That(await client.ReadLineAsync(), Does.StartWith("250"));
            await client.SayAsync("QUIT");
            await client.ReadLineAsync();
        }

        var message = await inbox.GetAsync($"api/messages/{await inbox.NewestAsync()}");
        var envelope = message["envelope"]!;
        Assert.That(((string?)envelope["login"], (string?)envelope["tls"]), Is.EqualTo(("bob@example.org", (string?)envelope["tls"])));
        Assert.That((string?)envelope["tls"], Does.StartWith("TLSv1."));
        var transcript = await TranscriptAsync(inbox);
        foreach (var secret in new[] { "secret", "private", plain, password, name, "mistyped", "bWlzdHlwZWQ", "PASS" })
        {
            Assert.That(transcript, Does.Not.Contain(secret));
        }

        Assert.That(transcript.Split('\n').Where(static line => line.Contains("AUTH", StringComparison.Ordinal) && line.StartsWith("C:", StringComparison.Ordinal)), Is.EqualTo(new[]
        {
            "C: AUTH PLAIN ***", "C: AUTH ***", "C: AUTH X-UNKNOWN", "C: AUTH ***", "C: AUTH LOGIN ***", "C: AUTH PLAIN ***",
        }));
        Assert.That(transcript, Does.Contain("-- TLSv1.").And.Contain("S: 334 ***").And.Contain("C: ***").And.Contain("C: BDAT 21 LAST").And.Contain("S: 235"));
    }

    [Test]
    public async Task Lmtp_sessions_are_known_too()
    {
        await using var inbox = await InboxHost.StartAsync();
        await inbox.SendAsync("Subject: x\r\n\r\n", endpoint: "lmtp");
        Assert.That(await TranscriptAsync(inbox), Does.Contain("C: LHLO me.example"));
        Assert.That((string?)(await inbox.GetAsync($"api/messages/{await inbox.NewestAsync()}"))["envelope"]!["mailFrom"], Is.EqualTo("sender@there.example"));
    }

    [Test]
    public async Task Who_is_in_no_header_is_in_the_envelope()
    {
        await using var inbox = await InboxHost.StartAsync();
        using (var client = await MailClient.ConnectAsync(inbox.Endpoints["smtp"]))
        {
            await client.ReadLineAsync();
            await EhloAsync(client);
            await client.SayAsync("MAIL FROM:<>");
            await client.SayAsync("RCPT TO:<bob@example.org>");
            await client.SayAsync("RCPT TO:<nobody@example.org>");
            await client.SayAsync("RCPT TO:<alice+tag@example.org>");
            await client.SayAsync("DATA");
            await client.SayAsync("Subject: x\r\n\r\nx\r\n.");
        }

        var envelopes = new List<string>();
        foreach (var item in await inbox.ListAsync())
        {
            var envelope = (await inbox.GetAsync($"api/messages/{item!["id"]}"))["envelope"]!;
            envelopes.Add($"<{envelope["mailFrom"]}> {envelope["recipients"]!.ToJsonString()}");
        }

        Assert.That(envelopes, Is.EqualTo(Enumerable.Repeat("""<> ["bob@example.org","alice\u002Btag@example.org"]""", 2)));
    }

    [Test]
    public async Task Nothing_is_recorded_unless_the_host_says_so_or_where_no_session_was()
    {
        await using var silent = await InboxHost.StartAsync(mail: static mail => mail.Services.RemoveAll<SessionRecords>());
        await silent.SendAsync("Subject: x\r\n\r\n");
        await using var inbox = await InboxHost.StartAsync();
        await inbox.AppendAsync("Subject: x\r\nReceived: from a by mx.example.org with ESMTP id ABCDEF; now\r\n\r\n");
        foreach (var host in new[] { silent, inbox })
        {
            var id = await host.NewestAsync();
            var message = await host.GetAsync($"api/messages/{id}");
            Assert.That((message["envelope"], (bool)message["hasTranscript"]!), Is.EqualTo(((JsonNode?)null, false)));
            Assert.That((await host.Http.GetAsync($"api/messages/{id}/transcript")).StatusCode, Is.EqualTo(HttpStatusCode.NotFound));
        }
    }

    [Test]
    public async Task A_sender_can_not_claim_the_session_of_another()
    {
        await using var inbox = await InboxHost.StartAsync();
        var queued = (await inbox.SendAsync("Subject: one\r\n\r\n"))["250 2.0.0 OK queued as ".Length..];
        await inbox.SendAsync($"Received: from x by mx.example.org with ESMTP id {queued}; now\r\nSubject: two\r\n\r\n", "alice@example.org");
        var message = await inbox.GetAsync($"api/messages/{await inbox.NewestAsync()}");
        var forger = (await inbox.ListAsync("?account=alice@example.org"))[0]!;
        Assert.That((string?)(await inbox.GetAsync($"api/messages/{forger["id"]}"))["envelope"]!["recipients"]![0], Is.EqualTo("alice@example.org"), message.ToJsonString());
    }

    [TestCase(3, true)]
    [TestCase(4, false)]
    public async Task Envelopes_are_kept_up_to_their_number_and_the_oldest_goes_first(int sent, bool isKnown)
    {
        await using var inbox = await InboxHost.StartAsync(mail: static mail => mail.RecordSessions(static options => options.MaxMessages = 3));
        for (var i = 0; i < sent; i++)
        {
            await inbox.SendAsync($"Subject: {i}\r\n\r\n");
        }

        var oldest = (await inbox.ListAsync())[^1]!;
        Assert.That((await inbox.GetAsync($"api/messages/{oldest["id"]}"))["envelope"] is not null, Is.EqualTo(isKnown));
    }

    [TestCase(2, true)]
    [TestCase(3, false)]
    public async Task Dialogs_are_kept_up_to_their_number_and_the_oldest_goes_first(int sent, bool isKnown)
    {
        await using var inbox = await InboxHost.StartAsync(mail: static mail => mail.RecordSessions(static options => options.MaxSessions = 2));
        for (var i = 0; i < sent; i++)
        {
            await inbox.SendAsync($"Subject: {i}\r\n\r\n");
        }

        var oldest = (await inbox.ListAsync())[^1]!;
        var message = await inbox.GetAsync($"api/messages/{oldest["id"]}");
        Assert.That((message["envelope"] is not null, (bool)message["hasTranscript"]!), Is.EqualTo((true, isKnown)));
    }

    [Test]
    public async Task A_dialog_ends_at_its_limit()
    {
        await using var inbox = await InboxHost.StartAsync(mail: static mail => mail.RecordSessions(static options => options.MaxTranscript = 300));
        await inbox.SendAsync("Subject: x\r\n\r\n");
        var transcript = await TranscriptAsync(inbox);
        Assert.That(transcript[..transcript.LastIndexOf("-- ", StringComparison.Ordinal)], Has.Length.LessThanOrEqualTo(300));
        Assert.That(transcript, Does.Match("-- [0-9]+ lines more\n$"));
    }

    [Test]
    public async Task Long_lines_are_cut_and_controls_are_no_controls_any_more()
    {
        await using var inbox = await InboxHost.StartAsync();
        using (var client = await MailClient.ConnectAsync(inbox.Endpoints["smtp"]))
        {
            await client.ReadLineAsync();
            await client.WriteAsync("EHLO me.example\r\n");
            await client.ReadToAsync(static line => line.StartsWith("250 ", StringComparison.Ordinal));
            await client.SayAsync($"NOOP {new string('n', 450)}");
            await client.SayAsync("NOOP \u001b[31mred");
            await client.SayAsync("MAIL FROM:<a@there.example>");
            await client.SayAsync("RCPT TO:<bob@example.org>");
            await client.SayAsync("DATA");
            await client.SayAsync("Subject: x\r\n\r\nx\r\n.");
        }

        var transcript = await TranscriptAsync(inbox);
        Assert.That(transcript.Split('\n').Single(static line => line.StartsWith("C: NOOP n", StringComparison.Ordinal)), Has.Length.EqualTo("C: ".Length + 403).And.EndsWith("nnn..."));
        Assert.That(transcript, Does.Contain("C: NOOP \uFFFD[31mred").And.Not.Contain("\u001b"));
    }

    [Test]
    public async Task A_refused_message_is_in_the_dialog_of_the_next_one()
    {
        await using var inbox = await InboxHost.StartAsync();
        using (var client = await MailClient.ConnectAsync(inbox.Endpoints["smtp"]))
        {
            await client.ReadLineAsync();
            await EhloAsync(client);
            foreach (var body in new[] { "nul\0nul", "fine" })
            {
                await client.SayAsync("MAIL FROM:<a@there.example>");
                await client.SayAsync("RCPT TO:<bob@example.org>");
                await client.SayAsync("DATA");
                await client.SayAsync($"Subject: x\r\n\r\n{body}\r\n.");
            }
        }

        Assert.That(await TranscriptAsync(inbox), Does.Contain("C: (a message").And.Contain("S: 5").And.Contain("S: 250 2.0.0 OK queued as "));
    }

    [Test]
    public void Limits_below_nothing_are_refused() =>
        Assert.That(static () => new SessionRecords(new SessionRecordOptions { MaxSessions = -1 }), Throws.InstanceOf<ArgumentOutOfRangeException>());

    private static async Task<string> TranscriptAsync(InboxHost inbox) => await inbox.Http.GetStringAsync($"api/messages/{await inbox.NewestAsync()}/transcript");

    private static async Task EhloAsync(MailClient client)
    {
        await client.WriteAsync("EHLO me.example\r\n");
        await client.ReadToAsync(static line => line.StartsWith("250 ", StringComparison.Ordinal));
    }
}

using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using MailCore.Tests.Tls;
using NUnit.Framework;

namespace MailCore.Tests.AspNetCore.MailInbox;

/// <summary>The inbox's API over HTTP, with real clients on the other side.</summary>
[CancelAfter(60_000)]
internal sealed class InboxApiTests
{
    private const string Message =
        "From: =?utf-8?Q?J=C3=BCrgen?= <j@there.example>\r\nTo: Bob <bob@example.org>, x@example.org\r\nCc: c@example.org\r\nReply-To: r@there.example\r\n" +
        "Subject: =?utf-8?Q?Hilfe_f=C3=BCr?=\r\n alle\r\nDate: Thu, 26 Nov 2026 10:00:00 +0100\r\nMessage-ID: <m1@there.example>\r\nMIME-Version: 1.0\r\n" +
        "Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\nContent-Type: multipart/alternative; boundary=a\r\n\r\n" +
        "--a\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\ngr=FC=DFe\r\n" +
        "--a\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\nPGI+w7w8L2I+\r\n--a--\r\n" +
        "--m\r\nContent-Type: Image/PNG\r\nContent-ID: <pic@x>\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=\"../../etc/pass.png\"\r\n\r\nAAECAwQ=\r\n" +
        "--m\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\nContent-Type: multipart/mixed; boundary=i\r\n\r\n--i\r\n\r\nleaf\r\n--i--\r\n--m--\r\n";

    [Test]
    public async Task A_message_that_came_by_smtp_is_listed_and_described()
    {
        await using var inbox = await InboxHost.StartAsync();
        var reply = await inbox.SendAsync(Message);
        Assert.That(reply, Does.StartWith("250"));

        var page = await inbox.GetAsync("api/messages");
        Assert.That((page["total"]!.GetValue<long>(), page["next"]), Is.EqualTo((1L, (JsonNode?)null)));
        var item = page["messages"]![0]!;
        Assert.That((string?)item["account"], Is.EqualTo("bob@example.org"));
        Assert.That((string?)item["mailbox"], Is.EqualTo("INBOX"));
        Assert.That((string?)item["from"], Is.EqualTo("Jürgen <j@there.example>"));
        Assert.That(item["to"]!.ToJsonString(), Is.EqualTo("""["Bob \u003Cbob@example.org\u003E","x@example.org"]"""));
        Assert.That((string?)item["subject"], Is.EqualTo("Hilfe für alle"));
        Assert.That((string?)item["preview"], Is.EqualTo("grüße"));
        Assert.That((item["seen"]!.GetValue<bool>(), item["attachments"]!.GetValue<int>()), Is.EqualTo((false, 2)));
        Assert.That(item["received"]!.GetValue<DateTime>(), Is.EqualTo(DateTime.UtcNow).Within(TimeSpan.FromMinutes(2)));

        var message = await inbox.GetAsync($"api/messages/{item["id"]}");
        Assert.That((string?)message["messageId"], Is.EqualTo("<m1@there.example>"));
        Assert.That((string?)message["date"], Is.EqualTo("2026-11-26T09:00:00Z"));
        Assert.That((message["cc"]!.ToJsonString(), message["replyTo"]!.ToJsonString()), Is.EqualTo(("""["c@example.org"]""", """["r@there.example"]""")));
        Assert.That((message["hasText"]!.GetValue<bool>(), message["hasHtml"]!.GetValue<bool>(), message["hasTranscript"]!.GetValue<bool>()), Is.EqualTo((true, true, true)));
        Assert.That(message["headers"]!.AsArray().Select(static header => (string?)header!["name"]).Take(4), Is.EqualTo(new[] { "Return-Path", "Delivered-To", "Received", "From" }));
        var subject = message["headers"]!.AsArray().Single(static header => (string?)header!["name"] == "Subject")!;
        Assert.That(((string?)subject["value"], (string?)subject["raw"]), Is.EqualTo(("Hilfe für alle", "Subject: =?utf-8?Q?Hilfe_f=C3=BCr?=\r\n alle")));
        Assert.That(Sections(message["parts"]!), Is.EqualTo(new[]
        {
            "TEXT multipart/mixed", "1 multipart/alternative", "1.1 text/plain", "1.2 text/html", "2 image/png", "3 message/rfc822", "3.TEXT multipart/mixed", "3.1 text/plain",
        }));
        Assert.That(message["attachmentParts"]!.AsArray().Select(static part => $"{part!["section"]} {part["fileName"]} {part["contentType"]}"), Is.EqualTo(new[] { "2 pass.png image/png", "3  message/rfc822" }));
        var envelope = message["envelope"]!;
        Assert.That((string?)envelope["mailFrom"], Is.EqualTo("sender@there.example"));
        Assert.That(envelope["recipients"]!.ToJsonString(), Is.EqualTo("""["bob@example.org"]"""));
        Assert.That(((string?)envelope["client"], (string?)envelope["helo"], envelope["tls"], envelope["login"]), Is.EqualTo(("127.0.0.1", "me.example", (JsonNode?)null, (JsonNode?)null)));
    }

    [Test]
    public async Task Text_html_source_and_parts_are_the_messages_octets()
    {
        await using var inbox = await InboxHost.StartAsync();
        await inbox.SendAsync(Message);
        var path = $"api/messages/{await inbox.NewestAsync()}";

        Assert.That(await inbox.Http.GetStringAsync($"{path}/text"), Is.EqualTo("grüße"));
        Assert.That(await inbox.Http.GetStringAsync($"{path}/html"), Is.EqualTo("<b>ü</b>"));
        var source = Encoding.Latin1.GetString(await inbox.Http.GetByteArrayAsync($"{path}/source"));
        Assert.That(source, Does.StartWith("Return-Path: <sender@there.example>\r\nDelivered-To: bob@example.org\r\nReceived: from me.example").And.EndsWith($"\r\n{Message}"));
        Assert.That(await inbox.Http.GetByteArrayAsync($"{path}/parts/2"), Is.EqualTo(new byte[] { 0, 1, 2, 3, 4 }));
        Assert.That(await inbox.Http.GetStringAsync($"{path}/parts/1.1"), Is.EqualTo("gr\uFFFD\uFFFDe"));
        Assert.That(await inbox.Http.GetStringAsync($"{path}/parts/3.1"), Is.EqualTo("leaf"));
        foreach (var none in new[] { "TEXT", "3.TEXT", "1", "4", "0", "2.1", "-1", "1.1.1.1", "x", "99999999999" })
        {
            using var answer = await inbox.Http.GetAsync($"{path}/parts/{none}");
            Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.NotFound), none);
        }
    }

    [Test]
    public async Task Seen_and_deleted_are_what_an_imap_client_sees()
    {
        await using var inbox = await InboxHost.StartAsync();
        await inbox.SendAsync("Subject: one\r\n\r\nx\r\n");
        await inbox.SendAsync("Subject: two\r\n\r\nx\r\n");
        var id = await inbox.NewestAsync();
        using var imap = await ImapAsync(inbox);

        Assert.That((await inbox.ChangeAsync(HttpMethod.Post, $"api/messages/{id}/seen", """{"seen":true}""")).StatusCode, Is.EqualTo(HttpStatusCode.NoContent));
        await imap.WriteAsync("b SELECT INBOX\r\nc FETCH 1:* FLAGS\r\n");
        Assert.That(await imap.ReadToAsync(static line => line.StartsWith("c ", StringComparison.Ordinal)), Does.Match(@"\* 2 FETCH \(FLAGS \([^)]*\\Seen").And.Not.Match(@"\* 1 FETCH \(FLAGS \([^)]*\\Seen"));
        Assert.That((bool)(await inbox.ListAsync())[0]!["seen"]!, Is.True);
        Assert.That((await inbox.ChangeAsync(HttpMethod.Post, $"api/messages/{id}/seen", """{"seen":false}""")).StatusCode, Is.EqualTo(HttpStatusCode.NoContent));
        Assert.That((bool)(await inbox.ListAsync())[0]!["seen"]!, Is.False);

        Assert.That((await inbox.ChangeAsync(HttpMethod.Delete, $"api/messages/{id}")).StatusCode, Is.EqualTo(HttpStatusCode.NoContent));
        await imap.WriteAsync("d NOOP\r\n");
        Assert.That(await imap.ReadToAsync(static line => line.StartsWith("d ", StringComparison.Ordinal)), Does.Contain("* 2 EXPUNGE"));
        foreach (var path in new[] { "", "/text", "/source", "/parts/1" })
        {
            Assert.That((await inbox.Http.GetAsync($"api/messages/{id}{path}")).StatusCode, Is.EqualTo(HttpStatusCode.NotFound), path);
        }

        Assert.That((await inbox.ChangeAsync(HttpMethod.Delete, "api/messages?account=bob@example.org")).StatusCode, Is.EqualTo(HttpStatusCode.NoContent));
        Assert.That(await inbox.ListAsync(), Is.Empty);
    }

    [Test]
    public async Task Emptying_takes_the_mailbox_that_is_named_and_no_other()
    {
        await using var inbox = await InboxHost.StartAsync();
        foreach (var (account, mailbox) in new[] { ("bob@example.org", "INBOX"), ("bob@example.org", "Work"), ("alice@example.org", "INBOX") })
        {
            await inbox.AppendAsync("Subject: x\r\n\r\n", account, mailbox);
        }

        await inbox.ChangeAsync(HttpMethod.Delete, "api/messages?account=bob@example.org&mailbox=INBOX");
        Assert.That((await inbox.ListAsync()).Select(static item => $"{item!["account"]} {item["mailbox"]}"), Is.EquivalentTo(new[] { "bob@example.org Work", "alice@example.org INBOX" }));
        await inbox.ChangeAsync(HttpMethod.Delete, "api/messages?account=nobody@example.org");
        Assert.That(await inbox.ListAsync(), Has.Count.EqualTo(2));
        await inbox.ChangeAsync(HttpMethod.Delete, "api/messages");
        Assert.That(await inbox.ListAsync(), Is.Empty);
    }

    [Test]
    public async Task Mailboxes_are_counted()
    {
        await using var inbox = await InboxHost.StartAsync();
        await inbox.SendAsync("Subject: x\r\n\r\n");
        await inbox.AppendAsync("Subject: x\r\n\r\n", mailbox: "Work");
        Assert.That((await inbox.GetAsync("api/mailboxes")).AsArray().Select(static box => $"{box!["account"]} {box["mailbox"]} {box["messages"]} {box["unseen"]}"), Is.EqualTo(new[]
        {
            "alice@example.org INBOX 0 0", "bob@example.org INBOX 1 1", "bob@example.org Work 1 1",
        }));
        Assert.That((await inbox.GetAsync("api/settings")).ToJsonString(), Does.StartWith("""{"canDelete":true,"canRelease":false,"releaseHint":null,"host":"mx.example.org","smtp":["""));
    }

    private static async Task<MailClient> ImapAsync(InboxHost inbox)
    {
        var client = await MailClient.ConnectAsync(inbox.Endpoints["imap"]);
        await client.ReadLineAsync();
        Assert.That(await client.SayAsync("a LOGIN bob@example.org secret"), Does.StartWith("a OK"));
        return client;
    }

    private static IEnumerable<string> Sections(JsonNode part) =>
        part["parts"]!.AsArray().SelectMany(static child => Sections(child!)).Prepend($"{part["section"]} {part["contentType"]}");
}

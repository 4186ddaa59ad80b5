using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using MailCore.AspNetCore;
using MailCore.Testing;
using NUnit.Framework;

namespace MailCore.Tests.AspNetCore.MailInbox;

/// <summary>Messages that are sent on to real addresses.</summary>
[CancelAfter(60_000)]
internal sealed class InboxReleaseTests
{
    private const string Message =
        "From: app@example.org\r\nTo: bob@example.org\r\nDate: Thu, 26 Nov 2026 10:00:00 +0100\r\nMessage-ID: <m1@example.org>\r\nSubject: Welcome\r\nX-Odd:  spaces \t kept \r\n\r\n" +
        "8-bit: gr\u00fc\u00dfe\r\n.dot\r\n\r\n";

    [Test]
    public async Task The_octets_go_out_behind_a_block_of_resent_fields()
    {
        await using var remote = await RemoteMta.StartAsync();
        await using var inbox = await StartAsync(remote);
        await inbox.SendAsync(Message);

        using var answer = await ReleaseAsync(inbox, "carol@real.example", "dave@real.example", "carol@real.example");
        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.Accepted));
        var body = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
        Assert.That(body["recipients"]!.AsArray().Select(static item => $"{item!["address"]} {item["accepted"]} {((string)item["reply"]!)[..3]}"), Is.EqualTo(new[] { "carol@real.example true 250", "dave@real.example true 250" }));
        var arrived = await remote.Mail.WaitForAsync(static message => message.Subject == "Welcome", TimeSpan.FromSeconds(30));
        Assert.That((arrived.Envelope.From.ToString(), string.Join(',', arrived.Envelope.Recipients)), Is.EqualTo(("postmaster@example.org", "carol@real.example,dave@real.example")));
        var text = Encoding.Latin1.GetString(arrived.Octets.Span);
        Assert.That(text, Does.EndWith(Message), "Nothing of the message is other than it was.");
        var trace = text[..^Message.Length].Split("\r\n").Where(static line => line.Length > 0 && !char.IsWhiteSpace(line[0])).Select(static line => line.Split(':')[0]);
        Assert.That(trace, Is.EqualTo(new[] { "Received", "Resent-Date", "Resent-From", "Resent-To", "Resent-Message-ID", "X-MailCore-Released" }), "Neither Return-Path nor Delivered-To of the first delivery.");
        Assert.That(arrived.Headers("Resent-From").Concat(arrived.Headers("Resent-To")), Is.EqualTo(new[] { "<postmaster@example.org>", "<carol@real.example>, <dave@real.example>" }));
        Assert.That(arrived.Headers("X-MailCore-Released").Single(), Is.EqualTo("mx.example.org, by somebody"));
    }

    [TestCase("carol@other.example")]
    [TestCase("carol@sub.real.example")]
    [TestCase("carol@real.example.attacker.example")]
    [TestCase("\"x@real.example\"@other.example")]
    [TestCase("carol@real.example,eve@other.example")]
    [TestCase("<carol@real.example>")]
    [TestCase("carol@real.example\r\nRCPT TO:<eve@other.example>")]
    [TestCase("")]
    [TestCase("eve")]
    public async Task Nothing_goes_to_addresses_that_are_not_allowed(string to)
    {
        await using var remote = await RemoteMta.StartAsync();
        await using var inbox = await StartAsync(remote);
        await inbox.SendAsync(Message);
        using var alone = await ReleaseAsync(inbox, to);
        using var among = await ReleaseAsync(inbox, "carol@real.example", to);
        Assert.That((alone.StatusCode, among.StatusCode), Is.EqualTo((HttpStatusCode.UnprocessableEntity, HttpStatusCode.UnprocessableEntity)));
        Assert.That(remote.Mail.Messages, Is.Empty);
    }

    [TestCase(0, HttpStatusCode.UnprocessableEntity)]
    [TestCase(20, HttpStatusCode.Accepted)]
    [TestCase(21, HttpStatusCode.UnprocessableEntity)]
    public async Task So_many_addresses_at_once(int count, HttpStatusCode expected)
    {
        await using var remote = await RemoteMta.StartAsync();
        await using var inbox = await StartAsync(remote);
        await inbox.SendAsync(Message);
        using var answer = await ReleaseAsync(inbox, [.. Enumerable.Range(0, count).Select(static i => $"carol{i}@real.example")]);
        Assert.That(answer.StatusCode, Is.EqualTo(expected));
    }

    [Test]
    public async Task It_is_refused_unless_the_host_allows_it()
    {
        await using var inbox = await InboxHost.StartAsync();
        await inbox.SendAsync(Message);
        using var answer = await ReleaseAsync(inbox, "alice@example.org");
        Assert.That((answer.StatusCode, answer.Content.Headers.ContentType!.MediaType), Is.EqualTo((HttpStatusCode.Conflict, "application/problem+json")));
        Assert.That(await inbox.ListAsync(), Has.Count.EqualTo(1));
    }

    [Test]
    public async Task What_was_sent_on_once_is_not_sent_on_again()
    {
        await using var inbox = await InboxHost.StartAsync(static options => options.AllowRelease("postmaster@example.org", "*@example.org"));
        await inbox.SendAsync(Message);
        Assert.That((await ReleaseAsync(inbox, "alice@example.org")).StatusCode, Is.EqualTo(HttpStatusCode.Accepted));
        var copy = (await inbox.ListAsync("?account=alice@example.org"))[0]!;
        using var again = await inbox.ChangeAsync(HttpMethod.Post, $"api/messages/{copy["id"]}/release", """{"to":["bob@example.org"]}""");
        Assert.That(again.StatusCode, Is.EqualTo(HttpStatusCode.Conflict));
        Assert.That(await inbox.ListAsync(), Has.Count.EqualTo(2));
    }

    [Test]
    public async Task What_the_server_does_not_take_is_told()
    {
        await using var remote = await RemoteMta.StartAsync();
        await using var inbox = await StartAsync(remote);
        await inbox.SendAsync(Message);
        remote.Faults.OnRecipient(remote.Server.CreateInbox("carol@real.example")).Reply(550, "5.1.1", "No such user here");
        using var refused = await ReleaseAsync(inbox, "carol@real.example");
        Assert.That(refused.StatusCode, Is.EqualTo(HttpStatusCode.UnprocessableEntity));
        Assert.That(await refused.Content.ReadAsStringAsync(), Does.Contain("5.1.1"));
        using var some = await ReleaseAsync(inbox, "carol@real.example", "dave@real.example");
        Assert.That(some.StatusCode, Is.EqualTo(HttpStatusCode.Accepted));
        Assert.That(JsonNode.Parse(await some.Content.ReadAsStringAsync())!["recipients"]!.AsArray().Select(static item => (bool)item!["accepted"]!), Is.EqualTo(new[] { false, true }));
    }

    [TestCase("{}")]
    [TestCase("[]")]
    [TestCase("null")]
    [TestCase("{\"to\":\"carol@real.example\"}")]
    [TestCase("{\"to\":[1]}")]
    [TestCase("{\"to\":[")]
    [TestCase("{\"to\":null}")]
    [TestCase("{\"to\":[null]}")]
    public async Task What_is_no_request_is_refused(string json)
    {
        await using var inbox = await InboxHost.StartAsync(static options => options.AllowRelease("postmaster@example.org", "*@example.org"));
        await inbox.SendAsync(Message);
        using var answer = await inbox.ChangeAsync(HttpMethod.Post, $"api/messages/{await inbox.NewestAsync()}/release", json);
        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest).Or.EqualTo(HttpStatusCode.UnprocessableEntity));
    }

    [Test]
    public async Task A_request_of_any_length_or_another_type_is_refused()
    {
        await using var inbox = await InboxHost.StartAsync(static options => options.AllowRelease("postmaster@example.org", "*@example.org"));
        await inbox.SendAsync(Message);
        var path = $"api/messages/{await inbox.NewestAsync()}/release";
        var json = """{"to":["alice@example.org"]}""";
        Assert.That((await inbox.ChangeAsync(HttpMethod.Post, path, json.PadRight((64 * 1024) + 1))).StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
        Assert.That((await inbox.ChangeAsync(HttpMethod.Post, path, null, request => request.Content = new StringContent(json, Encoding.UTF8, "text/plain"))).StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
        Assert.That((await inbox.ChangeAsync(HttpMethod.Post, path, json.PadRight(64 * 1024))).StatusCode, Is.EqualTo(HttpStatusCode.Accepted));
    }

    [TestCase("no address", "*@example.org")]
    [TestCase("a@example.org", "*")]
    [TestCase("a@example.org", "*@*")]
    [TestCase("a@example.org", "example.org")]
    public void What_is_no_address_or_no_pattern_fails_the_start(string sender, string pattern) =>
        Assert.That(() => new MailInboxOptions().AllowRelease(sender, pattern), Throws.TypeOf<FormatException>());

    private static Task<InboxHost> StartAsync(RemoteMta remote) => InboxHost.StartAsync(
        static options => options.AllowRelease("postmaster@example.org", "*@real.example"), mail => mail.AddRelayDomain("real.example", remote.NextHop));

    private static async Task<HttpResponseMessage> ReleaseAsync(InboxHost inbox, params string[] to)
    {
        var body = new JsonObject { ["to"] = new JsonArray([.. to.Select(static address => (JsonNode)address)]) };
        return await inbox.ChangeAsync(HttpMethod.Post, $"api/messages/{await inbox.NewestAsync()}/release", body.ToJsonString());
    }
}

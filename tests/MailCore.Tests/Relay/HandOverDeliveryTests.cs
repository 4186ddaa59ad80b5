using System.Net;
using System.Text;
using MailCore.Delivery;
using MailCore.Hosting;
using MailCore.Messaging;
using MailCore.Storage;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;

namespace MailCore.Tests.Relay;

/// <summary>Two servers: what the first takes for a relay domain the second has when the sender gets the reply.</summary>
[CancelAfter(60_000)]
internal sealed class HandOverDeliveryTests
{
    [Test]
    public async Task A_relay_domain_is_handed_to_its_next_hop_before_the_reply([Values] bool isLmtp)
    {
        await using var inside = await InsideAsync(isLmtp);
        await using var outside = await OutsideAsync(Hop(inside, isLmtp));
        var result = await SubmitAsync(outside, "bob@inside.example", "bob+x@inside.example", "nobody@inside.example", "here@example.org", "x@elsewhere.example");
        var message = await ReadAsync(inside, "bob@inside.example");
        Assert.Multiple(async () =>
        {
            Assert.That(result.Replies.Select(static reply => reply.Code), Is.EqualTo(new[] { 250, 250, 550, 250, 550 }));
            Assert.That(message, Does.Match("^Return-Path: <app@example.org>\r\nDelivered-To: [^\r]+\r\nReceived: from outside.example "));
            Assert.That(message, Does.Contain($"Received: by outside.example with local id {result.QueueId};").And.EndWith("\r\n\r\n.dots\r\n"));
            Assert.That(message.Split("Return-Path:"), Has.Length.EqualTo(2));
            Assert.That(message, Does.Contain($" with {(isLmtp ? "LMTP" : "ESMTP")} id "));
            Assert.That(await ReadAsync(outside, "here@example.org"), Does.EndWith(".dots\r\n"));
            var steps = await outside.GetRequiredService<IMessageTrace>().FindAsync(result.QueueId, default);
            Assert.That(steps.Where(static step => step.Kind == MessageStepKind.Relayed).Select(static step => step.Recipient), Does.Contain("bob@inside.example"));
        });
    }

    [Test]
    public async Task A_next_hop_that_does_not_answer_is_4xx()
    {
        int port;
        using (var socket = new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp))
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            port = ((IPEndPoint)socket.LocalEndPoint!).Port;
        }

        await using var outside = await OutsideAsync($"[127.0.0.1]:{port}");
        var result = await SubmitAsync(outside, "bob@inside.example");
        Assert.That(result.Replies.Single().Code, Is.EqualTo(451));
    }

    [Test]
    public async Task A_next_hop_that_refuses_everybody_for_good_is_4xx_for_the_message()
    {
        await using var mta = new FaultyMta().At("greeting", "554 5.7.1 not you", "554 5.7.1 not you");
        await using var outside = await OutsideAsync($"[127.0.0.1]:{mta.Port}");
        Assert.That((await SubmitAsync(outside, "bob@inside.example")).Replies.Single().ToString(), Is.EqualTo("451 4.4.0 The next server takes nothing now: 554 5.7.1 not you"));
    }

    [Test]
    public async Task A_domain_without_a_next_hop_needs_a_queue()
    {
        await using var outside = await OutsideAsync(null);
        Assert.That((await SubmitAsync(outside, "bob@inside.example")).Replies.Single().ToString(), Does.StartWith("550 5.7.1"));
    }

    [Test]
    public async Task An_alias_into_the_relay_domain_is_handed_over_too()
    {
        await using var inside = await InsideAsync(isLmtp: false);
        await using var outside = await OutsideAsync(Hop(inside, isLmtp: false));
        var result = await SubmitAsync(outside, "both@example.org");
        Assert.That(result.Replies.Single().Code, Is.EqualTo(250));
        Assert.That(await ReadAsync(inside, "bob@inside.example"), Does.EndWith(".dots\r\n"));
        Assert.That(await ReadAsync(outside, "here@example.org"), Does.EndWith(".dots\r\n"));
    }

    [Test]
    public async Task A_recipient_that_the_next_hop_does_not_know_is_refused_at_rcpt([Values] bool isLmtp)
    {
        await using var inside = await InsideAsync(isLmtp);
        await using var outside = await OutsideAsync(Hop(inside, isLmtp));
        Assert.Multiple(async () =>
        {
            Assert.That(await RouteAsync(outside, "nobody@inside.example"), Does.StartWith("550 5.1.1"));
            Assert.That(await RouteAsync(outside, "bob@inside.example"), Is.EqualTo("taken"));
        });

        // The answers are kept: nobody is asked again.
        await inside.GetRequiredService<MailServer>().StopAsync(default);
        Assert.Multiple(async () =>
        {
            Assert.That(await RouteAsync(outside, "NOBODY@inside.example"), Does.StartWith("550 5.1.1"));
            Assert.That(await RouteAsync(outside, "bob@inside.example"), Is.EqualTo("taken"));
            Assert.That(await RouteAsync(outside, "unasked@inside.example"), Is.EqualTo("taken"), "a host that can't be asked keeps no mail away");
        });
    }

    [Test]
    public async Task Verification_can_be_turned_off()
    {
        await using var inside = await InsideAsync(isLmtp: false);
        await using var outside = await OutsideAsync(Hop(inside, isLmtp: false), verifies: false);
        Assert.That(await RouteAsync(outside, "nobody@inside.example"), Is.EqualTo("taken"));
        Assert.That((await SubmitAsync(outside, "nobody@inside.example")).Replies.Single().ToString(), Does.StartWith("550 5.1.1"), "the next hop's reply to the message");
    }

    private static async Task<string> RouteAsync(ServiceProvider host, string address)
    {
        var session = new MailSessionInfo { ConnectionId = "1", Protocol = "ESMTP", ServerName = "outside.example" };
        var transaction = new MailTransaction("Q", session, new Envelope(ReversePath.Null), DateTimeOffset.UnixEpoch);
        return await host.GetRequiredService<IMessageRouter>().RouteAsync(transaction, new Recipient(EmailAddress.Parse(address)), default) is RecipientRoute.Refuse refuse
            ? refuse.Reply.ToString()
            : "taken";
    }

    private static string Hop(ServiceProvider inside, bool isLmtp) =>
        $"{(isLmtp ? "lmtp:" : "")}[127.0.0.1]:{inside.GetRequiredService<MailServer>().Endpoints[0].Port}";

    private static Task<ServiceProvider> InsideAsync(bool isLmtp) => StartAsync(mail =>
    {
        mail.HostName = "inside.example";
        mail.UseInMemoryStore().AddAccount("bob@inside.example");
        _ = isLmtp ? mail.ListenLmtp(0).On(IPAddress.Loopback).UseCleartext() : mail.ListenSmtp(0).On(IPAddress.Loopback).UseCleartext();
    });

    private static Task<ServiceProvider> OutsideAsync(string? via, bool verifies = true) => StartAsync(mail =>
    {
        mail.Routing.VerifiesRelayRecipients = verifies;
        mail.HostName = "outside.example";
        mail.UseInMemoryStore().AddAccount("here@example.org").AddRelayDomain("inside.example", via).AddAlias("both@example.org", "here@example.org", "bob@inside.example");
        mail.ListenSmtp(0).On(IPAddress.Loopback).UseCleartext();
    });

    private static async Task<ServiceProvider> StartAsync(Action<MailServerBuilder> configure)
    {
        var services = new ServiceCollection();
        services.AddMailServer(configure);
        var host = services.BuildServiceProvider();
        await host.GetRequiredService<MailServer>().StartAsync(default);
        return host;
    }

    private static async Task<SubmissionResult> SubmitAsync(ServiceProvider host, params string[] recipients)
    {
        var envelope = new Envelope(new ReversePath(EmailAddress.Parse("app@example.org")));
        envelope.Recipients.AddRange(recipients.Select(static to => new Recipient(EmailAddress.Parse(to))));
        return await host.GetRequiredService<IMailSubmission>().SubmitAsync(envelope, new MemoryStream("Subject: hi\r\n\r\n.dots\r\n"u8.ToArray()), default);
    }

    private static async Task<string> ReadAsync(ServiceProvider host, string address)
    {
        var account = await host.GetRequiredService<MailAccounts>().OpenAsync(new AccountId(address));
        var inbox = await account!.FindMailboxAsync(MailboxName.Inbox);
        await foreach (var row in inbox!.ReadAsync(new[] { new Uid(1) }, MessageFields.All))
        {
            await using var content = await inbox.OpenContentAsync(row);
            using var reader = new StreamReader(content!.AsStream(), Encoding.UTF8);
            return await reader.ReadToEndAsync();
        }

        return "";
    }
}

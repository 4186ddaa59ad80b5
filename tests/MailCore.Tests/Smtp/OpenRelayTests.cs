using MailCore.Delivery;
using MailCore.Messaging;
using MailCore.Smtp;
using MailCore.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;

namespace MailCore.Tests.Smtp;

/// <summary>
/// The published ways of making a server pass on a stranger's mail, against one that has a relay, a relay domain, a catch-all and
/// expressions. The victim's address is victim@elsewhere.example. What counts is what the relay is given: nothing.
/// </summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class OpenRelayTests
{
    private static readonly string[] Recipients =
    [
        // As it stands, in every case and with every dot.
        "<victim@elsewhere.example>", "<VICTIM@ELSEWHERE.EXAMPLE>", "<victim@elsewhere.example.>", "<victim@elsewhere.example..>", "< victim@elsewhere.example>",
        "victim@elsewhere.example", "<\"victim\"@elsewhere.example>", "<victim@Elsewhere.Example>",
        // Percent hacks, with our domain, our host's name and address literals.
        "<victim%elsewhere.example@example.org>", "<victim%elsewhere.example@mx.example.org>", "<victim%elsewhere.example@[127.0.0.1]>", "<victim%elsewhere.example@>",
        "<victim%elsewhere.example>", "<victim%elsewhere.example%example.org@example.org>", "<\"victim%elsewhere.example\"@example.org>", "<victim%elsewhere.example@localhost>",
        // Quoted and nested addresses.
        "<\"victim@elsewhere.example\"@example.org>", "<\"victim@elsewhere.example\">", "<victim@elsewhere.example@example.org>", "<victim\\@elsewhere.example@example.org>",
        "<\"<victim@elsewhere.example>\"@example.org>", "<<victim@elsewhere.example>>", "<victim@elsewhere.example>@example.org", "<\"victim@elsewhere.example\"@mx.example.org>",
        "<\"victim@elsewhere.example\"@[127.0.0.1]>", "<\"bob@example.org\"@elsewhere.example>", "<bob@example.org@elsewhere.example>", "<bob(@example.org)@elsewhere.example>",
        // Source routes: what stands behind them is what counts.
        "<@example.org:victim@elsewhere.example>", "<@mx.example.org:victim@elsewhere.example>", "<@example.org,@mx.example.org:victim@elsewhere.example>",
        "<@[127.0.0.1]:victim@elsewhere.example>", "<@elsewhere.example:victim@elsewhere.example>", "<@example.org@elsewhere.example:victim@example.org@elsewhere.example>",
        "<@example.org:\"victim@elsewhere.example\"@mx.example.org>", "<example.org:victim@elsewhere.example>",
        // Bang paths.
        "<elsewhere.example!victim>", "<elsewhere.example!victim@mx.example.org>", "<elsewhere.example!victim@[127.0.0.1]>", "<example.org!elsewhere.example!victim>",
        "<mx.example.org!elsewhere.example!victim@localhost>", "<victim@elsewhere.example!example.org>", "<@example.org:elsewhere.example!victim@mx.example.org>",
        // Our own name, our addresses, and those that look like ours.
        "<victim@mx.example.org>", "<victim@[127.0.0.1]>", "<victim@[192.0.2.1]>", "<victim@[IPv6:::1]>", "<victim@127.0.0.1>", "<victim@localhost>", "<victim@sub.example.org>",
        "<bob@example.org.elsewhere.example>", "<bob@elsewhere.example.org>", "<bob@example.orgelsewhere.example>", "<bob@xexample.org>", "<bob@example.com>", "<bob@org>",
        "<bob@example.org\t.elsewhere.example>", "<bob@example.org,victim@elsewhere.example>", "<bob@example.org;victim@elsewhere.example>", "<bob@example.org victim@elsewhere.example>",
        "<bob@example.org><victim@elsewhere.example>", "<bob@example.org> <victim@elsewhere.example>", "<bob@exam\u200bple.org>", "<bob@ｅｘａｍｐｌｅ.org>", "<bob@example。org>",
        // Nobody's domain.
        "<victim>", "<\"victim@elsewhere.example\"", "<victim@>", "<@elsewhere.example>", "<>",
        // Parameters that claim something.
        "<victim@elsewhere.example> ORCPT=rfc822;bob@example.org", "<victim@elsewhere.example> NOTIFY=NEVER", "<victim@elsewhere.example> AUTH=bob@example.org",
    ];

    private static readonly string[] Senders =
    [
        "<spammer@elsewhere.example>", "<>", "<bob@example.org>", "<postmaster@example.org>", "<bob@mx.example.org>", "<bob@[127.0.0.1]>", "<bob@localhost>",
        "<MAILER-DAEMON@example.org>", "<\"victim@elsewhere.example\"@example.org>", "<@example.org:bob@example.org>",
        "<bob@example.org> AUTH=bob@example.org", "<bob@example.org> AUTH=<>",
    ];

    [Test]
    public async Task Nothing_a_stranger_says_makes_the_server_relay([ValueSource(nameof(Senders))] string sender)
    {
        var relay = new StubDelivery();
        await using var server = await ServerAsync(relay);
        await using var client = await server.GreetAsync();
        var begun = await SayAsync(client, $"MAIL FROM:{sender}");
        if (begun[0] != '2')
        {
            // A sender that is refused has nobody to send to; the others are tried with the null path.
            await client.SayAsync(250, "MAIL FROM:<>");
        }

        foreach (var recipient in Recipients)
        {
            var reply = await SayAsync(client, $"RCPT TO:{recipient}");
            Assert.That(reply, Does.StartWith("5"), $"{sender} to {recipient}");
        }

        Assert.That(await SayAsync(client, "DATA"), Does.StartWith("5"));
        Assert.That(relay.Transactions, Is.Empty);
    }

    /// <summary>With a catch-all the odd ones of our own domain are somebody's mail, and stay here.</summary>
    [Test]
    public async Task What_a_catch_all_takes_stays_here()
    {
        var relay = new StubDelivery();
        await using var server = await ServerAsync(relay);
        server.Directory.AddAlias(MailAlias.Parse("@example.org", "bob@example.org"));
        server.Directory.AddAlias(MailAlias.Parse(@"/^(.*)%(.*)@example\.org$/", "alice@example.org"));
        await using var client = await server.GreetAsync();
        var taken = 0;
        foreach (var recipient in Recipients)
        {
            await client.SayAsync(250, "MAIL FROM:<spammer@elsewhere.example>");
            if ((await SayAsync(client, $"RCPT TO:{recipient}"))[0] == '2')
            {
                taken++;
                await client.SayAsync(354, "DATA");
                await client.SendAsync("x\r\n.\r\n");
                await client.ExpectAsync(250);
            }
            else
            {
                await client.SayAsync(250, "RSET");
            }
        }

        Assert.That(taken, Is.GreaterThan(0));
        Assert.That((await server.MessagesAsync()).Count + (await server.MessagesAsync("alice@example.org")).Count, Is.EqualTo(taken));
        Assert.That(relay.Transactions, Is.Empty);
    }

    [Test]
    public async Task What_vrfy_and_expn_say_is_no_relay_either()
    {
        var relay = new StubDelivery();
        await using var server = await ServerAsync(relay);
        server.Options.Verification = AddressDisclosure.Everybody;
        server.Options.Expansion = AddressDisclosure.Everybody;
        await using var client = await server.GreetAsync();
        Assert.That(await SayAsync(client, "VRFY victim@elsewhere.example"), Does.StartWith("550 5.7.1"));
        Assert.That(await SayAsync(client, "EXPN victim@elsewhere.example"), Does.StartWith("550"));
    }

    [Test]
    public async Task Our_own_users_and_relay_domains_are_served()
    {
        var relay = new StubDelivery();
        await using var server = await ServerAsync(relay);
        server.Directory.AddRelayDomain("backup.example");
        await using var client = await server.GreetAsync();
        await client.SayAsync(250, "MAIL FROM:<spammer@elsewhere.example>");
        await client.SayAsync(250, "RCPT TO:<anybody@backup.example>");
        await client.SayAsync(550, "RCPT TO:<anybody@sub.backup.example>");
        await client.SayAsync(250, "RCPT TO:<@elsewhere.example:bob@example.org>");
        await client.SayAsync(250, "RCPT TO:<bob@EXAMPLE.org.>");
        await client.SayAsync(354, "DATA");
        await client.SendAsync("x\r\n.\r\n");
        await client.ExpectAsync(250);
        Assert.That(relay.Messages.Single().Routes, Is.EqualTo(new[] { new RecipientRoute.Relay(EmailAddress.Parse("anybody@backup.example")) }));
    }

    [Test]
    public async Task A_login_that_failed_opens_nothing()
    {
        var relay = new StubDelivery();
        await using var server = await ServerAsync(relay, SmtpDialect.Submission);
        server.Options.RequireAuthentication = false;
        await using var client = await server.GreetAsync();
        await client.SayAsync(535, $"AUTH PLAIN {SmtpTestClient.Plain("bob", "wrong")}");
        await client.SayAsync(250, "MAIL FROM:<bob@example.org>");
        await client.SayAsync(550, "RCPT TO:<victim@elsewhere.example>");
        await client.SayAsync(250, "RSET");
        await client.SayAsync(235, $"AUTH PLAIN {SmtpTestClient.Plain("bob", "secret")}");
        await client.SayAsync(250, "MAIL FROM:<bob@example.org>");
        await client.SayAsync(250, "RCPT TO:<victim@elsewhere.example>");
    }

    private static async Task<string> SayAsync(SmtpTestClient client, string line)
    {
        await client.SendAsync(System.Text.Encoding.UTF8.GetBytes(line + "\r\n"));
        return await client.ReadReplyAsync() ?? throw new IOException($"The server left at {line}.");
    }

    private static async Task<SmtpTestServer> ServerAsync(StubDelivery relay, SmtpDialect? dialect = null)
    {
        var server = new SmtpTestServer(dialect, static options => options.MaxBadCommands = 1_000);
        server.Routing.RelaysOutward = true;
        server.Delivery = new RoutedDelivery(new LocalDelivery(server.Accounts, NullLogger<LocalDelivery>.Instance), relay, NullLogger<RoutedDelivery>.Instance);
        return await server.PopulateAsync();
    }
}

using System.Net;
using MailCore.Dns;
using MailCore.Smtp.Filters;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;

namespace MailCore.Tests.Smtp.Filters;

[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class DnsblFilterTests
{
    private const string Entry = "7.2.0.192.list.example";

    [Test]
    public async Task A_listed_client_is_refused_with_the_lists_own_words_on_one_line()
    {
        var dns = new StubDns().Address(Entry, "127.0.0.2").Text(Entry, "see\r\nhttps://list.example/?ip=192.0.2.7");
        await using var server = await ServerAsync(dns);
        Assert.That(await ShippedFilters.RecipientAsync(server), Is.EqualTo("554 5.7.1 Client [192.0.2.7] is listed by list.example: see? https://list.example/?ip=192.0.2.7"));
    }

    [TestCase("127.0.0.2", "554")]
    [TestCase("127.255.255.254", "250", TestName = "The list refuses the question")]
    [TestCase("192.0.2.1", "250", TestName = "Somebody has taken the zone over")]
    public async Task Only_some_answers_are_listings(string answer, string expected)
    {
        await using var server = await ServerAsync(new StubDns().Address(Entry, answer));
        Assert.That(await ShippedFilters.RecipientAsync(server), Does.StartWith(expected));
    }

    [Test]
    public async Task Answers_can_be_chosen()
    {
        await using var server = await ServerAsync(new StubDns().Address(Entry, "127.0.0.4"), static options =>
        {
            options.Lists.Clear();
            options.Lists.Add(new DnsblList("list.example") { Answers = [IPAddress.Parse("127.0.0.2")] });
        });
        Assert.That(await ShippedFilters.RecipientAsync(server), Does.StartWith("250"));
    }

    [Test]
    public async Task Strangers_are_looked_up_once_a_session_and_nobody_else_is()
    {
        var dns = new StubDns();
        await using var server = await ServerAsync(dns);
        await using (var client = await server.GreetAsync())
        {
            await client.SayAsync(250, "MAIL FROM:<>");
            await client.SayAsync(250, "RCPT TO:<bob@example.org>");
            await client.SayAsync(250, "RCPT TO:<alice@example.org>");
        }

        Assert.That(dns.Asked, Is.EqualTo(new[] { Entry + " A" }));
        await ShippedFilters.RecipientAsync(server, from: "bob@example.org", login: true);
        server.Remote = new IPEndPoint(IPAddress.IPv6Loopback, 1);
        await ShippedFilters.RecipientAsync(server);
        server.Remote = null;
        await ShippedFilters.RecipientAsync(server);
        Assert.That(dns.Asked, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task A_postmaster_can_be_written_to_from_anywhere()
    {
        await using var server = await ServerAsync(new StubDns().Address(Entry, "127.0.0.2"));
        Assert.That(await ShippedFilters.RecipientAsync(server, to: "postmaster"), Does.StartWith("250"));
        Assert.That(await ShippedFilters.RecipientAsync(server, to: "Postmaster@example.org"), Does.StartWith("250"));
        Assert.That(await ShippedFilters.RecipientAsync(server), Does.StartWith("554"));
    }

    [Test]
    public async Task Weights_add_up_to_the_threshold()
    {
        const string Good = "7.2.0.192.good.example";
        const string Other = "7.2.0.192.other.example";
        void Weigh(DnsblOptions options)
        {
            options.Lists.Add(new DnsblList("other.example"));
            options.Lists.Add(new DnsblList("good.example", -1));
            options.Threshold = 2;
        }

        foreach (var (dns, expected) in new[]
        {
            (new StubDns().Address(Entry, "127.0.0.2"), "250"),
            (new StubDns().Address(Entry, "127.0.0.2").Address(Other, "127.0.0.2"), "554"),
            (new StubDns().Address(Entry, "127.0.0.2").Address(Other, "127.0.0.2").Address(Good, "127.0.0.2"), "250"),
        })
        {
            await using var server = await ServerAsync(dns, Weigh);
            Assert.That(await ShippedFilters.RecipientAsync(server), Does.StartWith(expected));
        }
    }

    [TestCase(false, "250")]
    [TestCase(true, "451 4.4.3")]
    public async Task A_list_that_does_not_answer_lets_pass_unless_told_otherwise(bool tryLater, string expected)
    {
        await using var server = await ServerAsync(new StubDns().Fail(Entry, DnsRecordType.A), options => options.TryLaterOnFailure = tryLater);
        Assert.That(await ShippedFilters.RecipientAsync(server), Does.StartWith(expected));
    }

    [Test]
    public async Task A_listed_client_can_be_quarantined()
    {
        await using var server = await ServerAsync(new StubDns().Address(Entry, "127.0.0.2"), static options => options.Quarantine = true);
        await using var client = await server.GreetAsync();
        await client.SendMessageAsync(250, "Subject: x\r\n\r\n");
        Assert.That((await server.MessagesAsync(mailbox: "Junk")).Single().Prefix, Does.Contain("\r\nX-MailCore-Quarantine: Client [192.0.2.7] is listed by list.example\r\n"));
    }

    [Test]
    public void A_list_has_a_name()
    {
        Assert.That(() => new DnsblFilter(new DnsblOptions(), new StubDns(), NullLogger<DnsblFilter>.Instance), Throws.ArgumentException);
        Assert.That(() => new DnsblFilter(new DnsblOptions { Lists = { new DnsblList("not a name") } }, new StubDns(), NullLogger<DnsblFilter>.Instance), Throws.ArgumentException);
    }

    private static Task<SmtpTestServer> ServerAsync(StubDns dns, Action<DnsblOptions>? configure = null)
    {
        var options = new DnsblOptions();
        options.Lists.Add(new DnsblList("list.example"));
        configure?.Invoke(options);
        return ShippedFilters.ServerAsync(new DnsblFilter(options, dns, NullLogger<DnsblFilter>.Instance));
    }
}

using System.Net;
using MailCore.Dns;
using MailCore.Smtp.Filters;
using NUnit.Framework;

namespace MailCore.Tests.Smtp.Filters;

[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class ClientNameFilterTests
{
    private const string Reverse = "7.2.0.192.in-addr.arpa";

    [TestCase("client", 550)]
    [TestCase("mx.example.org", 550)]
    [TestCase("MX.Example.Org", 550)]
    [TestCase("our.other.name", 550)]
    [TestCase("client.example", 250)]
    [TestCase("[192.0.2.7]", 250)]
    public async Task The_name_in_EHLO_is_a_full_one_and_not_ours(string name, int code)
    {
        await using var server = await ServerAsync(new StubDns(), static options => options.OwnNames.Add("our.other.name"));
        await using var client = await server.ConnectAsync();
        await client.SayAsync(code, $"EHLO {name}");
        await client.SayAsync(code, $"HELO {name}");
    }

    [Test]
    public async Task Mail_programs_may_call_themselves_anything()
    {
        await using var server = await ShippedFilters.ServerAsync(new ClientNameFilter(new ClientNameOptions(), new StubDns()), MailCore.Smtp.SmtpDialect.Submission);
        await using var client = await server.ConnectAsync();
        await client.SayAsync(250, "EHLO laptop");
        await client.LoginAsync();
        await client.SayAsync(250, "MAIL FROM:<bob@example.org>");
    }

    [Test]
    public async Task An_address_needs_a_name()
    {
        await using var without = await ServerAsync(new StubDns());
        await using var client = await without.GreetAsync();
        Assert.That(await client.SayAsync(550, "MAIL FROM:<>"), Does.StartWith("550 5.7.25 "));
        await using var with = await ServerAsync(new StubDns().Pointer(Reverse, "host.example"));
        await using var other = await with.GreetAsync();
        await other.SayAsync(250, "MAIL FROM:<>");
    }

    [Test]
    public async Task The_name_leads_back_where_that_is_asked_for()
    {
        foreach (var (dns, code) in new[]
        {
            (new StubDns().Pointer(Reverse, "host.example").Address("host.example", "192.0.2.8"), 550),
            (new StubDns().Pointer(Reverse, "host.example"), 550),
            (new StubDns().Pointer(Reverse, "other.example", "host.example").Address("host.example", "192.0.2.8", "192.0.2.7"), 250),
            (new StubDns().Pointer(Reverse, "host.example").Fail("host.example", DnsRecordType.A), 451),
            (new StubDns().Pointer(Reverse, [.. Enumerable.Range(0, 50).Select(static i => $"h{i}.example")]).Address("h49.example", "192.0.2.7"), 550),
        })
        {
            await using var server = await ServerAsync(dns, static options => options.RequireForwardConfirmed = true);
            await using var client = await server.GreetAsync();
            await client.SayAsync(code, "MAIL FROM:<>");
            Assert.That(dns.Asked, Has.Count.LessThanOrEqualTo(11));
        }
    }

    [Test]
    public async Task The_name_in_EHLO_exists_where_that_is_asked_for()
    {
        foreach (var (dns, code) in new[]
        {
            (new StubDns(), 550),
            (new StubDns().Address("client.example", "192.0.2.99"), 250),
            (new StubDns().Add("client.example", DnsRecordType.Mx, new MailExchangeRecord("client.example", default, 1, "mx")), 250),
            (new StubDns().Fail("client.example", DnsRecordType.Aaaa), 451),
        })
        {
            await using var server = await ServerAsync(dns, static options => (options.RequireReverseName, options.RequireResolvableHello) = (false, true));
            await using var client = await server.GreetAsync();
            await client.SayAsync(code, "MAIL FROM:<>");
        }
    }

    [TestCase(false, "451 4.4.3")]
    [TestCase(true, "250")]
    public async Task Without_an_answer_the_client_tries_later_or_passes_as_chosen(bool pass, string expected)
    {
        await using var server = await ServerAsync(new StubDns().Fail(Reverse, DnsRecordType.Ptr), options => options.PassOnFailure = pass);
        await using var client = await server.GreetAsync();
        await client.SendAsync("MAIL FROM:<>\r\n");
        Assert.That(await client.ReadReplyAsync(), Does.StartWith(expected));
    }

    [Test]
    public async Task Logins_and_exempt_clients_are_not_checked()
    {
        var dns = new StubDns();
        await using var server = await ServerAsync(dns);
        await using var client = await server.GreetAsync();
        await client.LoginAsync();
        await client.SayAsync(250, "MAIL FROM:<bob@example.org>");
        server.Remote = new IPEndPoint(IPAddress.Loopback, 1);
        await using var local = await server.ConnectAsync();
        await local.SayAsync(250, "EHLO localhost");
        await local.SayAsync(250, "MAIL FROM:<>");
        Assert.That(dns.Asked, Is.Empty);
    }

    private static Task<SmtpTestServer> ServerAsync(StubDns dns, Action<ClientNameOptions>? configure = null)
    {
        var options = new ClientNameOptions();
        configure?.Invoke(options);
        return ShippedFilters.ServerAsync(new ClientNameFilter(options, dns));
    }
}

using System.Net;
using MailCore.Dns;
using MailCore.Hosting;
using MailCore.InteropTests.Server;
using MailCore.InteropTests.Tools;
using MailCore.Messaging;
using MailCore.Smtp.Filters;
using NUnit.Framework;

namespace MailCore.InteropTests;

/// <summary>The resolver, and the filters that use it, with a real authoritative and a real validating server.</summary>
internal sealed class DnsTests
{
    private static readonly string Records = $"""
        @ MX 20 mx2
        @ MX 10 mx1
        @ TXT "v=spf1 -all" "{new string('x', 250)}"
        mx1 A 192.0.2.1
        mx1 AAAA 2001:db8::1
        _25._tcp.mx1 TLSA 3 1 1 00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF
        alias CNAME other
        other CNAME mx1
        ptr PTR mx1
        {string.Join('\n', Enumerable.Range(0, 40).Select(static i => $"big TXT \"{i:D2}{new string('y', 200)}\""))}
        """;

    private DnsServers _servers = null!;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        DnsServers.Require();
        _servers = await DnsServers.StartAsync(
            ("signed.test", Records),
            ("plain.test", Records),
            ("bogus.test", Records),
            ("list.test", "2.0.0.127 A 127.0.0.2\n2.0.0.127 TXT \"ask https://list.test/\"\n3.0.0.127 A 127.255.255.254"),
            ("0.0.127.in-addr.arpa", "2 PTR host.plain.test.\n3 PTR mx1.plain.test."));
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        if (_servers is not null)
            await _servers.DisposeAsync();
    }

    [TestCase(false)]
    [TestCase(true)]
    [Property("Fact", "what the resolver returns is what stands in the zone file that knot was given")]
    public async Task Every_type_comes_as_it_stands_in_the_zone(bool recursive)
    {
        using var dns = Resolver(recursive ? _servers.Resolver : _servers.Authority);
        Assert.That((await AskAsync<MailExchangeRecord>(dns, "plain.test", DnsRecordType.Mx)).Select(static record => $"{record.Preference} {record.Exchange}"),
            Is.EquivalentTo(new[] { "10 mx1.plain.test", "20 mx2.plain.test" }));
        Assert.That((await AskAsync<AddressRecord>(dns, "MX1.plain.test", DnsRecordType.A)).Single().Address, Is.EqualTo(IPAddress.Parse("192.0.2.1")));
        Assert.That((await AskAsync<AddressRecord>(dns, "mx1.plain.test.", DnsRecordType.Aaaa)).Single().Address, Is.EqualTo(IPAddress.Parse("2001:db8::1")));
        Assert.That((await AskAsync<TextRecord>(dns, "plain.test", DnsRecordType.Txt)).Single().Text, Is.EqualTo("v=spf1 -all" + new string('x', 250)));
        var tlsa = (await AskAsync<TlsaRecord>(dns, "_25._tcp.mx1.plain.test", DnsRecordType.Tlsa)).Single();
        Assert.That($"{tlsa.Usage} {tlsa.Selector} {tlsa.MatchingType} {Convert.ToHexString(tlsa.Association.Span)}",
            Is.EqualTo("3 1 1 00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF"));
        Assert.That((await AskAsync<PointerRecord>(dns, "ptr.plain.test", DnsRecordType.Ptr)).Single().Target, Is.EqualTo("mx1.plain.test"));
        Assert.That((await AskAsync<AliasRecord>(dns, "alias.plain.test", DnsRecordType.Cname)).Single().Target, Is.EqualTo("other.plain.test"));
        var aliased = await dns.QueryAsync("alias.plain.test", DnsRecordType.A, default);
        Assert.That((aliased.CanonicalName, ((AddressRecord)aliased.Records.Single()).Address), Is.EqualTo(("mx1.plain.test", IPAddress.Parse("192.0.2.1"))));
        Assert.That((await dns.QueryAsync("none.plain.test", DnsRecordType.A, default)).Outcome, Is.EqualTo(DnsOutcome.NoSuchName));
        var empty = await dns.QueryAsync("mx1.plain.test", DnsRecordType.Mx, default);
        Assert.That(empty.Outcome, Is.EqualTo(DnsOutcome.NoData));
        Assert.That(empty.Expires, Is.GreaterThan(DateTimeOffset.UtcNow).And.LessThanOrEqualTo(DateTimeOffset.UtcNow.AddSeconds(60)), "the SOA's minimum");
    }

    [TestCase(false)]
    [TestCase(true)]
    [Property("Fact", "all 40 records of the zone file come, over 8 kB, which no datagram of 1,232 octets holds")]
    public async Task What_does_not_fit_a_datagram_comes_by_TCP(bool recursive)
    {
        using var dns = Resolver(recursive ? _servers.Resolver : _servers.Authority);
        var texts = await AskAsync<TextRecord>(dns, "big.plain.test", DnsRecordType.Txt);
        Assert.That(texts.Select(static record => record.Text), Is.EquivalentTo(Enumerable.Range(0, 40).Select(static i => $"{i:D2}{new string('y', 200)}")));
    }

    [TestCase("_25._tcp.mx1.signed.test", DnsOutcome.Found, true)]
    [TestCase("_25._tcp.none.signed.test", DnsOutcome.NoSuchName, true)]
    [TestCase("_25._tcp.mx1.plain.test", DnsOutcome.Found, false)]
    [TestCase("_25._tcp.none.plain.test", DnsOutcome.NoSuchName, false)]
    [TestCase("_25._tcp.mx1.bogus.test", DnsOutcome.Failed, false)]
    [TestCase("_25._tcp.none.bogus.test", DnsOutcome.Failed, false)]
    [Property("Fact", "signed.test validates against the key that keymgr prints, bogus.test against one that does not exist; knot itself says nothing of authenticity")]
    public async Task Signed_answers_are_authentic_and_bogus_ones_are_none(string name, DnsOutcome outcome, bool isAuthentic)
    {
        using var trusted = Resolver(_servers.Resolver, static options => options.TrustAuthenticatedData = true);
        using var distrusted = Resolver(_servers.Resolver);
        using var authority = Resolver(_servers.Authority, static options => options.TrustAuthenticatedData = true);
        var answer = await trusted.QueryAsync(name, DnsRecordType.Tlsa, default);
        Assert.That((answer.Outcome, answer.IsAuthenticated), Is.EqualTo((outcome, isAuthentic)));
        Assert.That((await distrusted.QueryAsync(name, DnsRecordType.Tlsa, default)).IsAuthenticated, Is.False);
        Assert.That((await authority.QueryAsync(name, DnsRecordType.Tlsa, default)).IsAuthenticated, Is.False);
    }

    [TestCase("127.0.0.2", 24, "554 5.7.1 Client [127.0.0.2] is listed by list.test: ask https://list.test/")]
    [TestCase("127.0.0.3", 0, "250 2.1.5")]
    [TestCase("127.0.0.4", 0, "250 2.1.5")]
    [Property("Fact", "the reply to swaks' RCPT, whose text is the TXT record of the zone file")]
    public async Task A_client_that_the_list_knows_is_refused(string client, int exitCode, string reply)
    {
        await using var server = await ServeAsync(static smtp => smtp.UseDnsbl(static options =>
        {
            options.Exempt.Clear();
            options.Lists.Add(new DnsblList("list.test"));
        }));
        var result = await SwaksAsync(server, client);
        Assert.That(result.Text, Does.Contain(reply));
        Assert.That(result.ExitCode, Is.EqualTo(exitCode), result.Text);
    }

    [Test]
    [Property("Fact", "curl lists a mailbox with \\Junk and fetches from it the message of swaks with the field that tells why; the inbox is empty")]
    public async Task A_listed_client_can_be_quarantined_where_mail_programs_look_for_junk()
    {
        await using var server = await MailServer.StartAsync(mail =>
        {
            mail.UseDns(dns => dns.Servers.Add(_servers.Resolver));
            mail.UseInMemoryStore().AddAccount("bob@example.org", "correct horse");
            mail.ListenSmtp(0, static smtp => smtp.UseDnsbl(static options =>
            {
                options.Exempt.Clear();
                options.Quarantine = true;
                options.Lists.Add(new DnsblList("list.test"));
            })).On(IPAddress.Loopback).UseCleartext();
            mail.ListenImap(0).On(IPAddress.Loopback).UseCleartext().AllowCleartextAuthentication();
        });
        Assert.That((await SwaksAsync(server, "127.0.0.2", to: "bob@example.org")).ExitCode, Is.Zero);
        var imap = $"imap://127.0.0.1:{server.Endpoints["imap"].Port}/";
        Assert.That((await CurlAsync(imap)).Text, Does.Match("\\* LIST \\(.*\\\\Junk.*\\) \"/\" \"?Junk\"?\r\n"));
        var message = (await CurlAsync(imap + "Junk;UID=1")).Text;
        Assert.That(message, Does.Contain("\r\nX-MailCore-Quarantine: Client [127.0.0.2] is listed by list.test: ask\r\n https://list.test/\r\n")
            .Or.Contain("\r\nX-MailCore-Quarantine: Client [127.0.0.2] is listed by list.test: ask https://list.test/\r\n"));
        Assert.That(message, Does.Contain("This is a test mailing"));
        Assert.That((await CurlAsync(imap, "--request", "STATUS INBOX (MESSAGES)")).Text, Does.Contain("(MESSAGES 0)"));
    }

    [TestCase("127.0.0.2", false, 0, "250 2.1.0")]
    [TestCase("127.0.0.4", false, 23, "550 5.7.25 Your address has no name")]
    [TestCase("127.0.0.3", true, 23, "550 5.7.25 The name of your address does not lead back to it")]
    [Property("Fact", "the reply to swaks' MAIL, by the PTR and A records of the zone files")]
    public async Task A_client_without_a_name_is_refused(string client, bool confirmed, int exitCode, string reply)
    {
        await using var server = await ServeAsync(smtp => smtp.UseClientNameChecks(options =>
        {
            options.Exempt.Clear();
            options.RequireForwardConfirmed = confirmed;
        }));
        var result = await SwaksAsync(server, client);
        Assert.That(result.Text, Does.Contain(reply));
        Assert.That(result.ExitCode, Is.EqualTo(exitCode), result.Text);
    }

    private Task<MailServer> ServeAsync(Action<SmtpEndpointBuilder> filter) => MailServer.StartAsync(mail =>
    {
        mail.UseDns(dns => dns.Servers.Add(_servers.Resolver));
        mail.ListenSmtp(0, smtp => filter(smtp.OnMessage(static (_, _, _) => ValueTask.FromResult(SmtpReply.Ok)))).On(IPAddress.Loopback).UseCleartext();
    });

    private static async Task<ClientResult> CurlAsync(string url, params string[] arguments) =>
        (await ClientTool.Curl.RunAsync(["--silent", "--show-error", "--user", "bob@example.org:correct horse", .. arguments, url])).Succeeded();

    private static Task<ClientResult> SwaksAsync(MailServer server, string client, string to = "someone@example.org") => ClientTool.Swaks.RunAsync(
    [
        "--server", "127.0.0.1", "--port", $"{server.Endpoints["smtp"].Port}", "--local-interface", client,
        "--ehlo", "client.plain.test", "--from", "sender@plain.test", "--to", to,
    ]);

    private static StubResolver Resolver(IPEndPoint server, Action<StubResolverOptions>? configure = null)
    {
        var options = new StubResolverOptions { Timeout = TimeSpan.FromSeconds(20) };
        options.Servers.Add(server);
        configure?.Invoke(options);
        return new StubResolver(options);
    }

    private static async Task<IEnumerable<TRecord>> AskAsync<TRecord>(StubResolver dns, string name, DnsRecordType type)
    {
        var answer = await dns.QueryAsync(name, type, default);
        Assert.That(answer.Outcome, Is.EqualTo(DnsOutcome.Found), name);
        return answer.Records.Cast<TRecord>();
    }
}

using System.Net;
using System.Net.Sockets;
using MailCore.Dns;
using MailCore.Testing;
using NUnit.Framework;

namespace MailCore.Tests.Dns;

[TestFixture]
[Parallelizable(ParallelScope.All)]
[CancelAfter(60_000)]
internal sealed class StubResolverTests
{
    private static readonly IPAddress Home = IPAddress.Parse("192.0.2.1");

    [Test]
    public async Task Every_type_is_read()
    {
        await using var server = new FakeDnsServer(question => (question.Name, question.Type) switch
        {
            ("a.example", 1) => new DnsMessageBuilder().A("A.example", "192.0.2.1").A("a.example", "192.0.2.2"),
            ("a.example", 28) => new DnsMessageBuilder().Answer("a.example", 28, 60, IPAddress.Parse("2001:db8::1").GetAddressBytes()),
            ("a.example", 15) => new DnsMessageBuilder()
                .Answer("a.example", 15, 60, DnsMessageBuilder.Number(20), DnsMessageBuilder.Name("mx2.example"))
                .Answer("a.example", 15, 60, DnsMessageBuilder.Number(10), [3, (byte)'m', (byte)'x', (byte)'1', 0xC0, 12]),
            ("null.example", 15) => new DnsMessageBuilder().Answer("null.example", 15, 60, DnsMessageBuilder.Number(0), [0]),
            ("a.example", 16) => new DnsMessageBuilder().Answer("a.example", 16, 60, [3], "v=s"u8.ToArray(), [3], "pf1"u8.ToArray(), [0]),
            ("_25._tcp.a.example", 52) => new DnsMessageBuilder().Answer("_25._tcp.a.example", 52, 60, [3, 1, 1, 0xAB, 0xCD]),
            ("1.2.0.192.in-addr.arpa", 12) => new DnsMessageBuilder().Answer("1.2.0.192.in-addr.arpa", 12, 60, DnsMessageBuilder.Name("host.example")),
            ("alias.example", 5) => new DnsMessageBuilder().Cname("alias.example", "a.example"),
            _ => null,
        });
        using var dns = Resolver(server);
        var a = await AskAsync(dns, "a.example", DnsRecordType.A);
        Assert.That(a.Outcome, Is.EqualTo(DnsOutcome.Found));
        Assert.That(a.Records.Cast<AddressRecord>().Select(static record => record.Address.ToString()), Is.EqualTo(new[] { "192.0.2.1", "192.0.2.2" }));
        Assert.That((await AskAsync(dns, "a.example", DnsRecordType.Aaaa)).Records, Is.EqualTo(new[] { new AddressRecord("a.example", TimeSpan.FromSeconds(60), IPAddress.Parse("2001:db8::1")) }));
        Assert.That((await AskAsync(dns, "a.example.", DnsRecordType.Mx)).Records.Cast<MailExchangeRecord>().Select(static record => (record.Preference, record.Exchange)),
            Is.EqualTo(new[] { (20, "mx2.example"), (10, "mx1.a.example") }), "the second name is compressed");
        Assert.That((await AskAsync(dns, "null.example", DnsRecordType.Mx)).Records.Cast<MailExchangeRecord>().Single().Exchange, Is.EqualTo("."));
        Assert.That((await AskAsync(dns, "a.example", DnsRecordType.Txt)).Records.Cast<TextRecord>().Single().Text, Is.EqualTo("v=spf1"));
        var tlsa = (await AskAsync(dns, "_25._tcp.a.example", DnsRecordType.Tlsa)).Records.Cast<TlsaRecord>().Single();
        Assert.That((tlsa.Usage, tlsa.Selector, tlsa.MatchingType, Convert.ToHexString(tlsa.Association.Span)), Is.EqualTo(((byte)3, (byte)1, (byte)1, "ABCD")));
        Assert.That((await AskAsync(dns, DnsName.OfAddress(Home), DnsRecordType.Ptr)).Records.Cast<PointerRecord>().Single().Target, Is.EqualTo("host.example"));
        Assert.That((await AskAsync(dns, "alias.example", DnsRecordType.Cname)).Records.Cast<AliasRecord>().Single().Target, Is.EqualTo("a.example"));
    }

    [Test]
    public async Task Aliases_are_followed_within_an_answer_and_beyond_it()
    {
        await using var server = new FakeDnsServer(question => question.Name switch
        {
            "one.example" => new DnsMessageBuilder().Cname("one.example", "two.example").Cname("two.example", "three.example").A("three.example", "192.0.2.1").A("other.example", "192.0.2.9"),
            "far.example" => new DnsMessageBuilder().Cname("far.example", "one.example"),
            "nowhere.example" => new DnsMessageBuilder { Flags = 0x8183 }.Cname("nowhere.example", "gone.example").Soa("example", 60, 60),
            _ => null,
        });
        using var dns = Resolver(server);
        foreach (var name in new[] { "one.example", "far.example" })
        {
            var answer = await AskAsync(dns, name, DnsRecordType.A);
            Assert.That((answer.CanonicalName, answer.Records.Cast<AddressRecord>().Single().Address), Is.EqualTo(("three.example", Home)));
        }

        Assert.That((await AskAsync(dns, "nowhere.example", DnsRecordType.A)).Outcome, Is.EqualTo(DnsOutcome.NoSuchName));
    }

    [Test]
    public async Task A_loop_of_aliases_fails_and_ends()
    {
        await using var server = new FakeDnsServer(question => question.Name switch
        {
            "a.example" => new DnsMessageBuilder().Cname("a.example", "b.example").Cname("b.example", "a.example"),
            _ => new DnsMessageBuilder().Cname(question.Name, question.Name + "x"),
        });
        using var dns = Resolver(server);
        Assert.That((await AskAsync(dns, "a.example", DnsRecordType.A)).Outcome, Is.EqualTo(DnsOutcome.Failed));
        Assert.That((await AskAsync(dns, "c.example", DnsRecordType.A)).Outcome, Is.EqualTo(DnsOutcome.Failed));
        Assert.That(server.Questions, Has.Count.LessThan(12));
    }

    [Test]
    public async Task An_answer_is_kept_for_its_shortest_TTL_and_no_longer()
    {
        var time = new ManualTimeProvider();
        await using var server = new FakeDnsServer(question => new DnsMessageBuilder().Cname(question.Name, "b.example", ttl: 100).A("b.example", "192.0.2.1", ttl: 200));
        using var dns = Resolver(server, time);
        await AskAsync(dns, "a.example", DnsRecordType.A);
        time.Advance(TimeSpan.FromSeconds(99));
        await AskAsync(dns, "A.Example.", DnsRecordType.A);
        Assert.That(server.Questions, Has.Count.EqualTo(1));
        time.Advance(TimeSpan.FromSeconds(1));
        await AskAsync(dns, "a.example", DnsRecordType.A);
        Assert.That(server.Questions, Has.Count.EqualTo(2));
        await AskAsync(dns, "a.example", DnsRecordType.Aaaa);
        Assert.That(server.Questions, Has.Count.GreaterThan(2), "another type");
    }

    [Test]
    public async Task What_is_not_there_is_kept_as_the_SOA_says()
    {
        var time = new ManualTimeProvider();
        await using var server = new FakeDnsServer(question => question.Name switch
        {
            "none.example" => new DnsMessageBuilder { Flags = 0x8183 }.Soa("example", ttl: 300, minimum: 60),
            "empty.example" => new DnsMessageBuilder().Soa("example", ttl: 30, minimum: 60),
            "long.example" => new DnsMessageBuilder().Soa("example", ttl: 86400, minimum: 86400),
            _ => new DnsMessageBuilder(),
        });
        using var dns = Resolver(server, time);
        Assert.That((await AskAsync(dns, "none.example", DnsRecordType.A)).Outcome, Is.EqualTo(DnsOutcome.NoSuchName));
        Assert.That((await AskAsync(dns, "empty.example", DnsRecordType.A)).Outcome, Is.EqualTo(DnsOutcome.NoData));
        var start = time.GetUtcNow();
        Assert.That((await AskAsync(dns, "none.example", DnsRecordType.A)).Expires - start, Is.EqualTo(TimeSpan.FromSeconds(60)));
        Assert.That((await AskAsync(dns, "empty.example", DnsRecordType.A)).Expires - start, Is.EqualTo(TimeSpan.FromSeconds(30)));
        Assert.That((await AskAsync(dns, "long.example", DnsRecordType.A)).Expires - start, Is.EqualTo(TimeSpan.FromHours(1)), "the option's limit");
        Assert.That(server.Questions, Has.Count.EqualTo(3));
        time.Advance(TimeSpan.FromSeconds(30));
        await AskAsync(dns, "none.example", DnsRecordType.A);
        await AskAsync(dns, "empty.example", DnsRecordType.A);
        Assert.That(server.Questions, Has.Count.EqualTo(4));
        await AskAsync(dns, "nosoa.example", DnsRecordType.A);
        await AskAsync(dns, "nosoa.example", DnsRecordType.A);
        Assert.That(server.Questions, Has.Count.EqualTo(6), "without a SOA nothing is kept (RFC 2308 5)");
    }

    [Test]
    public async Task A_truncated_answer_is_asked_for_by_TCP()
    {
        await using var server = new FakeDnsServer(question =>
        {
            if (!question.IsTcp)
            {
                return new DnsMessageBuilder { Flags = 0x8380 };
            }

            var builder = new DnsMessageBuilder();
            for (var i = 0; i < 200; i++)
            {
                builder.A(question.Name, $"192.0.2.{i}");
            }

            return builder;
        });
        using var dns = Resolver(server);
        Assert.That((await AskAsync(dns, "a.example", DnsRecordType.A)).Records, Has.Count.EqualTo(200));
        Assert.That(server.Questions.Select(static question => question.IsTcp), Is.EqualTo(new[] { false, true }));
        await AskAsync(dns, "a.example", DnsRecordType.A);
        Assert.That(server.Questions, Has.Count.EqualTo(4), "more than 4 KB are not kept");
    }

    [Test]
    public async Task A_question_wants_recursion_and_AD_and_brings_EDNS_unless_the_server_does_not_know_it()
    {
        await using var server = new FakeDnsServer(question =>
            question.Additional > 0 ? new DnsMessageBuilder { Flags = 0x8181 } : new DnsMessageBuilder().A(question.Name, "192.0.2.1"));
        using var dns = Resolver(server);
        Assert.That((await AskAsync(dns, "a.example", DnsRecordType.A)).Outcome, Is.EqualTo(DnsOutcome.Found));
        var octets = server.Questions.First().Octets;
        Assert.That(Convert.ToHexString(octets.AsSpan(2)), Is.EqualTo(
            "0120" + "0001" + "0000" + "0000" + "0001" + "0161" + "07" + "6578616D706C65" + "00" + "0001" + "0001" + "00" + "0029" + "04D0" + "00000000" + "0000"));
        Assert.That(server.Questions.Select(static question => question.Additional), Is.EqualTo(new[] { 1, 0 }));
    }

    [TestCase(true, 0x81A0, true)]
    [TestCase(true, 0x8180, false)]
    [TestCase(false, 0x81A0, false)]
    public async Task The_AD_bit_counts_only_from_servers_that_are_trusted(bool isTrusted, int flags, bool expected)
    {
        await using var server = new FakeDnsServer(question => new DnsMessageBuilder { Flags = (ushort)flags }.A(question.Name, "192.0.2.1"));
        using var dns = Resolver(server, configure: options => options.TrustAuthenticatedData = isTrusted);
        Assert.That((await AskAsync(dns, "a.example", DnsRecordType.A)).IsAuthenticated, Is.EqualTo(expected));
        Assert.That((await AskAsync(dns, "a.example", DnsRecordType.A)).IsAuthenticated, Is.EqualTo(expected), "from the cache");
    }

    [Test]
    public async Task An_alias_chain_is_authentic_only_as_a_whole()
    {
        await using var server = new FakeDnsServer(question => question.Name == "a.example"
            ? new DnsMessageBuilder { Flags = 0x81A0 }.Cname("a.example", "b.example")
            : new DnsMessageBuilder { Flags = 0x8180 }.A("b.example", "192.0.2.1"));
        using var dns = Resolver(server, configure: static options => options.TrustAuthenticatedData = true);
        var answer = await AskAsync(dns, "a.example", DnsRecordType.A);
        Assert.That((answer.Outcome, answer.IsAuthenticated), Is.EqualTo((DnsOutcome.Found, false)));
    }

    [Test]
    public async Task A_silent_server_times_out_and_the_next_one_is_asked_and_preferred()
    {
        var time = new ManualTimeProvider();
        await using var silent = new FakeDnsServer(static _ => (DnsMessageBuilder?)null);
        await using var good = new FakeDnsServer(static question => new DnsMessageBuilder().A(question.Name, "192.0.2.1"));
        using var dns = Resolver(silent, time, options => options.Servers.Add(good.EndPoint));
        var asking = AskAsync(dns, "a.example", DnsRecordType.A);
        Assert.That(await silent.Asked.WaitAsync(TimeSpan.FromSeconds(30)), Is.True);
        time.Advance(TimeSpan.FromSeconds(1.999));
        Assert.That(good.Questions, Is.Empty);
        time.Advance(TimeSpan.FromSeconds(0.001));
        Assert.That((await asking).Outcome, Is.EqualTo(DnsOutcome.Found));
        Assert.That((await AskAsync(dns, "b.example", DnsRecordType.A)).Outcome, Is.EqualTo(DnsOutcome.Found));
        Assert.That(silent.Questions, Has.Count.EqualTo(1));
    }

    [TestCase(2, TestName = "SERVFAIL")]
    [TestCase(5, TestName = "REFUSED")]
    public async Task A_server_that_fails_is_asked_again_after_the_others_and_the_failure_is_kept_for_a_moment(int code)
    {
        var time = new ManualTimeProvider();
        await using var server = new FakeDnsServer(_ => new DnsMessageBuilder { Flags = (ushort)(0x8180 | code) });
        await using var other = new FakeDnsServer(static _ => new DnsMessageBuilder { Flags = 0x8100 });
        using var dns = Resolver(server, time, options => options.Servers.Add(other.EndPoint));
        Assert.That((await AskAsync(dns, "a.example", DnsRecordType.A)).Outcome, Is.EqualTo(DnsOutcome.Failed));
        Assert.That((server.Questions.Count, other.Questions.Count), Is.EqualTo((2, 2)), "the other only points elsewhere: no recursion, no authority, nothing");
        time.Advance(TimeSpan.FromSeconds(4.9));
        await AskAsync(dns, "a.example", DnsRecordType.A);
        Assert.That(server.Questions, Has.Count.EqualTo(2));
        time.Advance(TimeSpan.FromSeconds(0.1));
        await AskAsync(dns, "a.example", DnsRecordType.A);
        Assert.That(server.Questions, Has.Count.EqualTo(4));
    }

    [Test]
    public async Task A_port_where_nobody_listens_fails_at_once()
    {
        using var nobody = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        nobody.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var options = new StubResolverOptions();
        options.Servers.Add((IPEndPoint)nobody.LocalEndPoint!);
        nobody.Dispose();
        using var dns = new StubResolver(options, new ManualTimeProvider());
        Assert.That((await AskAsync(dns, "a.example", DnsRecordType.A)).Outcome, Is.EqualTo(DnsOutcome.Failed));
    }

    [Test]
    public async Task Answers_to_other_questions_and_with_other_ids_are_passed_over()
    {
        await using var server = new FakeDnsServer(static question =>
        {
            var wrongId = new DnsMessageBuilder().A(question.Name, "192.0.2.66").Build(question.Octets);
            wrongId[0] ^= 1;
            var wrongName = new DnsMessageBuilder().A(question.Name, "192.0.2.67").Build(question.Octets);
            wrongName[13] ^= 1;
            var wrongType = new DnsMessageBuilder().A(question.Name, "192.0.2.68").Build(question.Octets);
            wrongType[12 + DnsMessageBuilder.Name(question.Name).Length + 1] = 2;
            var query = question.Octets;
            var cut = new DnsMessageBuilder().A(question.Name, "192.0.2.69").Build(question.Octets)[..^1];
            return [wrongId, wrongName, wrongType, query, cut, [], [0], new DnsMessageBuilder().A(question.Name, "192.0.2.1").Build(question.Octets)];
        });
        using var dns = Resolver(server);
        Assert.That((await AskAsync(dns, "a.example", DnsRecordType.A)).Records.Cast<AddressRecord>().Single().Address, Is.EqualTo(Home));
    }

    [Test]
    public async Task Ids_and_source_ports_are_random()
    {
        await using var server = new FakeDnsServer(static question => new DnsMessageBuilder().A(question.Name, "192.0.2.1"));
        using var dns = Resolver(server);
        for (var i = 0; i < 60; i++)
        {
            await AskAsync(dns, $"a{i}.example", DnsRecordType.A);
        }

        var ids = server.Questions.Select(static question => question.Id).ToList();
        var ports = server.Questions.Select(static question => question.Port).ToList();
        Assert.That(ids.Distinct().Count(), Is.GreaterThan(50));
        Assert.That(ports.Distinct().Count(), Is.GreaterThan(50));
        Assert.That(ids.Zip(ids.Skip(1), static (one, next) => next - one).Count(static step => step is 0 or 1), Is.LessThan(10), "they do not count up");
        Assert.That(ports.Zip(ports.Skip(1), static (one, next) => next - one).Count(static step => step is 0 or 1 or 2), Is.LessThan(20));
    }

    [Test]
    public async Task A_question_on_the_wire_is_not_asked_twice_and_one_asker_who_leaves_spoils_nothing()
    {
        var gate = new TaskCompletionSource();
        await using var server = new FakeDnsServer(question =>
        {
            gate.Task.Wait(TimeSpan.FromSeconds(30));
            return new DnsMessageBuilder().A(question.Name, "192.0.2.1");
        });
        using var dns = Resolver(server, new ManualTimeProvider());
        using var leave = new CancellationTokenSource();
        var first = dns.QueryAsync("a.example", DnsRecordType.A, leave.Token).AsTask();
        var others = Enumerable.Range(0, 20).Select(_ => AskAsync(dns, "a.example", DnsRecordType.A)).ToList();
        await leave.CancelAsync();
        Assert.That(async () => await first, Throws.InstanceOf<OperationCanceledException>());
        gate.SetResult();
        Assert.That((await Task.WhenAll(others)).Select(static answer => answer.Outcome), Is.All.EqualTo(DnsOutcome.Found));
        Assert.That(server.Questions, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task A_name_that_is_none_does_not_exist_and_is_not_asked_for()
    {
        await using var server = new FakeDnsServer(static question => new DnsMessageBuilder().A(question.Name, "192.0.2.1"));
        using var dns = Resolver(server);
        foreach (var name in new[] { "", "..", "a..b", ".a", new string('a', 64) + ".example", string.Join('.', Enumerable.Repeat("abcdefg", 32)), "a\\", "a\\25" })
        {
            Assert.That((await AskAsync(dns, name, DnsRecordType.A)).Outcome, Is.EqualTo(DnsOutcome.NoSuchName), name);
        }

        Assert.That(server.Questions, Is.Empty);
        foreach (var name in new[] { new string('a', 63) + ".example", string.Join('.', Enumerable.Repeat("abcdefg", 31)) + ".abcde", "_x.example" })
        {
            Assert.That((await AskAsync(dns, name, DnsRecordType.A)).Outcome, Is.EqualTo(DnsOutcome.Found), name);
        }
    }

    [Test]
    public async Task A_name_beyond_ASCII_is_asked_for_as_A_labels()
    {
        await using var server = new FakeDnsServer(static question => new DnsMessageBuilder().A(question.Name, "192.0.2.1"));
        using var dns = Resolver(server);
        var answer = await AskAsync(dns, "bücher.example", DnsRecordType.A);
        Assert.That((answer.Outcome, answer.CanonicalName), Is.EqualTo((DnsOutcome.Found, "xn--bcher-kva.example")));
    }

    [Test]
    public async Task The_cache_holds_no_more_than_it_may()
    {
        await using var server = new FakeDnsServer(static question => new DnsMessageBuilder().A(question.Name, "192.0.2.1", question.Name.StartsWith("keep", StringComparison.Ordinal) ? 9999u : 60u));
        using var dns = Resolver(server, configure: static options => options.MaxCached = 16);
        await AskAsync(dns, "keep.example", DnsRecordType.A);
        for (var i = 0; i < 100; i++)
        {
            await AskAsync(dns, $"a{i}.example", DnsRecordType.A);
            Assert.That(dns.Cached, Is.LessThanOrEqualTo(16));
        }

        var asked = server.Questions.Count;
        await AskAsync(dns, "keep.example", DnsRecordType.A);
        Assert.That(server.Questions, Has.Count.EqualTo(asked), "the next to expire goes first");
    }

    [Test]
    public void The_machines_servers_are_read_from_resolv_conf() =>
        Assert.That(
            SystemServers.Parse(["# nameserver 192.0.2.9", "search example.org", "nameserver 192.0.2.53", "nameserver\t2001:db8::53 ", "nameserver nonsense", "options edns0"]),
            Is.EqualTo(new[] { new IPEndPoint(IPAddress.Parse("192.0.2.53"), 53), new IPEndPoint(IPAddress.Parse("2001:db8::53"), 53) }));

    [TestCase("192.0.2.7", "7.2.0.192.in-addr.arpa", "7.2.0.192.zen.example")]
    [TestCase("::ffff:192.0.2.7", "7.2.0.192.in-addr.arpa", "7.2.0.192.zen.example")]
    [TestCase("2001:db8::567:89ab", "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.zen.example")]
    public void Addresses_have_names(string address, string name, string entry)
    {
        Assert.That(DnsName.OfAddress(IPAddress.Parse(address)), Is.EqualTo(name));
        Assert.That(DnsName.InList(IPAddress.Parse(address), "zen.example"), Is.EqualTo(entry));
    }

    private static StubResolver Resolver(FakeDnsServer server, TimeProvider? time = null, Action<StubResolverOptions>? configure = null)
    {
        var options = new StubResolverOptions { Timeout = time is ManualTimeProvider ? TimeSpan.FromSeconds(2) : TimeSpan.FromSeconds(20) };
        options.Servers.Add(server.EndPoint);
        configure?.Invoke(options);
        return new StubResolver(options, time);
    }

    private static Task<DnsAnswer> AskAsync(StubResolver dns, string name, DnsRecordType type) => dns.QueryAsync(name, type, default).AsTask();
}

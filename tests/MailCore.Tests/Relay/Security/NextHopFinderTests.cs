using System.Net;
using MailCore.Dns;
using MailCore.Messaging;
using MailCore.Relay;
using MailCore.Relay.Security;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;

namespace MailCore.Tests.Relay.Security;

/// <summary>RFC 5321 5.1 and RFC 7505.</summary>
public class NextHopFinderTests
{
    private const string Domain = "example.org";

    private readonly FakeDns _dns = new();
    private readonly OutboundTlsOptions _options = new();

    [SetUp]
    public void Forget() => _options.OwnNames.Clear();

    [Test]
    public async Task Lower_preferences_come_first()
    {
        var dns = new FakeDns().Mx(Domain, (20, "b.test"), (10, "a.test"), (30, "c.test")).Address("a.test", "192.0.2.1").Address("b.test", "192.0.2.2").Address("c.test", "192.0.2.3");

        Assert.That(await NamesAsync(dns), Is.EqualTo(new[] { "a.test", "b.test", "c.test" }));
    }

    [Test]
    public async Task Equal_preferences_are_shuffled_and_stay_behind_better_ones()
    {
        var dns = new FakeDns().Mx(Domain, (20, "b.test"), (20, "c.test"), (10, "a.test"));
        foreach (var name in new[] { "a.test", "b.test", "c.test" })
        {
            dns.Address(name, "192.0.2.1");
        }

        var orders = new HashSet<string>();
        for (var i = 0; i < 1_000 && orders.Count < 2; i++)
        {
            orders.Add(string.Join(' ', await NamesAsync(dns)));
        }

        Assert.That(orders, Is.EquivalentTo(new[] { "a.test b.test c.test", "a.test c.test b.test" }));
    }

    [Test]
    public async Task A_null_MX_is_final() => await FailsAsync(new FakeDns().Mx(Domain, (0, ".")).Address(Domain, "192.0.2.1"), 556, "5.1.10");

    [Test]
    public async Task A_null_MX_beside_others_is_passed_over()
    {
        var dns = new FakeDns().Mx(Domain, (0, "."), (10, "a.test")).Address("a.test", "192.0.2.1");

        Assert.That(await NamesAsync(dns), Is.EqualTo(new[] { "a.test" }));
    }

    [Test]
    public async Task Without_MX_the_domain_itself_is_the_host()
    {
        var dns = new FakeDns().Address(Domain, "192.0.2.1", "2001:db8::1");

        var host = (await FindAsync(dns)).Hosts.Single();

        Assert.That(host.Name, Is.EqualTo(Domain));
        Assert.That(host.Addresses.Select(static one => one.ToString()), Is.EqualTo(new[] { "2001:db8::1", "192.0.2.1" }));
    }

    [Test]
    public async Task With_MX_the_address_of_the_domain_is_no_host() =>
        await FailsAsync(new FakeDns().Mx(Domain, (10, "a.test")).Exists("a.test").Address(Domain, "192.0.2.1"), 550, "5.4.4");

    [Test]
    public async Task A_domain_that_does_not_exist_is_final() => await FailsAsync(new FakeDns(), 550, "5.1.2");

    [Test]
    public async Task A_domain_with_neither_MX_nor_address_is_final() => await FailsAsync(new FakeDns().Exists(Domain), 550, "5.1.2");

    [Test]
    public async Task An_MX_look_up_that_fails_waits() => await FailsAsync(new FakeDns().Fail(Domain, DnsRecordType.Mx).Address(Domain, "192.0.2.1"), 451, "4.4.3");

    [Test]
    public async Task An_address_look_up_that_fails_waits_though_another_host_has_none() =>
        await FailsAsync(new FakeDns().Mx(Domain, (10, "a.test"), (20, "b.test")).Fail("a.test", DnsRecordType.A).Exists("b.test"), 451, "4.4.3");

    [Test]
    public async Task A_host_whose_look_up_fails_is_passed_over_for_one_that_answers()
    {
        var dns = new FakeDns().Mx(Domain, (10, "a.test"), (20, "b.test")).Fail("a.test", DnsRecordType.A).Address("b.test", "192.0.2.2");

        Assert.That(await NamesAsync(dns), Is.EqualTo(new[] { "b.test" }));
    }

    [TestCase(10, 10, 20, Description = "equal")]
    [TestCase(10, 20, 30, Description = "worse")]
    public async Task Our_own_name_and_what_is_not_preferred_to_it_is_dropped(int own, int second, int third)
    {
        var dns = new FakeDns().Mx(Domain, (5, "a.test"), (own, "MX.own.test"), (second, "b.test"), (third, "c.test"));
        foreach (var name in new[] { "a.test", "MX.own.test", "b.test", "c.test" })
        {
            dns.Address(name, "192.0.2.1");
        }

        Assert.That(await NamesAsync(dns), Is.EqualTo(new[] { "a.test" }));
    }

    [Test]
    public async Task With_our_own_name_as_the_best_the_way_is_a_loop()
    {
        await FailsAsync(new FakeDns().Mx(Domain, (5, "mx.own.test"), (10, "b.test")).Address("mx.own.test", "192.0.2.1").Address("b.test", "192.0.2.2"), 554, "5.4.6");
        _options.OwnNames.Add(Domain);
        await FailsAsync(new FakeDns().Address(Domain, "192.0.2.1"), 554, "5.4.6");
    }

    [TestCase(AddressOrder.Ipv6First, "2001:db8::1 192.0.2.1 2001:db8::2 192.0.2.2")]
    [TestCase(AddressOrder.Ipv4First, "192.0.2.1 2001:db8::1 192.0.2.2 2001:db8::2")]
    [TestCase(AddressOrder.Ipv6Only, "2001:db8::1 2001:db8::2")]
    [TestCase(AddressOrder.Ipv4Only, "192.0.2.1 192.0.2.2")]
    public async Task Families_of_addresses_take_turns(AddressOrder order, string expected)
    {
        _options.AddressOrder = order;
        var dns = new FakeDns().Mx(Domain, (10, "a.test")).Address("a.test", "192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2");

        var host = (await FindAsync(dns)).Hosts.Single();

        _options.AddressOrder = AddressOrder.Ipv6First;
        Assert.That(string.Join(' ', host.Addresses), Is.EqualTo(expected));
    }

    [TestCase("[192.0.2.7]", "192.0.2.7")]
    [TestCase("[IPv6:2001:db8::7]", "2001:db8::7")]
    public async Task An_IP_literal_is_no_name_to_look_up(string domain, string address)
    {
        var plan = await Finder(_dns).FindAsync(NextHop.Domain(domain), MessageTls.Usual, default);

        Assert.That(plan.Hosts.Single().Addresses, Is.EqualTo(new[] { IPAddress.Parse(address) }));
        Assert.That(_dns.Questions, Is.Empty);
    }

    [TestCase(16, 16)]
    [TestCase(17, 16)]
    public async Task At_most_so_many_hosts_are_looked_up(int count, int expected)
    {
        var dns = new FakeDns().Mx(Domain, [.. Enumerable.Range(0, count).Select(static i => (i, $"h{i}.test"))]);
        for (var i = 0; i < count; i++)
        {
            dns.Address($"h{i}.test", "192.0.2.1");
        }

        Assert.That(await NamesAsync(dns), Is.EqualTo(Enumerable.Range(0, expected).Select(static i => $"h{i}.test")));
    }

    [TestCase(false, null, 550, "5.7.30")]
    [TestCase(true, null, 0, null)]
    [TestCase(false, "mta-sts", 0, null)]
    public async Task REQUIRETLS_wants_the_host_vouched_for(bool isSigned, string? policy, int code, string? status)
    {
        var dns = new FakeDns { IsSigned = isSigned }.Mx(Domain, (10, "a.test")).Address("a.test", "192.0.2.1");
        var finder = Finder(dns, policy is null ? null : new FixedPolicy(new OutboundTlsRequirement { Level = OutboundTlsLevel.Verify, Source = policy, IsHostVouchedFor = true }));

        var plan = await finder.FindAsync(NextHop.Domain(Domain), MessageTls.Required, default);

        Assert.That((plan.Failure?.Code ?? 0, plan.Failure?.Status?.ToString()), Is.EqualTo((code, status)));
        Assert.That((await finder.FindAsync(NextHop.Domain(Domain), MessageTls.Usual, default)).Failure, Is.Null);
    }

    [Test]
    public async Task TLS_Required_No_passes_over_the_recipients_policies_and_not_over_the_operators()
    {
        var dns = new FakeDns().Mx(Domain, (10, "a.test")).Address("a.test", "192.0.2.1");
        var verify = new OutboundTlsRequirement { Level = OutboundTlsLevel.Verify, Source = "theirs" };
        var theirs = Finder(dns, new FixedPolicy(verify, new SmtpReply(450, "4.7.5", "no")) { IsRecipients = true });
        var ours = Finder(dns, new FixedPolicy(verify));

        Assert.That((await theirs.FindAsync(NextHop.Domain(Domain), MessageTls.Usual, default)).Failure?.Code, Is.EqualTo(450));
        Assert.That((await theirs.FindAsync(NextHop.Domain(Domain), MessageTls.NotRequired, default)).Hosts.Single().Tls.Level, Is.EqualTo(OutboundTlsLevel.Opportunistic));
        Assert.That((await theirs.FindAsync(NextHop.Smtp("localhost", 25), MessageTls.Usual, default)).Failure?.Code, Is.EqualTo(450));
        Assert.That((await theirs.FindAsync(NextHop.Smtp("localhost", 25), MessageTls.NotRequired, default)).Failure, Is.Null, "a host by its name");
        Assert.That((await ours.FindAsync(NextHop.Domain(Domain), MessageTls.NotRequired, default)).Hosts.Single().Tls.Level, Is.EqualTo(OutboundTlsLevel.Verify));
        _options.HonoursTlsRequiredNo = false;
        Assert.That((await theirs.FindAsync(NextHop.Domain(Domain), MessageTls.NotRequired, default)).Failure?.Code, Is.EqualTo(450));
    }

    [Test]
    public async Task The_strongest_policy_wins_and_a_refusal_counts_whatever_the_others_say()
    {
        var dns = new FakeDns().Mx(Domain, (10, "a.test")).Address("a.test", "192.0.2.1");
        var verify = new FixedPolicy(new OutboundTlsRequirement { Level = OutboundTlsLevel.Verify, Source = "one" });
        _options.UseTlsPolicy(Domain, OutboundTlsLevel.None).UseTlsPolicy(".example.net", OutboundTlsLevel.Encrypt);

        Assert.That((await FindAsync(dns)).Hosts.Single().Tls.Level, Is.EqualTo(OutboundTlsLevel.None));
        Assert.That((await Finder(dns, verify).FindAsync(NextHop.Domain(Domain), MessageTls.Usual, default)).Hosts.Single().Tls.Source, Is.EqualTo("one"));
        var refused = await Finder(dns, verify, new FixedPolicy(null, new SmtpReply(450, "4.7.5", "no"))).FindAsync(NextHop.Domain(Domain), MessageTls.Usual, default);
        Assert.That(refused.Failure?.Code, Is.EqualTo(450));
        var broken = await Finder(dns, new FixedPolicy(null) { Error = new InvalidOperationException() }).FindAsync(NextHop.Domain(Domain), MessageTls.Usual, default);
        Assert.That(broken.Failure?.ToString(), Does.StartWith("451 4.7.5"));
        dns.Mx("sub.example.net", (10, "a.test"));
        Assert.That((await Finder(dns).FindAsync(NextHop.Domain("sub.example.net"), MessageTls.Usual, default)).Hosts.Single().Tls.Level, Is.EqualTo(OutboundTlsLevel.Encrypt));
    }

    private NextHopFinder Finder(FakeDns dns, params IOutboundTlsPolicy?[] policies) => new(
        dns,
        new OutboundTlsGate([new ConfiguredTlsPolicy(_options), .. policies.OfType<IOutboundTlsPolicy>()], NullLogger<OutboundTlsGate>.Instance),
        _options,
        "mx.own.test",
        TimeProvider.System);

    private async Task<HopPlan> FindAsync(FakeDns dns) => await Finder(dns).FindAsync(NextHop.Domain(Domain), MessageTls.Usual, default);

    private async Task<IEnumerable<string>> NamesAsync(FakeDns dns) => (await FindAsync(dns)).Hosts.Select(static host => host.Name);

    private async Task FailsAsync(FakeDns dns, int code, string status)
    {
        var plan = await FindAsync(dns);
        Assert.That(plan.Hosts, Is.Empty);
        Assert.That((plan.Failure?.Code, plan.Failure?.Status?.ToString()), Is.EqualTo((code, status)), plan.Failure?.ToString());
    }

    private sealed class FixedPolicy(OutboundTlsRequirement? requirement, SmtpReply? refusal = null) : IOutboundTlsPolicy
    {
        public Exception? Error { get; init; }

        public bool IsRecipients { get; init; }

        public ValueTask<OutboundTlsAnswer> GetRequirementAsync(OutboundServer server, CancellationToken cancellationToken) =>
            Error is null ? new(new OutboundTlsAnswer(requirement, refusal)) : throw Error;
    }
}

using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using MailCore.Hosting;
using MailCore.Messaging;
using MailCore.Relay;
using MailCore.Relay.Security;
using MailCore.Storage.InMemory;
using MailCore.Testing;
using MailCore.Tests.Tls;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;

namespace MailCore.Tests.Relay.Security;

/// <summary>RFC 8460: what is counted, and the report that comes of it.</summary>
[CancelAfter(120_000)]
public class TlsReportTests
{
    private const string Domain = "company-y.test";

    private static readonly DateOnly Day = new(2016, 4, 1);

    private ManualTimeProvider _time = null!;
    private FakeDns _dns = null!;

    [SetUp]
    public void MakeZone() => (_time, _dns) = (new ManualTimeProvider(new DateTimeOffset(2016, 4, 1, 12, 0, 0, TimeSpan.Zero)), new FakeDns());

    [Test]
    public async Task A_report_by_MTA_STS_has_the_form_of_RFC_8460_Appendix_B()
    {
        using var authority = new TestAuthority();
        using var good = authority.Issue(["mx.company-y.test"]);
        using var other = authority.Issue(["elsewhere.test"]);
        await using var mta = new TlsMta(good, TlsManners.Good, authority.Intermediate);
        await using var misnamed = new TlsMta(other, TlsManners.Good, authority.Intermediate);
        await using var stripped = new TlsMta(good, TlsManners.Stripped);
        var reports = Collector();
        var connector = await MakeAsync(reports, "testing", authority);
        await SendAsync(connector, mta.Port, 3);
        await SendAsync(connector, misnamed.Port, 2);
        await SendAsync(connector, stripped.Port, 1);
        Assert.That(reports.Reports(Day.AddDays(-1)), Is.Empty);

        var report = reports.Reports(Day).Single();

        var expected = JsonNode.Parse(
            """
            {
              "organization-name": "Company-X",
              "date-range": { "start-datetime": "2016-04-01T00:00:00Z", "end-datetime": "2016-04-01T23:59:59Z" },
              "contact-info": "sts-reporting@company-x.test",
              "report-id": "2016-04-01_company-y.test",
              "policies": [
                {
                  "policy": {
                    "policy-type": "sts",
                    "policy-string": ["version: STSv1", "mode: testing", "mx: mx.company-y.test", "max_age: 86400"],
                    "policy-domain": "company-y.test",
                    "mx-host": ["mx.company-y.test"]
                  },
                  "summary": { "total-successful-session-count": 3, "total-failure-session-count": 3 },
                  "failure-details": [
                    {
                      "result-type": "certificate-host-mismatch",
                      "sending-mta-ip": "127.0.0.1",
                      "receiving-mx-hostname": "mx.company-y.test",
                      "receiving-ip": "127.0.0.1",
                      "failed-session-count": 2
                    },
                    {
                      "result-type": "starttls-not-supported",
                      "sending-mta-ip": "127.0.0.1",
                      "receiving-mx-hostname": "mx.company-y.test",
                      "receiving-ip": "127.0.0.1",
                      "failed-session-count": 1
                    }
                  ]
                }
              ]
            }
            """);
        Assert.That(JsonNode.DeepEquals(JsonNode.Parse(report.ToJson()), expected), Is.True, Encoding.UTF8.GetString(report.ToJson()));
        Assert.That(report.FileName("mail.company-x.test"), Is.EqualTo("mail.company-x.test!company-y.test!1459468800!1459555199.json.gz"));
    }

    [TestCase("good", "tlsa 1/0")]
    [TestCase("wrong", "tlsa 0/1 validation-failure")]
    [TestCase("unusable", "tlsa 0/1 tlsa-invalid")]
    [TestCase("none", "no-policy-found 1/0", Description = "nobody said what the certificate must be")]
    [TestCase("stripped", "no-policy-found 0/1 starttls-not-supported")]
    [TestCase("speaks", "no-policy-found 0/1 validation-failure")]
    [TestCase("broken", "no-policy-found 0/1 validation-failure")]
    public async Task Sessions_are_counted_by_what_was_published(string situation, string expected)
    {
        using var authority = new TestAuthority();
        using var certificate = authority.Issue(["elsewhere.test"]);
        var manners = situation switch
        {
            "stripped" => TlsManners.Stripped,
            "speaks" => TlsManners.SpeaksBehind220,
            "broken" => TlsManners.BreaksHandshake,
            _ => TlsManners.Good,
        };
        await using var mta = new TlsMta(certificate, manners, authority.Intermediate);
        _dns.IsSigned = true;
        var record = OutboundTlsTableTests.Record(3, 1, 1, situation == "wrong" ? authority.Root : certificate);
        if (situation is "good" or "wrong" or "unusable")
        {
            _dns.Tlsa($"_{mta.Port}._tcp.mx.{Domain}", situation == "unusable" ? record with { Usage = 1 } : record);
        }

        var reports = Collector();
        await SendAsync(await MakeAsync(reports, null, authority), mta.Port, 1);
        Assert.That(Text(reports), Is.EqualTo(expected));
    }

    [Test]
    public async Task A_host_that_the_policy_does_not_list_is_a_failure_without_a_session()
    {
        using var authority = new TestAuthority();
        var reports = Collector();
        var connector = await MakeAsync(reports, "enforce", authority, "mx.other.test");
        await SendAsync(connector, 1, 2);
        Assert.That(Text(reports), Is.EqualTo("sts 0/2 validation-failure"));
        Assert.That(reports.Reports(Day).Single().Policies.Single().Failures!.Single().ReceivingAddress, Is.Null);
    }

    [Test]
    public void Days_are_kept_apart_and_let_go()
    {
        var reports = Collector();
        reports.Add("A.test", Host("a"), new TlsSessionResult());
        _time.Advance(TimeSpan.FromDays(1));
        reports.Add("b.test", Host("a"), new TlsSessionResult());
        Assert.That(reports.Reports(Day).Single().Domain, Is.EqualTo("a.test"));
        Assert.That(reports.Reports(Day.AddDays(1)).Single().Domain, Is.EqualTo("b.test"));

        _time.Advance(TimeSpan.FromDays(1));
        reports.Add("c.test", Host("a"), new TlsSessionResult());
        Assert.That(reports.Reports(Day), Is.Empty);
        Assert.That(reports.Reports(Day.AddDays(1)), Is.Not.Empty);
    }

    // The policy of "a.test" takes 206 characters, its failure at host "a" 201.
    [TestCase(407, 1, 0)]
    [TestCase(406, 0, 1, Description = "the session counts, its detail does not")]
    public void Memory_has_an_end(int characters, int details, int dropped)
    {
        var reports = new TlsReportCollector(new TlsReportOptions { OrganizationName = "x", ContactInfo = "x", MaxCharacters = characters }, _time);
        reports.Add("a.test", Host("a"), new TlsSessionResult());
        Assert.That(reports.Dropped, Is.EqualTo(dropped));
        Assert.That(reports.Reports(Day).Single().Policies.Single().Summary.Failures, Is.EqualTo(1));
        Assert.That(reports.Reports(Day).Single().Policies.Single().Failures?.Count ?? 0, Is.EqualTo(details));

        for (var i = 0; i < 1_000; i++)
        {
            reports.Add($"{i}.test", Host("a"), new TlsSessionResult());
        }

        Assert.That(reports.Reports(Day), Has.Count.EqualTo(1));
        Assert.That(reports.Dropped, Is.EqualTo(dropped + 1_000));
    }

    [Test]
    public void Nothing_is_counted_unless_asked_for()
    {
        using var off = Build(null);
        Assert.That(() => off.GetRequiredService<TlsReportCollector>(), Throws.InstanceOf<NotSupportedException>());
        using var on = Build(new TlsReportOptions { OrganizationName = "x", ContactInfo = "x" });
        Assert.That(((RelayConnector)on.GetRequiredService<IRelayConnector>()).Reports, Is.SameAs(on.GetRequiredService<TlsReportCollector>()));
    }

    private static ServiceProvider Build(TlsReportOptions? options)
    {
        var services = new ServiceCollection();
        services.AddMailServer(mail =>
        {
            mail.UseRelay();
            mail.OutboundTls.TlsReports = options;
        });
        return services.BuildServiceProvider();
    }

    private TlsReportCollector Collector() =>
        new(new TlsReportOptions { OrganizationName = "Company-X", ContactInfo = "sts-reporting@company-x.test" }, _time);

    private static HopHost Host(string name) => new(name, [IPAddress.Loopback], 25, OutboundTlsRequirement.Opportunistic)
    {
        Policies = [new PublishedPolicy("sts", [], []) { Problem = "sts-policy-invalid" }],
    };

    private async Task<RelayConnector> MakeAsync(TlsReportCollector reports, string? mode, TestAuthority authority, string? listed = null)
    {
        _dns.Mx(Domain, (10, $"mx.{Domain}")).Address($"mx.{Domain}", "127.0.0.1");
        var state = new InMemoryServerState(TimeProvider.System);
        if (mode is not null)
        {
            _dns.Text($"_mta-sts.{Domain}", "v=STSv1; id=1;");
            var now = DateTimeOffset.UtcNow;
            var text = $"1 {now.ToUnixTimeSeconds()}\nversion: STSv1\nmode: {mode}\nmx: {listed ?? $"mx.{Domain}"}\nmax_age: 86400\n";
            await state.SetAsync($"mta-sts:{Domain}", Encoding.UTF8.GetBytes(text), now.AddDays(1), default);
        }

        var (options, sts) = (new OutboundTlsOptions(), new MtaStsOptions());
        IOutboundTlsPolicy[] policies =
        [
            new ConfiguredTlsPolicy(options),
            new MtaStsTlsPolicy(new MtaStsCache(_dns, state, new MtaStsFetcher(_dns, sts, TimeProvider.System), sts, TimeProvider.System)),
            new DanePolicy(_dns),
        ];
        var finder = new NextHopFinder(_dns, new OutboundTlsGate(policies, NullLogger<OutboundTlsGate>.Instance), options, "client.example", TimeProvider.System);
        return RelayTestClient.Connector(finder, client => client.Authorities = [authority.Root], reports: reports);
    }

    private static async Task SendAsync(RelayConnector connector, int port, int times)
    {
        for (var i = 0; i < times; i++)
        {
            await connector.SendAsync(RelayTestClient.Message(RelayTestClient.Envelope($"bob@{Domain}")), NextHop.Domain(Domain, port));
        }
    }

    private static string Text(TlsReportCollector reports) => string.Join(
        "; ",
        reports.Reports(Day).Single().Policies.Select(static one =>
            $"{one.Policy.Type} {one.Summary.Successes}/{one.Summary.Failures} {string.Join(' ', one.Failures?.Select(static failure => failure.ResultType) ?? [])}".TrimEnd()));
}

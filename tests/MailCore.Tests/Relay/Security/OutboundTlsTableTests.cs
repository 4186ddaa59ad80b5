using System.Security.Cryptography.X509Certificates;
using System.Text;
using MailCore.Dns;
using MailCore.Messaging;
using MailCore.Relay;
using MailCore.Relay.Security;
using MailCore.Storage.InMemory;
using MailCore.Tests.Tls;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;

namespace MailCore.Tests.Relay.Security;

/// <summary>Every requirement against every situation, over real sockets; docs/relay.md has the table that comes out.</summary>
[CancelAfter(120_000)]
public class OutboundTlsTableTests
{
    private const string Domain = "example.test";
    private const string Mx = "mx.example.test";
    private const string Secret = "For your eyes only";

    private const string NotRequired = "MTA-STS enforce and TLS-Required: No";

    private static readonly string[] Requirements = ["none", "opportunistic", "encrypt", "verify", "MTA-STS none", "MTA-STS testing", "MTA-STS enforce", "DANE-EE (3 1 1)", "DANE-TA (2 0 1)", "REQUIRETLS", NotRequired];

    private static readonly (string Name, TlsManners Manners)[] Situations =
    [
        ("good certificate", TlsManners.Good),
        ("self-signed", TlsManners.Good),
        ("expired", TlsManners.Good),
        ("another name", TlsManners.Good),
        ("STARTTLS stripped", TlsManners.Stripped),
        ("STARTTLS refused", TlsManners.Refused),
        ("speaks before the handshake", TlsManners.SpeaksBehind220),
        ("handshake broken", TlsManners.BreaksHandshake),
    ];

    private TestAuthority _authority = null!;
    private Dictionary<string, X509Certificate2> _certificates = null!;

    [OneTimeSetUp]
    public void MakeCertificates()
    {
        _authority = new TestAuthority();
        _certificates = new Dictionary<string, X509Certificate2>
        {
            ["good certificate"] = _authority.Issue([Mx]),
            ["expired"] = _authority.Issue([Mx], notAfter: DateTimeOffset.UtcNow.AddDays(-1)),
            ["another name"] = _authority.Issue(["mx.other.test"]),
            ["self-signed"] = MailCore.Tls.ServerCertificate.SelfSigned(Mx).Certificate,
        };
    }

    [OneTimeTearDown]
    public void RemoveCertificates()
    {
        foreach (var certificate in _certificates.Values)
        {
            certificate.Dispose();
        }

        _authority.Dispose();
    }

    [Test]
    public async Task The_table_in_the_documentation_is_what_happens()
    {
        var table = new StringBuilder($"| | {string.Join(" | ", Situations.Select(static one => one.Name))} |\n|---|{string.Concat(Situations.Select(static _ => "---|"))}\n");
        foreach (var requirement in Requirements)
        {
            table.Append($"| {requirement} |");
            foreach (var (situation, manners) in Situations)
            {
                table.Append($" {await TryAsync(requirement, situation, manners)} |");
            }

            table.Append('\n');
        }

        await TestContext.Out.WriteLineAsync(table.ToString());
        var documentation = await File.ReadAllTextAsync(Path.Combine(RepositoryRoot(), "docs", "relay.md"));
        Assert.That(documentation.ReplaceLineEndings("\n"), Does.Contain(table.ToString()), $"The table should be:\n{table}");
    }

    /// <summary>Sends for real, and asserts what was seen in the clear.</summary>
    private async Task<string> TryAsync(string requirement, string situation, TlsManners manners)
    {
        var certificate = _certificates.GetValueOrDefault(situation) ?? _certificates["good certificate"];
        await using var mta = new TlsMta(certificate, manners, _authority.Intermediate);
        var connector = await MakeConnectorAsync(requirement, mta.Port, certificate, situation);
        var envelope = new Envelope(new ReversePath(EmailAddress.Parse("alice@example.com"))) { RequireTls = requirement == "REQUIRETLS" };
        envelope.Recipients.Add(new Recipient(EmailAddress.Parse($"bob@{Domain}")));

        var outcome = (await connector.SendAsync(RelayTestClient.Message(envelope, $"Subject: x\r\n\r\n{Secret}\r\n"), NextHop.Domain(Domain, mta.Port), requirement == NotRequired)).Single();

        var isClear = mta.Clear.Contains(Secret, StringComparison.Ordinal);
        var isSecured = mta.Secured.Any(static line => line.Contains(Secret, StringComparison.Ordinal));
        Assert.That(isClear || isSecured, Is.EqualTo(outcome.Status == RelayStatus.Sent), $"{requirement}, {situation}: {outcome}");
        if (requirement is not ("none" or "opportunistic" or "MTA-STS none" or "MTA-STS testing" or NotRequired))
        {
            Assert.That(mta.Clear, Does.Not.Contain("MAIL FROM").And.Not.Contain("bob").And.Not.Contain(Secret), $"{requirement}, {situation}");
            Assert.That(outcome.Status, Is.Not.EqualTo(RelayStatus.Failed), "it waits, and its time is the queue's");
        }

        return isSecured ? "TLS" : isClear ? "clear" : $"waits, {outcome.Reply.Status}";
    }

    private async Task<RelayConnector> MakeConnectorAsync(string requirement, int port, X509Certificate2 certificate, string situation)
    {
        var dns = new FakeDns { IsSigned = requirement.StartsWith("DANE", StringComparison.Ordinal) || requirement == "REQUIRETLS" };
        dns.Mx(Domain, (10, Mx)).Address(Mx, "127.0.0.1");
        // The operator has published his certificate, whatever its date and names; a self-signed one is the attacker's.
        var own = situation == "self-signed" ? _certificates["good certificate"] : certificate;
        var options = new OutboundTlsOptions();
        switch (requirement)
        {
            case "DANE-EE (3 1 1)":
                dns.Tlsa($"_{port}._tcp.{Mx}", Record(3, 1, 1, own));
                break;
            case "DANE-TA (2 0 1)":
                dns.Tlsa($"_{port}._tcp.{Mx}", Record(2, 0, 1, _authority.Intermediate));
                break;
            case "none" or "opportunistic" or "encrypt" or "verify":
                options.UseTlsPolicy(Domain, Enum.Parse<OutboundTlsLevel>(requirement, ignoreCase: true));
                break;
        }

        var state = new InMemoryServerState(TimeProvider.System);
        if (requirement.StartsWith("MTA-STS", StringComparison.Ordinal))
        {
            dns.Text($"_mta-sts.{Domain}", "v=STSv1; id=1;");
            var now = DateTimeOffset.UtcNow;
            var text = $"1 {now.ToUnixTimeSeconds()}\nversion: STSv1\nmode: {requirement.Split(' ')[1]}\nmx: {Mx}\nmax_age: 86400\n";
            await state.SetAsync($"mta-sts:{Domain}", Encoding.UTF8.GetBytes(text), now.AddDays(1), default);
        }

        var sts = new MtaStsOptions();
        IOutboundTlsPolicy[] policies =
        [
            new ConfiguredTlsPolicy(options),
            new MtaStsTlsPolicy(new MtaStsCache(dns, state, new MtaStsFetcher(dns, sts, TimeProvider.System), sts, TimeProvider.System)),
            new DanePolicy(dns),
        ];
        var finder = new NextHopFinder(dns, new OutboundTlsGate(policies, NullLogger<OutboundTlsGate>.Instance), options, "client.example", TimeProvider.System);
        return RelayTestClient.Connector(finder, client => client.Authorities = [_authority.Root]);
    }

    internal static TlsaRecord Record(byte usage, byte selector, byte matchingType, X509Certificate2 certificate) =>
        new("", TimeSpan.Zero, usage, selector, matchingType, TlsaRecords.Data(certificate, selector, matchingType));

    private static string RepositoryRoot()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "MailCore.sln")))
        {
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("The sources are not here.");
        }

        return folder;
    }
}

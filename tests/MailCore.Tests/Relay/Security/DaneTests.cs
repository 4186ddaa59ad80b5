using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MailCore.Dns;
using MailCore.Messaging;
using MailCore.Relay;
using MailCore.Relay.Security;
using MailCore.Tests.Tls;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;

namespace MailCore.Tests.Relay.Security;

/// <summary>RFC 7672 and RFC 7671.</summary>
[CancelAfter(120_000)]
public class DaneTests
{
    private const string Mx = "mx.example.test";
    private const string Domain = "example.test";
    private const string Base = $"_25._tcp.{Mx}";

    private TestAuthority _authority = null!;
    private X509Certificate2 _certificate = null!;

    [OneTimeSetUp]
    public void MakeCertificates()
    {
        _authority = new TestAuthority();
        _certificate = _authority.Issue([Mx]);
    }

    [OneTimeTearDown]
    public void RemoveCertificates()
    {
        _certificate.Dispose();
        _authority.Dispose();
    }

    [Test]
    public async Task Every_selector_and_matching_type_is_compared([Values((byte)2, (byte)3)] byte usage, [Values((byte)0, (byte)1)] byte selector, [Values((byte)0, (byte)1, (byte)2)] byte type)
    {
        var subject = usage == 3 ? _certificate : _authority.Intermediate;
        Assert.That(await IsAcceptedAsync(_certificate, [Record(usage, selector, type, subject)]), Is.True);
        using var other = _authority.Issue([Mx]);
        Assert.That(await IsAcceptedAsync(_certificate, [Record(usage, selector, type, usage == 3 ? other : other)]), Is.False);
        Assert.That(await IsAcceptedAsync(_certificate, [Record(usage, selector, type, other), Record(usage, selector, type, subject)]), Is.True, "one of several is enough");
    }

    [Test]
    public async Task A_trust_anchor_vouches_for_names_and_dates_and_an_end_entity_for_neither()
    {
        using var wrongName = _authority.Issue(["other.test"]);
        using var expired = _authority.Issue([Mx], notAfter: DateTimeOffset.UtcNow.AddDays(-1));
        using var domainName = _authority.Issue([Domain]);
        foreach (var bad in new[] { wrongName, expired })
        {
            Assert.That(await IsAcceptedAsync(bad, [Record(2, 0, 1, _authority.Intermediate)]), Is.False, bad.Subject);
            Assert.That(await IsAcceptedAsync(bad, [Record(3, 1, 1, bad)]), Is.True, bad.Subject);
        }

        Assert.That(await IsAcceptedAsync(domainName, [Record(2, 0, 1, _authority.Intermediate)]), Is.True, "RFC 7672 3.2.2: the next-hop domain is a name too");
    }

    [Test]
    public async Task A_trust_anchor_that_did_not_sign_the_certificate_vouches_for_nothing()
    {
        // Whoever is in the middle can send the real anchor behind a certificate of his own that names it as its issuer.
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var liar = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={Mx}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(Mx);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(TestAuthority.ServerAuthentication)], false));
        using var made = request.Create(
            _authority.Intermediate.SubjectName, X509SignatureGenerator.CreateForECDsa(liar), DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1), [1, 2, 3]);
        using var with = made.CopyWithPrivateKey(key);
        using var forged = X509CertificateLoader.LoadPkcs12(with.Export(X509ContentType.Pfx), null);

        Assert.That(await IsAcceptedAsync(forged, [Record(2, 0, 1, _authority.Intermediate)]), Is.False);
        Assert.That(await IsAcceptedAsync(forged, [Record(2, 1, 1, _authority.Intermediate), Record(2, 0, 0, _authority.Intermediate)]), Is.False);
    }

    [Test]
    public void Only_what_a_mail_client_can_use_is_usable()
    {
        var good = Record(3, 1, 1, _certificate);
        TlsaRecord[] bad =
        [
            good with { Usage = 0 }, good with { Usage = 1 }, good with { Usage = 4 }, good with { Selector = 2 }, good with { MatchingType = 3 },
            good with { Association = new byte[31] }, good with { Association = new byte[33] }, good with { MatchingType = 2 }, good with { MatchingType = 0, Association = default },
        ];
        Assert.That(TlsaRecords.Usable(bad), Is.Empty);
        Assert.That(TlsaRecords.Usable([.. bad, good]), Is.EqualTo(new[] { good }));
        var (strong, whole) = (Record(3, 1, 2, _certificate), Record(3, 1, 0, _certificate));
        Assert.That(TlsaRecords.Usable([good, strong, whole]), Is.EquivalentTo(new[] { strong, whole }), "RFC 7671 9: of digests the strongest alone");
        Assert.That(TlsaRecords.Usable([good, Record(2, 1, 2, _certificate)]), Has.Count.EqualTo(2), "of the same usage and selector");
    }

    [Test]
    public async Task Records_count_where_every_step_to_them_is_signed()
    {
        Assert.That((await AskAsync(Signed().Tlsa(Base, Good()))).Requirement?.Level, Is.EqualTo(OutboundTlsLevel.Dane));
        Assert.That(await AskAsync(Signed(), isFoundSecurely: false), Is.EqualTo(default(OutboundTlsAnswer)), "MX");
        Assert.That(await AskAsync(Signed().Tlsa(Base, Good()), hasSecureAddresses: false), Is.EqualTo(default(OutboundTlsAnswer)), "addresses");
        Assert.That(await AskAsync(new FakeDns().Tlsa(Base, Good())), Is.EqualTo(default(OutboundTlsAnswer)), "TLSA");
        Assert.That(await AskAsync(Signed()), Is.EqualTo(default(OutboundTlsAnswer)), "none");
    }

    [Test]
    public async Task A_TLSA_look_up_that_fails_waits()
    {
        var answer = await AskAsync(Signed().Fail(Base, DnsRecordType.Tlsa));
        Assert.That((answer.Refusal?.Code, answer.Refusal?.Status?.ToString()), Is.EqualTo((450, "4.7.5")));
    }

    [Test]
    public async Task Records_of_which_none_can_be_used_still_ask_for_TLS()
    {
        var answer = await AskAsync(Signed().Tlsa(Base, Good() with { Usage = 1 }));
        Assert.That((answer.Requirement?.Level, answer.Requirement?.Source, answer.Published?.Problem), Is.EqualTo((OutboundTlsLevel.Encrypt, "dane", "tlsa-invalid")));
    }

    [TestCase(true, true, "_25._tcp.target.test", "target.test")]
    [TestCase(true, true, Base, Mx, Description = "nothing at the end: the start")]
    [TestCase(true, false, Base, Mx, Description = "the end is not signed: the start alone")]
    [TestCase(true, false, "_25._tcp.target.test", null)]
    [TestCase(false, false, Base, null)]
    public async Task An_alias_moves_the_base_of_the_records(bool isAliasSigned, bool isTargetSigned, string at, string? name)
    {
        var dns = Signed().Alias(Mx, "target.test", isAliasSigned, isTargetSigned, "192.0.2.1").Tlsa(at, Good());
        var answer = await AskAsync(dns, canonical: "target.test", hasSecureAddresses: isAliasSigned && isTargetSigned);
        Assert.That(answer.Requirement?.Names[0], Is.EqualTo(name));
    }

    [Test]
    public async Task SNI_is_the_base_domain_and_MTA_STS_does_not_override_a_failing_record()
    {
        using var other = _authority.Issue([Mx]);
        await using var mta = new TlsMta(_certificate, TlsManners.Good, _authority.Intermediate);
        var requirement = new OutboundTlsRequirement { Level = OutboundTlsLevel.Dane, Source = "dane", Names = ["base.test", Mx], Associations = [Record(3, 1, 1, _certificate)] };
        Assert.That((await SendAsync(mta, requirement)).Status, Is.EqualTo(RelayStatus.Sent));
        Assert.That((await SendAsync(mta, requirement with { Associations = [Record(3, 1, 1, other)] })).Reply.ToString(), Does.StartWith("450 4.7.5"));
        Assert.That(mta.Names, Is.EqualTo(new[] { "base.test", "base.test" }));
    }

    [TestCase("mx.example.test", true)]
    [TestCase("wrong.test", false)]
    public async Task Configured_names_stand_in_for_the_server_s_own(string name, bool isGood)
    {
        await using var mta = new TlsMta(_certificate, TlsManners.Good, _authority.Intermediate);
        var requirement = new OutboundTlsRequirement { Level = OutboundTlsLevel.Verify, Source = "configuration", Names = ["nowhere.test", name] };
        Assert.That((await SendAsync(mta, requirement, host: "else.test")).Status, Is.EqualTo(isGood ? RelayStatus.Sent : RelayStatus.Deferred));
        Assert.That(mta.Names.First(), Is.EqualTo("else.test"));
    }

    [Test]
    public async Task DANE_by_configuration_waits_where_there_are_no_records()
    {
        var options = new OutboundTlsOptions().UseTlsPolicy(Domain, OutboundTlsLevel.Dane);
        var dns = Signed().Mx(Domain, (10, Mx)).Address(Mx, "192.0.2.1");
        var finder = new NextHopFinder(dns, new OutboundTlsGate([new ConfiguredTlsPolicy(options), new DanePolicy(dns)], NullLogger<OutboundTlsGate>.Instance), options, "own", TimeProvider.System);
        Assert.That((await finder.FindAsync(NextHop.Domain(Domain), MessageTls.Usual, default)).Failure?.ToString(), Does.StartWith("450 4.7.5"));
        dns.Tlsa(Base, Good());
        Assert.That((await finder.FindAsync(NextHop.Domain(Domain), MessageTls.Usual, default)).Hosts.Single().Tls.Source, Is.EqualTo("dane"));
    }

    private static FakeDns Signed() => new() { IsSigned = true };

    private TlsaRecord Good() => Record(3, 1, 1, _certificate);

    private static TlsaRecord Record(byte usage, byte selector, byte type, X509Certificate2 certificate) => OutboundTlsTableTests.Record(usage, selector, type, certificate);

    private static async Task<OutboundTlsAnswer> AskAsync(FakeDns dns, bool isFoundSecurely = true, bool hasSecureAddresses = true, string canonical = Mx) =>
        await new DanePolicy(dns).GetRequirementAsync(
            new OutboundServer
            {
                Domain = Domain,
                Host = Mx,
                Port = 25,
                UsesMx = true,
                IsFoundSecurely = isFoundSecurely,
                CanonicalHost = canonical,
                HasSecureAddresses = hasSecureAddresses,
            },
            default);

    private async Task<bool> IsAcceptedAsync(X509Certificate2 certificate, IReadOnlyList<TlsaRecord> records)
    {
        await using var mta = new TlsMta(certificate, TlsManners.Good, _authority.Intermediate);
        var requirement = new OutboundTlsRequirement { Level = OutboundTlsLevel.Dane, Source = "dane", Names = [Mx, Domain], Associations = records };
        var outcome = await SendAsync(mta, requirement);
        Assert.That(mta.Clear, Does.Not.Contain("MAIL"));
        return outcome.Status == RelayStatus.Sent;
    }

    private async Task<RelayOutcome> SendAsync(TlsMta mta, OutboundTlsRequirement requirement, string host = Mx)
    {
        var connector = RelayTestClient.Connector(new FixedHops(FixedHops.Host(mta.Port, requirement, host)), client => client.Authorities = [_authority.Root]);
        return (await connector.SendAsync(RelayTestClient.Message(RelayTestClient.Envelope($"bob@{Domain}")))).Single();
    }
}

using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MailCore.Dns;
using MailCore.Hosting;
using MailCore.Relay;
using MailCore.Relay.Security;
using MailCore.Tests.Tls;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;

namespace MailCore.Tests.Relay.Security;

public class PublishedRecordsTests
{
    [Test]
    public void A_domain_is_told_what_to_publish()
    {
        using var authority = new TestAuthority();
        using var certificate = authority.Issue(["mx.example.org"]);
        var policy = new MtaStsPolicy { Mode = MtaStsMode.Enforce, Mx = ["mx.example.org"], MaxAge = TimeSpan.FromDays(7) };

        var records = PublishedRecords.For("example.org", "mx.example.org", certificate, policy, "tls@example.org").Select(static record => record.ToString()).ToArray();

        var digest = Convert.ToHexString(SHA256.HashData(certificate.PublicKey.ExportSubjectPublicKeyInfo()));
        Assert.That(records[0], Is.EqualTo("example.org. IN MX 10 mx.example.org."));
        Assert.That(records[1], Is.EqualTo($"_25._tcp.mx.example.org. IN TLSA 3 1 1 {digest}"));
        Assert.That(records[3], Is.EqualTo("_smtp._tls.example.org. IN TXT \"v=TLSRPTv1; rua=mailto:tls@example.org\""));
        var text = records[2]["_mta-sts.example.org. IN TXT \"".Length..^1];
        Assert.That(MtaStsPolicy.TryParseRecord(text, out var id), Is.True, text);
        Assert.That(PublishedRecords.For("example.org", "mx.example.org", certificate, policy with { Mode = MtaStsMode.Testing })[2].Value, Does.Not.Contain(id!), "another policy, another id");
        Assert.That(PublishedRecords.For("example.org", "mx.example.org", certificate, policy with { })[2].Value, Does.Contain(id!));
    }

    [Test]
    public async Task A_new_certificate_is_compared_with_what_is_published()
    {
        using var authority = new TestAuthority();
        using var old = authority.Issue(["mx.example.org"]);
        using var renewed = authority.Issue(["mx.example.org"]);
        const string Name = "_25._tcp.mx.example.org";
        var chain = new X509Certificate2Collection(authority.Intermediate);

        Assert.That(await AskAsync(new FakeDns(), renewed), Is.Null, "nothing published");
        Assert.That(await AskAsync(new FakeDns().Fail(Name, DnsRecordType.Tlsa), renewed), Is.Null, "nobody knows");
        var dns = new FakeDns().Tlsa(Name, OutboundTlsTableTests.Record(3, 1, 1, old));
        Assert.That(await AskAsync(dns, old), Is.True);
        Assert.That(await AskAsync(dns, renewed), Is.False, "other senders would wait");
        Assert.That(await AskAsync(new FakeDns().Tlsa(Name, OutboundTlsTableTests.Record(3, 1, 1, old), OutboundTlsTableTests.Record(3, 1, 1, renewed)), renewed), Is.True, "RFC 7671 8.1: the next one is published before it is used");
        Assert.That(await AskAsync(new FakeDns().Tlsa(Name, OutboundTlsTableTests.Record(2, 0, 1, authority.Intermediate)), renewed), Is.True);

        ValueTask<bool?> AskAsync(FakeDns resolver, X509Certificate2 certificate) => PublishedRecords.IsAcceptedAsync(resolver, "mx.example.org", certificate, chain, default);
    }

    [Test]
    public async Task A_destination_is_explained_host_by_host()
    {
        var dns = new FakeDns { IsSigned = true }.Mx("example.org", (10, "a.test"), (20, "b.test")).Address("a.test", "192.0.2.1", "2001:db8::1").Address("b.test", "192.0.2.2")
            .Tlsa("_25._tcp.a.test", new TlsaRecord("", TimeSpan.Zero, 3, 1, 1, new byte[32])).Fail("_25._tcp.b.test", DnsRecordType.Tlsa)
            .Mx("null.test", (0, "."));
        var services = new ServiceCollection();
        services.AddMailServer(mail =>
        {
            mail.Services.AddSingleton<IDnsResolver>(dns);
            mail.UseRelay(relay => relay.UseDane().UseMtaSts().UseTlsPolicy("example.org", OutboundTlsLevel.Encrypt));
        });
        await using var provider = services.BuildServiceProvider();
        var explainer = provider.GetRequiredService<NextHopExplainer>();

        Assert.That((await explainer.ExplainAsync("example.org")).ToString(), Is.EqualTo(
            "example.org:25\n  a.test (2001:db8::1, 192.0.2.1)\n    required: TLS with a certificate that a TLSA record stands for (by dane)\n    found: tlsa\n      3 1 1 "
            + new string('0', 64) + "\n  not used: 450 4.7.5 b.test: its TLSA records can't be looked up now, or their signatures are wrong\n"));
        Assert.That((await explainer.ExplainAsync("null.test")).ToString(), Is.EqualTo("null.test:25\n  mail is returned: 556 5.1.10 null.test takes no mail (null MX)\n"));
        Assert.That(async () => await explainer.ExplainAsync("no destination"), Throws.TypeOf<FormatException>());
    }

    [TestCase("Relay:Tls", "verify", null)]
    [TestCase("Relay:Tls", "strong", "Relay:Tls: 'strong' is none of None, Opportunistic, Encrypt, Verify, Dane.")]
    [TestCase("Relay:TlsByDomain:example.org", "encrypt", null)]
    [TestCase("Relay:TlsByDomain:-", "encrypt", "write example.org")]
    [TestCase("Relay:Dane", "true", null)]
    [TestCase("Relay:MtaSts", "true", null)]
    [TestCase("Relay:DnsServers:0", "127.0.0.1:5353", null)]
    [TestCase("Relay:DnsServers:0", "localhost", "Write 127.0.0.1:53")]
    [TestCase("Relay:TrustDnssec", "true", null)]
    public void The_configuration_is_read(string key, string value, string? problem)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection([new(key, value)]).Build();
        var services = new ServiceCollection();
        OutboundTlsOptions? options = null;
        List<string> problems = [];
        services.AddMailServer(mail =>
        {
            mail.Apply(MailServerSettings.Read(configuration));
            (options, problems) = (mail.OutboundTls, mail.Problems);
        });

        Assert.That(string.Join('\n', problems), problem is null ? Is.Empty : Does.Contain(problem));
        Assert.That(options!.UsesDane, Is.EqualTo(key == "Relay:Dane"));
        Assert.That(options.MtaSts is not null, Is.EqualTo(key == "Relay:MtaSts"));
        Assert.That(options.DefaultLevel, Is.EqualTo(value == "verify" ? OutboundTlsLevel.Verify : OutboundTlsLevel.Opportunistic));
        Assert.That(options.Find("example.org")?.Level, Is.EqualTo(key.EndsWith("example.org", StringComparison.Ordinal) ? OutboundTlsLevel.Encrypt : null));
    }
}

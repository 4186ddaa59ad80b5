using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MailCore.Hosting;
using MailCore.InteropTests.Server;
using MailCore.InteropTests.Wire;
using MailCore.Relay;
using MailCore.Tls;
using NUnit.Framework;

namespace MailCore.InteropTests;

/// <summary>Mail by MX and DANE to a real Postfix, by what knot publishes and unbound validates.</summary>
internal sealed class NextHopTests
{
    private const string HostName = "mx.example.org";

    private string _folder = null!;
    private X509Certificate2 _certificate = null!;
    private PostfixServer _postfix = null!;
    private DnsServers _dns = null!;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        PostfixServer.Require();
        DnsServers.Require();
        _folder = Directory.CreateTempSubdirectory("mailcore-nexthop-").FullName;
        _certificate = ServerCertificate.SelfSigned("mx.good.signed.test", "mx.good.plain.test").Certificate;
        var file = Path.Combine(_folder, "server.pem");
        using (var key = _certificate.GetECDsaPrivateKey()!)
            await File.WriteAllTextAsync(file, key.ExportPkcs8PrivateKeyPem() + "\n" + _certificate.ExportCertificatePem() + "\n");

        _postfix = await PostfixServer.StartReceivingAsync("example.net", $"smtpd_tls_chain_files = {file}", "smtpd_tls_security_level = may", "smtpd_tls_loglevel = 1");
        _dns = await DnsServers.StartAsync(("signed.test", Records(_postfix.Port)), ("plain.test", Records(_postfix.Port)), ("bogus.test", Records(_postfix.Port)));
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        if (_postfix is not null)
            await _postfix.DisposeAsync();

        if (_dns is not null)
            await _dns.DisposeAsync();

        _certificate?.Dispose();
        if (_folder is not null)
            Directory.Delete(_folder, recursive: true);
    }

    [TestCase("good.signed.test", "250 ")]
    [TestCase("alias.signed.test", "250 ", Description = "MX to a CNAME; the records stand at its end")]
    [TestCase("order.signed.test", "250 ", Description = "nobody listens at the first host")]
    [TestCase("wrong.signed.test", "450 4.7.5 ", Description = "TLSA for another key")]
    [TestCase("missing.signed.test", "450 4.7.5 ", Description = "no TLSA, where the configuration asks for DANE")]
    [TestCase("broken.signed.test", "450 4.7.5 ", Description = "the signature of the TLSA is bogus")]
    [TestCase("good.plain.test", "450 4.7.5 ", Description = "the right TLSA, not signed: never treated as DANE")]
    [TestCase("good.bogus.test", "451 4.4.3 ", Description = "bogus from the start")]
    [TestCase("null.signed.test", "556 5.1.10 ")]
    [TestCase("loop.signed.test", "554 5.4.6 ")]
    [TestCase("none.signed.test", "550 5.1.2 ")]
    [Property("Fact", "Postfix's log: a TLS connection and then a queue id for what it took; what DANE kept away is in no log line and no Maildir")]
    public async Task DANE_or_nothing(string hop, string reply)
    {
        await using var server = await ServeAsync(hop, OutboundTlsLevel.Dane, trusts: true);
        await CheckAsync(server, hop, reply);
    }

    [TestCase("missing.signed.test", true, "250 ")]
    [TestCase("wrong.plain.test", true, "250 ", Description = "a wrong TLSA that nobody signed")]
    [TestCase("wrong.signed.test", false, "250 ", Description = "signed, by a resolver that is not trusted")]
    [TestCase("wrong.signed.test", true, "450 4.7.5 ")]
    [TestCase("broken.signed.test", true, "450 4.7.5 ", Description = "a look-up that fails is no answer that there is nothing")]
    [Property("Fact", "Postfix's log and Maildir, as above; unbound says SERVFAIL to the bogus signature")]
    public async Task DANE_where_it_is_published(string hop, bool trusts, string reply)
    {
        await using var server = await ServeAsync(hop, OutboundTlsLevel.Opportunistic, trusts);
        await CheckAsync(server, hop, reply);
    }

    [TestCase("enforced.plain.test", "mx.good.plain.test", true, "250 ")]
    [TestCase("enforced.plain.test", "mx.good.plain.test", false, "450 4.7.5 ", Description = "Postfix's certificate is of nobody that is trusted")]
    [TestCase("enforced.plain.test", "mx.other.test", true, "450 4.7.5 ", Description = "a host that the policy does not list")]
    [Property("Fact", "Postfix's log and Maildir, as above; the HTTPS server's request names the policy's host")]
    public async Task MTA_STS_is_enforced(string hop, string listed, bool trusts, string reply)
    {
        await using var web = new PolicyServer($"mta-sts.{hop}", $"version: STSv1\nmode: enforce\nmx: {listed}\nmax_age: 86400\n");
        await using var server = await ServeAsync(hop, OutboundTlsLevel.Opportunistic, trusts: false, mail =>
        {
            mail.OutboundTls.UsesDane = false;
            mail.OutboundTls.UseMtaSts(sts => (sts.Port, sts.Authorities) = (web.Port, [web.Certificate]));
            mail.RelayClient.Authorities = trusts ? [_certificate] : [web.Certificate];
        });
        await CheckAsync(server, hop, reply);
        Assert.That(web.Requests.First(), Does.StartWith($"GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: mta-sts.{hop}"));
    }

    [TestCase("good.signed.test", 0, "TLS with a certificate that a TLSA record stands for (by dane)")]
    [TestCase("missing.signed.test", 0, "TLS where it is offered, any certificate (by default)")]
    [TestCase("broken.signed.test", 2, "mail waits: 450 4.7.5 ")]
    [TestCase("null.signed.test", 2, "mail is returned: 556 5.1.10 ")]
    [Property("Fact", "the sample's verb tells what the zone file says; Postfix's port is the one in the TLSA record's name")]
    public async Task The_verb_explains_a_destination(string hop, int code, string line)
    {
        await using var process = ChildProcess.Start(
            SourceTree.Program("samples/MailServer"),
            ["relay", "explain", $"{hop}:{_postfix.Port}", $"--Mail:Relay:DnsServers:0={_dns.Resolver}", "--Mail:Relay:TrustDnssec=true", "--Mail:Relay:Dane=true"],
            _folder);
        Assert.That(await process.WaitForExitAsync(), Is.EqualTo(code), process.Output);
        Assert.That(process.Output, Does.Contain(line));
    }

    [Test]
    [Property("Fact", "the digest of the TLSA record is that of the key in the PEM file")]
    public async Task The_verb_prints_what_to_publish()
    {
        await using var process = ChildProcess.Start(
            SourceTree.Program("samples/MailServer"),
            ["relay", "publish", "example.org", "--report", "tls@example.org", "--Mail:HostName=mx.example.org", $"--Mail:Certificate:File={Path.Combine(_folder, "server.pem")}"],
            _folder);
        Assert.That(await process.WaitForExitAsync(), Is.Zero, process.Output);
        Assert.That(process.Output, Does.Contain($"_25._tcp.mx.example.org. IN TLSA 3 1 1 {Convert.ToHexString(SHA256.HashData(_certificate.PublicKey.ExportSubjectPublicKeyInfo()))}")
            .And.Contain("example.org. IN MX 10 mx.example.org.").And.Contain("mode: testing").And.Contain("_smtp._tls.example.org. IN TXT \"v=TLSRPTv1; rua=mailto:tls@example.org\""));
    }

    private async Task CheckAsync(MailServer server, string hop, string reply)
    {
        var id = $"{Guid.NewGuid():N}";
        await using var smtp = await RawSmtp.ConnectAsync(server.Endpoints["smtp"].Port);
        var sender = $"{id}@example.com";
        var said = await smtp.DeliverAsync(sender, "anna@example.net", new MemoryStream(StoredMessage.Make(hop)));
        Assert.That(said, Does.StartWith(reply), hop);
        var log = await _postfix.ReadLogAsync();
        if (reply.StartsWith('2'))
        {
            await _postfix.WaitForLogAsync($"from=<{sender}>");
            Assert.That(await _postfix.ReadLogAsync(), Does.Contain("TLS connection established"));
        }
        else
        {
            Assert.That(log, Does.Not.Contain(sender));
        }
    }

    private string Records(int port)
    {
        var good = Convert.ToHexString(SHA256.HashData(_certificate.PublicKey.ExportSubjectPublicKeyInfo()));
        var wrong = new string('0', 64);
        return $"""
            good MX 10 mx.good
            mx.good A 127.0.0.1
            _{port}._tcp.mx.good TLSA 3 1 1 {good}
            alias MX 10 mx.alias
            mx.alias CNAME mx.good
            order MX 20 mx.good
            order MX 10 dead
            dead A 127.0.0.2
            _{port}._tcp.dead TLSA 3 1 1 {good}
            wrong MX 10 mx.wrong
            mx.wrong A 127.0.0.1
            _{port}._tcp.mx.wrong TLSA 3 1 1 {wrong}
            missing MX 10 mx.missing
            mx.missing A 127.0.0.1
            broken MX 10 mx.broken
            mx.broken A 127.0.0.1
            _{port}._tcp.mx.broken CNAME _{port}._tcp.mx.good.bogus.test.
            null MX 0 .
            loop MX 10 {HostName}.
            loop MX 20 mx.good
            enforced MX 10 mx.good
            _mta-sts.enforced TXT "v=STSv1; id=1;"
            mta-sts.enforced A 127.0.0.1
            """;
    }

    private Task<MailServer> ServeAsync(string hop, OutboundTlsLevel level, bool trusts, Action<MailServerBuilder>? configure = null) => MailServer.StartAsync(mail =>
    {
        mail.HostName = HostName;
        mail.UseInMemoryStore();
        mail.UseDns(dns =>
        {
            dns.Servers.Add(_dns.Resolver);
            dns.TrustAuthenticatedData = trusts;
            dns.Timeout = TimeSpan.FromSeconds(20);
        });
        mail.OutboundTls.UseDane().DefaultLevel = level;
        mail.OutboundTls.AddressOrder = MailCore.Relay.Security.AddressOrder.Ipv4Only;
        mail.AddRelayDomain("example.net", $"{hop}:{_postfix.Port}");
        mail.ListenSmtp(0).On(IPAddress.Loopback).UseCleartext();
        configure?.Invoke(mail);
    });
}

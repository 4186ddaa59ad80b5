using System.Net;
using System.Security.Cryptography.X509Certificates;
using MailCore.Hosting;
using MailCore.Testing;
using MailCore.Tests.Pop3;
using MailCore.Tls;
using Microsoft.Extensions.Logging;
using NUnit.Framework;

namespace MailCore.Tests.Tls;

[CancelAfter(60_000)]
public class CertificateReloadTests
{
    private TestAuthority _authority = null!;
    private PemFiles _files = null!;
    private CollectedLog _log = null!;

    [OneTimeSetUp]
    public void MakeAuthority() => _authority = new TestAuthority();

    [OneTimeTearDown]
    public void RemoveAuthority() => _authority.Dispose();

    [SetUp]
    public void MakeFolder() => (_files, _log) = (new PemFiles(), new CollectedLog());

    [TearDown]
    public void RemoveFolder()
    {
        _files.Dispose();
        _log.Dispose();
    }

    [Test]
    public async Task The_next_handshake_gets_the_new_certificate_and_the_old_session_goes_on()
    {
        using var first = _authority.Issue(["mx.example.org"]);
        using var second = _authority.Issue(["mx.example.org"]);
        var (file, keyFile) = _files.Write("cert.pem", "key.pem", first);
        await using var server = await MailServer.StartAsync(mail =>
        {
            mail.Options.CertificateCheckInterval = TimeSpan.Zero;
            mail.UseCertificate(file, keyFile).UseInMemoryStore();
            mail.ListenSmtp(0).On(IPAddress.Loopback);
        });
        using var old = await SecureAsync(server);

        _files.Write("cert.pem", "key.pem", second);
        using var next = await SecureAsync(server);

        Assert.That(Thumbprint(old), Is.EqualTo(first.Thumbprint));
        Assert.That(Thumbprint(next), Is.EqualTo(second.Thumbprint));
        Assert.That(await old.SayAsync("NOOP"), Does.StartWith("250"));
        Assert.That(await next.SayAsync("NOOP"), Does.StartWith("250"));
    }

    [Test]
    public void Files_are_looked_at_no_more_often_than_the_interval_says()
    {
        using var first = _authority.Issue(["mx.example.org"]);
        using var second = _authority.Issue(["mx.example.org"]);
        var time = new ManualTimeProvider(DateTimeOffset.UtcNow);
        var (file, keyFile) = _files.Write("cert.pem", "key.pem", first);
        var certificates = Read(() => [CertificateFiles.Pem(file, keyFile)], time);
        _files.Write("cert.pem", "key.pem", second);

        time.Advance(TimeSpan.FromSeconds(10) - TimeSpan.FromTicks(1));
        Assert.That(Shown(certificates), Is.EqualTo(first.Thumbprint));
        time.Advance(TimeSpan.FromTicks(1));
        Assert.That(Shown(certificates), Is.EqualTo(second.Thumbprint));
    }

    [Test]
    public void Half_written_files_leave_the_old_certificate_in_use_and_are_logged_once()
    {
        using var first = _authority.Issue(["mx.example.org"]);
        using var second = _authority.Issue(["mx.example.org"]);
        var time = new ManualTimeProvider(DateTimeOffset.UtcNow);
        var (file, keyFile) = _files.Write("cert.pem", "key.pem", first);
        var certificates = Read(() => [CertificateFiles.Pem(file, keyFile)], time);

        _files.Write("cert.pem", second.ExportCertificatePem());
        for (var i = 0; i < 3; i++)
        {
            time.Advance(TimeSpan.FromSeconds(10));
            Assert.That(Shown(certificates), Is.EqualTo(first.Thumbprint));
        }

        Assert.That(LogText.Split("does not belong"), Has.Length.EqualTo(2));
        _files.Write("key.pem", PemFiles.Key(second));
        time.Advance(TimeSpan.FromSeconds(10));
        Assert.That(Shown(certificates), Is.EqualTo(second.Thumbprint));
    }

    [Test]
    public void A_renewal_by_symbolic_link_as_certbot_does_it_is_seen()
    {
        using var first = _authority.Issue(["mx.example.org"]);
        using var second = _authority.Issue(["mx.example.org"]);
        var time = new ManualTimeProvider(DateTimeOffset.UtcNow);
        _files.Write("archive/mx/fullchain1.pem", "archive/mx/privkey1.pem", first);
        _files.Write("archive/mx/fullchain2.pem", "archive/mx/privkey2.pem", second);
        _files.Write("live/README", "");
        Link(1);
        var certificates = Read(() => CertificateFolder.Find(_files.Folder), time);
        Assert.That(Shown(certificates), Is.EqualTo(first.Thumbprint));

        Link(2);
        time.Advance(TimeSpan.FromSeconds(10));

        Assert.That(Shown(certificates), Is.EqualTo(second.Thumbprint));

        void Link(int number)
        {
            Directory.CreateDirectory(_files.Path("live/mx"));
            foreach (var name in new[] { "fullchain", "privkey" })
            {
                File.Delete(_files.Path($"live/mx/{name}.pem"));
                File.CreateSymbolicLink(_files.Path($"live/mx/{name}.pem"), $"../../archive/mx/{name}{number}.pem");
            }
        }
    }

    [TestCase("live/a.example/fullchain.pem", "live/a.example/privkey.pem", "", TestName = "certbot, its own folder")]
    [TestCase("live/a.example/fullchain.pem", "live/a.example/privkey.pem", "live", TestName = "certbot, live")]
    [TestCase("live/a.example/fullchain.pem", "live/a.example/privkey.pem", "live/a.example", TestName = "certbot, one certificate")]
    [TestCase("certificates/a.example.crt", "certificates/a.example.key", "", TestName = "lego, its own folder")]
    [TestCase("certificates/a.example.crt", "certificates/a.example.key", "certificates", TestName = "lego, certificates")]
    [TestCase("a.example/fullchain.cer", "a.example/a.example.key", "", TestName = "acme.sh, its own folder")]
    [TestCase("a.example_ecc/fullchain.cer", "a.example_ecc/a.example.key", "", TestName = "acme.sh with an elliptic key")]
    [TestCase("a.example_ecc/fullchain.cer", "a.example_ecc/a.example.key", "a.example_ecc", TestName = "acme.sh, one certificate")]
    public void Finds_certificates_where_acme_clients_put_them(string certificate, string key, string folder)
    {
        using var made = _authority.Issue(["a.example"]);
        _files.Write(certificate, key, made, _authority.Intermediate);
        // Beside what counts.
        _files.Write("certificates/a.example.issuer.crt", _authority.Intermediate.ExportCertificatePem());
        _files.Write("a.example/a.example.cer", made.ExportCertificatePem());

        var found = CertificateFolder.Find(_files.Path(folder));

        Assert.That(found, Is.EqualTo(new[] { CertificateFiles.Pem(_files.Path(certificate), _files.Path(key)) }));
    }

    [Test]
    public void Clients_get_the_certificate_for_the_name_they_ask_for()
    {
        using var a = _authority.Issue(["a.example", "*.wild.example"]);
        using var mx = _authority.Issue(["mx.example.org"]);
        _files.Write("live/a.example/fullchain.pem", "live/a.example/privkey.pem", a);
        _files.Write("live/mx.example.org/fullchain.pem", "live/mx.example.org/privkey.pem", mx);
        var certificates = Read(() => CertificateFolder.Find(_files.Folder), new ManualTimeProvider(DateTimeOffset.UtcNow));

        Assert.That(Shown(certificates, "A.example"), Is.EqualTo(a.Thumbprint));
        Assert.That(Shown(certificates, "imap.wild.example"), Is.EqualTo(a.Thumbprint));
        Assert.That(Shown(certificates, "imap.very.wild.example"), Is.EqualTo(mx.Thumbprint), "a wildcard stands for one label");
        Assert.That(Shown(certificates, "mx.example.org"), Is.EqualTo(mx.Thumbprint));
        Assert.That(Shown(certificates, "unknown.example"), Is.EqualTo(mx.Thumbprint), "the host name's is the default");
        Assert.That(Shown(certificates, null), Is.EqualTo(mx.Thumbprint));
    }

    [Test]
    public void A_folder_gains_and_loses_certificates_while_the_server_runs_and_one_that_is_broken_does_not_matter_to_the_others()
    {
        using var mx = _authority.Issue(["mx.example.org"]);
        using var b = _authority.Issue(["b.example"]);
        var time = new ManualTimeProvider(DateTimeOffset.UtcNow);
        _files.Write("live/broken/fullchain.pem", "hello");
        _files.Write("live/broken/privkey.pem", "hello");
        _files.Write("live/mx/fullchain.pem", "live/mx/privkey.pem", mx);
        var certificates = Read(() => CertificateFolder.Find(_files.Folder), time);
        Assert.That(LogText, Does.Contain("live/broken/fullchain.pem"));
        Assert.That(Shown(certificates, "b.example"), Is.EqualTo(mx.Thumbprint));

        _files.Write("live/b/fullchain.pem", "live/b/privkey.pem", b);
        time.Advance(TimeSpan.FromSeconds(10));
        Assert.That(Shown(certificates, "b.example"), Is.EqualTo(b.Thumbprint));

        Directory.Delete(_files.Path("live/b"), recursive: true);
        time.Advance(TimeSpan.FromSeconds(10));
        Assert.That(Shown(certificates, "b.example"), Is.EqualTo(mx.Thumbprint));

        Directory.Delete(_files.Path("live"), recursive: true);
        time.Advance(TimeSpan.FromSeconds(10));
        Assert.That(Shown(certificates), Is.EqualTo(mx.Thumbprint), "the last one stays");
        Assert.That(LogText, Does.Contain("holds no certificate"));
    }

    [Test]
    public void A_folder_without_a_usable_certificate_is_an_error_that_says_why()
    {
        Assert.That(() => CertificateFolder.Find(_files.Path("none")), Throws.TypeOf<CertificateException>().With.Message.Contains("none").And.Message.Contains("does not exist"));
        Assert.That(() => CertificateFolder.Find(_files.Folder), Throws.TypeOf<CertificateException>().With.Message.Contains(_files.Folder).And.Message.Contains("holds no certificate"));

        _files.Write("live/one/fullchain.pem", "hello");
        _files.Write("live/one/privkey.pem", "hello");
        Assert.That(
            () => Read(() => CertificateFolder.Find(_files.Folder), TimeProvider.System),
            Throws.TypeOf<CertificateException>().With.Message.Contains("live/one/fullchain.pem"));
    }

    [Test]
    public async Task A_selector_chooses_by_the_name_that_the_client_sends()
    {
        using var a = _authority.Issue(["a.example"]);
        using var other = _authority.Issue(["mx.example.org"]);
        var (forA, forOthers) = (new ServerCertificate(a), new ServerCertificate(other));
        await using var server = await MailServer.StartAsync(mail =>
        {
            mail.UseCertificateSelector(name => name == "a.example" ? forA : forOthers).UseInMemoryStore();
            mail.ListenImaps(0).On(IPAddress.Loopback);
        });

        using var named = await MailClient.ConnectAsync(server.Endpoints[0]);
        await named.StartTlsAsync(static client => client.TargetHost = "a.example");
        using var unnamed = await MailClient.ConnectAsync(server.Endpoints[0]);
        await unnamed.StartTlsAsync(static client => client.TargetHost = "");

        Assert.That(Thumbprint(named), Is.EqualTo(a.Thumbprint));
        Assert.That(Thumbprint(unnamed), Is.EqualTo(other.Thumbprint));
    }

    private static async Task<MailClient> SecureAsync(MailServer server)
    {
        var client = await MailClient.ConnectAsync(server.Endpoints["smtp"]);
        await client.ReadLineAsync();
        Assert.That(await client.SayAsync("STARTTLS"), Does.StartWith("220"));
        await client.StartTlsAsync();
        return client;
    }

    private static string Thumbprint(MailClient client) => ((X509Certificate2)client.Tls!.RemoteCertificate!).Thumbprint;

    private static string Shown(ReloadingCertificates certificates, string? name = null) => certificates.Select(name).TargetCertificate.Thumbprint;

    private string LogText => string.Join('\n', _log.Lines.Select(static line => line.Text));

    private ReloadingCertificates Read(Func<IReadOnlyList<CertificateFiles>> find, TimeProvider time) =>
        new(find, new CertificateReloading("mx.example.org", TimeSpan.FromSeconds(10)), time, new Logger<ReloadingCertificates>(_log));
}

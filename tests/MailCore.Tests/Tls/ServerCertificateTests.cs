using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MailCore.Tls;
using NUnit.Framework;

namespace MailCore.Tests.Tls;

public class ServerCertificateTests
{
    private TestAuthority _authority = null!;
    private PemFiles _files = null!;

    [OneTimeSetUp]
    public void MakeAuthority() => _authority = new TestAuthority();

    [OneTimeTearDown]
    public void RemoveAuthority() => _authority.Dispose();

    [SetUp]
    public void MakeFolder() => _files = new PemFiles();

    [TearDown]
    public void RemoveFolder() => _files.Dispose();

    [Test]
    public void Reads_a_certificate_and_its_key_from_two_files_or_from_one()
    {
        using var made = _authority.Issue(["mx.example.org"]);
        var (file, keyFile) = _files.Write("cert.pem", "key.pem", made);
        var both = _files.Write("both.pem", File.ReadAllText(keyFile) + "\n" + File.ReadAllText(file));

        var two = ServerCertificate.FromPem(file, keyFile);
        var one = ServerCertificate.FromPem(both);

        Assert.That(two.Certificate.HasPrivateKey);
        Assert.That(one.Certificate.Thumbprint, Is.EqualTo(made.Thumbprint));
    }

    [Test]
    public async Task The_chain_is_sent_whole_from_pem_from_pkcs12_and_from_memory_and_the_root_is_not()
    {
        using var made = _authority.Issue(["mx.example.org"]);
        var (file, keyFile) = _files.Write("fullchain.pem", "key.pem", made, _authority.Intermediate, _authority.Root);
        var pkcs12 = _files.Path("cert.p12");
        await File.WriteAllBytesAsync(pkcs12, new X509Certificate2Collection { _authority.Intermediate, made }.Export(X509ContentType.Pfx, "secret")!);

        foreach (var certificate in new[]
        {
            ServerCertificate.FromPem(file, keyFile), ServerCertificate.FromPkcs12(pkcs12, "secret"), new ServerCertificate(made, [_authority.Intermediate]),
        })
        {
            string[] sent = [];
            await using var link = await TlsLink.ConnectAsync(TlsPolicy.Implicit, certificate, client => client.RemoteCertificateValidationCallback = (_, _, chain, _) =>
            {
                sent = [.. chain!.ChainPolicy.ExtraStore.Select(static one => one.Subject)];
                return true;
            });

            Assert.That(link.Shown.Thumbprint, Is.EqualTo(made.Thumbprint));
            Assert.That(sent, Does.Contain(_authority.Intermediate.Subject));
            Assert.That(sent, Does.Not.Contain(_authority.Root.Subject), "clients have it, or have no reason to trust it");
        }
    }

    [Test]
    public void Errors_name_the_file_and_what_is_wrong()
    {
        using var made = _authority.Issue(["mx.example.org"]);
        using var other = _authority.Issue(["mx.example.org"]);
        using var old = _authority.Issue(["mx.example.org"], notAfter: DateTimeOffset.UtcNow.AddMinutes(-5));
        using var early = _authority.Issue(["mx.example.org"], notBefore: DateTimeOffset.UtcNow.AddMinutes(5));
        var (file, keyFile) = _files.Write("cert.pem", "key.pem", made);
        var (expired, expiredKey) = _files.Write("expired.pem", "expired.key", old);
        var (future, futureKey) = _files.Write("future.pem", "future.key", early);

        Assert.That(() => ServerCertificate.FromPem(_files.Path("none.pem")), Says("none.pem", "does not exist"));
        Assert.That(() => ServerCertificate.FromPem(file, _files.Path("nokey.pem")), Says("nokey.pem", "does not exist"));
        Assert.That(() => ServerCertificate.FromPem(file), Says("cert.pem", "holds no private key"));
        Assert.That(() => ServerCertificate.FromPem(file, file), Says("cert.pem", "holds no private key"));
        Assert.That(() => ServerCertificate.FromPem(file, _files.Write("other.pem", PemFiles.Key(other))), Says("other.pem", "does not belong"));
        Assert.That(() => ServerCertificate.FromPem(file, _files.Write("rsa.pem", Rsa())), Says("rsa.pem", "does not belong"));
        Assert.That(() => ServerCertificate.FromPem(file, _files.Write("locked.pem", Encrypted(made))), Says("locked.pem", "encrypted"));
        Assert.That(() => ServerCertificate.FromPem(_files.Write("text.pem", "hello"), keyFile), Says("text.pem", "no certificate"));
        Assert.That(() => ServerCertificate.FromPem(expired, expiredKey), Says("expired.pem", "expired on"));
        Assert.That(() => ServerCertificate.FromPem(future, futureKey), Says("future.pem", "not valid before"));
    }

    [Test]
    public void Errors_of_pkcs12_name_the_file_and_what_is_wrong()
    {
        using var made = _authority.Issue(["mx.example.org"]);
        var good = Write("good.p12", new X509Certificate2Collection { made }, "secret");
        var keyless = Write("keyless.p12", new X509Certificate2Collection { _authority.Intermediate }, "secret");
        var text = _files.Write("text.p12", "hello");

        Assert.That(() => ServerCertificate.FromPkcs12(_files.Path("none.p12")), Says("none.p12", "does not exist"));
        Assert.That(() => ServerCertificate.FromPkcs12(good, "wrong"), Says("good.p12", "password is wrong").And.Message.Not.Contains("secret"));
        Assert.That(() => ServerCertificate.FromPkcs12(text, "secret"), Says("text.p12", "not a PKCS#12 file"));
        Assert.That(() => ServerCertificate.FromPkcs12(keyless, "secret"), Says("keyless.p12", "holds no private key"));

        string Write(string name, X509Certificate2Collection all, string password)
        {
            File.WriteAllBytes(_files.Path(name), all.Export(X509ContentType.Pfx, password)!);
            return _files.Path(name);
        }
    }

    [Test]
    public void A_self_signed_one_is_for_the_names_asked_and_for_this_machine()
    {
        var certificate = ServerCertificate.SelfSigned("mx.example.org", "192.0.2.7").Certificate;

        Assert.That(certificate.MatchesHostname("mx.example.org"));
        Assert.That(certificate.MatchesHostname("192.0.2.7"));
        Assert.That(certificate.MatchesHostname("localhost"));
        Assert.That(certificate.MatchesHostname("mx.example.com"), Is.False);
    }

    private static NUnit.Framework.Constraints.ContainsConstraint Says(string file, string what) =>
        Throws.TypeOf<CertificateException>().With.Message.Contains(file).And.Message.Contains(what);

    private static string Rsa()
    {
        using var key = RSA.Create(2048);
        return key.ExportPkcs8PrivateKeyPem();
    }

    private static string Encrypted(X509Certificate2 certificate)
    {
        using var key = certificate.GetECDsaPrivateKey()!;
        return key.ExportEncryptedPkcs8PrivateKeyPem("secret", new PbeParameters(PbeEncryptionAlgorithm.Aes128Cbc, HashAlgorithmName.SHA256, 1_000));
    }
}

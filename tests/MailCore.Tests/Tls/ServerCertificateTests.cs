using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MailCore.Tls;
using NUnit.Framework;

namespace MailCore.Tests.Tls;

public class ServerCertificateTests
{
    private string _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("mailcore-tls-").FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public void Reads_a_certificate_and_its_key_from_two_files_or_from_one()
    {
        var (certificate, key) = Make(DateTimeOffset.UtcNow.AddDays(1));
        var two = ServerCertificate.FromPem(Write("cert.pem", certificate), Write("key.pem", key));
        var one = ServerCertificate.FromPem(Write("both.pem", certificate + "\n" + key));

        Assert.That(two.Certificate.HasPrivateKey);
        Assert.That(one.Certificate.Thumbprint, Is.EqualTo(two.Certificate.Thumbprint));
    }

    [Test]
    public void Errors_name_the_file_and_what_is_wrong()
    {
        var (certificate, key) = Make(DateTimeOffset.UtcNow.AddDays(1));
        var (_, otherKey) = Make(DateTimeOffset.UtcNow.AddDays(1));
        var (expired, expiredKey) = Make(DateTimeOffset.UtcNow.AddDays(-1));
        var good = Write("cert.pem", certificate);

        Assert.That(() => ServerCertificate.FromPem(Path.Combine(_folder, "none.pem")), Says("none.pem", "does not exist"));
        Assert.That(() => ServerCertificate.FromPem(good, Path.Combine(_folder, "nokey.pem")), Says("nokey.pem", "does not exist"));
        Assert.That(() => ServerCertificate.FromPem(good, Write("other.pem", otherKey)), Says("other.pem", "does not belong"));
        Assert.That(() => ServerCertificate.FromPem(good), Says("cert.pem", "missing"));
        Assert.That(() => ServerCertificate.FromPem(Write("text.pem", "hello"), Write("key.pem", key)), Says("text.pem", "no certificate"));
        Assert.That(() => ServerCertificate.FromPem(Write("expired.pem", expired), Write("expired.key", expiredKey)), Says("expired.pem", "expired on"));
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

    private static (string Certificate, string Key) Make(DateTimeOffset notAfter)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=mx.example.org", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(notAfter.AddDays(-10), notAfter);
        return (certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }

    private string Write(string name, string text)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllText(path, text);
        return path;
    }
}

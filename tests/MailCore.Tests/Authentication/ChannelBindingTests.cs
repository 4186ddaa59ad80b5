using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MailCore.Authentication;
using MailCore.Tests.Tls;
using MailCore.Tls;
using NUnit.Framework;

namespace MailCore.Tests.Authentication;

[TestFixture]
[CancelAfter(60_000)]
internal sealed class ChannelBindingTests
{
    // RFC 5929 4.1
    [TestCase("RSA", "SHA256", "SHA256")]
    [TestCase("RSA", "SHA384", "SHA384")]
    [TestCase("RSA", "SHA512", "SHA512")]
    [TestCase("PSS", "SHA256", "SHA256")]
    [TestCase("PSS", "SHA384", "SHA384")]
    [TestCase("PSS", "SHA512", "SHA512")]
    [TestCase("ECDSA", "SHA256", "SHA256")]
    [TestCase("ECDSA", "SHA384", "SHA384")]
    [TestCase("ECDSA", "SHA512", "SHA512")]
    public void Tls_server_end_point_is_hashed_as_the_certificate_is_signed(string key, string signedWith, string hash)
    {
        using var certificate = Make(key, new HashAlgorithmName(signedWith));

        Assert.That(ChannelBinding.ServerEndPoint(certificate), Is.EqualTo(CryptographicOperations.HashData(new HashAlgorithmName(hash), certificate.RawData)));
    }

    // Made by openssl: the framework signs nothing with SHA-1 any more.
    [Test]
    public void A_certificate_signed_with_sha_1_is_hashed_with_sha_256()
    {
        using var certificate = X509Certificate2.CreateFromPem("""
            -----BEGIN CERTIFICATE-----
            MIIBhjCCAS6gAwIBAgIUf9hCRk61EUCVJP54IM6jmIkurSowCQYHKoZIzj0EATAZ
            MRcwFQYDVQQDDA5teC5leGFtcGxlLm9yZzAgFw0yNjExMjYyMjI1MjJaGA8yMTI2
            MTEwMjIyMjUyMlowGTEXMBUGA1UEAwwObXguZXhhbXBsZS5vcmcwWTATBgcqhkjO
            PQIBBggqhkjOPQMBBwNCAARx496PyXKfeBtvbi750J6EIL1cBe0UGIaOKQuJe5MY
            qIGbK7n2UyZK/Roze2J0CaGz+/JyaF+z5VA5boLq5AfUo1MwUTAdBgNVHQ4EFgQU
            ERPbMyaKfnksVvFroWIUicS9CfgwHwYDVR0jBBgwFoAUERPbMyaKfnksVvFroWIU
            icS9CfgwDwYDVR0TAQH/BAUwAwEB/zAJBgcqhkjOPQQBA0cAMEQCIAzVTp8HBZ08
            kDdDnrJ6+cio1zMvg5XN5S6mZMF5EYIoAiArAtO0PtdWQsEGGwxwB+bPjGZlB9DQ
            uHP8tqTRnFufpw==
            -----END CERTIFICATE-----
            """);

        Assert.That(ChannelBinding.ServerEndPoint(certificate), Is.EqualTo(SHA256.HashData(certificate.RawData)));
    }

    [Test]
    public async Task Both_ends_of_a_connection_see_the_same_bindings()
    {
        await using var link = await TlsLink.ConnectAsync(
            TlsPolicy.Implicit with { Protocols = System.Security.Authentication.SslProtocols.Tls12 }, new ServerCertificate(Make("RSA", HashAlgorithmName.SHA384)));

        foreach (var type in new[] { "tls-unique", "tls-server-end-point" })
        {
            Assert.That(ChannelBinding.Find(type, link.Server.Tls!), Is.Not.Null.And.EqualTo(ClientBinding.Of(link.Client, type)), type);
        }
    }

    [Test]
    public async Task Tls_unique_is_not_there_on_tls_1_3()
    {
        await using var link = await TlsLink.ConnectAsync(TlsPolicy.Implicit with { Protocols = System.Security.Authentication.SslProtocols.Tls13 }, ServerCertificate.SelfSigned("mx.example.org"));

        Assert.That(ChannelBinding.Find("tls-unique", link.Server.Tls!), Is.Null);
        Assert.That(ChannelBinding.Find("tls-exporter", link.Server.Tls!), Is.Null);
    }

    private static X509Certificate2 Make(string kind, HashAlgorithmName hash)
    {
        var now = DateTimeOffset.UtcNow;
        if (kind == "ECDSA")
        {
            using var curve = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            return new CertificateRequest("CN=mx.example.org", curve, hash).CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        }

        using var rsa = RSA.Create(2048);
        var padding = kind == "PSS" ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1;
        return new CertificateRequest("CN=mx.example.org", rsa, hash, padding).CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }
}

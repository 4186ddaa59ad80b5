using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace MailCore.Tests.Tls;

/// <summary>A root, an intermediate below it, and the certificates that the intermediate signs.</summary>
internal sealed class TestAuthority : IDisposable
{
    public const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    public const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    private readonly X509Certificate2 _intermediate;
    private int _serial;

    public TestAuthority()
    {
        Root = Issue("CN=Test root", null, MakeAuthority);
        _intermediate = Issue("CN=Test intermediate", Root, MakeAuthority, Root.NotBefore, Root.NotAfter);
        Intermediate = X509CertificateLoader.LoadCertificate(_intermediate.RawData);
    }

    public X509Certificate2 Root { get; }

    /// <summary>Without its key.</summary>
    public X509Certificate2 Intermediate { get; }

    /// <summary>For what a certificate of a server or a client needs; valid for a day unless told otherwise.</summary>
    public X509Certificate2 Issue(string[] names, string purpose = ServerAuthentication, string? email = null, DateTimeOffset? notAfter = null, DateTimeOffset? notBefore = null) =>
        Issue($"CN={names.FirstOrDefault() ?? email}", _intermediate, request =>
        {
            var alternatives = new SubjectAlternativeNameBuilder();
            foreach (var name in names)
            {
                if (IPAddress.TryParse(name, out var address))
                {
                    alternatives.AddIpAddress(address);
                }
                else
                {
                    alternatives.AddDnsName(name);
                }
            }

            if (email is not null)
            {
                alternatives.AddEmailAddress(email);
            }

            request.CertificateExtensions.Add(alternatives.Build());
            request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(purpose)], critical: false));
            // Nobody asks there; that there is none would be a finding.
            request.CertificateExtensions.Add(CertificateRevocationListBuilder.BuildCrlDistributionPointExtension(["http://crl.invalid/test.crl"]));
        }, notBefore, notAfter);

    public void Dispose()
    {
        Root.Dispose();
        _intermediate.Dispose();
        Intermediate.Dispose();
    }

    private static void MakeAuthority(CertificateRequest request)
    {
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, critical: true));
    }

    private X509Certificate2 Issue(string subject, X509Certificate2? issuer, Action<CertificateRequest> complete, DateTimeOffset? notBefore = null, DateTimeOffset? notAfter = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        complete(request);
        var now = DateTimeOffset.UtcNow;
        if (issuer is null)
        {
            return request.CreateSelfSigned(now.AddDays(-100), now.AddDays(100));
        }

        var end = notAfter ?? now.AddDays(1);
        using var signed = request.Create(issuer, notBefore ?? (end < now ? end.AddDays(-1) : now.AddDays(-1)), end, [(byte)(++_serial >> 8), (byte)_serial, 1]);
        using var with = signed.CopyWithPrivateKey(key);
        // SslStream wants a key that stays.
        return X509CertificateLoader.LoadPkcs12(with.Export(X509ContentType.Pfx), null);
    }
}

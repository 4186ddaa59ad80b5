using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace MailCore.Tls;

/// <summary>One certificate for every name.</summary>
public sealed class ServerCertificate : IServerCertificates
{
    private readonly SslStreamCertificateContext _context;

    /// <summary>Uses a certificate that has its private key; <paramref name="chain"/> are the intermediates to send along.</summary>
    /// <exception cref="CertificateException">It has no private key.</exception>
    public ServerCertificate(X509Certificate2 certificate, X509Certificate2Collection? chain = null)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        if (!certificate.HasPrivateKey)
        {
            throw new CertificateException($"The certificate '{certificate.Subject}' has no private key.");
        }

        Certificate = certificate;
        // Offline: the chain is what we were given, nothing is fetched at a handshake.
        _context = SslStreamCertificateContext.Create(certificate, chain, offline: true);
    }

    /// <summary>The leaf.</summary>
    public X509Certificate2 Certificate { get; }

    /// <inheritdoc/>
    public SslStreamCertificateContext Select(string? serverName) => _context;

    /// <summary>Reads PEM files: the leaf first, then its intermediates; the key unencrypted, in a file of its own or in the same.</summary>
    /// <exception cref="CertificateException">A file is missing or unreadable, the key does not fit, or the certificate is not valid now.</exception>
    public static ServerCertificate FromPem(string certificateFile, string? keyFile = null, TimeProvider? time = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(certificateFile);
        return CertificateReader.ReadPem(certificateFile, keyFile ?? certificateFile, time ?? TimeProvider.System);
    }

    /// <summary>Reads a PKCS#12 file (.p12, .pfx) that holds the leaf with its key, and its intermediates.</summary>
    /// <exception cref="CertificateException">The file is missing or can't be opened, holds no key, or the certificate is not valid now.</exception>
    public static ServerCertificate FromPkcs12(string file, string? password = null, TimeProvider? time = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(file);
        return CertificateReader.ReadPkcs12(file, password, time ?? TimeProvider.System);
    }

    /// <summary>
    /// Makes a certificate that no client has reason to trust, for development and tests: ECDSA P-256, valid for a year, for
    /// <paramref name="names"/> (host names or IP addresses), localhost and the loopback addresses.
    /// </summary>
    public static ServerCertificate SelfSigned(params IEnumerable<string> names)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var all = names.Append("localhost").Append("127.0.0.1").Append("::1").Distinct(StringComparer.OrdinalIgnoreCase).ToList();
        var request = new CertificateRequest(new X500DistinguishedName($"CN={all[0]}"), key, HashAlgorithmName.SHA256);
        var alternatives = new SubjectAlternativeNameBuilder();
        foreach (var name in all)
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

        request.CertificateExtensions.Add(alternatives.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], critical: false));
        var now = DateTimeOffset.UtcNow;
        return new ServerCertificate(request.CreateSelfSigned(now.AddDays(-1), now.AddYears(1)));
    }
}

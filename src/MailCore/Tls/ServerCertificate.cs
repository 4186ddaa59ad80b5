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
    /// <exception cref="CertificateException">A file is missing or unreadable, the key does not fit, or the certificate has expired.</exception>
    public static ServerCertificate FromPem(string certificateFile, string? keyFile = null, TimeProvider? time = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(certificateFile);
        keyFile ??= certificateFile;
        var certificates = Read(certificateFile, "certificate");
        var key = keyFile == certificateFile ? certificates : Read(keyFile, "private key");
        var all = new X509Certificate2Collection();
        X509Certificate2 leaf;
        try
        {
            all.ImportFromPem(certificates);
        }
        catch (CryptographicException error)
        {
            throw new CertificateException($"Certificate file '{certificateFile}' is not valid PEM: {error.Message}", error);
        }

        if (all.Count == 0)
        {
            throw new CertificateException($"Certificate file '{certificateFile}' holds no certificate (expected '-----BEGIN CERTIFICATE-----').");
        }

        try
        {
            leaf = X509Certificate2.CreateFromPem(certificates, key);
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException)
        {
            throw new CertificateException($"The private key in '{keyFile}' is missing, encrypted, or does not belong to the certificate in '{certificateFile}': {error.Message}", error);
        }

        var now = (time ?? TimeProvider.System).GetUtcNow();
        if (leaf.NotAfter.ToUniversalTime() < now)
        {
            throw new CertificateException($"The certificate in '{certificateFile}' expired on {leaf.NotAfter.ToUniversalTime():u}. Renew it.");
        }

        all.RemoveAt(0);
        return new ServerCertificate(leaf, all);
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

    private static string Read(string file, string what)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CertificateException($"The {what} file '{file}' does not exist.", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CertificateException($"The {what} file '{file}' can't be read: {error.Message}", error);
        }
    }
}

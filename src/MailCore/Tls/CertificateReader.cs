using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace MailCore.Tls;

/// <summary>Reads certificate files, and says of one that can't be used what is wrong with it.</summary>
internal static class CertificateReader
{
    private const string EncryptedKey = "ENCRYPTED PRIVATE KEY";

    public static ServerCertificate ReadPem(string certificateFile, string keyFile, TimeProvider time)
    {
        var text = Read(certificateFile, "certificate");
        var certificates = ImportPem(text, certificateFile);
        var leaf = Combine(text, certificateFile, keyFile == certificateFile ? text : Read(keyFile, "private key"), keyFile);
        certificates[0].Dispose();
        certificates.RemoveAt(0);
        return Check(leaf, certificates, certificateFile, time);
    }

    public static ServerCertificate ReadPkcs12(string file, string? password, TimeProvider time)
    {
        var octets = Open(file, "certificate", File.ReadAllBytes);
        X509Certificate2Collection all;
        try
        {
            all = X509CertificateLoader.LoadPkcs12Collection(octets, password);
        }
        catch (CryptographicException error)
        {
            throw new CertificateException($"Certificate file '{file}' can't be opened: the password is wrong, or it is not a PKCS#12 file. {error.Message}", error);
        }

        if (all.FirstOrDefault(static certificate => certificate.HasPrivateKey) is not { } leaf)
        {
            throw new CertificateException(all.Count == 0 ? $"Certificate file '{file}' holds no certificate." : $"Certificate file '{file}' holds no private key.");
        }

        all.Remove(leaf);
        return Check(leaf, all, file, time);
    }

    private static X509Certificate2Collection ImportPem(string text, string file)
    {
        var all = new X509Certificate2Collection();
        try
        {
            all.ImportFromPem(text);
        }
        catch (CryptographicException error)
        {
            throw new CertificateException($"Certificate file '{file}' is not valid PEM: {error.Message}", error);
        }

        return all.Count > 0 ? all : throw new CertificateException($"Certificate file '{file}' holds no certificate (expected '-----BEGIN CERTIFICATE-----').");
    }

    private static X509Certificate2 Combine(string certificates, string certificateFile, string key, string keyFile)
    {
        var labels = Labels(key).ToList();
        if (!labels.Exists(static label => label.EndsWith("PRIVATE KEY", StringComparison.Ordinal)))
        {
            throw new CertificateException($"'{keyFile}' holds no private key (expected '-----BEGIN PRIVATE KEY-----').");
        }

        if (labels.Contains(EncryptedKey) || key.Contains("Proc-Type: 4,ENCRYPTED", StringComparison.Ordinal))
        {
            throw new CertificateException($"The private key in '{keyFile}' is encrypted. Write it without a password, for the server's user alone to read, or use PKCS#12.");
        }

        try
        {
            var leaf = X509Certificate2.CreateFromPem(certificates, key);
            if (!OperatingSystem.IsWindows())
            {
                return leaf;
            }

            // Windows' TLS takes no key that lives in memory only.
            using (leaf)
            {
                return X509CertificateLoader.LoadPkcs12(leaf.Export(X509ContentType.Pfx), null);
            }
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException)
        {
            throw new CertificateException(
                $"The private key in '{keyFile}' does not belong to the first certificate in '{certificateFile}', which must be the server's own, or is damaged: {error.Message}", error);
        }
    }

    private static IEnumerable<string> Labels(string pem)
    {
        var start = 0;
        while (PemEncoding.TryFind(pem.AsSpan(start), out var found))
        {
            yield return pem[start..][found.Label];
            start += found.Location.End.Value;
        }
    }

    private static ServerCertificate Check(X509Certificate2 leaf, X509Certificate2Collection chain, string file, TimeProvider time)
    {
        var now = time.GetUtcNow();
        if (leaf.NotAfter.ToUniversalTime() < now)
        {
            throw new CertificateException($"The certificate in '{file}' expired on {leaf.NotAfter.ToUniversalTime():u}. Renew it.");
        }

        if (leaf.NotBefore.ToUniversalTime() > now)
        {
            throw new CertificateException($"The certificate in '{file}' is not valid before {leaf.NotBefore.ToUniversalTime():u}. Check this machine's clock.");
        }

        return new ServerCertificate(leaf, chain);
    }

    private static string Read(string file, string what) => Open(file, what, File.ReadAllText);

    private static T Open<T>(string file, string what, Func<string, T> read)
    {
        try
        {
            return read(file);
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

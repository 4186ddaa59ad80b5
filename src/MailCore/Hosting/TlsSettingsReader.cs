using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace MailCore.Hosting;

/// <summary>Puts <see cref="TlsSettings"/> into the policy of all endpoints.</summary>
internal static class TlsSettingsReader
{
    public static void Apply(MailServerBuilder mail, TlsSettings? settings)
    {
        if (settings is null)
        {
            return;
        }

        var protocols = settings.MinimumVersion switch
        {
            null or "" or "1.2" => SslProtocols.Tls12 | SslProtocols.Tls13,
            "1.3" => SslProtocols.Tls13,
            _ => SslProtocols.None,
        };
        if (protocols == SslProtocols.None)
        {
            mail.Problems.Add($"Tls:MinimumVersion '{settings.MinimumVersion}' is not 1.2 or 1.3.");
            return;
        }

        var authorities = ReadAuthorities(mail, settings.ClientAuthorities);
        mail.ConfigureTls(policy => policy with
        {
            Protocols = protocols,
            CipherSuites = settings.CipherSuites.Count > 0 ? settings.CipherSuites : policy.CipherSuites,
            HandshakeTimeout = settings.HandshakeTimeout ?? policy.HandshakeTimeout,
            ClientCertificates = settings.ClientCertificates ?? policy.ClientCertificates,
            ClientAuthorities = authorities ?? policy.ClientAuthorities,
        });
    }

    private static X509Certificate2Collection? ReadAuthorities(MailServerBuilder mail, string? file)
    {
        if (string.IsNullOrEmpty(file))
        {
            return null;
        }

        var authorities = new X509Certificate2Collection();
        try
        {
            authorities.ImportFromPemFile(file);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or CryptographicException)
        {
            mail.Problems.Add($"Tls:ClientAuthorities '{file}' can't be read: {error.Message}");
            return null;
        }

        if (authorities.Count == 0)
        {
            mail.Problems.Add($"Tls:ClientAuthorities '{file}' holds no certificate in PEM.");
        }

        return authorities;
    }
}

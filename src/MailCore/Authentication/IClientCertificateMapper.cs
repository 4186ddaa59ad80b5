using System.Security.Cryptography.X509Certificates;

namespace MailCore.Authentication;

/// <summary>Tells whose a client's certificate is, for SASL EXTERNAL (RFC 4422 appendix A). Thread-safe.</summary>
public interface IClientCertificateMapper
{
    /// <summary>
    /// The identity behind <paramref name="certificate"/>, which the endpoint's TLS rule has verified already. With
    /// <paramref name="authorizationName"/> the client asks to be that user, and is rejected unless the certificate entitles it to;
    /// null leaves it to the certificate.
    /// </summary>
    ValueTask<AuthenticationResult> MapAsync(X509Certificate2 certificate, string? authorizationName, AuthenticationContext context, CancellationToken cancellationToken);
}

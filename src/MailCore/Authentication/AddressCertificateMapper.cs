using System.Security.Cryptography.X509Certificates;
using MailCore.Messaging;
using MailCore.Storage;

namespace MailCore.Authentication;

/// <summary>The account of the certificate's e-mail address: its first rfc822Name, or else the emailAddress of its subject.</summary>
public sealed class AddressCertificateMapper(IMailDirectory directory) : IClientCertificateMapper
{
    /// <inheritdoc/>
    public async ValueTask<AuthenticationResult> MapAsync(
        X509Certificate2 certificate, string? authorizationName, AuthenticationContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        if (!EmailAddress.TryParse(certificate.GetNameInfo(X509NameType.EmailName, forIssuer: false), out var address)
            || (authorizationName is { Length: > 0 } && !authorizationName.Equals(address.ToString(), StringComparison.OrdinalIgnoreCase)))
        {
            return new AuthenticationResult.Rejected();
        }

        return await directory.ResolveAsync(address, cancellationToken).ConfigureAwait(false) switch
        {
            DirectoryEntry.Account account => new AuthenticationResult.Ok(new MailIdentity(address.ToString(), account.Id)),
            DirectoryEntry.TryLater => new AuthenticationResult.TryLater("The directory can't tell now."),
            _ => new AuthenticationResult.Rejected(),
        };
    }
}

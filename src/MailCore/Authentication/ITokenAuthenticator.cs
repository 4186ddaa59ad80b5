namespace MailCore.Authentication;

/// <summary>Checks bearer tokens, for OAUTHBEARER (RFC 7628) and XOAUTH2. Thread-safe.</summary>
public interface ITokenAuthenticator
{
    /// <summary>Told to a client whose token is refused: the scope one needs; null to say nothing.</summary>
    string? Scope => null;

    /// <summary>Told to a client whose token is refused: the address of the OpenID provider's configuration; null to say nothing.</summary>
    string? OpenIdConfiguration => null;

    /// <summary>Checks a token. A good one that is not <paramref name="user"/>'s is rejected.</summary>
    /// <param name="token">Without "Bearer"; of any length that fits a line.</param>
    /// <param name="user">Who the client says it is; null when it leaves that to the token.</param>
    /// <param name="context">The connection.</param>
    /// <param name="cancellationToken">The client went away.</param>
    ValueTask<AuthenticationResult> VerifyTokenAsync(string token, string? user, AuthenticationContext context, CancellationToken cancellationToken);
}

namespace MailCore.Authentication;

/// <summary>Checks a user name and password; see <see cref="IMailAuthenticator.VerifyPasswordAsync"/> for what is asked of it.</summary>
public delegate ValueTask<AuthenticationResult> PasswordCheck(string user, string password, AuthenticationContext context, CancellationToken cancellationToken);

/// <summary>A function of the host's as authenticator.</summary>
public sealed class DelegateAuthenticator : IMailAuthenticator
{
    private readonly PasswordCheck _check;

    /// <summary>Asks <paramref name="check"/>.</summary>
    public DelegateAuthenticator(PasswordCheck check)
    {
        ArgumentNullException.ThrowIfNull(check);
        _check = check;
    }

    /// <inheritdoc/>
    public ValueTask<AuthenticationResult> VerifyPasswordAsync(string user, string password, AuthenticationContext context, CancellationToken cancellationToken) =>
        _check(user, password, context, cancellationToken);
}

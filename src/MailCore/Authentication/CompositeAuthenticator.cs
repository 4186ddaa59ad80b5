namespace MailCore.Authentication;

/// <summary>
/// Several authenticators in a row. A user belongs to the first that knows the name, and to no other: what that one rejects is
/// rejected. One that can't tell whom it knows is tried, and the next follows when it rejects. When nobody knows the name the first
/// is asked, so that an unknown user takes as long as a known one of that.
/// </summary>
public sealed class CompositeAuthenticator : IMailAuthenticator, IScramCredentials, ITokenAuthenticator, ICramMd5Secrets
{
    private readonly IMailAuthenticator[] _members;

    /// <summary>Asks these, in this order.</summary>
    public CompositeAuthenticator(params IEnumerable<IMailAuthenticator> members)
    {
        ArgumentNullException.ThrowIfNull(members);
        _members = [.. members];
        ArgumentOutOfRangeException.ThrowIfZero(_members.Length, nameof(members));
    }

    /// <inheritdoc/>
    public IScramCredentials? Scram => Array.Exists(_members, static member => member.Scram is not null) ? this : null;

    /// <inheritdoc/>
    public ITokenAuthenticator? Tokens => Array.Exists(_members, static member => member.Tokens is not null) ? this : null;

    /// <inheritdoc/>
    public ICramMd5Secrets? CramMd5 => Array.Exists(_members, static member => member.CramMd5 is not null) ? this : null;

    /// <inheritdoc/>
    public string? Scope => First(static tokens => tokens.Scope);

    /// <inheritdoc/>
    public string? OpenIdConfiguration => First(static tokens => tokens.OpenIdConfiguration);

    /// <inheritdoc/>
    public async ValueTask<AuthenticationResult> VerifyPasswordAsync(string user, string password, AuthenticationContext context, CancellationToken cancellationToken)
    {
        AuthenticationResult? rejected = null;
        foreach (var member in _members)
        {
            var knows = await member.KnowsAsync(user, cancellationToken).ConfigureAwait(false);
            if (knows is false)
            {
                continue;
            }

            var result = await member.VerifyPasswordAsync(user, password, context, cancellationToken).ConfigureAwait(false);
            if (knows is true || result is not AuthenticationResult.Rejected)
            {
                return result;
            }

            rejected = result;
        }

        return rejected ?? await _members[0].VerifyPasswordAsync(user, password, context, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask<bool?> KnowsAsync(string user, CancellationToken cancellationToken)
    {
        bool? knows = false;
        foreach (var member in _members)
        {
            switch (await member.KnowsAsync(user, cancellationToken).ConfigureAwait(false))
            {
                case true:
                    return true;
                case null:
                    knows = null;
                    break;
            }
        }

        return knows;
    }

    /// <inheritdoc/>
    public async ValueTask<ScramLookup> FindScramAsync(string user, ScramHash hash, AuthenticationContext context, CancellationToken cancellationToken)
    {
        foreach (var member in _members)
        {
            if (member.Scram is { } scram && await scram.FindScramAsync(user, hash, context, cancellationToken).ConfigureAwait(false) is not ScramLookup.Unknown and var found)
            {
                return found;
            }

            // Keys that a later one has are not this user's.
            if (await member.KnowsAsync(user, cancellationToken).ConfigureAwait(false) is true)
            {
                break;
            }
        }

        return new ScramLookup.Unknown();
    }

    /// <inheritdoc/>
    public async ValueTask<AuthenticationResult> VerifyTokenAsync(string token, string? user, AuthenticationContext context, CancellationToken cancellationToken)
    {
        AuthenticationResult result = new AuthenticationResult.Rejected();
        foreach (var tokens in _members.Select(static member => member.Tokens).OfType<ITokenAuthenticator>())
        {
            result = await tokens.VerifyTokenAsync(token, user, context, cancellationToken).ConfigureAwait(false);
            if (result is not AuthenticationResult.Rejected)
            {
                break;
            }
        }

        return result;
    }

    /// <inheritdoc/>
    public async ValueTask<CramMd5Secret?> FindCramMd5SecretAsync(string user, AuthenticationContext context, CancellationToken cancellationToken)
    {
        foreach (var member in _members)
        {
            if (member.CramMd5 is { } secrets && await secrets.FindCramMd5SecretAsync(user, context, cancellationToken).ConfigureAwait(false) is { } found)
            {
                return found;
            }

            if (await member.KnowsAsync(user, cancellationToken).ConfigureAwait(false) is true)
            {
                break;
            }
        }

        return null;
    }

    private string? First(Func<ITokenAuthenticator, string?> select) =>
        _members.Select(static member => member.Tokens).OfType<ITokenAuthenticator>().Select(select).FirstOrDefault(static value => value is not null);
}

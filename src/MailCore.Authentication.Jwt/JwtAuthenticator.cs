using System.Text.Json;
using MailCore.Messaging;
using MailCore.Storage;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace MailCore.Authentication.Jwt;

/// <summary>
/// Bearer tokens that are JSON Web Tokens (RFC 7519): signature, issuer, audience, lifetime, scope; the user is the account of the
/// e-mail address in the token. Knows no passwords. Thread-safe.
/// </summary>
public sealed class JwtAuthenticator : IMailAuthenticator, ITokenAuthenticator, IDisposable
{
    private static readonly string[] ScopeClaims = ["scope", "scp"];

    private readonly JwtOptions _options;
    private readonly IMailDirectory _directory;
    private readonly TimeProvider _time;
    private readonly DiscoveredKeys? _provider;
    private readonly JsonWebTokenHandler _handler = new() { MapInboundClaims = false };

    /// <summary>Checks by these options, which are not to be changed any more.</summary>
    /// <exception cref="ArgumentException">They leave open what a good token is.</exception>
    public JwtAuthenticator(JwtOptions options, IMailDirectory directory, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(directory);
        if (options.Audiences.Count == 0)
        {
            throw new ArgumentException("Audiences is empty: a token made for any other service would be a login here.", nameof(options));
        }

        if (options.Authority is null && (options.Keys.Count == 0 || options.Issuer is null))
        {
            throw new ArgumentException("Set Authority, or Issuer and Keys.", nameof(options));
        }

        (_options, _directory, _time) = (options, directory, time ?? TimeProvider.System);
        _provider = options.Authority is null ? null : new DiscoveredKeys(options, _time);
    }

    /// <inheritdoc/>
    public string? Scope => _options.RequiredScope;

    /// <inheritdoc/>
    public string? OpenIdConfiguration => _provider?.Address.AbsoluteUri;

    /// <inheritdoc/>
    public ValueTask<bool?> KnowsAsync(string user, CancellationToken cancellationToken) => new(false);

    /// <inheritdoc/>
    public ValueTask<AuthenticationResult> VerifyPasswordAsync(string user, string password, AuthenticationContext context, CancellationToken cancellationToken) =>
        new(new AuthenticationResult.Rejected());

    /// <inheritdoc/>
    public async ValueTask<AuthenticationResult> VerifyTokenAsync(string token, string? user, AuthenticationContext context, CancellationToken cancellationToken)
    {
        TokenValidationResult result;
        try
        {
            result = await ValidateAsync(token, isMissing: false, cancellationToken).ConfigureAwait(false);
            // Perhaps by a key that is newer than those we have; the library says the same of a bad signature.
            if (!result.IsValid && result.Exception is not (SecurityTokenExpiredException or SecurityTokenInvalidAudienceException or SecurityTokenInvalidIssuerException or SecurityTokenMalformedException) && _provider is not null)
            {
                result = await ValidateAsync(token, isMissing: true, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (Exception error) when (error is HttpRequestException or JsonException or TaskCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return new AuthenticationResult.TryLater($"The OpenID provider can't be asked: {error.Message}");
        }

        if (!result.IsValid || result.SecurityToken is not JsonWebToken jwt)
        {
            return result.Exception is SecurityTokenExpiredException ? new AuthenticationResult.Expired() : new AuthenticationResult.Rejected();
        }

        return HasScope(jwt) && Name(jwt) is { } name
            ? await FindAsync(name, user, cancellationToken).ConfigureAwait(false)
            : new AuthenticationResult.Rejected();
    }

    /// <inheritdoc/>
    public void Dispose() => _provider?.Dispose();

    private async Task<TokenValidationResult> ValidateAsync(string token, bool isMissing, CancellationToken cancellationToken)
    {
        var provider = _provider is null ? null : await _provider.GetAsync(isMissing, cancellationToken).ConfigureAwait(false);
        return await _handler.ValidateTokenAsync(token, new TokenValidationParameters
        {
            ValidIssuer = provider?.Issuer ?? _options.Issuer,
            ValidAudiences = _options.Audiences,
            IssuerSigningKeys = [.. _options.Keys, .. provider?.Keys ?? []],
            ValidAlgorithms = _options.Algorithms,
            RequireExpirationTime = true,
            RequireSignedTokens = true,
            LifetimeValidator = (notBefore, expires, _, _) => IsInTime(notBefore, expires),
        }).ConfigureAwait(false);
    }

    // By our own clock, which tests can set.
    private bool IsInTime(DateTime? notBefore, DateTime? expires)
    {
        var now = _time.GetUtcNow().UtcDateTime;
        if (expires is null || expires.Value + _options.ClockSkew < now)
        {
            throw new SecurityTokenExpiredException();
        }

        return notBefore is null || notBefore.Value - _options.ClockSkew <= now;
    }

    private bool HasScope(JsonWebToken jwt) => _options.RequiredScope is not { } wanted
        || ScopeClaims.Any(name => jwt.Claims.Any(claim => claim.Type == name && claim.Value.Split(' ').Contains(wanted, StringComparer.Ordinal)));

    private string? Name(JsonWebToken jwt)
    {
        if (_options.NameClaim == "email" && jwt.TryGetPayloadValue<bool>("email_verified", out var isVerified) && !isVerified)
        {
            return null;
        }

        return jwt.TryGetPayloadValue<string>(_options.NameClaim, out var name) && !string.IsNullOrEmpty(name) ? name : null;
    }

    private async ValueTask<AuthenticationResult> FindAsync(string name, string? user, CancellationToken cancellationToken)
    {
        if (await AccountAsync(name, cancellationToken).ConfigureAwait(false) is not { } account)
        {
            return new AuthenticationResult.Rejected();
        }

        var isOwn = user is null || user.Equals(name, StringComparison.OrdinalIgnoreCase) || await AccountAsync(user, cancellationToken).ConfigureAwait(false) == account;
        return isOwn ? new AuthenticationResult.Ok(new MailIdentity(name, account)) : new AuthenticationResult.Rejected();
    }

    private async ValueTask<AccountId?> AccountAsync(string name, CancellationToken cancellationToken)
    {
        if (_options.FindAccount is { } find)
        {
            return await find(name, cancellationToken).ConfigureAwait(false);
        }

        return EmailAddress.TryParse(name, out var address)
            && await _directory.ResolveAsync(address, cancellationToken).ConfigureAwait(false) is DirectoryEntry.Account found
                ? found.Id
                : null;
    }
}

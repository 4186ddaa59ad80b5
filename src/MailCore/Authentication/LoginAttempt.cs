namespace MailCore.Authentication;

/// <summary>
/// One client's try with one mechanism: what an exchange may ask of the authenticator. Every way ends in a result that has been
/// counted, logged and, where it is a failure, held back for a while.
/// </summary>
internal sealed class LoginAttempt(LoginService service, string mechanism, AuthenticationContext context)
{
    private static readonly AuthenticationResult Rejected = new AuthenticationResult.Rejected();

    private MasterClaim? _claim;

    public AuthenticationContext Context => context;

    public ITokenAuthenticator? Tokens => service.Authenticator.Tokens;

    /// <summary>What the client was offered when it began.</summary>
    public SaslOffer Offer => service.Offer(context);

    /// <param name="user">As the client sent it.</param>
    /// <param name="password">As the client sent it.</param>
    /// <param name="authorization">For whom the client wants to act; empty for itself.</param>
    /// <param name="cancellationToken">The client went away.</param>
    public async ValueTask<AuthenticationResult> VerifyPasswordAsync(string user, string password, string authorization, CancellationToken cancellationToken)
    {
        Claim(user, authorization);
        if (Banned(user) is { } banned)
        {
            return banned;
        }

        var name = Name(user);
        var result = name is not null && IsPlausible(password)
            ? await AskAsync(authenticator => _claim is { } claim
                ? service.Masters!.VerifyPasswordAsync(claim, password, context, cancellationToken)
                : authenticator.VerifyPasswordAsync(name, password, context, cancellationToken)).ConfigureAwait(false)
            : Rejected;
        return await SettleAsync(user, OnBehalf(result, user, authorization), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Takes down that a master user wants to be somebody else, where that is so: all that follows is counted and logged as the master's.</summary>
    public void Claim(string user, string authorization) => _claim = service.Masters?.Find(user, authorization);

    /// <summary>The keys to compare with; made up ones for whoever has none, and a result where the exchange is over at once.</summary>
    public async ValueTask<(ScramKeys? Keys, AuthenticationResult Result)> FindScramAsync(string user, ScramHash hash, CancellationToken cancellationToken)
    {
        if (Banned(user) is { } banned)
        {
            return (null, banned);
        }

        ScramLookup found = new ScramLookup.Unknown();
        if (_claim is { } claim)
        {
            found = await FindMasterAsync(claim, hash, cancellationToken).ConfigureAwait(false);
        }
        else if (Name(user) is { } name && service.Authenticator.Scram is { } scram)
        {
            try
            {
                found = await scram.FindScramAsync(name, hash, context, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception error) when (error is not OperationCanceledException)
            {
                found = new ScramLookup.TryLater(service.Explain(error, context.Protocol));
            }
        }

        return found switch
        {
            ScramLookup.Found(var keys, var result) => (keys, result),
            ScramLookup.TryLater(var reason) => (null, await SettleAsync(user, new AuthenticationResult.TryLater(reason), cancellationToken).ConfigureAwait(false)),
            _ => (ScramKeys.MakeUp(hash, service.MakeUpSalt(Name(user) ?? user, hash)), Rejected),
        };
    }

    public async ValueTask<(CramMd5Secret? Secret, AuthenticationResult? Result)> FindCramMd5Async(string user, CancellationToken cancellationToken)
    {
        if (Banned(user) is { } banned)
        {
            return (null, banned);
        }

        try
        {
            return Name(user) is { } name && service.Authenticator.CramMd5 is { } secrets
                ? (await secrets.FindCramMd5SecretAsync(name, context, cancellationToken).ConfigureAwait(false), null)
                : (null, null);
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            var later = new AuthenticationResult.TryLater(service.Explain(error, context.Protocol));
            return (null, await SettleAsync(user, later, cancellationToken).ConfigureAwait(false));
        }
    }

    /// <summary>Checks a token; <paramref name="user"/> is who the client says it is, or empty.</summary>
    public async ValueTask<AuthenticationResult> VerifyTokenAsync(string token, string user, CancellationToken cancellationToken)
    {
        if (Banned(user) is { } banned)
        {
            return banned;
        }

        var name = user.Length == 0 ? null : Name(user);
        var result = name is not null || user.Length == 0
            ? await AskAsync(authenticator => authenticator.Tokens is { } tokens
                ? tokens.VerifyTokenAsync(token, name, context, cancellationToken)
                : new(Rejected)).ConfigureAwait(false)
            : Rejected;
        return await SettleAsync(user, result, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Checks the client's certificate; <paramref name="user"/> is who the client says it is, or empty.</summary>
    public async ValueTask<AuthenticationResult> VerifyCertificateAsync(string user, CancellationToken cancellationToken)
    {
        if (Banned(user) is { } banned)
        {
            return banned;
        }

        var name = user.Length == 0 ? null : Name(user);
        var result = context.ClientCertificate is { } certificate && service.Certificates is { } mapper && (name is not null || user.Length == 0)
            ? await AskAsync(_ => mapper.MapAsync(certificate, name, context, cancellationToken)).ConfigureAwait(false)
            : Rejected;
        return await SettleAsync(user, result, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>A client may act for itself only, unless it is a master user.</summary>
    public AuthenticationResult OnBehalf(AuthenticationResult result, string user, string authorization) =>
        result is AuthenticationResult.Ok && _claim is null && authorization.Length > 0 && !string.Equals(Name(authorization), Name(user), StringComparison.OrdinalIgnoreCase)
            ? Rejected
            : result;

    /// <summary>Counts and logs a result, and holds back a failure.</summary>
    public ValueTask<AuthenticationResult> SettleAsync(string user, AuthenticationResult result, CancellationToken cancellationToken) =>
        service.SettleAsync(Outcome(user), result, cancellationToken);

    private static string? Name(string user) => IsPlausible(user) && SaslPrep.Prepare(user) is { } name && IsPlausible(name) ? name : null;

    private static bool IsPlausible(string text) => text.Length is > 0 and <= 255 && !text.Any(char.IsControl);

    private AuthenticationResult? Banned(string user) => service.Banned(Outcome(user));

    // Whoever a master asks for, the failures are the master's.
    private LoginOutcome Outcome(string user) => new(_claim?.Master.User.Name ?? user, mechanism, context) { For = _claim?.For };

    private async ValueTask<ScramLookup> FindMasterAsync(MasterClaim claim, ScramHash hash, CancellationToken cancellationToken)
    {
        try
        {
            var (keys, result) = await service.Masters!.FindScramAsync(claim, hash, context, cancellationToken).ConfigureAwait(false);
            return keys is null ? new ScramLookup.Unknown() : new ScramLookup.Found(keys, result);
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            return new ScramLookup.TryLater(service.Explain(error, context.Protocol));
        }
    }

    private async ValueTask<AuthenticationResult> AskAsync(Func<IMailAuthenticator, ValueTask<AuthenticationResult>> ask)
    {
        try
        {
            return await ask(service.Authenticator).ConfigureAwait(false);
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            return new AuthenticationResult.TryLater(service.Explain(error, context.Protocol));
        }
    }
}

/// <summary>Who tried what from where.</summary>
/// <param name="User">As the client sent it; empty when it did not say.</param>
/// <param name="Mechanism">SASL's name, or the command's.</param>
/// <param name="Context">The connection.</param>
internal readonly record struct LoginOutcome(string User, string Mechanism, AuthenticationContext Context)
{
    /// <summary>Whom <see cref="User"/>, a master user, wants to be; null where nobody but itself.</summary>
    public string? For { get; init; }
}

using System.Collections.Concurrent;
using System.Text;
using MailCore.Storage;

namespace MailCore.Authentication;

/// <summary>Users held in memory, their passwords as hashes and SCRAM keys. Thread-safe; user names compare without case.</summary>
public sealed class InMemoryAuthenticator : IMailAuthenticator, IScramCredentials, ICramMd5Secrets
{
    private readonly ConcurrentDictionary<string, User> _users = new(StringComparer.OrdinalIgnoreCase);
    private readonly PasswordVerifier _verifier;
    private readonly int _iterations;

    /// <summary>Hashes with <paramref name="iterations"/> of PBKDF2; lower it in tests only.</summary>
    public InMemoryAuthenticator(int iterations = PasswordHash.Iterations)
    {
        _iterations = iterations;
        _verifier = new PasswordVerifier(iterations);
    }

    /// <summary>Keeps passwords in the clear too, which CRAM-MD5 needs; off by default. For passwords set from now on.</summary>
    public bool KeepPasswords { get; set; }

    /// <inheritdoc/>
    public ICramMd5Secrets? CramMd5 => KeepPasswords ? this : null;

    /// <summary>Adds a user, or replaces the password of one.</summary>
    public void SetPassword(string user, AccountId account, string password)
    {
        ArgumentException.ThrowIfNullOrEmpty(user);
        ArgumentNullException.ThrowIfNull(password);
        var scramIterations = Math.Min(_iterations, ScramKeys.DefaultIterations);
        _users[SaslPrep.Prepare(user) ?? user] = new User
        {
            Identity = new MailIdentity(user, account),
            Hash = PasswordHash.Create(password, _iterations),
            Sha1 = ScramKeys.Create(ScramHash.Sha1, password, scramIterations),
            Sha256 = ScramKeys.Create(ScramHash.Sha256, password, scramIterations),
            Secret = KeepPasswords ? Encoding.UTF8.GetBytes(SaslPrep.PrepareOrKeep(password)) : null,
        };
    }

    /// <summary>Removes a user; false when there was none.</summary>
    public bool Remove(string user) => _users.TryRemove(SaslPrep.Prepare(user) ?? user, out _);

    /// <inheritdoc/>
    public ValueTask<bool?> KnowsAsync(string user, CancellationToken cancellationToken) => new(_users.ContainsKey(user));

    /// <inheritdoc/>
    public async ValueTask<AuthenticationResult> VerifyPasswordAsync(string user, string password, AuthenticationContext context, CancellationToken cancellationToken)
    {
        var found = _users.GetValueOrDefault(user);
        return await _verifier.VerifyAsync(password, found?.Hash, cancellationToken).ConfigureAwait(false) != PasswordVerification.Failed
            ? new AuthenticationResult.Ok(found!.Identity)
            : new AuthenticationResult.Rejected();
    }

    /// <inheritdoc/>
    public ValueTask<ScramLookup> FindScramAsync(string user, ScramHash hash, AuthenticationContext context, CancellationToken cancellationToken) => new(
        _users.TryGetValue(user, out var found)
            ? new ScramLookup.Found(hash == ScramHash.Sha1 ? found.Sha1 : found.Sha256, new AuthenticationResult.Ok(found.Identity))
            : new ScramLookup.Unknown());

    /// <inheritdoc/>
    public ValueTask<CramMd5Secret?> FindCramMd5SecretAsync(string user, AuthenticationContext context, CancellationToken cancellationToken) => new(
        _users.TryGetValue(user, out var found) && found.Secret is { } secret ? new CramMd5Secret(secret, new AuthenticationResult.Ok(found.Identity)) : null);

    private sealed class User
    {
        public required MailIdentity Identity { get; init; }

        public required string Hash { get; init; }

        public required ScramKeys Sha1 { get; init; }

        public required ScramKeys Sha256 { get; init; }

        public byte[]? Secret { get; init; }
    }
}

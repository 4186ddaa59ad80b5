using System.Collections.Concurrent;
using MailCore.Storage;

namespace MailCore.Authentication;

/// <summary>Users held in memory, their passwords as hashes. Thread-safe; user names compare without case.</summary>
public sealed class InMemoryAuthenticator : IMailAuthenticator
{
    private readonly ConcurrentDictionary<string, User> _users = new(StringComparer.OrdinalIgnoreCase);
    private readonly int _iterations;
    private readonly Lazy<string> _nobody;

    /// <summary>Hashes with <paramref name="iterations"/> of PBKDF2; lower it in tests only.</summary>
    public InMemoryAuthenticator(int iterations = PasswordHash.Iterations)
    {
        _iterations = iterations;
        _nobody = new Lazy<string>(() => PasswordHash.Create("nobody's password", iterations));
    }

    /// <summary>Adds a user, or replaces the password of one.</summary>
    public void SetPassword(string user, AccountId account, string password)
    {
        ArgumentException.ThrowIfNullOrEmpty(user);
        _users[user] = new User(user, account, PasswordHash.Create(password, _iterations));
    }

    /// <summary>Removes a user; false when there was none.</summary>
    public bool Remove(string user) => _users.TryRemove(user, out _);

    /// <inheritdoc/>
    public ValueTask<AuthenticationResult> VerifyPasswordAsync(string user, string password, AuthenticationContext context, CancellationToken cancellationToken)
    {
        var known = _users.TryGetValue(user, out var found);
        var verified = PasswordHash.Verify(password, known ? found!.Hash : _nobody.Value);
        return ValueTask.FromResult<AuthenticationResult>(known && verified != PasswordVerification.Failed
            ? new AuthenticationResult.Ok(new MailIdentity(found!.Name, found.Account))
            : new AuthenticationResult.Rejected());
    }

    private sealed record User(string Name, AccountId Account, string Hash);
}

using MailCore.Authentication;
using MailCore.Messaging;
using MailCore.Storage.Sqlite.Accounts;

namespace MailCore.Storage.Sqlite;

/// <summary>
/// Checks passwords against those a <see cref="SqliteMailDirectory"/> keeps. The login name is any address of the account, without
/// regard to case. Thread-safe.
/// </summary>
public sealed class SqliteAuthenticator : IMailAuthenticator
{
    private readonly SqliteMailStore _store;
    private readonly int _iterations;
    private readonly Lazy<string> _nobody;

    /// <summary>Reads from the store's database; the store stays the caller's to dispose.</summary>
    public SqliteAuthenticator(SqliteMailStore store)
        : this(store, PasswordHash.Iterations)
    {
    }

    internal SqliteAuthenticator(SqliteMailStore store, int iterations)
    {
        ArgumentNullException.ThrowIfNull(store);
        (_store, _iterations) = (store, iterations);
        _nobody = new Lazy<string>(() => PasswordHash.Create("nobody's password", iterations));
    }

    /// <inheritdoc/>
    public async ValueTask<AuthenticationResult> VerifyPasswordAsync(string user, string password, AuthenticationContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(user);
        ArgumentNullException.ThrowIfNull(password);
        cancellationToken.ThrowIfCancellationRequested();
        var (account, name, hash) = Find(user);

        // Unknown users are compared too: they must take as long.
        var verified = PasswordHash.Verify(password, hash ?? _nobody.Value);
        if (hash is null || verified == PasswordVerification.Failed)
        {
            return new AuthenticationResult.Rejected();
        }

        if (verified == PasswordVerification.SuccessRehash && _iterations >= PasswordHash.Iterations)
        {
            var stronger = PasswordHash.Create(password, _iterations);
            await _store.WriteAsync(db => UserRows.SetPassword(db, account, stronger), cancellationToken);
        }

        return new AuthenticationResult.Ok(new MailIdentity(name, account));
    }

    private (AccountId Account, string Name, string? Hash) Find(string user)
    {
        if (!EmailAddress.TryParse(user, out var address))
        {
            return default;
        }

        return _store.Read(db =>
            AddressRows.Find(db, AddressRows.Key(address)) is DirectoryEntry.Account found && UserRows.FindLogin(db, found.Id) is { } login
                ? (found.Id, login.Name, login.Hash)
                : default);
    }
}

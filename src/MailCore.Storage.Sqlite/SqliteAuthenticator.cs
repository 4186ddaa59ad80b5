using MailCore.Authentication;
using MailCore.Messaging;
using MailCore.Storage.Sqlite.Accounts;

namespace MailCore.Storage.Sqlite;

/// <summary>
/// Checks passwords and SCRAM proofs against what a <see cref="SqliteMailDirectory"/> keeps of them. The login name is any address of
/// the account, without regard to case. SCRAM is there once everybody who has a password has keys for it: whoever came with a hash
/// from elsewhere gets them at the first login by password. Thread-safe.
/// </summary>
public sealed class SqliteAuthenticator : IMailAuthenticator, IScramCredentials
{
    private readonly SqliteMailStore _store;
    private readonly PasswordVerifier _verifier;
    private readonly int _iterations;

    /// <summary>Reads from the store's database; the store stays the caller's to dispose.</summary>
    public SqliteAuthenticator(SqliteMailStore store)
        : this(store, PasswordHash.Iterations)
    {
    }

    internal SqliteAuthenticator(SqliteMailStore store, int iterations)
    {
        ArgumentNullException.ThrowIfNull(store);
        (_store, _iterations) = (store, iterations);
        _verifier = new PasswordVerifier(iterations, time: store.Time);
    }

    /// <inheritdoc/>
    public IScramCredentials? Scram => _store.Read(UserRows.AllHaveScram) ? this : null;

    internal PasswordVerifier Verifier => _verifier;

    /// <inheritdoc/>
    public ValueTask<bool?> KnowsAsync(string user, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(user);
        return new(Find(user) is not null);
    }

    /// <inheritdoc/>
    public async ValueTask<AuthenticationResult> VerifyPasswordAsync(string user, string password, AuthenticationContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(user);
        ArgumentNullException.ThrowIfNull(password);
        cancellationToken.ThrowIfCancellationRequested();
        var found = Find(user);

        // Unknown users are compared too: they must take as long.
        var verified = await _verifier.VerifyAsync(password, found?.Password.Hash, cancellationToken);
        if (found is not var (identity, kept) || verified == PasswordVerification.Failed)
        {
            return new AuthenticationResult.Rejected();
        }

        if (verified == PasswordVerification.SuccessRehash || kept.Scram is null)
        {
            await UpgradeAsync(identity.Account, kept.Hash, StoredPassword.Make(password, _iterations), cancellationToken);
        }

        return new AuthenticationResult.Ok(identity);
    }

    /// <inheritdoc/>
    public ValueTask<ScramLookup> FindScramAsync(string user, ScramHash hash, AuthenticationContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(user);
        cancellationToken.ThrowIfCancellationRequested();
        return new(Find(user) is var (identity, kept) && kept.FindScram(hash) is { } keys
            ? new ScramLookup.Found(keys, new AuthenticationResult.Ok(identity))
            : new ScramLookup.Unknown());
    }

    private async ValueTask UpgradeAsync(AccountId account, string hash, StoredPassword stronger, CancellationToken cancellationToken)
    {
        try
        {
            await _store.WriteAsync(db => UserRows.UpgradePassword(db, account, hash, stronger), cancellationToken);
        }
        catch (SqliteStoreException)
        {
            // The password was right all the same; the next login tries again.
        }
    }

    private Login? Find(string user)
    {
        if (!EmailAddress.TryParse(user, out var address))
        {
            return null;
        }

        return _store.Read(db =>
            AddressRows.Find(db, AddressRows.Key(address)) is DirectoryEntry.Account found && UserRows.FindLogin(db, found.Id) is (var name, { } password)
                ? new Login(new MailIdentity(name, found.Id), password)
                : null);
    }

    private sealed record Login(MailIdentity Identity, StoredPassword Password);
}

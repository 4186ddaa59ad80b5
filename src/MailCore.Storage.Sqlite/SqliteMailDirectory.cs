using System.Runtime.CompilerServices;
using MailCore.Authentication;
using MailCore.Messaging;
using MailCore.Storage.Sqlite.Accounts;
using MailCore.Storage.Sqlite.Database;

namespace MailCore.Storage.Sqlite;

/// <summary>
/// Accounts, aliases, domains and passwords in a store's database. An account's id is its first address in lower case; one made
/// anew under the address of a deleted one gets another id, so that nobody finds a predecessor's mail. Thread-safe; what has been
/// changed survives a power cut.
/// </summary>
public sealed partial class SqliteMailDirectory : IMailDirectory, IMailDirectoryEditor
{
    private readonly IDirectoryDatabase _store;
    private readonly ExpressionRows _expressions = new();
    private readonly int _iterations;

    /// <summary>Keeps accounts beside the store's mail; the store stays the caller's to dispose.</summary>
    public SqliteMailDirectory(SqliteMailStore store)
        : this(store, PasswordHash.Iterations)
    {
    }

    internal SqliteMailDirectory(IDirectoryDatabase store, int iterations)
    {
        ArgumentNullException.ThrowIfNull(store);
        (_store, _iterations) = (store, iterations);
    }

    /// <inheritdoc/>
    public ValueTask<DirectoryEntry> ResolveAsync(EmailAddress address, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(address);
        cancellationToken.ThrowIfCancellationRequested();
        return ValueTask.FromResult(_store.Read(db => Resolve(db, address)));
    }

    /// <summary>
    /// Whether the account has the address, an alias, expression or catch-all of this name leads directly to it, or it was given the
    /// address to send as.
    /// </summary>
    public ValueTask<bool> OwnsAsync(AccountId account, EmailAddress address, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(address);
        cancellationToken.ThrowIfCancellationRequested();
        return ValueTask.FromResult(_store.Read(db => Owns(db, account, address)));
    }

    /// <summary>Makes an account; its domain becomes ours. Throws <see cref="InvalidOperationException"/> when the address is taken.</summary>
    public async ValueTask<AccountId> CreateAsync(EmailAddress address, string? password, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(address);
        return await CreateAsync(address, password is null ? null : StoredPassword.Make(password, _iterations), cancellationToken);
    }

    /// <summary>
    /// Makes an account whose password is known only as a hash that <see cref="PasswordHash"/> can read, such as
    /// <c>{SHA512-CRYPT}$6$...</c>. The first login replaces it by one made today. Throws <see cref="InvalidOperationException"/> when
    /// the address is taken, and <see cref="FormatException"/> for another kind of hash.
    /// </summary>
    public async ValueTask<AccountId> ImportAsync(EmailAddress address, string hash, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(address);
        return PasswordHash.IsReadable(hash)
            ? await CreateAsync(address, new StoredPassword(hash, scram: null), cancellationToken)
            : throw new FormatException($"The password of {address} is not kept in a form that can be read.");
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<DirectoryAccount> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await ValueTask.CompletedTask;
        var page = new List<DirectoryAccount>();
        do
        {
            cancellationToken.ThrowIfCancellationRequested();
            var after = page.Count == 0 ? "" : page[^1].Id.Value;
            page = _store.Read(db => UserRows.List(db, after));
            foreach (var account in page)
            {
                yield return account;
            }
        }
        while (page.Count > 0);
    }

    /// <inheritdoc/>
    public async ValueTask<bool> DeleteAsync(AccountId account, CancellationToken cancellationToken) =>
        await _store.WriteAsync(db => UserRows.Delete(db, account), cancellationToken);

    /// <summary>Replaces an account's password, or with null takes it away; false when there is no such account.</summary>
    public async ValueTask<bool> SetPasswordAsync(AccountId account, string? password, CancellationToken cancellationToken)
    {
        var stored = password is null ? null : StoredPassword.Make(password, _iterations);
        return await _store.WriteAsync(db => UserRows.SetPassword(db, account, stored), cancellationToken);
    }

    /// <summary>Makes a domain ours; its unknown addresses are refused.</summary>
    public async ValueTask AddDomainAsync(string domain, CancellationToken cancellationToken)
    {
        Require(domain);
        await _store.WriteAsync(db => DomainRows.Add(db, domain), cancellationToken);
    }

    /// <summary>Makes a domain one that mail is passed on for, unless it is ours already.</summary>
    public async ValueTask AddRelayDomainAsync(string domain, CancellationToken cancellationToken)
    {
        Require(domain);
        await _store.WriteAsync(db => DomainRows.AddRelayed(db, domain), cancellationToken);
    }

    /// <summary>Makes a domain foreign again; false when it was. Accounts and aliases in it stay and are found.</summary>
    public async ValueTask<bool> RemoveDomainAsync(string domain, CancellationToken cancellationToken)
    {
        Require(domain);
        return await _store.WriteAsync(db => DomainRows.Remove(db, domain), cancellationToken);
    }

    /// <summary>
    /// Makes an address stand for others, replacing what it stood for; its domain becomes ours. Throws
    /// <see cref="InvalidOperationException"/> when it belongs to an account. Accounts that an alias leads to directly may send as it.
    /// </summary>
    public ValueTask SetAliasAsync(EmailAddress address, IReadOnlyList<EmailAddress> targets, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(address);
        ArgumentNullException.ThrowIfNull(targets);
        ArgumentOutOfRangeException.ThrowIfZero(targets.Count, nameof(targets));
        return SetAliasAsync(MailAlias.Parse(address.ToString(), [.. targets.Select(static target => target.ToString())]), cancellationToken);
    }

    /// <summary>Removes an alias; false when there was none.</summary>
    public async ValueTask<bool> RemoveAliasAsync(EmailAddress address, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(address);
        return await _store.WriteAsync(db => AddressRows.RemoveAlias(db, AddressRows.Key(address)), cancellationToken);
    }

    /// <summary>Gives an account one more address. Throws <see cref="InvalidOperationException"/> when the address is taken or there is no such account.</summary>
    public async ValueTask AddAddressAsync(AccountId account, EmailAddress address, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(address);
        if (!await _store.WriteAsync(db => UserRows.Exists(db, account) && AddressRows.TryAdd(db, address, account), cancellationToken))
        {
            throw new InvalidOperationException($"{address} can't be given to {account}: it is taken, or there is no such account.");
        }
    }

    private async ValueTask<AccountId> CreateAsync(EmailAddress address, StoredPassword? password, CancellationToken cancellationToken) =>
        await _store.WriteAsync(db => UserRows.Create(db, address, password), cancellationToken) ?? throw new InvalidOperationException($"{address} is taken.");

    private DirectoryEntry Resolve(StoreConnection db, EmailAddress address)
    {
        var found = AddressRows.Find(db, AddressRows.Key(address)) ?? DomainRows.Find(db, address.Domain);
        return found is DirectoryEntry.Unknown ? new DirectoryEntry.Unknown { Instead = _expressions.FindInstead(db, address) } : found;
    }

    private bool Owns(StoreConnection db, AccountId account, EmailAddress address)
    {
        return Resolve(db, address) switch
        {
            DirectoryEntry.Account owner => owner.Id == account,
            DirectoryEntry.Alias alias => LeadsTo(alias.Targets),
            DirectoryEntry.Unknown unknown => LeadsTo(unknown.Instead),
            _ => false,
        } || SenderRows.Has(db, account, AddressRows.Key(address)) || SenderRows.Has(db, account, AddressRows.CatchAllKey(address.Domain));

        bool LeadsTo(IReadOnlyList<EmailAddress> targets) =>
            targets.Any(target => AddressRows.Find(db, AddressRows.Key(target)) is DirectoryEntry.Account owner && owner.Id == account);
    }

    private static void Require(string domain)
    {
        ArgumentNullException.ThrowIfNull(domain);
        if (!EmailAddress.IsDomain(domain))
        {
            throw new FormatException($"'{domain}' is not a mail domain.");
        }
    }
}

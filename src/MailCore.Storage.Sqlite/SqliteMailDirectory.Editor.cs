using System.Runtime.CompilerServices;
using MailCore.Messaging;
using MailCore.Storage.Sqlite.Accounts;

namespace MailCore.Storage.Sqlite;

/// <content>What can be changed besides making accounts.</content>
public sealed partial class SqliteMailDirectory
{
    /// <inheritdoc/>
    public ValueTask<DirectoryAccountDetails?> FindAccountAsync(AccountId account, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return ValueTask.FromResult(_store.Read(db =>
        {
            if (UserRows.FindLogin(db, account) is not var (name, password))
            {
                return null;
            }

            var first = EmailAddress.Parse(name);
            var others = AddressRows.ListOf(db, account).Where(key => key != AddressRows.Key(first)).Select(static key => AddressRows.ToAddress(key));
            return new DirectoryAccountDetails(account, [first, .. others], password is not null)
            {
                Forward = UserRows.FindForward(db, account.Value),
                Senders = SenderRows.List(db, account),
            };
        }));
    }

    /// <inheritdoc/>
    public async ValueTask<bool> SetForwardAsync(AccountId account, MailForward? forward, CancellationToken cancellationToken)
    {
        if (forward is not null && (forward.Targets.Count is 0 or > MailAlias.MaxTargets))
        {
            throw new ArgumentException($"A forward needs 1 to {MailAlias.MaxTargets} targets.", nameof(forward));
        }

        return await _store.WriteAsync(db => UserRows.SetForward(db, account, forward), cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask<bool> SetSenderAsync(AccountId account, string address, bool isAllowed, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(address);
        var key = address.StartsWith('@') && EmailAddress.IsDomain(address.AsSpan(1)) ? AddressRows.CatchAllKey(address[1..].TrimEnd('.'))
            : EmailAddress.TryParse(address, out var parsed) ? AddressRows.Key(parsed)
            : throw new FormatException($"'{address}' is neither an address nor a domain as @example.org.");
        return await _store.WriteAsync(db => UserRows.Exists(db, account) && SenderRows.Set(db, account, key, isAllowed), cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask SetAliasAsync(MailAlias alias, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(alias);
        var isSet = await _store.WriteAsync(
            db => alias.IsExpression ? ExpressionRows.Set(db, alias)
                : alias.Domain is { } domain ? AddressRows.TrySetAlias(db, AddressRows.CatchAllKey(domain), domain, alias.Targets)
                : AddressRows.TrySetAlias(db, AddressRows.Key(alias.Address!), alias.Address!.Domain, alias.Targets),
            cancellationToken);
        if (!isSet)
        {
            throw new InvalidOperationException($"{alias.Name} belongs to an account.");
        }
    }

    /// <inheritdoc/>
    public async ValueTask<bool> RemoveAliasAsync(string name, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(name);
        var key = EmailAddress.TryParse(name, out var address) ? AddressRows.Key(address) : name.ToLowerInvariant().TrimEnd('.');
        return await _store.WriteAsync(db => name.StartsWith('/') ? ExpressionRows.Remove(db, name) : AddressRows.RemoveAlias(db, key), cancellationToken);
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<MailAlias> ListAliasesAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await ValueTask.CompletedTask;
        var page = new List<(string Key, string[] Targets)>();
        do
        {
            cancellationToken.ThrowIfCancellationRequested();
            var after = page.Count == 0 ? "" : page[^1].Key;
            page = _store.Read(db => AddressRows.ListAliases(db, after));
            foreach (var (key, targets) in page)
            {
                yield return AddressRows.ToAlias(key, targets);
            }
        }
        while (page.Count > 0);

        foreach (var expression in _store.Read(_expressions.List))
        {
            yield return expression;
        }
    }

    /// <inheritdoc/>
    public async ValueTask SetDomainAsync(MailDomain domain, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(domain);
        Require(domain.Name);
        await _store.WriteAsync(db => DomainRows.Set(db, domain), cancellationToken);
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<MailDomain> ListDomainsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await ValueTask.CompletedTask;
        foreach (var domain in _store.Read(DomainRows.List))
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return domain;
        }
    }
}

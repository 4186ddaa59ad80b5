using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using MailCore.Messaging;

namespace MailCore.Storage.InMemory;

/// <summary>
/// Accounts, aliases and domains kept in memory. An account's id is its first address in lower case, so that the same accounts
/// find the same mail in a durable store after a restart.
/// </summary>
/// <remarks>Readers see an immutable state; writers replace it under a lock.</remarks>
public sealed class InMemoryMailDirectory : IMailDirectory, IMailDirectoryEditor
{
    private readonly Lock _lock = new();
    private readonly Action<AccountId, EmailAddress, string?>? _passwords;
    private readonly Dictionary<string, int> _generations = new(StringComparer.Ordinal);
    private volatile DirectoryState _state = DirectoryState.Empty;

    /// <summary>Starts empty.</summary>
    /// <param name="passwords">
    /// Takes over passwords: called under this directory's lock with a new account's and with a changed one, and with null when an account
    /// or its password goes. Without it a password is refused. An exception from it leaves the directory as it was.
    /// </param>
    public InMemoryMailDirectory(Action<AccountId, EmailAddress, string?>? passwords = null) => _passwords = passwords;

    /// <summary>Makes a domain ours; its unknown addresses are refused.</summary>
    public void AddDomain(string domain) => Change(state => state.With(new MailDomain(Require(domain))));

    /// <summary>Makes a domain one that we pass mail on for, unless it is ours already.</summary>
    public void AddRelayDomain(string domain, NextHop? via = null) => Change(state => state.Domains.ContainsKey(DirectoryState.Key(Require(domain)))
        ? state
        : state.With(new MailDomain(domain) { IsRelayed = true, Via = via }));

    /// <summary>
    /// Makes an address stand for others; its domain becomes ours. Throws <see cref="InvalidOperationException"/> when it belongs to
    /// an account. Accounts that an alias leads to directly may send as it.
    /// </summary>
    public void AddAlias(EmailAddress address, params IReadOnlyList<EmailAddress> targets)
    {
        ArgumentNullException.ThrowIfNull(address);
        ArgumentNullException.ThrowIfNull(targets);
        AddAlias(MailAlias.Parse(address.ToString(), [.. targets.Select(static target => target.ToString())]));
    }

    /// <inheritdoc cref="SetAliasAsync"/>
    public void AddAlias(MailAlias alias)
    {
        ArgumentNullException.ThrowIfNull(alias);
        Change(state => alias.Address is { } address && state.Addresses.ContainsKey(DirectoryState.Key(address))
            ? throw new InvalidOperationException($"{alias.Name} belongs to an account.")
            : state.With(alias));
    }

    /// <summary>Gives an account one more address. Throws <see cref="InvalidOperationException"/> when the address is taken or there is no such account.</summary>
    public void AddAddress(AccountId account, EmailAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        Change(state => !state.Accounts.TryGetValue(account, out var known) || state.IsTaken(address)
            ? throw new InvalidOperationException($"{address} can't be given to {account}: it is taken, or there is no such account.")
            : state.With(account, known with { Addresses = [.. known.Addresses, address] }).With(address, account));
    }

    /// <inheritdoc/>
    public ValueTask<DirectoryEntry> ResolveAsync(EmailAddress address, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(address);
        return ValueTask.FromResult(_state.Resolve(address));
    }

    /// <inheritdoc/>
    public ValueTask<bool> OwnsAsync(AccountId account, EmailAddress address, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(address);
        return ValueTask.FromResult(_state.Owns(account, address));
    }

    /// <inheritdoc/>
    public ValueTask<AccountId> CreateAsync(EmailAddress address, string? password, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(address);
        lock (_lock)
        {
            if (_state.IsTaken(address))
            {
                throw new InvalidOperationException($"{address} is taken.");
            }

            // A name used before and deleted gets another id: its new owner shall not find the old one's mail.
            var key = DirectoryState.Key(address);
            var generation = _generations.GetValueOrDefault(key);
            var id = new AccountId(generation == 0 ? key : $"{key}#{generation}");
            if (password is not null)
            {
                KeepPassword(id, address, password);
            }

            _state = _state.With(id, new DirectoryAccountDetails(id, [address], password is not null)).With(address, id);
            return ValueTask.FromResult(id);
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<DirectoryAccount> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await ValueTask.CompletedTask;
        foreach (var (id, account) in _state.Accounts)
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return new DirectoryAccount(id, account.Addresses[0]);
        }
    }

    /// <inheritdoc/>
    public ValueTask<bool> DeleteAsync(AccountId account, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (!_state.Accounts.TryGetValue(account, out var known))
            {
                return ValueTask.FromResult(false);
            }

            _passwords?.Invoke(account, known.Addresses[0], null);
            var key = DirectoryState.Key(known.Addresses[0]);
            _generations[key] = _generations.GetValueOrDefault(key) + 1;
            _state = _state.Without(account);
            return ValueTask.FromResult(true);
        }
    }

    /// <inheritdoc/>
    public ValueTask<DirectoryAccountDetails?> FindAccountAsync(AccountId account, CancellationToken cancellationToken) =>
        ValueTask.FromResult(_state.Accounts.GetValueOrDefault(account));

    /// <inheritdoc/>
    public ValueTask<bool> SetPasswordAsync(AccountId account, string? password, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (!_state.Accounts.TryGetValue(account, out var known))
            {
                return ValueTask.FromResult(false);
            }

            KeepPassword(account, known.Addresses[0], password);
            _state = _state.With(account, known with { HasPassword = password is not null });
            return ValueTask.FromResult(true);
        }
    }

    /// <inheritdoc/>
    public ValueTask<bool> SetForwardAsync(AccountId account, MailForward? forward, CancellationToken cancellationToken)
    {
        RequireTargets(forward);
        return ValueTask.FromResult(TryChange(account, known => known with { Forward = forward }));
    }

    /// <inheritdoc/>
    public ValueTask<bool> SetSenderAsync(AccountId account, string address, bool isAllowed, CancellationToken cancellationToken)
    {
        var key = SenderKey(address);
        return ValueTask.FromResult(
            _state.Accounts.TryGetValue(account, out var now) && now.Senders.Contains(key, StringComparer.Ordinal) != isAllowed
            && TryChange(account, known => known with { Senders = isAllowed ? [.. known.Senders.Except([key]), key] : [.. known.Senders.Except([key])] }));
    }

    /// <inheritdoc/>
    public ValueTask SetAliasAsync(MailAlias alias, CancellationToken cancellationToken)
    {
        AddAlias(alias);
        return default;
    }

    /// <inheritdoc/>
    public ValueTask<bool> RemoveAliasAsync(string name, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(name);
        lock (_lock)
        {
            var before = _state;
            _state = before.WithoutAlias(name);
            return ValueTask.FromResult(!ReferenceEquals(before, _state));
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<MailAlias> ListAliasesAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await ValueTask.CompletedTask;
        var state = _state;
        foreach (var alias in state.Aliases.OrderBy(static pair => pair.Key, StringComparer.Ordinal).Select(static pair => pair.Value).Concat(state.Expressions))
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return alias;
        }
    }

    /// <inheritdoc/>
    public ValueTask SetDomainAsync(MailDomain domain, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(domain);
        Require(domain.Name);
        Change(state => state.With(domain));
        return default;
    }

    /// <inheritdoc/>
    public ValueTask<bool> RemoveDomainAsync(string domain, CancellationToken cancellationToken)
    {
        var key = DirectoryState.Key(Require(domain));
        lock (_lock)
        {
            var known = _state.Domains.ContainsKey(key);
            _state = _state with { Domains = _state.Domains.Remove(key) };
            return ValueTask.FromResult(known);
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<MailDomain> ListDomainsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await ValueTask.CompletedTask;
        foreach (var domain in _state.Domains.Values.OrderBy(static domain => domain.Name, StringComparer.Ordinal))
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return domain;
        }
    }

    /// <summary>An address or "@example.org" as it is compared.</summary>
    internal static string SenderKey(string address)
    {
        ArgumentNullException.ThrowIfNull(address);
        return address.StartsWith('@') && EmailAddress.IsDomain(address.AsSpan(1)) ? address.ToLowerInvariant().TrimEnd('.')
            : EmailAddress.TryParse(address, out var parsed) ? DirectoryState.Key(parsed)
            : throw new FormatException($"'{address}' is neither an address nor a domain as @example.org.");
    }

    private static void RequireTargets(MailForward? forward)
    {
        if (forward is not null && (forward.Targets.Count is 0 or > MailAlias.MaxTargets))
        {
            throw new ArgumentException($"A forward needs 1 to {MailAlias.MaxTargets} targets.", nameof(forward));
        }
    }

    private static string Require(string domain) => EmailAddress.IsDomain(domain) ? domain : throw new FormatException($"'{domain}' is not a mail domain.");

    private void KeepPassword(AccountId account, EmailAddress address, string? password)
    {
        if (_passwords is null)
        {
            throw new NotSupportedException("This directory keeps no passwords.");
        }

        _passwords(account, address, password);
    }

    private void Change(Func<DirectoryState, DirectoryState> change)
    {
        lock (_lock)
        {
            _state = change(_state);
        }
    }

    private bool TryChange(AccountId account, Func<DirectoryAccountDetails, DirectoryAccountDetails> change)
    {
        lock (_lock)
        {
            if (!_state.Accounts.TryGetValue(account, out var known))
            {
                return false;
            }

            _state = _state.With(account, change(known));
            return true;
        }
    }
}

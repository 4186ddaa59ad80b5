using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using MailCore.Messaging;

namespace MailCore.Storage.InMemory;

/// <summary>
/// Accounts, aliases and domains kept in memory. An account's id is its first address in lower case, so that the same accounts
/// find the same mail in a durable store after a restart.
/// </summary>
/// <remarks>Readers see an immutable state; writers replace it under a lock.</remarks>
public sealed class InMemoryMailDirectory : IMailDirectory
{
    private readonly Lock _lock = new();
    private readonly Action<AccountId, EmailAddress, string?>? _passwords;
    private readonly Dictionary<string, int> _generations = new(StringComparer.Ordinal);
    private volatile State _state = State.Empty;

    /// <summary>Starts empty.</summary>
    /// <param name="passwords">
    /// Takes over passwords: called under this directory's lock with a new account's, and with null when an account goes. Without it
    /// <see cref="CreateAsync"/> refuses a password. An exception from it leaves the directory as it was.
    /// </param>
    public InMemoryMailDirectory(Action<AccountId, EmailAddress, string?>? passwords = null) => _passwords = passwords;

    /// <summary>Makes a domain ours; its unknown addresses are refused.</summary>
    public void AddDomain(string domain)
    {
        Require(domain);
        lock (_lock)
        {
            _state = _state with { Domains = _state.Domains.SetItem(Key(domain), false) };
        }
    }

    /// <summary>Makes a domain one that we pass mail on for, unless it is ours already.</summary>
    public void AddRelayDomain(string domain)
    {
        Require(domain);
        lock (_lock)
        {
            if (!_state.Domains.ContainsKey(Key(domain)))
            {
                _state = _state with { Domains = _state.Domains.SetItem(Key(domain), true) };
            }
        }
    }

    /// <summary>
    /// Makes an address stand for others; its domain becomes ours. Throws <see cref="InvalidOperationException"/> when it belongs to
    /// an account. Accounts that an alias leads to directly may send as it.
    /// </summary>
    public void AddAlias(EmailAddress address, params IReadOnlyList<EmailAddress> targets)
    {
        ArgumentNullException.ThrowIfNull(address);
        ArgumentNullException.ThrowIfNull(targets);
        lock (_lock)
        {
            var entries = _state.Entries;
            if (entries.TryGetValue(Key(address), out var taken) && taken is DirectoryEntry.Account)
            {
                throw new InvalidOperationException($"{address} belongs to an account.");
            }

            _state = _state.WithDomainOf(address) with { Entries = entries.SetItem(Key(address), new DirectoryEntry.Alias([.. targets])) };
        }
    }

    /// <summary>Gives an account one more address. Throws <see cref="InvalidOperationException"/> when the address is taken or there is no such account.</summary>
    public void AddAddress(AccountId account, EmailAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        lock (_lock)
        {
            if (!_state.Accounts.ContainsKey(account) || _state.Entries.ContainsKey(Key(address)))
            {
                throw new InvalidOperationException($"{address} can't be given to {account}: it is taken, or there is no such account.");
            }

            _state = _state.WithDomainOf(address) with { Entries = _state.Entries.Add(Key(address), new DirectoryEntry.Account(account)) };
        }
    }

    /// <inheritdoc/>
    public ValueTask<DirectoryEntry> ResolveAsync(EmailAddress address, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(address);
        var state = _state;
        return ValueTask.FromResult(state.Entries.TryGetValue(Key(address), out var entry)
            ? entry
            : !state.Domains.TryGetValue(Key(address.Domain), out var relayed)
                ? new DirectoryEntry.Foreign()
                : relayed ? new DirectoryEntry.RelayDomain() : new DirectoryEntry.Unknown());
    }

    /// <inheritdoc/>
    public ValueTask<bool> OwnsAsync(AccountId account, EmailAddress address, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(address);
        var state = _state;
        return ValueTask.FromResult(state.Entries.GetValueOrDefault(Key(address)) switch
        {
            DirectoryEntry.Account owner => owner.Id == account,
            DirectoryEntry.Alias alias => alias.Targets.Any(target =>
                state.Entries.GetValueOrDefault(Key(target)) is DirectoryEntry.Account owner && owner.Id == account),
            _ => false,
        });
    }

    /// <inheritdoc/>
    public ValueTask<AccountId> CreateAsync(EmailAddress address, string? password, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(address);
        if (password is not null && _passwords is null)
        {
            throw new NotSupportedException("This directory keeps no passwords.");
        }

        lock (_lock)
        {
            var key = Key(address);
            if (_state.Entries.ContainsKey(key))
            {
                throw new InvalidOperationException($"{address} is taken.");
            }

            // A name used before and deleted gets another id: its new owner shall not find the old one's mail.
            var generation = _generations.GetValueOrDefault(key);
            var id = new AccountId(generation == 0 ? key : $"{key}#{generation}");
            if (password is not null)
            {
                _passwords!(id, address, password);
            }

            _state = _state.WithDomainOf(address) with
            {
                Entries = _state.Entries.Add(key, new DirectoryEntry.Account(id)),
                Accounts = _state.Accounts.Add(id, address),
            };
            return ValueTask.FromResult(id);
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<DirectoryAccount> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await ValueTask.CompletedTask;
        foreach (var (id, address) in _state.Accounts)
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return new DirectoryAccount(id, address);
        }
    }

    /// <inheritdoc/>
    public ValueTask<bool> DeleteAsync(AccountId account, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (!_state.Accounts.TryGetValue(account, out var address))
            {
                return ValueTask.FromResult(false);
            }

            _passwords?.Invoke(account, address, null);
            _generations[Key(address)] = _generations.GetValueOrDefault(Key(address)) + 1;
            _state = _state with
            {
                Accounts = _state.Accounts.Remove(account),
                Entries = _state.Entries.RemoveRange(_state.Entries
                    .Where(entry => entry.Value is DirectoryEntry.Account owner && owner.Id == account).Select(static entry => entry.Key)),
            };
            return ValueTask.FromResult(true);
        }
    }

    private static string Key(EmailAddress address) => $"{address.LocalPart}@{address.Domain}".ToLowerInvariant();

    private static string Key(string domain) => domain.ToLowerInvariant();

    private static void Require(string domain)
    {
        if (!EmailAddress.IsDomain(domain))
        {
            throw new FormatException($"'{domain}' is not a mail domain.");
        }
    }

    /// <summary>Domains map to whether they are only relayed for.</summary>
    private sealed record State(
        ImmutableDictionary<string, DirectoryEntry> Entries,
        ImmutableDictionary<AccountId, EmailAddress> Accounts,
        ImmutableDictionary<string, bool> Domains)
    {
        public static State Empty { get; } = new(
            ImmutableDictionary<string, DirectoryEntry>.Empty.WithComparers(StringComparer.Ordinal),
            ImmutableDictionary<AccountId, EmailAddress>.Empty,
            ImmutableDictionary<string, bool>.Empty.WithComparers(StringComparer.Ordinal));

        public State WithDomainOf(EmailAddress address) => this with { Domains = Domains.SetItem(Key(address.Domain), false) };
    }
}

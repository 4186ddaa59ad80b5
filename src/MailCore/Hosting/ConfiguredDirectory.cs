using MailCore.Messaging;
using MailCore.Storage;

namespace MailCore.Hosting;

/// <summary>
/// What the configuration says of domains, aliases and senders, laid over the directory that knows the accounts. An alias of an account's
/// own address is the account's forward, and keeps a copy where it names the account itself, as in Postfix. Whoever may send as
/// user@ may send as user+tag@.
/// </summary>
internal sealed class ConfiguredDirectory : IMailDirectory
{
    private readonly IMailDirectory _accounts;
    private volatile Tables _tables;

    public ConfiguredDirectory(IMailDirectory accounts, ConfiguredAddresses configured, string delimiters = "") =>
        (_accounts, _tables) = (accounts, new Tables(configured, delimiters));

    /// <summary>From now on these, in the place of those before.</summary>
    public void Use(ConfiguredAddresses configured, string delimiters) => _tables = new Tables(configured, delimiters);

    public async ValueTask<DirectoryEntry> ResolveAsync(EmailAddress address, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(address);
        var tables = _tables;
        var known = await _accounts.ResolveAsync(address, cancellationToken).ConfigureAwait(false);
        if (tables.Aliases.TryGetValue(Key(address), out var alias))
        {
            return known is DirectoryEntry.Account account ? account with { Forward = Join(account.Forward, alias.ToForward()) } : new DirectoryEntry.Alias(alias.Expand(address)!);
        }

        if (known is DirectoryEntry.Foreign && tables.Domains.TryGetValue(address.Domain, out var domain))
        {
            known = domain.IsRelayed ? new DirectoryEntry.RelayDomain { Via = domain.Via } : new DirectoryEntry.Unknown();
        }

        return known is DirectoryEntry.Unknown { Instead.Count: 0 } && tables.Instead(address) is { Count: > 0 } instead ? new DirectoryEntry.Unknown { Instead = instead } : known;
    }

    public async ValueTask<bool> OwnsAsync(AccountId account, EmailAddress address, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(address);
        var delimiter = address.LocalPart.AsSpan().IndexOfAny(_tables.Delimiters);
        if (delimiter > 0 && await ResolveAsync(address, cancellationToken).ConfigureAwait(false) is DirectoryEntry.Unknown)
        {
            // "user+tag" is the user's, and not that of whoever gets the mail of addresses that nobody has.
            var user = address.WithLocalPart(address.LocalPart[..delimiter]);
            address = await ResolveAsync(user, cancellationToken).ConfigureAwait(false) is DirectoryEntry.Unknown ? address : user;
        }

        return await OwnsAsItIsAsync(account, address, cancellationToken).ConfigureAwait(false);
    }

    public ValueTask<AccountId> CreateAsync(EmailAddress address, string? password, CancellationToken cancellationToken) =>
        _accounts.CreateAsync(address, password, cancellationToken);

    public IAsyncEnumerable<DirectoryAccount> ListAsync(CancellationToken cancellationToken) => _accounts.ListAsync(cancellationToken);

    public ValueTask<bool> DeleteAsync(AccountId account, CancellationToken cancellationToken) => _accounts.DeleteAsync(account, cancellationToken);

    private static MailForward? Join(MailForward? one, MailForward? other) => one is null || other is null
        ? one ?? other
        : new MailForward([.. one.Targets, .. other.Targets], one.KeepsCopy && other.KeepsCopy);

    private static string Key(EmailAddress address) => $"{address.LocalPart}@{address.Domain}";

    private static string Key(MailAlias alias) => alias.Address is { } address ? Key(address) : '@' + alias.Domain;

    private async ValueTask<bool> OwnsAsItIsAsync(AccountId account, EmailAddress address, CancellationToken cancellationToken)
    {
        if (await _accounts.OwnsAsync(account, address, cancellationToken).ConfigureAwait(false))
        {
            return true;
        }

        if (await IsAllowedAsync(account, Key(address), cancellationToken).ConfigureAwait(false)
            || await IsAllowedAsync(account, '@' + address.Domain, cancellationToken).ConfigureAwait(false))
        {
            return true;
        }

        // Whoever gets an alias' mail may answer in its name; a forward leaves the name to its account.
        var targets = await ResolveAsync(address, cancellationToken).ConfigureAwait(false) switch
        {
            DirectoryEntry.Alias alias => alias.Targets,
            DirectoryEntry.Unknown unknown => unknown.Instead,
            _ => [],
        };
        foreach (var target in targets)
        {
            if (await HasAsync(account, target, cancellationToken).ConfigureAwait(false))
            {
                return true;
            }
        }

        return false;
    }

    private async ValueTask<bool> IsAllowedAsync(AccountId account, string sender, CancellationToken cancellationToken)
    {
        foreach (var allowed in _tables.Senders.GetValueOrDefault(sender) ?? [])
        {
            if (await HasAsync(account, allowed, cancellationToken).ConfigureAwait(false))
            {
                return true;
            }
        }

        return false;
    }

    private async ValueTask<bool> HasAsync(AccountId account, EmailAddress address, CancellationToken cancellationToken) =>
        await _accounts.ResolveAsync(address, cancellationToken).ConfigureAwait(false) is DirectoryEntry.Account owner && owner.Id == account;

    /// <summary>What was configured, made for looking up; never changed.</summary>
    private sealed class Tables
    {
        private readonly List<MailAlias> _expressions = [];

        public Tables(ConfiguredAddresses configured, string delimiters)
        {
            Delimiters = delimiters;
            foreach (var domain in configured.Domains)
            {
                Domains[domain.Name.TrimEnd('.')] = domain;
            }

            foreach (var alias in configured.Aliases)
            {
                // Several of one name add up.
                if (alias.IsExpression)
                {
                    _expressions.Add(alias);
                }
                else
                {
                    Aliases[Key(alias)] = Aliases.TryGetValue(Key(alias), out var other) ? MailAlias.Parse(alias.Name, [.. other.Targets, .. alias.Targets]) : alias;
                }
            }

            foreach (var (account, sender) in configured.Senders)
            {
                var key = EmailAddress.TryParse(sender, out var address) ? Key(address) : sender.TrimEnd('.');
                if (!Senders.TryGetValue(key, out var allowed))
                {
                    Senders[key] = allowed = [];
                }

                allowed.Add(account);
            }
        }

        public string Delimiters { get; }

        public Dictionary<string, MailDomain> Domains { get; } = new(StringComparer.OrdinalIgnoreCase);

        public Dictionary<string, MailAlias> Aliases { get; } = new(StringComparer.OrdinalIgnoreCase);

        public Dictionary<string, List<EmailAddress>> Senders { get; } = new(StringComparer.OrdinalIgnoreCase);

        /// <summary>Who gets the mail of an address that nobody has.</summary>
        public IReadOnlyList<EmailAddress> Instead(EmailAddress address)
        {
            foreach (var expression in _expressions)
            {
                if (expression.Expand(address) is { Count: > 0 } matched)
                {
                    return matched;
                }
            }

            return Aliases.GetValueOrDefault('@' + address.Domain)?.Expand(address) ?? [];
        }
    }
}

/// <summary>What the configuration says of addresses.</summary>
internal sealed class ConfiguredAddresses
{
    public List<MailDomain> Domains { get; } = [];

    public List<MailAlias> Aliases { get; } = [];

    /// <summary>Who may send as what: an account's address, and an address or "@example.org".</summary>
    public List<(EmailAddress Account, string Sender)> Senders { get; } = [];
}

/// <summary>The directory below the configuration.</summary>
internal sealed record AccountDirectory(IMailDirectory Directory);

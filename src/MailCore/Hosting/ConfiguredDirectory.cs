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
    private readonly Dictionary<string, MailDomain> _domains = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, MailAlias> _aliases = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<MailAlias> _expressions = [];
    private readonly Dictionary<string, List<EmailAddress>> _senders = new(StringComparer.OrdinalIgnoreCase);
    private readonly string _delimiters;

    public ConfiguredDirectory(IMailDirectory accounts, ConfiguredAddresses configured, string delimiters = "")
    {
        (_accounts, _delimiters) = (accounts, delimiters);
        foreach (var domain in configured.Domains)
        {
            _domains[domain.Name.TrimEnd('.')] = domain;
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
                _aliases[Key(alias)] = _aliases.TryGetValue(Key(alias), out var other) ? MailAlias.Parse(alias.Name, [.. other.Targets, .. alias.Targets]) : alias;
            }
        }

        foreach (var (account, sender) in configured.Senders)
        {
            var key = EmailAddress.TryParse(sender, out var address) ? Key(address) : sender.TrimEnd('.');
            if (!_senders.TryGetValue(key, out var allowed))
            {
                _senders[key] = allowed = [];
            }

            allowed.Add(account);
        }
    }

    public async ValueTask<DirectoryEntry> ResolveAsync(EmailAddress address, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(address);
        var known = await _accounts.ResolveAsync(address, cancellationToken).ConfigureAwait(false);
        if (_aliases.TryGetValue(Key(address), out var alias))
        {
            return known is DirectoryEntry.Account account ? account with { Forward = Join(account.Forward, alias.ToForward()) } : new DirectoryEntry.Alias(alias.Expand(address)!);
        }

        if (known is DirectoryEntry.Foreign && _domains.TryGetValue(address.Domain, out var domain))
        {
            known = domain.IsRelayed ? new DirectoryEntry.RelayDomain { Via = domain.Via } : new DirectoryEntry.Unknown();
        }

        return known is DirectoryEntry.Unknown { Instead.Count: 0 } && Instead(address) is { Count: > 0 } instead ? new DirectoryEntry.Unknown { Instead = instead } : known;
    }

    public async ValueTask<bool> OwnsAsync(AccountId account, EmailAddress address, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(address);
        var delimiter = address.LocalPart.AsSpan().IndexOfAny(_delimiters);
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
        foreach (var allowed in _senders.GetValueOrDefault(sender) ?? [])
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

    private IReadOnlyList<EmailAddress> Instead(EmailAddress address)
    {
        foreach (var expression in _expressions)
        {
            if (expression.Expand(address) is { Count: > 0 } matched)
            {
                return matched;
            }
        }

        return _aliases.GetValueOrDefault('@' + address.Domain)?.Expand(address) ?? [];
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

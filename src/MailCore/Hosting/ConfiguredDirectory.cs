using MailCore.Messaging;
using MailCore.Storage;

namespace MailCore.Hosting;

/// <summary>
/// What the configuration says of domains and aliases, laid over the directory that knows the accounts. An address that is both
/// an account and an alias is the alias.
/// </summary>
internal sealed class ConfiguredDirectory(
    IMailDirectory accounts,
    IEnumerable<string> domains,
    IEnumerable<(EmailAddress Alias, IReadOnlyList<EmailAddress> Targets)> aliases) : IMailDirectory
{
    private readonly HashSet<string> _domains = new(domains, StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, DirectoryEntry.Alias> _aliases = aliases
        .GroupBy(static alias => Key(alias.Alias), StringComparer.OrdinalIgnoreCase)
        .ToDictionary(
            static group => group.Key,
            static group => new DirectoryEntry.Alias([.. group.SelectMany(static alias => alias.Targets).Distinct()]),
            StringComparer.OrdinalIgnoreCase);

    public async ValueTask<DirectoryEntry> ResolveAsync(EmailAddress address, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(address);
        if (_aliases.TryGetValue(Key(address), out var alias))
        {
            return alias;
        }

        var known = await accounts.ResolveAsync(address, cancellationToken).ConfigureAwait(false);
        return known is DirectoryEntry.Foreign && _domains.Contains(address.Domain) ? new DirectoryEntry.Unknown() : known;
    }

    public async ValueTask<bool> OwnsAsync(AccountId account, EmailAddress address, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(address);
        if (await accounts.OwnsAsync(account, address, cancellationToken).ConfigureAwait(false))
        {
            return true;
        }

        // Whoever gets an alias' mail may answer in its name.
        if (_aliases.TryGetValue(Key(address), out var alias))
        {
            foreach (var target in alias.Targets)
            {
                if (await accounts.OwnsAsync(account, target, cancellationToken).ConfigureAwait(false))
                {
                    return true;
                }
            }
        }

        return false;
    }

    public ValueTask<AccountId> CreateAsync(EmailAddress address, string? password, CancellationToken cancellationToken) =>
        accounts.CreateAsync(address, password, cancellationToken);

    public IAsyncEnumerable<DirectoryAccount> ListAsync(CancellationToken cancellationToken) => accounts.ListAsync(cancellationToken);

    public ValueTask<bool> DeleteAsync(AccountId account, CancellationToken cancellationToken) => accounts.DeleteAsync(account, cancellationToken);

    private static string Key(EmailAddress address) => $"{address.LocalPart}@{address.Domain}";
}

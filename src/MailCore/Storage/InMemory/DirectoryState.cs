using System.Collections.Immutable;
using MailCore.Messaging;

namespace MailCore.Storage.InMemory;

/// <summary>What a directory knows at one moment. Keys are in lower case.</summary>
/// <param name="Addresses">Whose an address is.</param>
/// <param name="Accounts">All accounts.</param>
/// <param name="Aliases">By name; a catch-all's begins with '@'.</param>
/// <param name="Expressions">In the order in which they are tried.</param>
/// <param name="Domains">By name.</param>
internal sealed record DirectoryState(
    ImmutableDictionary<string, AccountId> Addresses,
    ImmutableDictionary<AccountId, DirectoryAccountDetails> Accounts,
    ImmutableDictionary<string, MailAlias> Aliases,
    ImmutableList<MailAlias> Expressions,
    ImmutableDictionary<string, MailDomain> Domains)
{
    public static DirectoryState Empty { get; } = new(
        ImmutableDictionary<string, AccountId>.Empty.WithComparers(StringComparer.Ordinal),
        ImmutableDictionary<AccountId, DirectoryAccountDetails>.Empty,
        ImmutableDictionary<string, MailAlias>.Empty.WithComparers(StringComparer.Ordinal),
        [],
        ImmutableDictionary<string, MailDomain>.Empty.WithComparers(StringComparer.Ordinal));

    public static string Key(EmailAddress address) => $"{address.LocalPart}@{address.Domain}".ToLowerInvariant();

    public static string Key(string domain) => domain.ToLowerInvariant().TrimEnd('.');

    public DirectoryEntry Resolve(EmailAddress address)
    {
        var key = Key(address);
        if (Addresses.TryGetValue(key, out var account))
        {
            return new DirectoryEntry.Account(account) { Forward = Accounts[account].Forward };
        }

        if (Aliases.TryGetValue(key, out var alias))
        {
            return new DirectoryEntry.Alias(alias.Expand(address)!);
        }

        return !Domains.TryGetValue(Key(address.Domain), out var domain) ? new DirectoryEntry.Foreign()
            : domain.IsRelayed ? new DirectoryEntry.RelayDomain { Via = domain.Via }
            : new DirectoryEntry.Unknown { Instead = Instead(address) };
    }

    public bool Owns(AccountId account, EmailAddress address)
    {
        if (Accounts.TryGetValue(account, out var known)
            && (known.Senders.Contains(Key(address), StringComparer.Ordinal) || known.Senders.Contains('@' + Key(address.Domain), StringComparer.Ordinal)))
        {
            return true;
        }

        return Resolve(address) switch
        {
            DirectoryEntry.Account owner => owner.Id == account,
            DirectoryEntry.Alias alias => LeadsTo(account, alias.Targets),
            DirectoryEntry.Unknown unknown => LeadsTo(account, unknown.Instead),
            _ => false,
        };
    }

    public bool IsTaken(EmailAddress address) => Addresses.ContainsKey(Key(address)) || Aliases.ContainsKey(Key(address));

    public DirectoryState With(MailDomain domain) => this with { Domains = Domains.SetItem(Key(domain.Name), domain with { Name = Key(domain.Name) }) };

    public DirectoryState With(AccountId id, DirectoryAccountDetails account) => this with { Accounts = Accounts.SetItem(id, account) };

    public DirectoryState With(EmailAddress address, AccountId account) =>
        Owning(address.Domain) with { Addresses = Addresses.Add(Key(address), account) };

    public DirectoryState With(MailAlias alias)
    {
        if (alias.IsExpression)
        {
            var place = Expressions.FindIndex(other => other.Name == alias.Name);
            return this with { Expressions = place < 0 ? Expressions.Add(alias) : Expressions.SetItem(place, alias) };
        }

        return Owning(alias.Domain ?? alias.Address!.Domain) with { Aliases = Aliases.SetItem(AliasKey(alias), alias) };
    }

    /// <summary>The same state when there is none of that name.</summary>
    public DirectoryState WithoutAlias(string name)
    {
        var key = EmailAddress.TryParse(name, out var address) ? Key(address) : Key(name);
        return Aliases.ContainsKey(key) ? this with { Aliases = Aliases.Remove(key) }
            : Expressions.Find(alias => alias.Name == name) is { } expression ? this with { Expressions = Expressions.Remove(expression) }
            : this;
    }

    public DirectoryState Without(AccountId account) => this with
    {
        Accounts = Accounts.Remove(account),
        Addresses = Addresses.RemoveRange(Addresses.Where(entry => entry.Value == account).Select(static entry => entry.Key)),
    };

    private static string AliasKey(MailAlias alias) => alias.Address is { } address ? Key(address) : '@' + Key(alias.Domain!);

    private DirectoryState Owning(string domain) =>
        Domains.TryGetValue(Key(domain), out var known) && !known.IsRelayed ? this : With(new MailDomain(domain));

    private IReadOnlyList<EmailAddress> Instead(EmailAddress address)
    {
        foreach (var expression in Expressions)
        {
            if (expression.Expand(address) is { Count: > 0 } matched)
            {
                return matched;
            }
        }

        return Aliases.GetValueOrDefault('@' + Key(address.Domain))?.Expand(address) ?? [];
    }

    private bool LeadsTo(AccountId account, IReadOnlyList<EmailAddress> targets) =>
        targets.Any(target => Addresses.TryGetValue(Key(target), out var owner) && owner == account);
}

using MailCore.Messaging;
using MailCore.Storage;
using Microsoft.AspNetCore.Identity;

namespace MailCore.AspNetCore.Identity;

/// <summary>A user that has a mailbox.</summary>
internal sealed record IdentityAccount<TUser>(TUser User, EmailAddress Address, AccountId Id);

/// <summary>
/// Which users have mailboxes, and how these are called. Two users never have the same one, even though anybody may register: an address
/// that Identity takes for another, and mail for the same ("bob"@example.org), gives no mailbox. Thread-safe.
/// </summary>
internal sealed class IdentityAccounts<TUser>(IdentityMailOptions options, IEnumerable<string> domains, string delimiters)
    where TUser : class
{
    public async Task<IdentityAccount<TUser>?> FindAsync(UserManager<TUser> users, EmailAddress address)
    {
        if (!IsOurs(address.Domain))
        {
            return null;
        }

        var user = options.UserNamesAt is null
            ? await users.FindByEmailAsync(address.ToString()).ConfigureAwait(false)
            : await users.FindByNameAsync(address.LocalPart).ConfigureAwait(false);
        return user is null ? null : await DescribeAsync(users, user).ConfigureAwait(false);
    }

    /// <summary>By an address or a user name.</summary>
    public async Task<IdentityAccount<TUser>?> FindAsync(UserManager<TUser> users, string login)
    {
        if (EmailAddress.TryParse(login, out var address) && await FindAsync(users, address).ConfigureAwait(false) is { } addressed)
        {
            return addressed;
        }

        if (await users.FindByNameAsync(login).ConfigureAwait(false) is not { } user || await DescribeAsync(users, user).ConfigureAwait(false) is not { } named)
        {
            return null;
        }

        // Names are unique in a database, addresses only as far as Identity looked before it wrote.
        return options.UserNamesAt is not null
            || (await FindAsync(users, named.Address).ConfigureAwait(false) is { } owner
                && await users.GetUserIdAsync(owner.User).ConfigureAwait(false) == await users.GetUserIdAsync(user).ConfigureAwait(false))
            ? named
            : null;
    }

    public bool IsOurs(string domain) => options.UserNamesAt is { } only
        ? only.Equals(domain, StringComparison.OrdinalIgnoreCase)
        : domains.Contains(domain, StringComparer.OrdinalIgnoreCase);

    /// <summary>Null for a user without a mailbox.</summary>
    public async Task<IdentityAccount<TUser>?> DescribeAsync(UserManager<TUser> users, TUser user)
    {
        var text = options.UserNamesAt is { } domain
            ? $"{await users.GetUserNameAsync(user).ConfigureAwait(false)}@{domain}"
            : await users.GetEmailAsync(user).ConfigureAwait(false);
        // Whoever has "bob+x" would get what is meant for bob.
        if (!EmailAddress.TryParse(text, out var address) || !IsOurs(address.Domain) || address.LocalPart.AsSpan().ContainsAny(delimiters))
        {
            return null;
        }

        // Letters such as capital sharp s are another user's to Identity, and the same in lower case.
        var key = address.ToString().ToLowerInvariant();
        return Normalize(users, key) != Normalize(users, text) ? null
            : new IdentityAccount<TUser>(user, address, new AccountId(options.AccountsByUserId ? await users.GetUserIdAsync(user).ConfigureAwait(false) : key));
    }

    private string? Normalize(UserManager<TUser> users, string text) => options.UserNamesAt is null ? users.NormalizeEmail(text) : users.NormalizeName(text);
}

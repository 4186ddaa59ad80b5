using System.Runtime.CompilerServices;
using MailCore.Messaging;
using MailCore.Storage;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.DependencyInjection;

namespace MailCore.AspNetCore.Identity;

/// <summary>
/// Identity's users as accounts, looked up anew each time: who registers has a mailbox at once. Those who may not log in for now get
/// their mail all the same. Thread-safe.
/// </summary>
internal sealed class IdentityDirectory<TUser>(IServiceScopeFactory scopes, IdentityAccounts<TUser> accounts) : IMailDirectory
    where TUser : class
{
    public async ValueTask<DirectoryEntry> ResolveAsync(EmailAddress address, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(address);
        return !accounts.IsOurs(address.Domain) ? new DirectoryEntry.Foreign()
            : await FindAsync(address).ConfigureAwait(false) is { } account ? new DirectoryEntry.Account(account.Id)
            : new DirectoryEntry.Unknown();
    }

    public async ValueTask<bool> OwnsAsync(AccountId account, EmailAddress address, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(address);
        return await FindAsync(address).ConfigureAwait(false) is { } owner && owner.Id == account;
    }

    public ValueTask<AccountId> CreateAsync(EmailAddress address, string? password, CancellationToken cancellationToken) =>
        throw new NotSupportedException($"{address} is no user of Identity. Make users by UserManager.CreateAsync; AddAccount can't.");

    public async IAsyncEnumerable<DirectoryAccount> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var scope = scopes.CreateAsyncScope();
        await using (scope.ConfigureAwait(false))
        {
            var users = scope.ServiceProvider.GetRequiredService<UserManager<TUser>>();
            // Entity Framework's query is both.
            var all = users.Users is IAsyncEnumerable<TUser> query
                ? await ReadAsync(query, cancellationToken).ConfigureAwait(false)
                : [.. users.Users];
            foreach (var user in all)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (await accounts.DescribeAsync(users, user).ConfigureAwait(false) is { } account)
                {
                    yield return new DirectoryAccount(account.Id, account.Address);
                }
            }
        }
    }

    public ValueTask<bool> DeleteAsync(AccountId account, CancellationToken cancellationToken) =>
        throw new NotSupportedException("Users of Identity are deleted by UserManager.DeleteAsync.");

    private static async Task<List<TUser>> ReadAsync(IAsyncEnumerable<TUser> query, CancellationToken cancellationToken)
    {
        var all = new List<TUser>();
        await foreach (var user in query.WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            all.Add(user);
        }

        return all;
    }

    private async Task<IdentityAccount<TUser>?> FindAsync(EmailAddress address)
    {
        var scope = scopes.CreateAsyncScope();
        await using (scope.ConfigureAwait(false))
        {
            return await accounts.FindAsync(scope.ServiceProvider.GetRequiredService<UserManager<TUser>>(), address).ConfigureAwait(false);
        }
    }
}

using MailCore.Authentication;
using MailCore.Hosting;
using MailCore.Storage;
using MailCore.Storage.Sqlite;
using Microsoft.Extensions.DependencyInjection;

namespace MailServerSample;

/// <summary>The accounts of a docker-mailserver installation.</summary>
internal static class MovedAccounts
{
    /// <summary>What the configuration names of them; none where it names nothing.</summary>
    public static async Task<IReadOnlyList<PostfixAccount>> ReadAsync(MailServerSettings settings)
    {
        if (settings.AccountsFile is not { Length: > 0 } file)
        {
            return [];
        }

        if (!File.Exists(file))
        {
            throw new MailServerConfigurationException([$"Mail:AccountsFile '{file}' does not exist."]);
        }

        return await PostfixAccountsFile.ReadAsync(file, CancellationToken.None);
    }

    /// <summary>Makes those that are not here yet, with their passwords; those that are keep what they have.</summary>
    public static async Task ImportAsync(IServiceProvider services, IReadOnlyList<PostfixAccount> accounts)
    {
        var directory = services.GetRequiredService<SqliteMailDirectory>();
        foreach (var account in accounts)
        {
            if (await directory.ResolveAsync(account.Address, CancellationToken.None) is not DirectoryEntry.Account)
            {
                await directory.ImportAsync(account.Address, account.Hash, CancellationToken.None);
            }
        }
    }
}

using MailCore.Authentication;
using MailCore.Interchange;
using MailCore.Storage;
using MailCore.Storage.Sqlite;

namespace MailServerSample.Verbs;

/// <summary>Takes a docker-mailserver installation's accounts, aliases and quotas over.</summary>
internal static class AdoptVerb
{
    private static readonly string[] Files = ["postfix-accounts.cf", "postfix-virtual.cf", "postfix-regexp.cf", "postfix-aliases.cf", "dovecot-quotas.cf"];

    public static Verb Verb { get; } = new(
        "adopt",
        "--config FOLDER [--domain NAME]",
        "Takes over postfix-accounts.cf, postfix-virtual.cf, postfix-regexp.cf, postfix-aliases.cf and dovecot-quotas.cf of docker-mailserver, those of them that are there. Accounts that exist keep their passwords. The server may run meanwhile and obeys at once.",
        [
            new("config", "FOLDER", "its docker-data/dms/config"),
            new("domain", "NAME", "whose names those of postfix-aliases.cf are; that of the first account without it"),
        ],
        RunAsync);

    private static async Task<int> RunAsync(VerbContext context)
    {
        var folder = context.Arguments.Get("config");
        if (!Directory.Exists(folder))
        {
            throw DirectoryAccess.Refuse($"There is no folder '{folder}'.");
        }

        if (!Files.Any(file => File.Exists(Path.Combine(folder, file))))
        {
            throw DirectoryAccess.Refuse($"None of {string.Join(", ", Files)} is in '{folder}'; they are in docker-data/dms/config.");
        }

        // All is read before anything is changed: a file that can't be used leaves nothing half done.
        var accounts = await ReadAsync(folder, "postfix-accounts.cf", file => PostfixAccountsFile.ReadAsync(file, context.Stop));
        var aliases = new List<MailAlias>(await ReadAsync(folder, "postfix-virtual.cf", file => PostfixVirtualFile.ReadAsync(file, context.Stop)));
        aliases.AddRange(await ReadAsync(folder, "postfix-regexp.cf", file => PostfixRegexpFile.ReadAsync(file, context.Stop)));
        var domain = context.Arguments.Find("domain") ?? (accounts.Count > 0 ? accounts[0].Address.Domain : null);
        aliases.AddRange(await ReadAsync(folder, "postfix-aliases.cf", file => PostfixAliasesFile.ReadAsync(
            file, domain ?? throw DirectoryAccess.Refuse("Say --domain, whose names those of postfix-aliases.cf are."), context.Stop)));
        var quotas = await ReadAsync(folder, "dovecot-quotas.cf", file => DovecotQuotasFile.ReadAsync(file, context.Stop));

        var directory = await DirectoryAccess.OpenOrMakeAsync(context);
        var made = 0;
        foreach (var account in accounts)
        {
            if (await directory.ResolveAsync(account.Address, context.Stop) is not DirectoryEntry.Account)
            {
                await directory.ImportAsync(account.Address, account.Hash, context.Stop);
                made++;
            }
        }

        await AliasImport.RunAsync(directory, aliases, context.Stop);
        var problems = await SetQuotasAsync(context, directory, quotas);
        context.Say($"{made} accounts were made, {accounts.Count - made} were there; {aliases.Count} aliases and {quotas.Count - problems} quotas were set.");
        return problems == 0 ? 0 : 2;
    }

    private static async Task<int> SetQuotasAsync(VerbContext context, SqliteMailDirectory directory, IReadOnlyList<AccountQuota> quotas)
    {
        var problems = 0;
        foreach (var quota in quotas)
        {
            if (await directory.ResolveAsync(quota.Address, context.Stop) is DirectoryEntry.Account account)
            {
                await new SqliteStoreFolder(context.Folder).SetQuotaAsync(account.Id, quota.Octets, null, context.Stop);
            }
            else
            {
                context.Say($"dovecot-quotas.cf: there is no account {quota.Address}.");
                problems++;
            }
        }

        return problems;
    }

    private static async Task<IReadOnlyList<T>> ReadAsync<T>(string folder, string name, Func<string, Task<IReadOnlyList<T>>> read)
    {
        var file = Path.Combine(folder, name);
        return File.Exists(file) ? await read(file) : [];
    }
}

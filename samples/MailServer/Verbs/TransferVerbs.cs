using MailCore.Hosting;
using MailCore.Interchange;
using MailCore.Messaging;
using MailCore.Storage;
using MailCore.Storage.Sqlite;

namespace MailServerSample.Verbs;

/// <summary>Mail from and to other servers.</summary>
internal static class TransferVerbs
{
    public static Task<int> ImportAsync(VerbContext context) => WithAccountAsync(context, makes: true, async account =>
    {
        var arguments = context.Arguments;
        return arguments.Find("maildir") is { } folder
            ? await new MaildirImport(account, folder).RunAsync(context.Progress, context.Stop)
            : await new MboxImport(account, arguments.Get("mbox"), MailboxOf(arguments)).RunAsync(context.Progress, context.Stop);
    });

    public static Task<int> ExportAsync(VerbContext context) => WithAccountAsync(context, makes: false, async account =>
    {
        var arguments = context.Arguments;
        if (arguments.Find("maildir") is { } folder)
        {
            return await new MaildirExport(account, folder).RunAsync(context.Progress, context.Stop);
        }

        var name = MailboxOf(arguments);
        var mailbox = await account.FindMailboxAsync(name, context.Stop) ?? throw new MailServerConfigurationException([$"There is no mailbox '{name}'."]);
        return await new MboxExport(mailbox, arguments.Get("mbox")).RunAsync(context.Progress, context.Stop);
    });

    private static async Task<int> WithAccountAsync(VerbContext context, bool makes, Func<MailAccount, Task<TransferReport>> transfer)
    {
        var text = context.Arguments.Get("account");
        if (!EmailAddress.TryParse(text, out var address))
        {
            throw new MailServerConfigurationException([$"'{text}' is no address."]);
        }

        await using var store = Appliance.OpenStore(context.Settings);
        var directory = new SqliteMailDirectory(store);
        if (await directory.ResolveAsync(address, context.Stop) is not DirectoryEntry.Account found)
        {
            if (!makes)
            {
                throw new MailServerConfigurationException([$"There is no account {address}."]);
            }

            found = new DirectoryEntry.Account(await directory.CreateAsync(address, null, context.Stop));
            context.Say($"Account {address} was made. Its password is set by Mail:Accounts at the server's next start.");
        }

        var accounts = new MailAccounts(store, new LocalChangeSignal(), TimeProvider.System);
        var account = await accounts.OpenAsync(found.Id, context.Stop) ?? throw new MailServerConfigurationException([$"Account {address} has no mail."]);
        var report = await transfer(account);
        foreach (var problem in report.Problems)
        {
            context.Say(problem);
        }

        context.Say($"{report.Messages} messages in {report.Mailboxes} mailboxes, {report.Problems.Count} problems.");
        return report.Problems.Count == 0 ? 0 : 2;
    }

    private static MailboxName MailboxOf(VerbArguments arguments)
    {
        var text = arguments.Find("mailbox") ?? MailboxName.Inbox.Value;
        return MailboxName.TryParse(text, out var name) ? name : throw new MailServerConfigurationException([$"'{text}' is no name of a mailbox."]);
    }
}

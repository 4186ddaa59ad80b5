using MailCore.Hosting;
using MailCore.Interchange;
using MailCore.Messaging;
using MailCore.Storage;
using MailCore.Storage.Sqlite;

namespace MailServerSample.Verbs;

/// <summary>Mail from and to other servers.</summary>
internal static class TransferVerbs
{
    public static Task<int> ImportAsync(VerbContext context)
    {
        var arguments = context.Arguments;
        RequireOneForm(arguments);
        if (arguments.Find("mbox") is { } file && !File.Exists(file))
        {
            throw new MailServerConfigurationException([$"There is no file '{file}'."]);
        }

        // Before the account is made: a mistyped name leaves nothing behind.
        if (arguments.Find("maildir") is { } maildir && !Directory.Exists(maildir))
        {
            throw new MailServerConfigurationException([$"There is no folder '{maildir}'."]);
        }

        return WithAccountAsync(context, makes: true, async account => arguments.Find("maildir") is { } folder
            ? await new MaildirImport(account, folder).RunAsync(context.Progress, context.Stop)
            : await new MboxImport(account, arguments.Get("mbox"), MailboxOf(arguments)).RunAsync(context.Progress, context.Stop));
    }

    public static Task<int> ExportAsync(VerbContext context)
    {
        RequireOneForm(context.Arguments);
        return WithAccountAsync(context, makes: false, account => ExportAsync(context, account));
    }

    private static async Task<TransferReport> ExportAsync(VerbContext context, MailAccount account)
    {
        var arguments = context.Arguments;
        if (arguments.Find("maildir") is { } folder)
        {
            return await new MaildirExport(account, folder).RunAsync(context.Progress, context.Stop);
        }

        var name = MailboxOf(arguments);
        var mailbox = await account.FindMailboxAsync(name, context.Stop) ?? throw new MailServerConfigurationException([$"There is no mailbox '{name}'."]);
        return await new MboxExport(mailbox, arguments.Get("mbox")).RunAsync(context.Progress, context.Stop);
    }

    private static async Task<int> WithAccountAsync(VerbContext context, bool makes, Func<MailAccount, Task<TransferReport>> transfer)
    {
        var text = context.Arguments.Get("account");
        if (!EmailAddress.TryParse(text, out var address))
        {
            throw new MailServerConfigurationException([$"'{text}' is no address."]);
        }

        await using var store = makes ? Appliance.OpenStore(context.Settings) : Appliance.OpenExistingStore(context.Settings);
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

    private static void RequireOneForm(VerbArguments arguments)
    {
        if (arguments.Find("maildir") is null == arguments.Find("mbox") is null)
        {
            throw new MailServerConfigurationException(["Say one of --maildir and --mbox."]);
        }

        if (arguments.Find("maildir") is not null && arguments.Find("mailbox") is not null)
        {
            throw new MailServerConfigurationException(["--mailbox goes with --mbox; a Maildir has all mailboxes."]);
        }
    }

    private static MailboxName MailboxOf(VerbArguments arguments)
    {
        var text = arguments.Find("mailbox") ?? MailboxName.Inbox.Value;
        return MailboxName.TryParse(text, out var name) ? name : throw new MailServerConfigurationException([$"'{text}' is no name of a mailbox."]);
    }
}

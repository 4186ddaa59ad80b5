using MailCore.Messaging;
using MailCore.Storage;
using MailCore.Storage.Sqlite;

namespace MailServerSample.Verbs;

/// <summary>Accounts of the mail folder, beside a running server.</summary>
internal static class AccountVerbs
{
    public static Verb Verb { get; } = new(
        "account",
        "add|list|remove|show|password|forward|sender [ADDRESS] [options]",
        "Makes, lists, changes and removes accounts. The server may run meanwhile and obeys at once; removing an account leaves its mail in the folder.",
        [
            new("password", "TEXT", "add, password: its password; - reads it from the first line of input; without it nobody can log in"),
            new("to", "ADDRESSES", "forward: who else gets its mail, separated by commas; without it nobody"),
            new("keep-copy", "yes|no", "forward: whether the mail goes into the account's own mailbox, too; yes by default"),
            new("as", "ADDRESS", "sender: an address, or @example.org for all of a domain, that it may send as"),
            new("allow", "yes|no", "sender: no takes that away again"),
        ],
        RunAsync)
    { MaxWords = 2 };

    private static Task<int> RunAsync(VerbContext context) => DirectoryAccess.Action(context, "list") switch
    {
        "add" => AddAsync(context),
        "list" => ListAsync(context),
        "remove" => RemoveAsync(context),
        "show" => ShowAsync(context),
        "password" => SetPasswordAsync(context),
        "forward" => SetForwardAsync(context),
        "sender" => SetSenderAsync(context),
        var other => throw DirectoryAccess.Unknown("account", other),
    };

    private static async Task<int> AddAsync(VerbContext context)
    {
        var address = DirectoryAccess.Address(DirectoryAccess.Subject(context, "address"));
        var password = await ReadPasswordAsync(context);
        var directory = await DirectoryAccess.OpenOrMakeAsync(context);
        try
        {
            await directory.CreateAsync(address, password, context.Stop);
        }
        catch (InvalidOperationException taken)
        {
            throw DirectoryAccess.Refuse(taken.Message);
        }

        context.Say($"Account {address} was made{(password is null ? ", without a password" : "")}.");
        return 0;
    }

    private static async Task<int> ListAsync(VerbContext context)
    {
        await foreach (var account in DirectoryAccess.Open(context).ListAsync(context.Stop))
        {
            context.Say(account.Address.ToString());
        }

        return 0;
    }

    private static async Task<int> RemoveAsync(VerbContext context)
    {
        var directory = DirectoryAccess.Open(context);
        var account = await DirectoryAccess.FindAccountAsync(directory, DirectoryAccess.Subject(context, "address"), context.Stop);
        await directory.DeleteAsync(account.Id, context.Stop);
        context.Say($"Account {account.Addresses[0]} was removed; its mail is still in the folder.");
        return 0;
    }

    private static async Task<int> ShowAsync(VerbContext context)
    {
        var account = await DirectoryAccess.FindAccountAsync(DirectoryAccess.Open(context), DirectoryAccess.Subject(context, "address"), context.Stop);
        var usage = (await new SqliteStoreFolder(context.Folder).ReadUsageAsync(context.Stop)).FirstOrDefault(usage => usage.Account == account.Id);
        context.Say($"Account    {account.Id}");
        context.Say($"Addresses  {string.Join(", ", account.Addresses)}");
        context.Say($"Password   {(account.HasPassword ? "set" : "none: nobody can log in")}");
        context.Say($"Forward    {(account.Forward is { } forward ? $"{string.Join(", ", forward.Targets)}{(forward.KeepsCopy ? ", and a copy here" : ", without a copy here")}" : "none")}");
        context.Say($"Sends as   {(account.Senders.Count > 0 ? string.Join(", ", account.Senders) : "its addresses only")}");
        context.Say($"Mail       {QuotaVerbs.Describe(usage)}");
        return 0;
    }

    private static async Task<int> SetPasswordAsync(VerbContext context)
    {
        var password = await ReadPasswordAsync(context);
        var directory = DirectoryAccess.Open(context);
        var account = await DirectoryAccess.FindAccountAsync(directory, DirectoryAccess.Subject(context, "address"), context.Stop);
        await directory.SetPasswordAsync(account.Id, password, context.Stop);
        context.Say(password is null ? $"{account.Addresses[0]} has no password any more." : $"The password of {account.Addresses[0]} was set.");
        return 0;
    }

    private static async Task<int> SetForwardAsync(VerbContext context)
    {
        var targets = DirectoryAccess.List(context.Arguments.Find("to") ?? "").Select(DirectoryAccess.Address).ToArray();
        var keepsCopy = DirectoryAccess.YesOrNo("keep-copy", context.Arguments.Find("keep-copy") ?? "yes");
        var directory = DirectoryAccess.Open(context);
        var account = await DirectoryAccess.FindAccountAsync(directory, DirectoryAccess.Subject(context, "address"), context.Stop);
        await directory.SetForwardAsync(account.Id, targets.Length == 0 ? null : new MailForward(targets, keepsCopy), context.Stop);
        context.Say(targets.Length == 0 ? $"Mail of {account.Addresses[0]} is not passed on." : $"Mail of {account.Addresses[0]} is passed on to {string.Join<EmailAddress>(", ", targets)}{(keepsCopy ? ", with a copy here" : ", without a copy here")}.");
        return 0;
    }

    private static async Task<int> SetSenderAsync(VerbContext context)
    {
        var sender = context.Arguments.Get("as");
        var isAllowed = DirectoryAccess.YesOrNo("allow", context.Arguments.Find("allow") ?? "yes");
        var directory = DirectoryAccess.Open(context);
        var account = await DirectoryAccess.FindAccountAsync(directory, DirectoryAccess.Subject(context, "address"), context.Stop);
        await directory.SetSenderAsync(account.Id, sender, isAllowed, context.Stop);
        context.Say($"{account.Addresses[0]} {(isAllowed ? "may" : "may not")} send as {sender}.");
        return 0;
    }

    private static async Task<string?> ReadPasswordAsync(VerbContext context) => context.Arguments.Find("password") switch
    {
        "-" => await Console.In.ReadLineAsync(context.Stop) is { Length: > 0 } line ? line : throw DirectoryAccess.Refuse("The input has no password in its first line."),
        "" => throw DirectoryAccess.Refuse("An empty password is none; leave --password out."),
        var given => given,
    };
}

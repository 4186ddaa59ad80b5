using MailCore.Hosting;
using MailCore.Messaging;
using MailCore.Storage;
using MailCore.Storage.Sqlite;

namespace MailServerSample.Verbs;

/// <summary>The directory in the mail folder, whether a server uses it or not, and what its verbs have in common.</summary>
internal static class DirectoryAccess
{
    public static SqliteMailDirectory Open(VerbContext context) => new SqliteStoreFolder(context.Folder).OpenDirectory();

    /// <summary>The same, where what is made may be the first thing there is.</summary>
    public static async Task<SqliteMailDirectory> OpenOrMakeAsync(VerbContext context)
    {
        if (!File.Exists(Path.Combine(context.Folder, SqliteMailStore.DatabaseName)))
        {
            await using var store = Appliance.OpenStore(context.Settings);
        }

        return Open(context);
    }

    /// <summary>Whether a server has the mail folder open.</summary>
    public static async Task<bool> IsInUseAsync(string folder)
    {
        try
        {
            await using var store = SqliteMailStore.Open(folder);
            return false;
        }
        catch (SqliteStoreException error) when (error.InnerException is IOException)
        {
            return true;
        }
    }

    /// <summary>What to do: the first word.</summary>
    public static string Action(VerbContext context, string otherwise) => context.Arguments.Words is [var action, ..] ? action : otherwise;

    /// <summary>With what: the second word.</summary>
    public static string Subject(VerbContext context, string what) =>
        context.Arguments.Words is [_, var subject, ..] ? subject : throw Refuse($"Say which {what}: {context.Arguments.Words[0]} {what.ToUpperInvariant()}.");

    public static EmailAddress Address(string text) => EmailAddress.TryParse(text, out var address) ? address : throw Refuse($"'{text}' is no address.");

    public static async Task<DirectoryAccountDetails> FindAccountAsync(SqliteMailDirectory directory, string text, CancellationToken stop)
    {
        var address = Address(text);
        return await directory.ResolveAsync(address, stop) is DirectoryEntry.Account found && await directory.FindAccountAsync(found.Id, stop) is { } account
            ? account
            : throw Refuse($"There is no account {address}.");
    }

    /// <summary>The words of a list that commas separate.</summary>
    public static string[] List(string text) => text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    public static bool YesOrNo(string option, string text) => text switch
    {
        "yes" => true,
        "no" => false,
        _ => throw Refuse($"--{option} is yes or no."),
    };

    public static Exception Unknown(string verb, string action) => Refuse($"'{action}' means nothing to {verb}; MailServer {verb} --help lists what does.");

    public static MailServerConfigurationException Refuse(string problem) => new([problem]);
}

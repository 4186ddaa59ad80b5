using System.Globalization;
using MailCore.Storage;
using MailCore.Storage.Sqlite;

namespace MailServerSample.Verbs;

/// <summary>What accounts use, and may use.</summary>
internal static class QuotaVerbs
{
    public static Verb Verb { get; } = new(
        "quota",
        "[list|show|add|set|remove] [ADDRESS] [--octets SIZE] [--messages NUMBER]",
        "Lists accounts with what they use, and sets their limits; 'add' and 'set' are the same, 'remove' lifts both. The server may run meanwhile and obeys within seconds.",
        [
            new("octets", "SIZE", "set: as 500M or 5G; no limit without it"),
            new("messages", "NUMBER", "set: no limit without it"),
        ],
        RunAsync)
    { MaxWords = 2 };

    public static string Describe(AccountUsage? usage) => usage is null
        ? "none yet"
        : Text($"{usage.Messages:N0} messages of {(usage.MessageLimit is { } messages ? Text($"{messages:N0}") : "any number")}, {usage.QuotaUsed:N0} octets of {(usage.QuotaLimit is { } octets ? Text($"{octets:N0}") : "any number")}");

    private static Task<int> RunAsync(VerbContext context) => DirectoryAccess.Action(context, "list") switch
    {
        "list" => ListAsync(context),
        "show" => ShowAsync(context),
        "add" or "set" => SetAsync(context),
        "remove" => LiftAsync(context),
        var other => throw DirectoryAccess.Unknown("quota", other),
    };

    private static async Task<int> ListAsync(VerbContext context)
    {
        var usage = await new SqliteStoreFolder(context.Folder).ReadUsageAsync(context.Stop);
        var width = Math.Max(7, usage.Select(static account => account.Account.Value.Length).DefaultIfEmpty(0).Max());
        context.Say($"{"Account".PadRight(width)}  {"Octets",15}  {"Limit",15}  {"Used",6}  {"Messages",10}  {"Limit",10}");
        foreach (var account in usage)
        {
            var limit = account.QuotaLimit is { } octets ? Text($"{octets:N0}") : "none";
            var part = account.QuotaLimit is > 0 and { } full ? Text($"{100.0 * account.QuotaUsed / full:N1} %") : "";
            context.Say($"{account.Account.Value.PadRight(width)}  {Text($"{account.QuotaUsed:N0}"),15}  {limit,15}  {part,6}  {Text($"{account.Messages:N0}"),10}  {(account.MessageLimit is { } messages ? Text($"{messages:N0}") : "none"),10}");
        }

        return 0;
    }

    private static async Task<int> ShowAsync(VerbContext context)
    {
        var account = await DirectoryAccess.FindAccountAsync(DirectoryAccess.Open(context), DirectoryAccess.Subject(context, "address"), context.Stop);
        var usage = await new SqliteStoreFolder(context.Folder).ReadUsageAsync(context.Stop);
        context.Say(Describe(usage.FirstOrDefault(usage => usage.Account == account.Id)));
        return 0;
    }

    private static async Task<int> SetAsync(VerbContext context)
    {
        long? octets = null;
        long? messages = null;
        if (context.Arguments.Find("octets") is { } size && !QuotaSize.TryParse(size, out octets))
        {
            throw DirectoryAccess.Refuse($"'{size}' is no size; write it as 500M or 5G.");
        }

        if (context.Arguments.Find("messages") is { } number)
        {
            messages = long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var parsed) ? parsed : throw DirectoryAccess.Refuse($"'{number}' is no number of messages.");
        }

        return octets is null && messages is null
            ? throw DirectoryAccess.Refuse("Say --octets, --messages or both; 'quota remove' lifts them.")
            : await SetAsync(context, octets, messages);
    }

    private static Task<int> LiftAsync(VerbContext context) => SetAsync(context, null, null);

    private static async Task<int> SetAsync(VerbContext context, long? octets, long? messages)
    {
        var account = await DirectoryAccess.FindAccountAsync(DirectoryAccess.Open(context), DirectoryAccess.Subject(context, "address"), context.Stop);
        await new SqliteStoreFolder(context.Folder).SetQuotaAsync(account.Id, octets, messages, context.Stop);
        context.Say(Text($"{account.Addresses[0]} may keep {(messages is { } count ? Text($"{count:N0}") : "any number of")} messages and {(octets is { } size ? Text($"{size:N0}") : "any number of")} octets."));
        return 0;
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

using System.Globalization;
using MailCore.Storage.Sqlite;

namespace MailServerSample.Verbs;

/// <summary>What is done with the store as a whole.</summary>
internal static class StoreVerbs
{
    public static async Task<int> CheckAsync(VerbContext context)
    {
        var report = await new SqliteStoreFolder(context.Folder).CheckAsync(context.Progress, context.Stop);
        var code = context.Say(report.Problems, report.ProblemCount);
        context.Say(Text($"{report.Messages:N0} messages with {report.Octets:N0} octets read, {report.ProblemCount:N0} problems."));
        if (report.Unhashed > 0)
        {
            context.Say(Text($"{report.Unhashed:N0} of them have no hash yet, so their octets could not be verified. 'rebuild' adds it."));
        }

        return code;
    }

    public static async Task<int> RebuildAsync(VerbContext context)
    {
        await using var store = Appliance.OpenExistingStore(context.Settings);
        var report = await store.RebuildIndexAsync(context.Progress, context.Stop);
        var code = context.Say(report.Problems, report.Problems.Count);
        context.Say(Text($"{report.Messages:N0} messages read; {report.Summaries:N0} index entries, {report.Hashes:N0} hashes and {report.Counters:N0} counters were made anew."));
        return code;
    }

    public static async Task<int> CompactAsync(VerbContext context)
    {
        await using var store = Appliance.OpenExistingStore(context.Settings);
        var report = await store.CompactAsync(context.Progress, context.Stop);
        context.Say(Text($"The database had {report.OctetsBefore:N0} octets and has {report.OctetsAfter:N0}."));
        return 0;
    }

    public static async Task<int> BackupAsync(VerbContext context)
    {
        var target = Path.GetFullPath(context.Arguments.Get("to"));
        var report = await new SqliteStoreFolder(context.Folder).BackupAsync(target, context.Progress, context.Stop);
        var code = context.Say(report.Problems, report.Problems.Count);
        context.Say(Text($"{report.Octets:N0} octets copied to {target}: the database and {report.Files:N0} message files."));
        return code;
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

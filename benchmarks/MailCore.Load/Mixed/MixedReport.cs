using System.Globalization;
using System.Text;
using MailCore.Load.Report;

namespace MailCore.Load.Mixed;

/// <summary>A run's result as tables, and below what is wrong.</summary>
internal static class MixedReport
{
    private const int MostExamples = 20;

    public static string Of(MixedResult result, MixedOptions options)
    {
        var text = new StringBuilder();
        text.Append(Work(result, options)).Append(Mail(result, options)).Append(Memory(result, options)).Append(Log(result, options));
        text.AppendLine(CultureInfo.InvariantCulture, $"{result.Time.TotalMinutes:F1} minutes at {options.Rate:F0} messages a second, seed {options.Seed}, {options.Cuts:P0} of sessions with a fuse; {Environment.ProcessorCount} processors, .NET {Environment.Version}.");
        text.AppendLine(CultureInfo.InvariantCulture, $"The server used {result.ServerCpu / result.Time:P0} of one processor; all processors together were {(double)result.Machine.Busy / result.Machine.Total:P0} busy, {result.Machine.StealShare:P1} stolen.");
        text.AppendLine(CultureInfo.InvariantCulture, $"Exit code after SIGTERM: {result.ExitCode}. Queue at the end: {result.Queue}");
        WriteProblems(text, result);
        text.AppendLine(result.IsGood ? "Result: good." : "Result: FAILED.");
        return text.ToString();
    }

    private static TextTable Work(MixedResult result, MixedOptions options)
    {
        var table = new TextTable("What clients did", options.Markdown) { Head = ["what", "count"] };
        foreach (var (what, count) in result.Site.Observations.Counts)
        {
            table.Add([what, Figure.Whole(count)]);
        }

        table.Add(["messages compared by digest", Figure.Whole(result.Site.Ledger.Readings)]);
        return table;
    }

    private static TextTable Mail(MixedResult result, MixedOptions options)
    {
        var judgement = result.Judgement;
        var table = new TextTable("What became of the mail", options.Markdown) { Head = ["copies, one for each recipient", "count"] };
        table.Add(["answered 250 or OK", Figure.Whole(judgement.Accepted)]);
        table.Add(["cut before the answer, never answered: either way is right", Figure.Whole(judgement.UnknownOnly)]);
        table.Add(["cut before their last octet: must not be there", Figure.Whole(judgement.Incomplete)]);
        table.Add(["removed by a client that was told so, or delivered by Postfix", Figure.Whole(judgement.Removed)]);
        table.Add(["perhaps removed: cut before the answer, and not there at the end", Figure.Whole(judgement.MaybeRemoved)]);
        table.Add(["there at the end, behind a restart", Figure.Whole(judgement.Present)]);
        table.Add(["there twice, since they were sent again after a cut", Figure.Whole(judgement.Duplicates)]);
        table.Add(["second copies made by IMAP COPY", Figure.Whole(result.Site.Ledger.Duplicated)]);
        table.Add(["lost", Figure.Whole(judgement.Lost.Count)]);
        table.Add(["more than sent", Figure.Whole(judgement.TooMany.Count)]);
        table.Add(["damaged, or at the wrong place", Figure.Whole(judgement.Damaged.Count)]);
        return table;
    }

    private static TextTable Memory(MixedResult result, MixedOptions options)
    {
        var table = new TextTable("What the server held", options.Markdown)
        {
            Head = ["", "first quarter after warming up", "last quarter", "most", "slope an hour", result.Flatness.IsJudged ? "flat" : "flat (not judged: too short)"],
        };
        foreach (var row in result.Flatness.Rows)
        {
            table.Add([row.Name, Figure.Tenths(row.First), Figure.Tenths(row.Last), Figure.Tenths(row.Most), Figure.Tenths(row.Slope), !result.Flatness.IsJudged ? "-" : row.IsFlat ? "yes" : "NO"]);
        }

        return table;
    }

    private static TextTable Log(MixedResult result, MixedOptions options)
    {
        var table = new TextTable("What the server logged at Warning and above", options.Markdown) { Head = ["event", "level", "message", "count", "why"] };
        foreach (var group in result.Log)
        {
            table.Add([group.Id.ToString(CultureInfo.InvariantCulture), group.Level, group.Template, Figure.Whole(group.Count), group.Explanation ?? "UNEXPLAINED"]);
        }

        return table;
    }

    private static void WriteProblems(StringBuilder text, MixedResult result)
    {
        foreach (var (name, problems) in new[] { ("Lost", result.Judgement.Lost), ("Too many", result.Judgement.TooMany), ("Damaged", result.Judgement.Damaged) })
        {
            foreach (var problem in problems.Take(MostExamples))
            {
                text.AppendLine(CultureInfo.InvariantCulture, $"{name}: {problem}");
            }
        }

        foreach (var group in result.Log.Where(group => group.Explanation is null))
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"Unexplained in the log, {group.Count} times: {group.Example}");
        }

        foreach (var (_, count, example) in result.Site.Observations.Surprises)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"Unexpected by a client, {count} times: {example}");
        }
    }
}

using MailCore.Load.Outbound;

namespace MailCore.Load.Report;

/// <summary>Outbound, from durable queues.</summary>
internal static class RelayTable
{
    public static string Of(IReadOnlyList<RelayResult> results, LoadOptions options)
    {
        var table = new TextTable("From durable queues to smtp-sink", options.Markdown)
        {
            Head = ["row", "server", "messages/s", "x Postfix", "CPU ms per 1,000", "x Postfix", "B allocated each", "peak MB"],
        };
        foreach (var result in results)
        {
            foreach (var name in result.Rounds.Contenders)
            {
                table.Add(
                [
                    result.Row.Name,
                    name,
                    Figure.Whole(result.Rounds.Median(name, sample => sample.PerSecond)),
                    Figure.Ratio(result.Rounds.Ratio(name, Contender.Postfix, sample => sample.PerSecond)),
                    Figure.Tenths(result.Rounds.Median(name, sample => sample.CpuPerThousand)),
                    Figure.Ratio(result.Rounds.Ratio(name, Contender.Postfix, sample => sample.CpuPerThousand)),
                    Figure.Allocated(result.Rounds, name),
                    Figure.Peak(result.Rounds, name),
                ]);
            }
        }

        return table + Circumstances.Of([.. results.Select(result => result.Rounds)], options, "none");
    }
}

using MailCore.Load.Mailboxes;

namespace MailCore.Load.Report;

/// <summary>IMAP and POP3 beside Dovecot.</summary>
internal static class MailboxTable
{
    public static string Of(IReadOnlyList<MailboxResult> results, LoadOptions options)
    {
        var table = new TextTable("Mailboxes read and changed", options.Markdown)
        {
            Head = ["row", "operation", "server", "per second", "x Dovecot", "CPU ms per 1,000", "x Dovecot", "p50 ms", "p99 ms", "KB received each", "B allocated each", "peak MB"],
        };
        foreach (var result in results)
        {
            foreach (var name in result.Rounds.Contenders)
            {
                table.Add(Line(result, name));
            }
        }

        return table + Circumstances.Of([.. results.Select(result => result.Rounds)], options, "the driver's own");
    }

    private static string[] Line(MailboxResult result, string name) =>
    [
        result.Row.Name,
        result.Row.Operation,
        name,
        Figure.Significant(result.Rounds.Median(name, sample => sample.PerSecond)),
        Figure.Ratio(result.Rounds.Ratio(name, MailboxRun.Dovecot, sample => sample.PerSecond)),
        Figure.Tenths(result.Rounds.Median(name, sample => sample.CpuPerThousand)),
        Figure.Ratio(result.Rounds.Ratio(name, MailboxRun.Dovecot, sample => sample.CpuPerThousand)),
        .. Figure.Latencies(result.Rounds, name),
        Figure.Tenths(result.Rounds.Median(name, sample => (double)sample.ReceivedBytes / 1024 / sample.Operations)),
        Figure.Allocated(result.Rounds, name),
        Figure.Peak(result.Rounds, name),
    ];
}

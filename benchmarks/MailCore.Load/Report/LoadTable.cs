namespace MailCore.Load.Report;

/// <summary>SMTP delivery into a discard sink and into durable stores.</summary>
internal static class LoadTable
{
    public static string Of(IReadOnlyList<RowResult> results, LoadOptions options)
    {
        var sink = new TextTable("Into a discard sink", options.Markdown)
        {
            Head = ["message", "connections", "server", "messages/s", "x bare", "x smtp-sink", "CPU ms per 1,000", "x bare", "x smtp-sink", "p50 ms", "p99 ms", "B allocated each", "peak MB"],
        };
        var durable = new TextTable("Into durable stores", options.Markdown)
        {
            Head = ["message", "connections", "server", "messages/s", "x fdatasync", "x Postfix", "x Dovecot LMTP", "CPU ms per 1,000", "p50 ms", "p99 ms", "B allocated each", "peak MB"],
        };
        foreach (var result in results)
        {
            foreach (var name in result.Rounds.Contenders)
            {
                if (result.Row.Sink == SinkKind.Discard)
                {
                    sink.Add(SinkLine(result, name));
                }
                else
                {
                    durable.Add(DurableLine(result, name));
                }
            }
        }

        var client = options.Client == LoadClientKind.Own ? "the driver's own" : "smtp-source";
        return $"{sink}{durable}{Circumstances.Of([.. results.Select(result => result.Rounds)], options, client)}";
    }

    private static string[] SinkLine(RowResult result, string name) =>
    [
        .. Names(result.Row, name),
        Figure.Whole(result.Rounds.Median(name, sample => sample.PerSecond)),
        Figure.Ratio(result.Rounds.Ratio(name, Contender.Bare, sample => sample.PerSecond)),
        Figure.Ratio(result.Rounds.Ratio(name, Contender.SmtpSink, sample => sample.PerSecond)),
        Figure.Tenths(result.Rounds.Median(name, sample => sample.CpuPerThousand)),
        Figure.Ratio(result.Rounds.Ratio(name, Contender.Bare, sample => sample.CpuPerThousand)),
        Figure.Ratio(result.Rounds.Ratio(name, Contender.SmtpSink, sample => sample.CpuPerThousand)),
        .. Figure.Latencies(result.Rounds, name),
        Figure.Allocated(result.Rounds, name),
        Figure.Peak(result.Rounds, name),
    ];

    private static string[] DurableLine(RowResult result, string name) =>
    [
        .. Names(result.Row, name),
        Figure.Whole(result.Rounds.Median(name, sample => sample.PerSecond)),
        Figure.Ratio(result.Rounds.Ratio(name, Contender.DataSync, sample => sample.PerSecond)),
        Figure.Ratio(result.Rounds.Ratio(name, Contender.Postfix, sample => sample.PerSecond)),
        Figure.Ratio(result.Rounds.Ratio(name, Contender.DovecotLmtp, sample => sample.PerSecond)),
        Figure.Tenths(result.Rounds.Median(name, sample => sample.Cpu == TimeSpan.Zero ? double.NaN : sample.CpuPerThousand)),
        .. Figure.Latencies(result.Rounds, name),
        Figure.Allocated(result.Rounds, name),
        Figure.Peak(result.Rounds, name),
    ];

    private static string[] Names(LoadRow row, string name) => [row.SizeText, row.Kept ? Figure.Whole(row.Connections) : Figure.Whole(row.Connections) + " new", name];
}

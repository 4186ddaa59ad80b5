using System.Globalization;
using System.Text;

namespace MailCore.Load.Report;

/// <summary>The results as tables, for a terminal or for a Markdown page.</summary>
internal static class LoadTable
{
    private const double BusyMachine = 0.05;

    public static string Of(IReadOnlyList<RowResult> results, LoadOptions options)
    {
        var text = new StringBuilder();
        var sink = results.Where(result => result.Row.Sink == SinkKind.Discard).ToArray();
        if (sink.Length > 0)
        {
            Append(text, "Into a discard sink", options.Markdown, [["message", "connections", "server", "messages/s", "x bare", "x smtp-sink", "CPU ms per 1,000", "x bare", "x smtp-sink", "p50 ms", "p99 ms", "B allocated each", "peak MB"], .. sink.SelectMany(SinkLines)]);
        }

        var durable = results.Where(result => result.Row.Sink == SinkKind.Durable).ToArray();
        if (durable.Length > 0)
        {
            Append(text, "Into the durable store", options.Markdown, [["message", "connections", "messages/s", "fdatasync/s", "messages per fdatasync", "CPU ms per 1,000", "p50 ms", "p99 ms", "B allocated each", "peak MB"], .. durable.Select(DurableLine)]);
        }

        return text.Append(Circumstances(results, options)).ToString();
    }

    private static IEnumerable<string[]> SinkLines(RowResult result) => result.Contenders.Select(name => (string[])
    [
        result.Row.SizeText,
        result.Row.Kept ? Whole(result.Row.Connections) : Whole(result.Row.Connections) + " new",
        name,
        Whole(result.Median(name, sample => sample.PerSecond)),
        Ratio(result.Ratio(name, Contender.Bare, sample => sample.PerSecond)),
        Ratio(result.Ratio(name, Contender.SmtpSink, sample => sample.PerSecond)),
        Tenths(result.Median(name, sample => sample.CpuPerThousand)),
        Ratio(result.Ratio(name, Contender.Bare, sample => sample.CpuPerThousand)),
        Ratio(result.Ratio(name, Contender.SmtpSink, sample => sample.CpuPerThousand)),
        .. Latencies(result, name),
        Optional(result.Median(name, sample => (double?)sample.AllocatedBytes / sample.Operations ?? double.NaN), "N0"),
        Peak(result, name),
    ]);

    private static string[] DurableLine(RowResult result) =>
    [
        result.Row.SizeText,
        Whole(result.Row.Connections),
        Whole(result.Median(Contender.MailCore, sample => sample.PerSecond)),
        Whole(result.Median(Contender.DataSync, sample => sample.PerSecond)),
        Ratio(result.Ratio(Contender.MailCore, Contender.DataSync, sample => sample.PerSecond)),
        Tenths(result.Median(Contender.MailCore, sample => sample.CpuPerThousand)),
        .. Latencies(result, Contender.MailCore),
        Optional(result.Median(Contender.MailCore, sample => (double?)sample.AllocatedBytes / sample.Operations ?? double.NaN), "N0"),
        Peak(result, Contender.MailCore),
    ];

    private static string[] Latencies(RowResult result, string name) =>
    [
        Optional(result.Median(name, sample => sample.Median?.TotalMilliseconds ?? double.NaN), "N2"),
        Optional(result.Median(name, sample => sample.Percentile99?.TotalMilliseconds ?? double.NaN), "N2"),
    ];

    // Memory only grows, so the last round has the row's peak.
    private static string Peak(RowResult result, string name) =>
        Whole(result.Rounds.Max(round => round.Single(sample => sample.Contender == name).PeakBytes) / (1024.0 * 1024));

    private static string Circumstances(IReadOnlyList<RowResult> results, LoadOptions options)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{Environment.ProcessorCount} processors, .NET {Environment.Version}, client: {(options.Client == LoadClientKind.Own ? "the driver's own" : "smtp-source")}; ");
        text.Append(CultureInfo.InvariantCulture, $"medians of {results.Min(result => result.Rounds.Count)} rounds, {results.Sum(result => result.Dropped)} rounds repeated because of CPU steal.");
        var busy = results.Where(result => result.OthersShare > BusyMachine).ToArray();
        if (busy.Length > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $" **The machine was busy** (other processes used {busy.Max(result => result.OthersShare):P0} of the processors in {busy.Length} rows): not for the record.");
        }

        if (options.Quick)
        {
            text.Append(" **A quick run**: not for the record.");
        }

        return text.AppendLine().ToString();
    }

    private static void Append(StringBuilder text, string title, bool markdown, IEnumerable<string[]> lines)
    {
        var all = lines.ToArray();
        var widths = all[0].Select((_, column) => all.Max(line => line[column].Length)).ToArray();
        text.Append(markdown ? "### " : "").AppendLine(title).AppendLine();
        for (var number = 0; number < all.Length; number++)
        {
            var cells = all[number].Select((cell, column) => cell.PadLeft(widths[column]));
            text.AppendLine(markdown ? $"| {string.Join(" | ", cells)} |" : string.Join("  ", cells));
            if (number == 0)
            {
                text.AppendLine(markdown ? $"|{string.Join('|', widths.Select(width => new string('-', width + 1) + ":"))}|" : new string('-', widths.Sum() + 2 * widths.Length - 2));
            }
        }

        text.AppendLine();
    }

    private static string Whole(double figure) => figure.ToString("N0", CultureInfo.InvariantCulture);

    private static string Tenths(double figure) => figure.ToString("N1", CultureInfo.InvariantCulture);

    private static string Ratio(double figure) => figure.ToString("N2", CultureInfo.InvariantCulture);

    private static string Optional(double figure, string format) => double.IsNaN(figure) ? "-" : figure.ToString(format, CultureInfo.InvariantCulture);
}

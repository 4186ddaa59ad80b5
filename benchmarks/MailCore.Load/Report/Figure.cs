using System.Globalization;

namespace MailCore.Load.Report;

/// <summary>Figures as cells of a table.</summary>
internal static class Figure
{
    private const double Few = 100;

    public static string Whole(double figure) => Optional(figure, "N0");

    public static string Tenths(double figure) => Optional(figure, "N1");

    public static string Ratio(double figure) => Optional(figure, "N2");

    /// <summary>Rates run from one in some seconds to many thousands.</summary>
    public static string Significant(double figure) => Optional(figure, figure < Few ? "N2" : "N0");

    public static string Allocated(Rounds rounds, string name) =>
        Whole(rounds.Median(name, sample => (double?)sample.AllocatedBytes / sample.Operations ?? double.NaN));

    public static string[] Latencies(Rounds rounds, string name) =>
    [
        Ratio(rounds.Median(name, sample => sample.Median?.TotalMilliseconds ?? double.NaN)),
        Ratio(rounds.Median(name, sample => sample.Percentile99?.TotalMilliseconds ?? double.NaN)),
    ];

    // Memory only grows, so the last round has the row's peak.
    public static string Peak(Rounds rounds, string name) =>
        Whole(rounds.All.Max(round => round.Single(sample => sample.Contender == name).PeakBytes) / (1024.0 * 1024));

    private static string Optional(double figure, string format) => double.IsNaN(figure) ? "-" : figure.ToString(format, CultureInfo.InvariantCulture);
}

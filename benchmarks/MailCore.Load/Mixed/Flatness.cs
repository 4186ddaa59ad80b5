namespace MailCore.Load.Mixed;

/// <summary>
/// Whether a server grows. The first sixth of the run is for warming up; of the rest the medians of the first and of the last quarter
/// are compared. Flat means: resident memory at most a tenth and 16 MB higher, the managed heap at most a tenth and 8 MB (its samples
/// lie anywhere between two collections), 10 descriptors, 5 threads. The data folder is measured, not judged: what was expunged stays readable for 40 minutes.
/// </summary>
internal sealed class Flatness(IReadOnlyList<ProcessSample> samples, TimeSpan time)
{
    private const double AllowedGrowth = 1.1;

    /// <summary>Less is not judged: the heap has not found its size.</summary>
    public static TimeSpan Shortest { get; } = TimeSpan.FromMinutes(10);

    public bool IsJudged => time >= Shortest;

    public bool IsFlat => !IsJudged || Rows.All(row => row.IsFlat);

    public IReadOnlyList<FlatnessRow> Rows =>
        [
            Row("resident MB (RSS)", sample => sample.Resident, 16, AllowedGrowth),
            Row("resident MB (PSS)", sample => sample.Proportional, 16, AllowedGrowth),
            Row("managed heap MB", sample => sample.Heap, 8, AllowedGrowth),
            Row("file descriptors", sample => sample.Descriptors, 10, 1),
            Row("threads", sample => sample.Threads, 5, 1),
            Row("data folder MB", sample => sample.Folder, double.PositiveInfinity, 1),
        ];

    private FlatnessRow Row(string name, Func<ProcessSample, double> value, double allowance, double factor)
    {
        var warm = samples.Where(sample => sample.Time >= time / 6).ToArray();
        var quarter = Math.Max(1, warm.Length / 4);
        var (first, last) = (Median(warm.Take(quarter).Select(value)), Median(warm.TakeLast(quarter).Select(value)));
        return new FlatnessRow(name, first, last, warm.Select(value).Where(double.IsFinite).DefaultIfEmpty(double.NaN).Max(), SlopePerHour(warm, value), IsFlat: last <= first * factor + allowance);
    }

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Where(double.IsFinite).Order().ToArray();
        return sorted.Length == 0 ? double.NaN : sorted[sorted.Length / 2];
    }

    // Least squares.
    private static double SlopePerHour(IReadOnlyList<ProcessSample> samples, Func<ProcessSample, double> value)
    {
        var points = samples.Select(sample => (X: sample.Time.TotalHours, Y: value(sample))).Where(point => double.IsFinite(point.Y)).ToArray();
        if (points.Length < 2)
        {
            return double.NaN;
        }

        var (x, y) = (points.Average(point => point.X), points.Average(point => point.Y));
        return points.Sum(point => (point.X - x) * (point.Y - y)) / points.Sum(point => (point.X - x) * (point.X - x));
    }
}

/// <summary>One figure in the first and in the last quarter behind the warm-up, its most, and its slope in an hour.</summary>
internal sealed record FlatnessRow(string Name, double First, double Last, double Most, double Slope, bool IsFlat);

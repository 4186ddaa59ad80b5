namespace MailCore.Load.Report;

/// <summary>What one contender did in one round.</summary>
/// <param name="Contender">As the table names it.</param>
/// <param name="Operations">Messages, or syncs of the disk.</param>
/// <param name="Elapsed">Wall-clock time for all of them.</param>
internal sealed record Sample(string Contender, int Operations, TimeSpan Elapsed)
{
    /// <summary>User and system time of the server process in this round; zero for what is no server.</summary>
    public TimeSpan Cpu { get; init; }

    public TimeSpan? Median { get; init; }

    public TimeSpan? Percentile99 { get; init; }

    /// <summary>The server's highest resident memory since it started.</summary>
    public long PeakBytes { get; init; }

    /// <summary>Octets that the client received in this round; zero where that says nothing.</summary>
    public long ReceivedBytes { get; init; }

    /// <summary>Managed memory the server allocated in this round.</summary>
    public long? AllocatedBytes { get; init; }

    public double PerSecond => Operations / Elapsed.TotalSeconds;

    public double CpuPerThousand => Cpu.TotalMilliseconds * 1000 / Operations;
}

/// <summary>A row's rounds that count; in each the contenders ran one after the other, on the same machine in the same minute.</summary>
/// <param name="All">For each round the contenders' samples, always in the same order.</param>
/// <param name="Dropped">Rounds repeated because of CPU steal.</param>
/// <param name="OthersShare">Median share of all processors' time that other processes used.</param>
internal sealed record Rounds(IReadOnlyList<IReadOnlyList<Sample>> All, int Dropped, double OthersShare)
{
    public IReadOnlyList<string> Contenders => [.. All[0].Select(sample => sample.Contender)];

    public double Median(string contender, Func<Sample, double> figure) => MedianOf(All.Select(round => figure(Of(round, contender))));

    /// <summary>The median over the rounds of the contender's figure by the reference's figure of the same round; NaN without that reference.</summary>
    public double Ratio(string contender, string reference, Func<Sample, double> figure) => Contenders.Contains(reference)
        ? MedianOf(All.Select(round => figure(Of(round, contender)) / figure(Of(round, reference))))
        : double.NaN;

    public static double MedianOf(IEnumerable<double> figures)
    {
        var sorted = figures.Order().ToArray();
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[sorted.Length / 2 - 1] + sorted[sorted.Length / 2]) / 2;
    }

    private static Sample Of(IReadOnlyList<Sample> round, string contender) => round.Single(sample => sample.Contender == contender);
}

/// <param name="Row">What was measured.</param>
/// <param name="Rounds">How it went.</param>
internal sealed record RowResult(LoadRow Row, Rounds Rounds);

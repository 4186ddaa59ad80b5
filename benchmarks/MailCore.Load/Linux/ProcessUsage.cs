using System.Globalization;

namespace MailCore.Load.Linux;

/// <summary>What a process has used so far: all its threads, user and system time.</summary>
internal readonly record struct ProcessUsage(TimeSpan Cpu, long PeakBytes)
{
    /// <exception cref="IOException">There is no such process.</exception>
    public static ProcessUsage Read(int processId) =>
        new(ReadCpu(processId.ToString(CultureInfo.InvariantCulture), 2), ReadPeak(processId));

    /// <summary>CPU time of this process and of its children that have ended.</summary>
    public static TimeSpan ReadSelfAndEnded() => ReadCpu("self", 4);

    private static TimeSpan ReadCpu(string process, int fieldCount)
    {
        var stat = File.ReadAllText($"/proc/{process}/stat");
        // The second field is the name in parentheses and may hold anything; utime, stime, cutime and cstime are the 14th to 17th.
        var ticks = stat[(stat.LastIndexOf(')') + 2)..].Split(' ').Skip(11).Take(fieldCount).Sum(field => long.Parse(field, CultureInfo.InvariantCulture));
        return TimeSpan.FromSeconds((double)ticks / LibC.TicksPerSecond());
    }

    private static long ReadPeak(int processId)
    {
        foreach (var line in File.ReadLines($"/proc/{processId}/status"))
        {
            if (line.StartsWith("VmHWM:", StringComparison.Ordinal))
            {
                return 1024 * long.Parse(line.AsSpan(6).Trim().TrimEnd("kB").Trim(), CultureInfo.InvariantCulture);
            }
        }

        return 0;
    }
}

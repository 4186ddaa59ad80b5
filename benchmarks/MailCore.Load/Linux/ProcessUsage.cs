using System.Globalization;

namespace MailCore.Load.Linux;

/// <summary>What a process has used so far: all its threads, user and system time.</summary>
internal readonly record struct ProcessUsage(TimeSpan Cpu, long PeakBytes)
{
    /// <exception cref="IOException">There is no such process.</exception>
    public static ProcessUsage Read(int processId) =>
        new(ReadCpu(processId.ToString(CultureInfo.InvariantCulture), 2), ReadPeak(processId));

    /// <summary>As <see cref="Read"/>, with the children of the process, those that have ended included; the peak is the largest one's.</summary>
    public static ProcessUsage ReadFamily(int processId)
    {
        var parent = processId.ToString(CultureInfo.InvariantCulture);
        while (true)
        {
            // A child that ends meanwhile would be counted twice or not at all.
            var before = ReadCpu(parent, 4);
            var children = ReadChildren(processId);
            if (ReadCpu(parent, 4) == before)
            {
                return new ProcessUsage(before + children.Cpu, Math.Max(ReadPeak(processId), children.PeakBytes));
            }
        }
    }

    /// <summary>CPU time of this process and of its children that have ended.</summary>
    public static TimeSpan ReadSelfAndEnded() => ReadCpu("self", 4);

    private static ProcessUsage ReadChildren(int processId)
    {
        var (cpu, peak) = (TimeSpan.Zero, 0L);
        foreach (var child in Directory.EnumerateDirectories("/proc").Select(Path.GetFileName).Where(name => int.TryParse(name, CultureInfo.InvariantCulture, out _)))
        {
            try
            {
                if (ReadFields(child!)[1] == processId)
                {
                    cpu += ReadCpu(child!, 4);
                    peak = Math.Max(peak, ReadPeak(int.Parse(child!, CultureInfo.InvariantCulture)));
                }
            }
            catch (IOException)
            {
                // It has just ended.
            }
        }

        return new ProcessUsage(cpu, peak);
    }

    // utime, stime, cutime and cstime are the 14th to 17th field.
    private static TimeSpan ReadCpu(string process, int fieldCount) =>
        TimeSpan.FromSeconds((double)ReadFields(process).Skip(11).Take(fieldCount).Sum() / LibC.TicksPerSecond());

    // From the third field on, the state, as 0; the second is the name in parentheses and may hold anything.
    private static long[] ReadFields(string process)
    {
        var stat = File.ReadAllText($"/proc/{process}/stat");
        return [.. stat[(stat.LastIndexOf(')') + 2)..].Split(' ').Take(15).Select(field => long.TryParse(field, CultureInfo.InvariantCulture, out var number) ? number : 0)];
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

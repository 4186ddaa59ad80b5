using System.Globalization;
using MailCore.Load.Linux;

namespace MailCore.Load.Mixed;

/// <summary>What a process holds at one time.</summary>
internal sealed record ProcessSample
{
    private const double Megabyte = 1024 * 1024;

    public required TimeSpan Time { get; init; }

    /// <summary>VmRSS, MB.</summary>
    public required double Resident { get; init; }

    /// <summary>Without what it shares with others (Pss), MB.</summary>
    public required double Proportional { get; init; }

    /// <summary>What the garbage collector has, MB; NaN until it was told.</summary>
    public required double Heap { get; init; }

    public required int Descriptors { get; init; }

    public required int Threads { get; init; }

    /// <summary>The data folder, MB.</summary>
    public required double Folder { get; init; }

    public required TimeSpan Cpu { get; init; }

    public static ProcessSample Read(int processId, TimeSpan time, double heap, string folder)
    {
        var process = string.Create(CultureInfo.InvariantCulture, $"/proc/{processId}");
        return new ProcessSample
        {
            Time = time,
            Resident = ReadKilobytes($"{process}/status", "VmRSS:") / 1024,
            Proportional = ReadKilobytes($"{process}/smaps_rollup", "Pss:") / 1024,
            Heap = heap,
            Descriptors = Directory.EnumerateFileSystemEntries($"{process}/fd").Count(),
            Threads = (int)ReadKilobytes($"{process}/status", "Threads:"),
            Folder = MeasureFolder(folder) / Megabyte,
            Cpu = ProcessUsage.Read(processId).Cpu,
        };
    }

    private static double ReadKilobytes(string file, string name) => double.Parse(
        File.ReadLines(file).First(line => line.StartsWith(name, StringComparison.Ordinal))[name.Length..].Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture);

    private static double MeasureFolder(string folder)
    {
        var total = 0.0;
        foreach (var file in new DirectoryInfo(folder).EnumerateFiles("*", SearchOption.AllDirectories))
        {
            try
            {
                total += file.Length;
            }
            catch (FileNotFoundException)
            {
                // The server has just removed it.
            }
        }

        return total;
    }
}

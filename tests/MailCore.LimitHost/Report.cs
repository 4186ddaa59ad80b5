using System.Globalization;

namespace MailCore.LimitHost;

/// <summary>What the tests read.</summary>
internal static class Report
{
    public static void Print(string name, object value) => Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}={value}"));

    /// <summary>Octets of this process that are in memory now.</summary>
    public static long Resident() => Kilobytes("VmRSS:") * 1024L;

    /// <summary>The most memory that was ever resident, and the managed heap's part now, in MB.</summary>
    public static void PrintMemory()
    {
        Print("peak-mb", Kilobytes("VmHWM:") / 1024);
        Print("heap-limit-mb", GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (1024 * 1024));
    }

    private static int Kilobytes(string name) => int.Parse(
        File.ReadLines("/proc/self/status").First(line => line.StartsWith(name, StringComparison.Ordinal)).Split(':')[1].Replace("kB", "", StringComparison.Ordinal).Trim(),
        CultureInfo.InvariantCulture);
}

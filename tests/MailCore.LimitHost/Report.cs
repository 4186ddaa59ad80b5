using System.Globalization;

namespace MailCore.LimitHost;

/// <summary>What the tests read.</summary>
internal static class Report
{
    public static void Print(string name, object value) => Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}={value}"));

    /// <summary>The most memory that was ever resident, and the managed heap's part now, in MB.</summary>
    public static void PrintMemory()
    {
        var peak = File.ReadLines("/proc/self/status").First(static line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
        Print("peak-mb", int.Parse(peak.Split(':')[1].Replace("kB", "", StringComparison.Ordinal).Trim(), CultureInfo.InvariantCulture) / 1024);
        Print("heap-limit-mb", GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (1024 * 1024));
    }
}

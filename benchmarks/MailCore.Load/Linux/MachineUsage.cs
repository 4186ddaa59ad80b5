using System.Globalization;

namespace MailCore.Load.Linux;

/// <summary>What all processors of the machine have done since start, in clock ticks.</summary>
internal readonly record struct MachineUsage(long Total, long Busy, long Steal)
{
    /// <summary>Time the hypervisor gave to others, as a share of all processors' time.</summary>
    public double StealShare => Total == 0 ? 0 : (double)Steal / Total;

    public static MachineUsage Read()
    {
        // cpu user nice system idle iowait irq softirq steal guest guest_nice; the guests are counted in user and nice.
        var fields = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Take(8)
            .Select(field => long.Parse(field, CultureInfo.InvariantCulture))
            .ToArray();
        return new MachineUsage(fields.Sum(), fields.Sum() - fields[3] - fields[4] - fields[7], fields[7]);
    }

    public static MachineUsage operator -(MachineUsage left, MachineUsage right) =>
        new(left.Total - right.Total, left.Busy - right.Busy, left.Steal - right.Steal);

    /// <summary>The share of all processors' time that was used by processes other than those who used <paramref name="own"/>.</summary>
    public double OthersShare(TimeSpan own) =>
        Total == 0 ? 0 : Math.Max(0, (Busy - own.TotalSeconds * LibC.TicksPerSecond()) / Total);
}

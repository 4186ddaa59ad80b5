using System.Globalization;
using MailCore.Load.Linux;
using MailCore.Load.Report;

namespace MailCore.Load;

/// <summary>Repeats a round until enough of them count: those in which the hypervisor left the machine to us.</summary>
/// <param name="row">The row's name, for the log.</param>
/// <param name="wanted">How many rounds must count.</param>
/// <param name="cpu">CPU time that the driver and its servers have used so far.</param>
internal sealed class RoundsRun(string row, int wanted, Func<TimeSpan> cpu)
{
    private const double MostSteal = 0.05;

    // A row that is disturbed more often than this has no figure.
    private const int MostAttempts = 5;

    /// <param name="round">Runs the round of that number and returns its contenders' samples.</param>
    /// <exception cref="IOException">The machine was never quiet.</exception>
    public async Task<Rounds> RunAsync(Func<int, Task<List<Sample>>> round)
    {
        var rounds = new List<IReadOnlyList<Sample>>();
        var others = new List<double>();
        var dropped = 0;
        while (rounds.Count < wanted)
        {
            var before = (Machine: MachineUsage.Read(), Own: cpu());
            var samples = await round(rounds.Count + dropped);
            var machine = MachineUsage.Read() - before.Machine;
            var disturbance = machine.OthersShare(cpu() - before.Own);
            var counts = machine.StealShare <= MostSteal;
            Report(samples, counts ? $"round {rounds.Count + 1}/{wanted}" : "dropped", machine.StealShare, disturbance);
            if (counts)
            {
                rounds.Add(samples);
                others.Add(disturbance);
            }
            else if (++dropped > wanted * MostAttempts)
            {
                throw new IOException($"{dropped} rounds had more than {MostSteal:P0} CPU steal; this machine is too busy to measure on.");
            }
        }

        return new Rounds(rounds, dropped, Rounds.MedianOf(others));
    }

    private void Report(List<Sample> samples, string what, double steal, double others) =>
        Console.Error.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{row} {what}: {string.Join("; ", samples.Select(Describe))}; steal {steal:P1}, others {others:P1}"));

    private static string Describe(Sample sample) => sample.Cpu == TimeSpan.Zero
        ? string.Create(CultureInfo.InvariantCulture, $"{sample.Contender} {sample.PerSecond:N0}/s")
        : string.Create(CultureInfo.InvariantCulture, $"{sample.Contender} {sample.PerSecond:N0}/s {sample.CpuPerThousand:N1} ms");
}

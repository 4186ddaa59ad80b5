using System.Diagnostics;
using MailCore.Load.Linux;
using MailCore.Load.Report;

namespace MailCore.Load;

/// <summary>How often a second the disk takes a message's octets at a file's end and an fdatasync behind them, one after the other.</summary>
internal static class DataSync
{
    private static readonly TimeSpan Span = TimeSpan.FromSeconds(1);

    public static Sample Measure(string folder, int size, CancellationToken cancellationToken)
    {
        var path = Path.Combine(folder, "fdatasync.bin");
        var octets = new byte[size];
        new Random(size).NextBytes(octets);
        var count = 0;
        TimeSpan elapsed;
        using (var file = File.OpenHandle(path, FileMode.Create, FileAccess.Write))
        {
            var started = Stopwatch.GetTimestamp();
            do
            {
                cancellationToken.ThrowIfCancellationRequested();
                RandomAccess.Write(file, octets, (long)count * size);
                LibC.SyncData(file);
                count++;
                elapsed = Stopwatch.GetElapsedTime(started);
            }
            while (elapsed < Span);
        }

        File.Delete(path);
        return new Sample(Contender.DataSync, count, elapsed);
    }
}

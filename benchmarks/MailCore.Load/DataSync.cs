using System.Diagnostics;
using MailCore.Load.Linux;
using MailCore.Load.Report;
using Microsoft.Win32.SafeHandles;

namespace MailCore.Load;

/// <summary>
/// How often a second the disk takes a message's octets and an fdatasync behind them, one after the other. The octets replace
/// others in a file of fixed length, which is the cheapest write there is: no block is allocated and no length changes.
/// </summary>
internal sealed class DataSync : IDisposable
{
    private const int Places = 64;
    private static readonly TimeSpan Span = TimeSpan.FromSeconds(0.5);
    private readonly SafeFileHandle _file;
    private readonly byte[] _octets;

    public DataSync(string folder, int size)
    {
        _octets = new byte[size];
        new Random(size).NextBytes(_octets);
        _file = File.OpenHandle(Path.Combine(folder, "fdatasync.bin"), FileMode.Create, FileAccess.Write, options: FileOptions.DeleteOnClose);
        for (var place = 0; place < Places; place++)
        {
            RandomAccess.Write(_file, _octets, (long)place * size);
        }

        RandomAccess.FlushToDisk(_file);
    }

    /// <summary>Two measurements as one.</summary>
    public static Sample Join(Sample before, Sample after) =>
        new(Contender.DataSync, before.Operations + after.Operations, before.Elapsed + after.Elapsed);

    public Sample Measure(CancellationToken cancellationToken)
    {
        var count = 0;
        TimeSpan elapsed;
        var started = Stopwatch.GetTimestamp();
        do
        {
            cancellationToken.ThrowIfCancellationRequested();
            RandomAccess.Write(_file, _octets, (long)(count % Places) * _octets.Length);
            LibC.SyncData(_file);
            count++;
            elapsed = Stopwatch.GetElapsedTime(started);
        }
        while (elapsed < Span);
        return new Sample(Contender.DataSync, count, elapsed);
    }

    public void Dispose() => _file.Dispose();
}

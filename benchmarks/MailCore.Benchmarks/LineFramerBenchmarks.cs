using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using BenchmarkDotNet.Attributes;
using MailCore.Net;

namespace MailCore.Benchmarks;

/// <summary>Lines out of a pipe: how the framer's cost grows with the segments a line is spread over.</summary>
[MemoryDiagnoser]
public class LineFramerBenchmarks
{
    private const int Lines = 1_000;
    private const int Limit = 2_048;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);
    private ReadOnlySequence<byte> _octets;

    /// <summary>Octets of each read; 0 gives all at once.</summary>
    [Params(0, 4096, 64, 1)]
    public int Segment { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        var text = new StringBuilder();
        for (var i = 0; i < Lines; i++)
        {
            text.Append("RCPT TO:<somebody.with.a.name@department.example.org> NOTIFY=NEVER\r\n");
        }

        _octets = TextSegment.Sequence(Encoding.ASCII.GetBytes(text.ToString()), Segment);
    }

    [Benchmark(OperationsPerInvoke = Lines)]
    public async Task<int> ReadLines()
    {
        using var framer = new LineFramer(PipeReader.Create(_octets), TimeProvider.System);
        var count = 0;
        do
        {
            while (framer.TryReadLine(Limit, out _) == LineStatus.Line)
            {
                count++;
            }
        }
        while (await framer.FillAsync(Patience) == FillResult.Data);
        return count == Lines ? count : throw new InvalidOperationException($"{count} lines.");
    }

    /// <summary>Octets arrive through a pipe, a segment at a time, as from a client that types.</summary>
    [Benchmark(OperationsPerInvoke = Lines)]
    public async Task<int> ReadLinesAsTheyArrive()
    {
        var pipe = new Pipe(new PipeOptions(readerScheduler: PipeScheduler.Inline, writerScheduler: PipeScheduler.Inline, useSynchronizationContext: false));
        var reading = CountAsync(pipe.Reader);
        foreach (var segment in _octets)
        {
            await pipe.Writer.WriteAsync(segment);
        }

        await pipe.Writer.CompleteAsync();
        return await reading;
    }

    private static async Task<int> CountAsync(PipeReader input)
    {
        using var framer = new LineFramer(input, TimeProvider.System);
        var count = 0;
        while (await framer.FillAsync(Patience) == FillResult.Data)
        {
            while (framer.TryReadLine(Limit, out _) == LineStatus.Line)
            {
                count++;
            }
        }

        return count;
    }
}

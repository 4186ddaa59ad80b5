using System.Buffers;
using System.IO.Compression;
using System.IO.Pipelines;
using MailCore.Net;
using NUnit.Framework;

namespace MailCore.Tests.Net;

[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class DeflatePipeWriterTests
{
    [TestCase(1)]
    [TestCase(2)]
    [TestCase(3)]
    public async Task Every_flush_can_be_decoded_at_once_by_one_inflater(int seed)
    {
        var random = new Random(seed);
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        using var writer = new DeflatePipeWriter(pipe.Writer);
        using var wire = new MemoryStream();
        await using var inflate = new DeflateStream(wire, CompressionMode.Decompress);
        for (var round = 0; round < 300; round++)
        {
            var expected = Write(writer, random);
            if (expected.Length == 0)
            {
                continue;
            }

            await writer.FlushAsync();
            await TakeAsync(pipe.Reader, wire);
            var got = new byte[expected.Length];
            await inflate.ReadExactlyAsync(got);
            Assert.That(got, Is.EqualTo(expected), $"seed {seed}, round {round}");
            if (random.Next(5) == 0)
            {
                writer.Release();
            }
        }
    }

    [Test]
    public async Task A_flush_of_nothing_sends_nothing()
    {
        var pipe = new Pipe();
        using var writer = new DeflatePipeWriter(pipe.Writer);
        await writer.FlushAsync();
        writer.Release();
        await writer.FlushAsync();
        Assert.That(pipe.Reader.TryRead(out _), Is.False);
    }

    [Test]
    public async Task A_release_sends_nothing_and_what_follows_is_the_same_stream()
    {
        var pipe = new Pipe();
        using var writer = new DeflatePipeWriter(pipe.Writer);
        writer.Write("* 1 EXISTS\r\n"u8);
        await writer.FlushAsync();
        using var wire = new MemoryStream();
        await TakeAsync(pipe.Reader, wire);
        writer.Release();
        Assert.That(pipe.Reader.TryRead(out _), Is.False);
        writer.Write("* 2 EXISTS\r\n"u8);
        await writer.FlushAsync();
        await TakeAsync(pipe.Reader, wire);
        writer.Dispose();
        Assert.That(pipe.Reader.TryRead(out _), Is.False, "the end of the stream is not announced");
        await using var inflate = new DeflateStream(wire, CompressionMode.Decompress);
        var got = new byte[24];
        await inflate.ReadExactlyAsync(got);
        Assert.That(got, Is.EqualTo("* 1 EXISTS\r\n* 2 EXISTS\r\n"u8.ToArray()));
    }

    private static byte[] Write(DeflatePipeWriter writer, Random random)
    {
        var all = new List<byte>();
        for (var pieces = random.Next(4); pieces > 0; pieces--)
        {
            var piece = new byte[random.Next(random.Next(2) == 0 ? 50 : 20_000)];
            // Some compress well, some not at all.
            if (random.Next(2) == 0)
            {
                random.NextBytes(piece);
            }

            writer.Write(piece);
            all.AddRange(piece);
        }

        Assert.That(writer.UnflushedBytes, Is.EqualTo(all.Count));
        return [.. all];
    }

    // Behind what has been read.
    private static async Task TakeAsync(PipeReader reader, MemoryStream wire)
    {
        var result = await reader.ReadAsync();
        var position = wire.Position;
        wire.Position = wire.Length;
        foreach (var segment in result.Buffer)
        {
            wire.Write(segment.Span);
        }

        wire.Position = position;
        reader.AdvanceTo(result.Buffer.End);
    }
}

using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using NUnit.Framework;

namespace MailCore.Tests.Net;

[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class SocketPipeReaderTests
{
    [Test]
    public async Task A_waiting_reader_holds_no_rented_buffer()
    {
        using var pair = await SocketPair.ConnectAsync();
        var waiting = pair.Reader.ReadAsync();
        Assert.That(pair.Pool.Rented, Is.Zero);
        await pair.Client.SendAsync(new byte[100_000]);
        var total = 0L;
        var result = await waiting;
        while (true)
        {
            total += result.Buffer.Length;
            pair.Reader.AdvanceTo(result.Buffer.End);
            if (total == 100_000)
            {
                break;
            }

            result = await pair.Reader.ReadAsync();
        }

        var again = pair.Reader.ReadAsync();
        Assert.Multiple(() =>
        {
            Assert.That(again.IsCompleted, Is.False);
            Assert.That(pair.Pool.Rented, Is.Zero);
        });
    }

    [Test]
    public async Task Octets_examined_but_not_consumed_come_again_with_more([Values(1, 511, 512, 513, 5_000)] int first)
    {
        using var pair = await SocketPair.ConnectAsync();
        var octets = Octets(first + 700);
        await pair.Client.SendAsync(octets.AsMemory(0, first));
        var result = await pair.Reader.ReadAtLeastAsync(first);
        pair.Reader.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        var waiting = pair.Reader.ReadAsync();
        Assert.That(waiting.IsCompleted, Is.False);
        await pair.Client.SendAsync(octets.AsMemory(first));
        result = await waiting;
        while (result.Buffer.Length < octets.Length)
        {
            pair.Reader.AdvanceTo(result.Buffer.Start, result.Buffer.End);
            result = await pair.Reader.ReadAsync();
        }

        Assert.That(result.Buffer.ToArray(), Is.EqualTo(octets));
    }

    [Test]
    public async Task Octets_not_examined_come_again_at_once()
    {
        using var pair = await SocketPair.ConnectAsync();
        await pair.Client.SendAsync("abc"u8.ToArray());
        var result = await pair.Reader.ReadAsync();
        pair.Reader.AdvanceTo(result.Buffer.GetPosition(1), result.Buffer.GetPosition(2));
        Assert.That((await pair.Reader.ReadAsync()).Buffer.ToArray(), Is.EqualTo("bc"u8.ToArray()));
    }

    [Test]
    public async Task Random_reads_give_what_was_sent([Range(1, 12)] int seed)
    {
        using var pair = await SocketPair.ConnectAsync();
        var random = new Random(seed);
        var sent = Octets(random.Next(1, 400_000));
        var sending = SendInPiecesAsync(pair.Client, sent, new Random(seed));
        var got = new ArrayBufferWriter<byte>();
        while (true)
        {
            var result = await pair.Reader.ReadAsync();
            var take = random.Next(4) switch
            {
                0 => 0,
                1 => random.NextInt64(result.Buffer.Length + 1),
                _ => result.Buffer.Length,
            };
            foreach (var segment in result.Buffer.Slice(0, take))
            {
                got.Write(segment.Span);
            }

            var isLast = result.IsCompleted && take == result.Buffer.Length;
            var examined = random.Next(2) == 0 ? result.Buffer.End : result.Buffer.GetPosition(take);
            pair.Reader.AdvanceTo(result.Buffer.GetPosition(take), examined);
            if (isLast)
            {
                break;
            }
        }

        await sending;
        Assert.Multiple(() =>
        {
            Assert.That(got.WrittenSpan.SequenceEqual(sent), Is.True);
            Assert.That(pair.Pool.Rented, Is.Zero);
        });
    }

    [Test]
    public async Task The_client_s_end_comes_with_or_after_its_last_octets()
    {
        using var pair = await SocketPair.ConnectAsync();
        await pair.Client.SendAsync("last"u8.ToArray());
        pair.Client.Shutdown(SocketShutdown.Send);
        var result = await pair.Reader.ReadAsync();
        pair.Reader.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        result = await pair.Reader.ReadAsync();
        Assert.Multiple(() =>
        {
            Assert.That(result.IsCompleted, Is.True);
            Assert.That(result.Buffer.ToArray(), Is.EqualTo("last"u8.ToArray()));
        });
        pair.Reader.AdvanceTo(result.Buffer.End);
        result = await pair.Reader.ReadAsync();
        Assert.That(result is { IsCompleted: true, Buffer.IsEmpty: true }, Is.True);
    }

    [Test]
    public async Task A_cancelled_read_loses_nothing()
    {
        using var pair = await SocketPair.ConnectAsync();
        var waiting = pair.Reader.ReadAsync();
        pair.Reader.CancelPendingRead();
        var result = await waiting;
        Assert.That(result.IsCanceled, Is.True);
        pair.Reader.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        await pair.Client.SendAsync("abc"u8.ToArray());
        result = await pair.Reader.ReadAsync();
        Assert.Multiple(() =>
        {
            Assert.That(result.IsCanceled, Is.False);
            Assert.That(result.Buffer.ToArray(), Is.EqualTo("abc"u8.ToArray()));
        });
    }

    [Test]
    public async Task A_cancellation_before_a_read_ends_that_read_only()
    {
        using var pair = await SocketPair.ConnectAsync();
        pair.Reader.CancelPendingRead();
        var result = await pair.Reader.ReadAsync();
        Assert.That(result.IsCanceled, Is.True);
        pair.Reader.AdvanceTo(result.Buffer.End);
        Assert.That(pair.Reader.ReadAsync().AsTask().IsCompleted, Is.False);
    }

    [Test]
    public async Task A_token_ends_its_own_read_only()
    {
        using var pair = await SocketPair.ConnectAsync();
        using var cancellation = new CancellationTokenSource();
        var waiting = pair.Reader.ReadAsync(cancellation.Token).AsTask();
        await cancellation.CancelAsync();
        Assert.That(async () => await waiting, Throws.InstanceOf<OperationCanceledException>());
        await pair.Client.SendAsync("abc"u8.ToArray());
        Assert.That((await pair.Reader.ReadAsync()).Buffer.ToArray(), Is.EqualTo("abc"u8.ToArray()));
    }

    [Test]
    public async Task A_reset_is_an_IOException()
    {
        using var pair = await SocketPair.ConnectAsync();
        var waiting = pair.Reader.ReadAsync().AsTask();
        pair.Client.LingerState = new LingerOption(true, 0);
        pair.Client.Dispose();
        Assert.That(async () => await waiting, Throws.InstanceOf<IOException>());
    }

    [Test]
    public async Task Octets_before_a_reset_are_read_or_the_reset_is_told([Values(512, 600, 40_000)] int count)
    {
        using var pair = await SocketPair.ConnectAsync();
        await pair.Client.SendAsync(Octets(count));
        pair.Client.LingerState = new LingerOption(true, 0);
        pair.Client.Dispose();
        Assert.That(async () => await ReadToEndAsync(pair.Reader), Throws.InstanceOf<IOException>());
    }

    [Test]
    public async Task Closing_the_socket_ends_a_read_that_waits_and_later_ones()
    {
        using var pair = await SocketPair.ConnectAsync();
        var waiting = pair.Reader.ReadAsync().AsTask();
        pair.Server.Dispose();
        Assert.That(async () => await waiting, Throws.InstanceOf<IOException>());
        Assert.That(async () => await pair.Reader.ReadAsync(), Throws.InstanceOf<IOException>());
        await pair.Reader.CompleteAsync();
    }

    [Test]
    public async Task Completing_gives_buffers_back()
    {
        using var pair = await SocketPair.ConnectAsync();
        await pair.Client.SendAsync(Octets(3_000));
        var result = await pair.Reader.ReadAtLeastAsync(3_000);
        pair.Reader.AdvanceTo(result.Buffer.Start);
        Assert.That(pair.Pool.Rented, Is.Positive);
        await pair.Reader.CompleteAsync();
        Assert.That(pair.Pool.Rented, Is.Zero);
    }

    private static byte[] Octets(int count)
    {
        var octets = new byte[count];
        new Random(count).NextBytes(octets);
        return octets;
    }

    private static async Task SendInPiecesAsync(Socket client, ReadOnlyMemory<byte> octets, Random random)
    {
        while (!octets.IsEmpty)
        {
            var count = Math.Min(octets.Length, random.Next(5) == 0 ? random.Next(1, 100_000) : random.Next(1, 1_200));
            await client.SendAsync(octets[..count]);
            octets = octets[count..];
            if (random.Next(4) == 0)
            {
                await Task.Yield();
            }
        }

        client.Shutdown(SocketShutdown.Send);
    }

    private static async Task ReadToEndAsync(PipeReader reader)
    {
        ReadResult result;
        do
        {
            result = await reader.ReadAsync();
            reader.AdvanceTo(result.Buffer.End);
        }
        while (!result.IsCompleted);
    }
}

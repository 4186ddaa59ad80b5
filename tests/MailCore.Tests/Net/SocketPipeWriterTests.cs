using System.Buffers;
using System.Net.Sockets;
using NUnit.Framework;

namespace MailCore.Tests.Net;

[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class SocketPipeWriterTests
{
    [Test]
    public async Task Random_writes_arrive_in_order([Range(1, 12)] int seed)
    {
        using var pair = await SocketPair.ConnectAsync();
        var random = new Random(seed);
        var sent = new byte[random.Next(1, 2_000_000)];
        random.NextBytes(sent);
        var receiving = ReceiveAsync(pair.Client);
        for (var at = 0; at < sent.Length;)
        {
            var octets = sent.AsMemory(at, Math.Min(sent.Length - at, random.Next(3) == 0 ? random.Next(1, 100_000) : random.Next(1, 300)));
            at += octets.Length;
            if (random.Next(3) == 0)
            {
                await pair.Writer.WriteAsync(octets);
                Assert.That(pair.Writer.UnflushedBytes, Is.Zero);
                continue;
            }

            pair.Writer.Write(octets.Span);
            if (random.Next(3) == 0)
            {
                await pair.Writer.FlushAsync();
                Assert.That(pair.Pool.Rented, Is.Zero);
            }
        }

        await pair.Writer.FlushAsync();
        Assert.That(pair.Writer.UnflushedBytes, Is.Zero);
        pair.Server.Shutdown(SocketShutdown.Send);
        Assert.That((await receiving).AsSpan().SequenceEqual(sent), Is.True);
    }

    [Test]
    public async Task Nothing_leaves_before_a_flush()
    {
        using var pair = await SocketPair.ConnectAsync();
        pair.Writer.Write("250 ok\r\n"u8);
        Assert.Multiple(() =>
        {
            Assert.That(pair.Writer.UnflushedBytes, Is.EqualTo(8));
            Assert.That(pair.Client.Available, Is.Zero);
        });
        await pair.Writer.FlushAsync();
        var got = new byte[100];
        Assert.That(await pair.Client.ReceiveAsync(got), Is.EqualTo(8));
    }

    [Test]
    public async Task Memory_is_as_large_as_asked_for([Values(0, 1, 5_000, 100_000)] int hint)
    {
        using var pair = await SocketPair.ConnectAsync();
        pair.Writer.Write(new byte[4_000]);
        Assert.That(pair.Writer.GetMemory(hint).Length, Is.GreaterThanOrEqualTo(Math.Max(hint, 1)));
    }

    [Test]
    public async Task A_client_that_does_not_read_holds_the_flush_until_the_socket_closes([Values] bool direct)
    {
        using var pair = await SocketPair.ConnectAsync();
        var octets = new byte[64 * 1024 * 1024];
        if (!direct)
        {
            pair.Writer.Write(octets);
        }

        var flush = direct ? pair.Writer.WriteAsync(octets).AsTask() : pair.Writer.FlushAsync().AsTask();
        Assert.That(flush.IsCompleted, Is.False);
        pair.Server.Dispose();
        Assert.That(async () => await flush, Throws.InstanceOf<IOException>());
        await pair.Writer.CompleteAsync();
        Assert.That(pair.Pool.Rented, Is.Zero);
    }

    [Test]
    public async Task After_a_cancelled_flush_nothing_can_be_sent()
    {
        using var pair = await SocketPair.ConnectAsync();
        pair.Writer.Write(new byte[64 * 1024 * 1024]);
        var flush = pair.Writer.FlushAsync().AsTask();
        pair.Writer.CancelPendingFlush();
        Assert.That((await flush).IsCanceled, Is.True);
        Assert.That(async () => await pair.Writer.FlushAsync(), Throws.InstanceOf<IOException>());
    }

    [Test]
    public async Task A_token_ends_a_flush()
    {
        using var pair = await SocketPair.ConnectAsync();
        using var cancellation = new CancellationTokenSource();
        var flush = pair.Writer.WriteAsync(new byte[64 * 1024 * 1024], cancellation.Token).AsTask();
        await cancellation.CancelAsync();
        Assert.That(async () => await flush, Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public async Task A_client_that_left_is_an_IOException()
    {
        using var pair = await SocketPair.ConnectAsync();
        pair.Client.LingerState = new LingerOption(true, 0);
        pair.Client.Dispose();
        Assert.That(
            async () =>
            {
                while (true)
                {
                    await pair.Writer.WriteAsync("x"u8.ToArray());
                }
            },
            Throws.InstanceOf<IOException>());
    }

    private static async Task<byte[]> ReceiveAsync(Socket client)
    {
        var got = new ArrayBufferWriter<byte>();
        int count;
        while ((count = await client.ReceiveAsync(got.GetMemory(32 * 1024))) > 0)
        {
            got.Advance(count);
        }

        return got.WrittenSpan.ToArray();
    }
}

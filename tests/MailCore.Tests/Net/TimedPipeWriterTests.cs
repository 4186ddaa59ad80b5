using System.Buffers;
using MailCore.Net;
using MailCore.Testing;
using NUnit.Framework;

namespace MailCore.Tests.Net;

[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class TimedPipeWriterTests
{
    [Test]
    public async Task A_client_that_does_not_read_in_time_is_aborted()
    {
        var time = new ManualTimeProvider();
        await using var connection = new InMemoryConnection(capacity: 1024);
        using var writer = new TimedPipeWriter(connection.Server.Transport.Output, connection.Server, TimeSpan.FromMinutes(5), time);
        writer.Write(new byte[10_000]);
        var flush = writer.FlushAsync().AsTask();
        Assert.That(time.ArmedTimers, Is.EqualTo(1));
        time.Advance(TimeSpan.FromMinutes(5) - TimeSpan.FromSeconds(1));
        Assert.That(connection.Server.Closed.IsCancellationRequested, Is.False);
        time.Advance(TimeSpan.FromSeconds(1));
        await Assert.ThatAsync(() => flush, Throws.InstanceOf<IOException>());
        Assert.That(connection.Server.Closed.IsCancellationRequested);
    }

    [Test]
    public async Task A_client_that_reads_in_time_is_left_alone_afterwards()
    {
        var time = new ManualTimeProvider();
        await using var connection = new InMemoryConnection(capacity: 1024);
        using var writer = new TimedPipeWriter(connection.Server.Transport.Output, connection.Server, TimeSpan.FromMinutes(5), time);
        writer.Write(new byte[10_000]);
        var flush = writer.FlushAsync().AsTask();
        time.Advance(TimeSpan.FromMinutes(4));
        await connection.Client.ReadExactlyAsync(new byte[10_000]);
        await flush;
        Assert.That(time.ArmedTimers, Is.Zero);
        time.Advance(TimeSpan.FromHours(1));
        Assert.That(connection.Server.Closed.IsCancellationRequested, Is.False);
    }

    [Test]
    public async Task A_flush_that_need_not_wait_arms_no_timer()
    {
        var time = new ManualTimeProvider();
        await using var connection = new InMemoryConnection();
        using var writer = new TimedPipeWriter(connection.Server.Transport.Output, connection.Server, TimeSpan.FromMinutes(5), time);
        writer.Write("x"u8);
        await writer.FlushAsync();
        Assert.That(time.ArmedTimers, Is.Zero);
    }
}

using System.Buffers;
using MailCore.Testing;
using NUnit.Framework;

namespace MailCore.Tests.Net;

[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class InMemoryConnectionTests
{
    [Test]
    public async Task A_read_returns_octets_of_one_write_only()
    {
        await using var connection = new InMemoryConnection();
        await connection.Client.WriteAsync("ab"u8.ToArray());
        await connection.Client.WriteAsync("cd"u8.ToArray());
        var stream = connection.Server.Transport.Input;
        var first = await stream.ReadAsync();
        Assert.That(first.Buffer.Length, Is.EqualTo(2));
        stream.AdvanceTo(first.Buffer.Start, first.Buffer.End);
        Assert.That((await stream.ReadAsync()).Buffer.Length, Is.EqualTo(4));
    }

    [Test]
    public async Task A_write_waits_while_nobody_reads()
    {
        await using var connection = new InMemoryConnection(capacity: 1024);
        var write = connection.Client.WriteAsync(new byte[10_000]).AsTask();
        Assert.That(write.IsCompleted, Is.False);
        var input = connection.Server.Transport.Input;
        var total = 0L;
        while (total < 10_000)
        {
            var result = await input.ReadAsync();
            total += result.Buffer.Length;
            input.AdvanceTo(result.Buffer.End);
        }

        await write;
    }

    [Test]
    public async Task Half_close_ends_the_server_s_input_and_leaves_its_output()
    {
        await using var connection = new InMemoryConnection();
        await connection.Client.WriteAsync("x"u8.ToArray());
        connection.FinishClientWriting();
        var input = connection.Server.Transport.Input;
        var result = await input.ReadAsync();
        Assert.That(result.Buffer.Length, Is.EqualTo(1));
        input.AdvanceTo(result.Buffer.End);
        Assert.That((await input.ReadAsync()).IsCompleted, Is.True);
        await connection.Server.Transport.Output.WriteAsync("bye"u8.ToArray());
        Assert.That(await connection.Client.ReadAsync(new byte[10]), Is.EqualTo(3));
    }

    [Test]
    public async Task Abort_fails_pending_reads_and_writes_of_both_sides()
    {
        await using var connection = new InMemoryConnection(capacity: 16);
        var clientRead = connection.Client.ReadAsync(new byte[1]).AsTask();
        var clientWrite = connection.Client.WriteAsync(new byte[100]).AsTask();
        connection.Server.Abort(null);
        connection.Server.Abort(null);
        Assert.That(connection.Server.Closed.IsCancellationRequested, Is.True);
        await Assert.ThrowsAsync<IOException>(() => clientRead);
        await Assert.ThrowsAsync<IOException>(() => clientWrite);
        await Assert.ThrowsAsync<IOException>(() => connection.Server.Transport.Input.ReadAsync().AsTask());
        await Assert.ThrowsAsync<IOException>(() => connection.Server.Transport.Output.WriteAsync("x"u8.ToArray()).AsTask());
    }

    [Test]
    public async Task A_pending_server_read_sees_the_client_go()
    {
        await using var connection = new InMemoryConnection();
        var read = connection.Server.Transport.Input.ReadAsync().AsTask();
        await connection.Client.DisposeAsync();
        Assert.That((await read).IsCompleted, Is.True);
        await Assert.ThrowsAsync<IOException>(() => connection.Server.Transport.Output.WriteAsync("x"u8.ToArray()).AsTask());
    }

    [Test]
    public async Task What_the_server_flushed_is_readable_after_it_has_closed()
    {
        await using var connection = new InMemoryConnection();
        connection.Server.Transport.Output.Write("bye"u8);
        await connection.Server.DisposeAsync();
        var buffer = new byte[10];
        Assert.That(await connection.Client.ReadAsync(buffer), Is.EqualTo(3));
        Assert.That(await connection.Client.ReadAsync(buffer), Is.EqualTo(0));
        await Assert.ThrowsAsync<IOException>(() => connection.Client.WriteAsync("x"u8.ToArray()).AsTask());
    }
}

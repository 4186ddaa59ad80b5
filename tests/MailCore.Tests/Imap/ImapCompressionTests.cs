using System.IO.Compression;
using System.Text;
using MailCore.Testing;
using NUnit.Framework;

namespace MailCore.Tests.Imap;

/// <summary>Allocations are counted for the whole process, so nothing may run beside.</summary>
[TestFixture]
[NonParallelizable]
internal sealed class ImapCompressionTests
{
    [Test]
    public async Task A_line_that_inflates_without_end_is_dropped_piece_by_piece()
    {
        await using var server = new ImapTestServer();
        await server.AddUserAsync();
        await using var client = await server.ClientAsync();
        await client.OkAsync("LOGIN bob secret");
        await client.OkAsync("COMPRESS DEFLATE");
        var bomb = Deflate(new byte[64 * 1024 * 1024]);
        Assert.That(bomb.Length, Is.LessThan(512 * 1024));
        var before = GC.GetTotalAllocatedBytes(precise: true);
        try
        {
            await client.SendAsync(bomb);
        }
        catch (IOException)
        {
            // The server need not read all of it.
        }

        Assert.That(await ReadAllInflatedAsync(client.Connection), Does.Contain("* BYE "));
        Assert.That(GC.GetTotalAllocatedBytes(precise: true) - before, Is.LessThan(8 * 1024 * 1024));
    }

    [Test]
    public async Task Time_outs_end_a_compressed_session_with_a_BYE_that_can_be_decoded()
    {
        await using var server = new ImapTestServer();
        await server.AddUserAsync();
        await using var client = await server.ClientAsync();
        await client.OkAsync("LOGIN bob secret");
        await client.OkAsync("COMPRESS DEFLATE");
        await client.SendAsync(Deflate("a IDLE\r\n"u8.ToArray()));
        await using var inflate = new DeflateStream(client.Connection.Client, CompressionMode.Decompress, leaveOpen: true);
        using var lines = new StreamReader(inflate, Encoding.ASCII);
        Assert.That(await lines.ReadLineAsync(), Is.EqualTo("+ Idling"));
        server.Stop();
        Assert.That(await lines.ReadLineAsync(), Does.StartWith("* BYE "));
    }

    [Test]
    public async Task Mutated_compressed_dialogs_end_in_order([Range(1, 20)] int seed)
    {
        var random = new Random(seed);
        await using var server = new ImapTestServer();
        await server.AddUserAsync();
        for (var round = 0; round < 10; round++)
        {
            await using var client = await server.ClientAsync();
            await client.OkAsync("LOGIN bob secret");
            await client.OkAsync("COMPRESS DEFLATE");
            var octets = Deflate(Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("a NOOP\r\nb SELECT INBOX\r\nc LIST \"\" *\r\n", random.Next(1, 20)))));
            for (var mutations = random.Next(4); mutations > 0; mutations--)
            {
                octets[random.Next(octets.Length)] = (byte)random.Next(256);
            }

            foreach (var chunk in octets.Chunk(random.Next(1, 60)))
            {
                try
                {
                    await client.SendAsync(chunk);
                }
                catch (IOException)
                {
                    break;
                }
            }

            client.Connection.FinishClientWriting();
            // Replies that can be inflated, and an end without an exception that is not the connection's.
            Assert.That(await ReadAllInflatedAsync(client.Connection).WaitAsync(TimeSpan.FromSeconds(60)), Does.Match(@"\A((\* |[a-z]+ (OK|NO|BAD) ).*\r\n|\S+ BAD .*\r\n)*\z"));
        }
    }

    private static byte[] Deflate(byte[] octets)
    {
        using var wire = new MemoryStream();
        using var deflate = new DeflateStream(wire, CompressionLevel.Optimal);
        deflate.Write(octets);
        deflate.Flush();
        return wire.ToArray();
    }

    private static async Task<string> ReadAllInflatedAsync(InMemoryConnection connection)
    {
        await using var inflate = new DeflateStream(connection.Client, CompressionMode.Decompress, leaveOpen: true);
        var text = new StringBuilder();
        var chunk = new byte[1024];
        try
        {
            for (int count; (count = await inflate.ReadAsync(chunk)) > 0;)
            {
                text.Append(Encoding.ASCII.GetString(chunk, 0, count));
            }
        }
        catch (Exception error) when (error is IOException or InvalidDataException)
        {
            // The server does not end the stream; it closes.
        }

        return text.ToString();
    }
}

using NUnit.Framework;

namespace MailCore.InteropTests.Wire;

/// <summary>POP3 spoken by hand.</summary>
internal sealed class RawPop3 : IAsyncDisposable
{
    private readonly WireConnection _wire;

    private RawPop3(WireConnection wire) => _wire = wire;

    /// <summary>Connects, with TLS unless told otherwise, and logs in.</summary>
    public static async Task<RawPop3> ConnectAsync(int port, string user, string password, bool tls = true)
    {
        var pop3 = new RawPop3(await WireConnection.ConnectAsync(port, tls));
        Assert.That(await pop3._wire.ReadLineAsync(), Does.StartWith("+OK"));
        Assert.That(await pop3.SendAsync($"USER {user}"), Does.StartWith("+OK"));
        Assert.That(await pop3.SendAsync($"PASS {password}"), Does.StartWith("+OK"));
        return pop3;
    }

    /// <summary>A command with a reply of one line.</summary>
    public async Task<string> SendAsync(string command)
    {
        await _wire.WriteAsync(command + "\r\n");
        return await _wire.ReadLineAsync() ?? throw new EndOfStreamException("The server closed.");
    }

    /// <summary>A command whose positive reply has lines up to a dot; their octets with CRLF each, dots unstuffed.</summary>
    public async Task<byte[]> ReadLinesAsync(string command)
    {
        using var content = new MemoryStream();
        await ReadLinesAsync(command, content);
        return content.ToArray();
    }

    public async Task ReadLinesAsync(string command, Stream into)
    {
        Assert.That(await SendAsync(command), Does.StartWith("+OK"));
        while (true)
        {
            var line = await _wire.ReadLineOctetsAsync() ?? throw new EndOfStreamException("The server closed.");
            if (line is [(byte)'.'])
                return;

            into.Write(line is [(byte)'.', ..] ? line.AsSpan(1) : line);
            into.Write("\r\n"u8);
        }
    }

    public ValueTask DisposeAsync() => _wire.DisposeAsync();
}

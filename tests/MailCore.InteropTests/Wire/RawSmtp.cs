using System.Text;
using NUnit.Framework;

namespace MailCore.InteropTests.Wire;

/// <summary>SMTP or LMTP spoken by hand.</summary>
internal sealed class RawSmtp : IAsyncDisposable
{
    private readonly WireConnection _wire;

    private RawSmtp(WireConnection wire) => _wire = wire;

    /// <summary>Connects, reads the greeting and says EHLO, or another hello.</summary>
    public static async Task<RawSmtp> ConnectAsync(int port, string hello = "EHLO client.example", bool tls = false)
    {
        var smtp = new RawSmtp(await WireConnection.ConnectAsync(port, tls));
        Assert.That(await smtp.ReadReplyAsync(), Does.StartWith("220 "));
        Assert.That(await smtp.SendAsync(hello), Does.StartWith("250"));
        return smtp;
    }

    /// <summary>Sends a command; returns its reply, several lines joined by LF.</summary>
    public async Task<string> SendAsync(string command)
    {
        await _wire.WriteAsync(command + "\r\n");
        return await ReadReplyAsync();
    }

    /// <summary>MAIL and RCPT, one command at a time.</summary>
    public async Task BeginAsync(string sender, params string[] recipients)
    {
        Assert.That(await SendAsync($"MAIL FROM:<{sender}>"), Does.StartWith("250"));
        foreach (var recipient in recipients)
            Assert.That(await SendAsync($"RCPT TO:<{recipient}>"), Does.StartWith("250"));
    }

    /// <summary>A whole message; returns the reply to its end, the first one in LMTP.</summary>
    public async Task<string> DeliverAsync(string sender, string recipient, Stream message)
    {
        await BeginAsync(sender, recipient);
        Assert.That(await SendAsync("DATA"), Does.StartWith("354"));
        await SendContentAsync(message);
        return await EndContentAsync();
    }

    /// <summary>A message's octets, dots stuffed; what it ends with is not repaired.</summary>
    public async Task SendContentAsync(Stream message)
    {
        var buffer = new byte[32 * 1024];
        using var stuffed = new MemoryStream(buffer.Length * 2);
        var last = (byte)'\n';
        int count;
        while ((count = await message.ReadAsync(buffer)) > 0)
        {
            stuffed.SetLength(0);
            foreach (var octet in buffer.AsSpan(0, count))
            {
                if (octet == '.' && last == '\n')
                    stuffed.WriteByte((byte)'.');

                stuffed.WriteByte(octet);
                last = octet;
            }

            await _wire.WriteAsync(stuffed.GetBuffer().AsMemory(0, (int)stuffed.Length));
        }
    }

    public Task WriteAsync(string text) => _wire.WriteAsync(text);

    /// <summary>Octets as they are.</summary>
    public Task WriteAsync(ReadOnlyMemory<byte> octets) => _wire.WriteAsync(octets);

    public async Task<string> EndContentAsync()
    {
        await _wire.WriteAsync(".\r\n");
        return await ReadReplyAsync();
    }

    public async Task<string> ReadReplyAsync()
    {
        var reply = new StringBuilder();
        while (await _wire.ReadLineAsync() is { } line)
        {
            reply.Append(line);
            if (line is not [_, _, _, '-', ..])
                return reply.ToString();

            reply.Append('\n');
        }

        throw new EndOfStreamException($"The server closed; its last words: {reply}");
    }

    public ValueTask DisposeAsync() => _wire.DisposeAsync();
}

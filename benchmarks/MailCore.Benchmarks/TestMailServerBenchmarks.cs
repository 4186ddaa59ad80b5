using System.Net.Sockets;
using System.Text;
using BenchmarkDotNet.Attributes;
using MailCore.Testing;

namespace MailCore.Benchmarks;

/// <summary>What a test pays for a server of its own, and for a message.</summary>
[MemoryDiagnoser]
public class TestMailServerBenchmarks
{
    private const int Batch = 100;

    private readonly byte[] _replies = new byte[4096];
    private TestMailServer _mail = null!;
    private Func<byte[], string, Task> _say = null!;
    private Action _close = null!;
    private byte[] _envelope = [];

    /// <summary>One server and one connection for <see cref="Send"/>.</summary>
    [GlobalSetup]
    public async Task StartAsync()
    {
        _mail = await TestMailServer.StartAsync();
        var inbox = _mail.CreateInbox();
        _envelope = Encoding.ASCII.GetBytes($"MAIL FROM:<a@example.com>\r\nRCPT TO:<{inbox.Address}>\r\nDATA\r\n");
        var client = new TcpClient(_mail.Host, _mail.SmtpPort);
        _close = client.Dispose;
        _say = (octets, last) => SayAsync(client.Client, octets, last);
        await _say([], "220");
        await _say("EHLO client.example\r\n"u8.ToArray(), "250 ");
    }

    /// <summary>The end of it.</summary>
    [GlobalCleanup]
    public async Task StopAsync()
    {
        _close();
        await _mail.DisposeAsync();
    }

    /// <summary>All endpoints bound, a certificate made, and all gone again.</summary>
    [Benchmark]
    public async Task StartAndStop() => await (await TestMailServer.StartAsync()).DisposeAsync();

    /// <summary>Envelope, message, and the reply that says it was stored.</summary>
    [Benchmark(OperationsPerInvoke = Batch)]
    public async Task Send()
    {
        for (var i = 0; i < Batch; i++)
        {
            await _say(_envelope, "354");
            await _say("Subject: Hi\r\n\r\nHello\r\n.\r\n"u8.ToArray(), "250 ");
        }
    }

    // Up to a reply that begins so.
    private async Task SayAsync(Socket socket, byte[] octets, string last)
    {
        if (octets.Length > 0)
        {
            await socket.SendAsync(octets);
        }

        string[] lines;
        do
        {
            var count = await socket.ReceiveAsync(_replies);
            lines = Encoding.ASCII.GetString(_replies, 0, count).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        }
        while (lines is [.., var line] && !line.StartsWith(last, StringComparison.Ordinal));
    }
}

using System.Buffers;
using System.Text;
using BenchmarkDotNet.Attributes;
using MailCore.Delivery;
using MailCore.Load.Servers;
using MailCore.Messaging;
using MailCore.Smtp;
using MailCore.Tls;

namespace MailCore.Benchmarks;

/// <summary>Sixteen megabytes of mail through the SMTP engine: commands, data and replies, without sockets and without a store.</summary>
[MemoryDiagnoser]
public class SmtpSessionBenchmarks
{
    private const int Total = 16 * 1024 * 1024;
    private SmtpProtocol _protocol = null!;
    private ReadOnlySequence<byte> _dialog;
    private int _messages;
    private int _taken;

    /// <summary>Octets of each message.</summary>
    [Params(1024, 100 * 1024, Total)]
    public int MessageSize { get; set; }

    /// <summary>Octets of each read.</summary>
    [Params(4 * 1024, 64 * 1024)]
    public int Segment { get; set; }

    /// <summary>Whether every line begins with a dot, which is the worst there is.</summary>
    [Params(false, true)]
    public bool Stuffed { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        var delivery = new HandlerDelivery((_, _, _) =>
        {
            _taken++;
            return ValueTask.FromResult(SmtpReply.Ok);
        });
        _protocol = new SmtpProtocol(
            new SmtpOptions(SmtpDialect.Transfer) { HostName = "mx.example.org" },
            new SmtpServices
            {
                Tls = TlsUpgrade.Never,
                Router = new HandlerRouter(delivery),
                Delivery = delivery,
                Staging = new DiscardStaging(),
            });
        var line = (Stuffed ? ".." : "") + new string('x', 70) + "\r\n";
        var body = new StringBuilder("Subject: one of many\r\n\r\n");
        while (body.Length < MessageSize)
        {
            body.Append(line);
        }

        _messages = Math.Max(1, Total / MessageSize);
        var dialog = new StringBuilder("EHLO client.example\r\n");
        for (var i = 0; i < _messages; i++)
        {
            dialog.Append("MAIL FROM:<load@client.example>\r\nRCPT TO:<u0@example.org>\r\nDATA\r\n").Append(body).Append(".\r\n");
        }

        _dialog = TextSegment.Sequence(Encoding.ASCII.GetBytes(dialog.Append("QUIT\r\n").ToString()), Segment);
    }

    [Benchmark]
    public async Task<int> ReceiveMessages()
    {
        _taken = 0;
        await _protocol.RunAsync(new ScriptedConnection(_dialog), CancellationToken.None);
        return _taken == _messages ? _taken : throw new InvalidOperationException($"{_taken} of {_messages} messages.");
    }
}

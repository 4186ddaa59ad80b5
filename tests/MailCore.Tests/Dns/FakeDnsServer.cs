using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace MailCore.Tests.Dns;

/// <summary>A question as it came.</summary>
internal sealed record DnsQuestion(string Name, int Type, byte[] Octets, int Port, bool IsTcp)
{
    public int Id => BinaryPrimitives.ReadUInt16BigEndian(Octets);

    /// <summary>Additional records: EDNS.</summary>
    public int Additional => BinaryPrimitives.ReadUInt16BigEndian(Octets.AsSpan(10));
}

/// <summary>Answers on one loopback port, by UDP and TCP, what it is told; several datagrams, or none.</summary>
internal sealed class FakeDnsServer : IAsyncDisposable
{
    private readonly Socket _udp = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly TcpListener _tcp;
    private readonly Func<DnsQuestion, IEnumerable<byte[]>> _answer;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;

    public FakeDnsServer(Func<DnsQuestion, IEnumerable<byte[]>> answer)
    {
        _answer = answer;
        while (true)
        {
            _tcp = new TcpListener(IPAddress.Loopback, 0);
            _tcp.Start();
            EndPoint = (IPEndPoint)_tcp.LocalEndpoint;
            try
            {
                _udp.Bind(EndPoint);
                break;
            }
            catch (SocketException)
            {
                // That port is somebody else's by UDP.
                _tcp.Stop();
            }
        }

        _running = Task.WhenAll(RunUdpAsync(), RunTcpAsync());
    }

    public FakeDnsServer(Func<DnsQuestion, DnsMessageBuilder?> answer)
        : this(question => answer(question) is { } builder ? [builder.Build(question.Octets)] : [])
    {
    }

    public IPEndPoint EndPoint { get; }

    public ConcurrentQueue<DnsQuestion> Questions { get; } = [];

    /// <summary>Released once for every question.</summary>
    public SemaphoreSlim Asked { get; } = new(0);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _udp.Dispose();
        _tcp.Stop();
        await _running;
        _stop.Dispose();
    }

    private async Task RunUdpAsync()
    {
        var buffer = new byte[4096];
        try
        {
            while (true)
            {
                var received = await _udp.ReceiveFromAsync(buffer, SocketFlags.None, new IPEndPoint(IPAddress.Any, 0), _stop.Token);
                foreach (var answer in Take(buffer.AsSpan(0, received.ReceivedBytes), ((IPEndPoint)received.RemoteEndPoint).Port, isTcp: false))
                {
                    await _udp.SendToAsync(answer, received.RemoteEndPoint);
                }
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Disposed.
        }
    }

    private async Task RunTcpAsync()
    {
        try
        {
            while (true)
            {
                using var client = await _tcp.AcceptTcpClientAsync(_stop.Token);
                var stream = client.GetStream();
                var length = new byte[2];
                await stream.ReadExactlyAsync(length, _stop.Token);
                var query = new byte[BinaryPrimitives.ReadUInt16BigEndian(length)];
                await stream.ReadExactlyAsync(query, _stop.Token);
                foreach (var answer in Take(query, 0, isTcp: true))
                {
                    await stream.WriteAsync((byte[])[.. DnsMessageBuilder.Number(answer.Length), .. answer], _stop.Token);
                }
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or IOException or InvalidOperationException)
        {
            // Disposed: while it accepted, or before it accepts again ("not listening").
        }
    }

    private List<byte[]> Take(ReadOnlySpan<byte> query, int port, bool isTcp)
    {
        var name = new StringBuilder();
        var at = 12;
        while (query[at] != 0)
        {
            name.Append(name.Length == 0 ? "" : ".").Append(Encoding.Latin1.GetString(query.Slice(at + 1, query[at])));
            at += query[at] + 1;
        }

        var question = new DnsQuestion(name.ToString(), BinaryPrimitives.ReadUInt16BigEndian(query[(at + 1)..]), query.ToArray(), port, isTcp);
        Questions.Enqueue(question);
        var answers = _answer(question).ToList();
        Asked.Release();
        return answers;
    }
}

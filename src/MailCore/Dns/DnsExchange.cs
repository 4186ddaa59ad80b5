using System.Buffers;
using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using MailCore.Dns.Wire;

namespace MailCore.Dns;

/// <summary>
/// Asks one server one question. Each attempt has a socket of its own, so that the system gives it a random port, and a random id:
/// an answer that fits neither, or another question, is passed over.
/// </summary>
internal static class DnsExchange
{
    private const int MaxMessage = ushort.MaxValue;

    /// <summary>By UDP, and by TCP when the answer does not fit. Null when nothing usable came in time.</summary>
    public static async ValueTask<DnsResponse?> AskAsync(DnsQuery query, IPEndPoint server, bool withEdns, CancellationToken cancellationToken)
    {
        try
        {
            var response = await AskUdpAsync(query, server, withEdns, cancellationToken).ConfigureAwait(false);
            return response.IsTruncated ? await AskTcpAsync(query, server, withEdns, cancellationToken).ConfigureAwait(false) : response;
        }
        catch (Exception error) when (error is SocketException or IOException or OperationCanceledException)
        {
            return null;
        }
    }

    private static async ValueTask<DnsResponse> AskUdpAsync(DnsQuery query, IPEndPoint server, bool withEdns, CancellationToken cancellationToken)
    {
        var id = NewId();
        using var socket = new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        // Connected: nobody else's datagrams come through, and an unreachable port is an error at once.
        await socket.ConnectAsync(server, cancellationToken).ConfigureAwait(false);
        await socket.SendAsync(query.Write(id, withEdns), SocketFlags.None, cancellationToken).ConfigureAwait(false);
        var buffer = ArrayPool<byte>.Shared.Rent(4096);
        try
        {
            while (true)
            {
                var count = await socket.ReceiveAsync(buffer.AsMemory(), SocketFlags.None, cancellationToken).ConfigureAwait(false);
                if (DnsResponse.TryParse(buffer.AsSpan(0, count), query, id, out var response))
                {
                    return response!;
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static async ValueTask<DnsResponse?> AskTcpAsync(DnsQuery query, IPEndPoint server, bool withEdns, CancellationToken cancellationToken)
    {
        var id = NewId();
        using var socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(server, cancellationToken).ConfigureAwait(false);
        using var stream = new NetworkStream(socket);
        var message = query.Write(id, withEdns);
        var framed = new byte[message.Length + 2];
        BinaryPrimitives.WriteUInt16BigEndian(framed, (ushort)message.Length);
        message.CopyTo(framed, 2);
        await stream.WriteAsync(framed, cancellationToken).ConfigureAwait(false);
        var buffer = ArrayPool<byte>.Shared.Rent(MaxMessage);
        try
        {
            await stream.ReadExactlyAsync(buffer.AsMemory(0, 2), cancellationToken).ConfigureAwait(false);
            var length = BinaryPrimitives.ReadUInt16BigEndian(buffer);
            await stream.ReadExactlyAsync(buffer.AsMemory(0, length), cancellationToken).ConfigureAwait(false);
            return DnsResponse.TryParse(buffer.AsSpan(0, length), query, id, out var response) && !response!.IsTruncated ? response : null;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static ushort NewId() => (ushort)RandomNumberGenerator.GetInt32(ushort.MaxValue + 1);
}

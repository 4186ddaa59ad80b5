using System.Buffers;
using System.Net;
using System.Net.Sockets;
using MailCore.Net;

namespace MailCore.Tests.Net;

/// <summary>A socket as the server sees it, with its pipes, and the client's end of it.</summary>
internal sealed class SocketPair : IDisposable
{
    private SocketPair(Socket server, Socket client)
    {
        (Server, Client) = (server, client);
        server.Blocking = false;
        Reader = new SocketPipeReader(server, Pool);
        Writer = new SocketPipeWriter(server, Pool);
    }

    public Socket Server { get; }

    public Socket Client { get; }

    public CountingPool Pool { get; } = new();

    public SocketPipeReader Reader { get; }

    public SocketPipeWriter Writer { get; }

    public static async Task<SocketPair> ConnectAsync()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(1);
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await client.ConnectAsync(listener.LocalEndPoint!);
        return new SocketPair(await listener.AcceptAsync(), client);
    }

    public void Dispose()
    {
        Server.Dispose();
        Client.Dispose();
        Reader.Dispose();
        Writer.Dispose();
    }
}

/// <summary>Counts the arrays that are out.</summary>
internal sealed class CountingPool : ArrayPool<byte>
{
    private int _rented;

    public int Rented => Volatile.Read(ref _rented);

    public override byte[] Rent(int minimumLength)
    {
        Interlocked.Increment(ref _rented);
        return GC.AllocateUninitializedArray<byte>(minimumLength);
    }

    public override void Return(byte[] array, bool clearArray = false)
    {
        Interlocked.Decrement(ref _rented);
        // Whoever still looks at it shall notice.
        array.AsSpan().Fill(0xEE);
    }
}

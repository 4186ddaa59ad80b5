using System.Net;
using System.Net.Sockets;

namespace MailCore.Load.Client;

/// <summary>A client connection on a socket that never blocks.</summary>
internal abstract class PolledConnection(int port) : IPolled, IDisposable
{
    private Socket? _socket;
    private ReadOnlyMemory<byte> _unsent;

    public int Descriptor { get; private set; } = -1;

    public bool IsSending => !_unsent.IsEmpty;

    public abstract string Waiting { get; }

    public void OnReady()
    {
        if (IsSending)
        {
            SendOn();
        }
        else
        {
            OnReadable();
        }
    }

    public void Dispose()
    {
        Descriptor = -1;
        _socket?.Dispose();
    }

    protected abstract void OnReadable();

    protected void Connect()
    {
        _socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        _socket.Connect(IPAddress.Loopback, port);
        _socket.Blocking = false;
        Descriptor = (int)_socket.SafeHandle.DangerousGetHandle();
    }

    protected void Send(ReadOnlyMemory<byte> octets)
    {
        _unsent = octets;
        SendOn();
    }

    /// <summary>What has arrived; 0 when nothing has, after all.</summary>
    /// <exception cref="IOException">The connection is over.</exception>
    protected int Receive(Span<byte> into)
    {
        var count = _socket!.Receive(into, SocketFlags.None, out var error);
        return error switch
        {
            SocketError.WouldBlock => 0,
            SocketError.Success when count > 0 => count,
            _ => throw new IOException($"The server closed the connection while it owed the reply to {Waiting}: {error}."),
        };
    }

    private void SendOn()
    {
        while (!_unsent.IsEmpty)
        {
            var count = _socket!.Send(_unsent.Span, SocketFlags.None, out var error);
            if (error == SocketError.WouldBlock)
            {
                return;
            }

            if (error != SocketError.Success)
            {
                throw new IOException($"The connection broke at {Waiting}: {error}.");
            }

            _unsent = _unsent[count..];
        }
    }
}

using System.IO.Pipelines;
using System.Net.Sockets;

namespace MailCore.Net;

/// <summary>A TCP or Unix socket as a connection.</summary>
internal sealed class SocketConnection : MailConnection
{
    private readonly Socket _socket;
    private readonly SocketPipeReader _input;
    private readonly SocketPipeWriter _output;
    private readonly CancellationTokenSource _closed = new();
    private int _aborted;
    private int _disposed;

    public SocketConnection(Socket socket, string id)
    {
        _socket = socket;
        socket.Blocking = false;
        Id = id;
        (_input, _output) = (new SocketPipeReader(socket), new SocketPipeWriter(socket));
        Transport = new DuplexPipe(_input, _output);
        LocalEndPoint = socket.LocalEndPoint;
        RemoteEndPoint = socket.RemoteEndPoint;
    }

    public override string Id { get; }

    public override IDuplexPipe Transport { get; set; }

    public override CancellationToken Closed => _closed.Token;

    public override void Abort(Exception? reason)
    {
        if (Interlocked.Exchange(ref _aborted, 1) == 1)
        {
            return;
        }

        // With a zero linger the close is an RST: nothing waits for a client that no longer answers.
        try
        {
            _socket.LingerState = new LingerOption(true, 0);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
        }

        _socket.Dispose();
        if (Volatile.Read(ref _disposed) == 0)
        {
            _closed.Cancel();
        }
    }

    public override async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 1)
        {
            return;
        }

        try
        {
            if (Volatile.Read(ref _aborted) == 0)
            {
                await Transport.Output.FlushAsync().ConfigureAwait(false);
                if (Tls is { } tls)
                {
                    await tls.ShutdownAsync().ConfigureAwait(false);
                }

                _socket.Shutdown(SocketShutdown.Both);
            }
        }
        catch (Exception error) when (error is IOException or SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // The client is gone already, which is what we want.
        }
        finally
        {
            _socket.Dispose();
            if (Tls is { } tls)
            {
                await tls.DisposeAsync().ConfigureAwait(false);
            }

            _input.Dispose();
            _output.Dispose();
        }
    }
}

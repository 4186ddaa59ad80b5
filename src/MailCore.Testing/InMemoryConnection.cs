using System.IO.Pipelines;
using System.Net;
using MailCore.Net;

namespace MailCore.Testing;

/// <summary>
/// A connection without a network: <see cref="Server"/> goes to a protocol engine, <see cref="Client"/> stays with the test.
/// Both directions are bounded: a side that does not read makes the other's writes wait.
/// </summary>
/// <remarks>
/// A read on one side returns octets of a single write on the other, so a test decides how its input is split. A client that
/// wants TLS puts an SslStream over <see cref="Client"/>. The server's end disposes like a socket: what it flushed is still
/// readable by the client, then comes the end.
/// </remarks>
public sealed class InMemoryConnection : IAsyncDisposable
{
    private readonly InMemoryLane _toServer;
    private readonly InMemoryLane _toClient;

    /// <summary>A connection that holds up to 64 KiB in each direction.</summary>
    public InMemoryConnection()
        : this(64 * 1024)
    {
    }

    /// <summary>A connection that holds up to <paramref name="capacity"/> octets in each direction before a write waits.</summary>
    public InMemoryConnection(int capacity)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(capacity);
        _toServer = new InMemoryLane(capacity);
        _toClient = new InMemoryLane(capacity);
        Server = new ServerEnd(new InMemoryStream(_toServer, _toClient), Break)
        {
            LocalEndPoint = new IPEndPoint(IPAddress.Loopback, 1),
            RemoteEndPoint = new IPEndPoint(IPAddress.Loopback, 49152),
        };
        Client = new InMemoryStream(_toClient, _toServer);
    }

    /// <summary>For <see cref="IMailProtocol.RunAsync"/>. End points are loopback addresses; set others where they matter.</summary>
    public MailConnection Server { get; }

    /// <summary>The client's side. Disposing it closes both directions, as a client that goes away.</summary>
    public Stream Client { get; }

    /// <summary>The client's side as pipes; use these or <see cref="Client"/>, not both.</summary>
    public IDuplexPipe ClientPipe => field ??= DuplexPipe.Over(Client);

    /// <summary>The client sends no more but still reads (TCP half-close): the server reads to the end.</summary>
    public void FinishClientWriting() => _toServer.FinishWriting();

    /// <summary>The client's end breaks as with a TCP reset: reads and writes of both sides fail.</summary>
    public void AbortClient() => Server.Abort(new IOException("Connection reset by the client."));

    /// <summary>Closes both ends.</summary>
    public async ValueTask DisposeAsync()
    {
        await Client.DisposeAsync().ConfigureAwait(false);
        await Server.DisposeAsync().ConfigureAwait(false);
    }

    private void Break(Exception reason)
    {
        _toServer.Break(reason);
        _toClient.Break(reason);
    }

    private sealed class ServerEnd : MailConnection
    {
        private readonly InMemoryStream _stream;
        private readonly Action<Exception> _break;
        private readonly CancellationTokenSource _closed = new();
        private int _aborted;
        private int _disposed;

        public ServerEnd(InMemoryStream stream, Action<Exception> @break)
        {
            (_stream, _break) = (stream, @break);
            Transport = DuplexPipe.Over(stream);
        }

        public override string Id { get; } = Guid.NewGuid().ToString("N")[..12];

        public override IDuplexPipe Transport { get; set; }

        public override CancellationToken Closed => _closed.Token;

        public override void Abort(Exception? reason)
        {
            if (Interlocked.Exchange(ref _aborted, 1) == 0)
            {
                _break(reason ?? new IOException("The connection was aborted."));
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
                }
            }
            catch (Exception error) when (error is IOException or ObjectDisposedException or InvalidOperationException)
            {
                // The client is gone already.
            }
            finally
            {
                await _stream.DisposeAsync().ConfigureAwait(false);
                if (Tls is { } tls)
                {
                    await tls.DisposeAsync().ConfigureAwait(false);
                }
            }
        }
    }
}

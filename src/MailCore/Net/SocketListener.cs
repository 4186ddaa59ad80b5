using System.Net;
using System.Net.Sockets;

namespace MailCore.Net;

/// <summary>Accepts sockets on one address: IPv4, IPv6, both at once ("::" and <see cref="IPAddress.IPv6Any"/>), or a Unix socket path.</summary>
internal sealed class SocketListener : IDisposable
{
    private readonly Socket _socket;
    private readonly string? _path;
    private readonly bool _isTcp;

    private SocketListener(Socket socket, string? path)
    {
        _socket = socket;
        _path = path;
        EndPoint = socket.LocalEndPoint!;
        _isTcp = EndPoint is IPEndPoint;
    }

    /// <summary>The address bound, with the real port where 0 was asked for.</summary>
    public EndPoint EndPoint { get; }

    /// <exception cref="IOException">The address is taken or may not be bound; the message says what to do.</exception>
    public static SocketListener Bind(EndPoint endPoint, int backlog)
    {
        var path = (endPoint as UnixDomainSocketEndPoint)?.ToString();
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, path is null ? ProtocolType.Tcp : ProtocolType.Unspecified);
        try
        {
            if (endPoint is IPEndPoint { AddressFamily: AddressFamily.InterNetworkV6 } six)
            {
                socket.DualMode = six.Address.Equals(IPAddress.IPv6Any);
            }

            if (path is not null)
            {
                RemoveStale(path);
            }

            socket.Bind(endPoint);
            socket.Listen(backlog);
            return new SocketListener(socket, path);
        }
        catch (SocketException error)
        {
            socket.Dispose();
            throw new IOException(Explain(endPoint, error), error);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Accepts on a socket that listens already and becomes ours; its path, if it is a Unix socket, stays whose it was.</summary>
    public static SocketListener Adopt(Socket socket) => new(socket, null);

    /// <summary>The next client, or null once the listener is disposed. Running out of file handles is waited out.</summary>
    public async ValueTask<SocketConnection?> AcceptAsync(Func<string> nextId, Action<SocketException> onBackOff, TimeProvider time)
    {
        while (true)
        {
            try
            {
                if (Take(await _socket.AcceptAsync().ConfigureAwait(false), nextId()) is { } connection)
                {
                    return connection;
                }
            }
            catch (SocketException error) when (error.SocketErrorCode is SocketError.OperationAborted or SocketError.Interrupted or SocketError.InvalidArgument or SocketError.NotSocket)
            {
                return null;
            }
            catch (ObjectDisposedException)
            {
                return null;
            }
            catch (SocketException error) when (error.SocketErrorCode is SocketError.ConnectionReset or SocketError.ConnectionAborted)
            {
                // The client left between connect and accept.
            }
            catch (SocketException error)
            {
                onBackOff(error);
                await Task.Delay(TimeSpan.FromMilliseconds(100), time).ConfigureAwait(false);
            }
        }
    }

    public void Dispose()
    {
        _socket.Dispose();
        if (_path is not null)
        {
            File.Delete(_path);
        }
    }

    /// <summary>Null when the client has left already, which some systems tell at the first touch; the listener goes on.</summary>
    private SocketConnection? Take(Socket accepted, string id)
    {
        try
        {
            if (_isTcp)
            {
                accepted.NoDelay = true;
            }

            return new SocketConnection(accepted, id);
        }
        catch (SocketException)
        {
            accepted.Dispose();
            return null;
        }
    }

    private static void RemoveStale(string path)
    {
        if (!File.Exists(path))
        {
            return;
        }

        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(new UnixDomainSocketEndPoint(path));
        }
        catch (SocketException error) when (error.SocketErrorCode == SocketError.ConnectionRefused)
        {
            if (!IsSocket(path))
            {
                throw new IOException($"Cannot listen on {path}: there is a file that is no socket. Remove it, or configure another path.");
            }

            // Left by a process that ended without unbinding.
            File.Delete(path);
            return;
        }

        throw new IOException($"Cannot listen on {path}: another process is listening there. Stop it, or configure another path.");
    }

    // A connection to any kind of file is refused, but only a socket can't be opened as one.
    private static bool IsSocket(string path)
    {
        try
        {
            File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite).Dispose();
            return false;
        }
        catch (UnauthorizedAccessException)
        {
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }

    private static string Explain(EndPoint endPoint, SocketException error) => error.SocketErrorCode switch
    {
        SocketError.AddressAlreadyInUse => $"Cannot listen on {endPoint}: the address is in use. Stop the program that uses it, or configure another port.",
        SocketError.AccessDenied => $"Cannot listen on {endPoint}: permission denied. Ports below 1024 need a privilege (root or CAP_NET_BIND_SERVICE) or a socket unit of systemd; or configure a higher port.",
        SocketError.AddressNotAvailable => $"Cannot listen on {endPoint}: this machine has no such address. Configure one it has, or 0.0.0.0 or [::] for all.",
        _ => $"Cannot listen on {endPoint}: {error.Message}",
    };
}

using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace MailCore.Net;

/// <summary>A listening socket that was made before this process: by systemd's socket activation, or by whoever speaks its protocol.</summary>
public sealed class InheritedSocket : IDisposable
{
    // sd_listen_fds(3): SD_LISTEN_FDS_START.
    private const int FirstDescriptor = 3;

    private Socket? _socket;

    /// <summary>Takes a socket over.</summary>
    /// <param name="name">What it is called, as by FileDescriptorName=.</param>
    /// <param name="socket">Bound and listening, of TCP or Unix.</param>
    /// <exception cref="IOException">It is not a listening stream socket.</exception>
    public InheritedSocket(string name, Socket socket)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(socket);
        if (socket.SocketType != SocketType.Stream || socket.LocalEndPoint is not { } endPoint || socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.AcceptConnection) is not (int and not 0))
        {
            throw new IOException($"The inherited socket '{name}' does not listen for streams. In a socket unit, use ListenStream= and leave Accept= off.");
        }

        (Name, _socket, EndPoint) = (name, socket, endPoint);
    }

    /// <summary>What whoever made it calls it; "unknown" where nobody did.</summary>
    public string Name { get; }

    /// <summary>Where it listens.</summary>
    public EndPoint EndPoint { get; }

    /// <summary>
    /// The sockets that systemd passed to this process (LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES); none where it passed none, or to another
    /// process. They can be taken once: the variables are removed.
    /// </summary>
    /// <exception cref="IOException">What was passed can't be used.</exception>
    public static IReadOnlyList<InheritedSocket> TakeFromEnvironment()
    {
        if (ReadEnvironment(Environment.GetEnvironmentVariable, Environment.ProcessId) is not { } names)
        {
            return [];
        }

        foreach (var variable in new[] { "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES" })
        {
            Environment.SetEnvironmentVariable(variable, null);
        }

        var sockets = new List<InheritedSocket>();
        try
        {
            for (var i = 0; i < names.Count; i++)
            {
                sockets.Add(Open(names[i], FirstDescriptor + i));
            }

            return sockets;
        }
        catch
        {
            sockets.ForEach(static socket => socket.Dispose());
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Interlocked.Exchange(ref _socket, null)?.Dispose();

    /// <inheritdoc/>
    public override string ToString() => $"'{Name}' on {EndPoint}";

    /// <summary>A name for each descriptor; null where none are meant for this process.</summary>
    internal static IReadOnlyList<string>? ReadEnvironment(Func<string, string?> variable, int processId)
    {
        if (!TryNumber(variable("LISTEN_PID"), out var pid) || pid != processId || !TryNumber(variable("LISTEN_FDS"), out var count) || count == 0)
        {
            return null;
        }

        var names = variable("LISTEN_FDNAMES")?.Split(':') ?? [];
        return names.Length == count ? names : [.. Enumerable.Repeat("unknown", count)];
    }

    /// <summary>Gives it away: it is no longer this object's to dispose.</summary>
    internal Socket Release() => Interlocked.Exchange(ref _socket, null) ?? throw new ObjectDisposedException(nameof(InheritedSocket));

    private static InheritedSocket Open(string name, int descriptor)
    {
        var handle = new SafeSocketHandle(descriptor, ownsHandle: true);
        try
        {
            return new InheritedSocket(name, new Socket(handle));
        }
        catch (SocketException error)
        {
            handle.Dispose();
            throw new IOException($"The inherited descriptor {descriptor} ('{name}') is no socket: {error.Message}", error);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    private static bool TryNumber(string? text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number <= 1_000_000;
}

using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace MailCore.InteropTests.Wire;

/// <summary>Octets to and from the server, without any protocol's knowledge. Every wait ends after a minute at the latest.</summary>
internal sealed class WireConnection : IAsyncDisposable
{
    private readonly byte[] _buffer = new byte[16 * 1024];
    private readonly Socket _socket;
    private Stream _stream;
    private int _start;
    private int _end;

    private WireConnection(Socket socket)
    {
        _socket = socket;
        _stream = new NetworkStream(socket, ownsSocket: true);
    }

    public X509Certificate? ServerCertificate => (_stream as SslStream)?.RemoteCertificate;

    public static async Task<WireConnection> ConnectAsync(int port, bool tls = false)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(IPAddress.Loopback, port);
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        var connection = new WireConnection(socket);
        if (tls)
            await connection.StartTlsAsync();

        return connection;
    }

    public async Task StartTlsAsync()
    {
        using var timeout = Timeout();
        var tls = new SslStream(_stream);
        await tls.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions { TargetHost = "localhost", RemoteCertificateValidationCallback = static (_, _, _, _) => true }, timeout.Token);
        _stream = tls;
    }

    public Task WriteAsync(string text) => WriteAsync(Encoding.UTF8.GetBytes(text));

    public async Task WriteAsync(ReadOnlyMemory<byte> octets)
    {
        using var timeout = Timeout();
        await _stream.WriteAsync(octets, timeout.Token);
    }

    /// <summary>A line's octets without its CRLF; null when the server has closed.</summary>
    public async Task<byte[]?> ReadLineOctetsAsync()
    {
        using var pieces = new MemoryStream();
        while (true)
        {
            var feed = _buffer.AsSpan(_start, _end - _start).IndexOf((byte)'\n');
            var count = feed < 0 ? _end - _start : feed + 1;
            pieces.Write(_buffer, _start, count);
            _start += count;
            if (feed >= 0)
            {
                var octets = pieces.ToArray();
                return octets.AsSpan().EndsWith("\r\n"u8) ? octets[..^2] : throw new InvalidDataException("A line of the server ends in LF alone.");
            }

            if (!await FillAsync())
                return pieces.Length == 0 ? null : throw new EndOfStreamException("The server closed in the middle of a line.");
        }
    }

    public async Task<string?> ReadLineAsync() => await ReadLineOctetsAsync() is { } octets ? Encoding.UTF8.GetString(octets) : null;

    /// <summary>Exactly so many octets, given piece by piece.</summary>
    public async Task ReadAsync(long count, Action<ReadOnlyMemory<byte>> consume)
    {
        while (count > 0)
        {
            if (_start == _end && !await FillAsync())
                throw new EndOfStreamException("The server closed in the middle of a literal.");

            var piece = (int)Math.Min(count, _end - _start);
            consume(_buffer.AsMemory(_start, piece));
            _start += piece;
            count -= piece;
        }
    }

    public ValueTask DisposeAsync()
    {
        _socket.Dispose();
        return _stream.DisposeAsync();
    }

    private async Task<bool> FillAsync()
    {
        using var timeout = Timeout();
        (_start, _end) = (0, 0);
        _end = await _stream.ReadAsync(_buffer, timeout.Token);
        return _end > 0;
    }

    private static CancellationTokenSource Timeout() => new(TimeSpan.FromMinutes(1));
}

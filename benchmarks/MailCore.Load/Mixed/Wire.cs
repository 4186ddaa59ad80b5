using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace MailCore.Load.Mixed;

/// <summary>A client's connection, in clear or in TLS, that its fuse may cut at any octet.</summary>
internal sealed class Wire : IAsyncDisposable
{
    private const int BufferSize = 32 * 1024;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private readonly byte[] _buffer = new byte[BufferSize];
    private readonly CancellationToken _stop;
    private Stream _stream;
    private int _start;
    private int _end;

    private Wire(Stream stream, CancellationToken stop) => (_stream, _stop) = (stream, stop);

    public static async Task<Wire> ConnectAsync(int port, Fuse fuse, CancellationToken stop)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(IPAddress.Loopback, port, stop);
            return new Wire(new FusedStream(socket, fuse), stop);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>The client's side of a TLS handshake; any certificate will do.</summary>
    public async Task SecureAsync()
    {
        var secured = new SslStream(_stream, leaveInnerStreamOpen: false);
        _stream = secured;
        using var patience = StartWaiting();
        await secured.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions { TargetHost = "mx.example.org", RemoteCertificateValidationCallback = static (_, _, _, _) => true }, patience.Token);
    }

    public Task WriteAsync(string text) => WriteAsync(Encoding.Latin1.GetBytes(text));

    public async Task WriteAsync(ReadOnlyMemory<byte> octets)
    {
        using var patience = StartWaiting();
        await _stream.WriteAsync(octets, patience.Token);
        await _stream.FlushAsync(patience.Token);
    }

    public async Task<string> ReadLineAsync() => Encoding.Latin1.GetString(await ReadLineOctetsAsync());

    /// <summary>A line without its CRLF.</summary>
    public async Task<byte[]> ReadLineOctetsAsync()
    {
        byte[] before = [];
        while (true)
        {
            var at = _buffer.AsSpan(_start, _end - _start).IndexOf((byte)'\n');
            if (at >= 0)
            {
                byte[] line = [.. before, .. _buffer.AsSpan(_start, at)];
                _start += at + 1;
                return line is [.., (byte)'\r'] ? line[..^1] : line;
            }

            before = [.. before, .. _buffer.AsSpan(_start, _end - _start)];
            await FillAsync();
        }
    }

    public async Task<byte[]> ReadOctetsAsync(int count)
    {
        var octets = new byte[count];
        var filled = 0;
        while (filled < count)
        {
            if (_start == _end)
            {
                await FillAsync();
            }

            var taken = Math.Min(count - filled, _end - _start);
            _buffer.AsSpan(_start, taken).CopyTo(octets.AsSpan(filled));
            _start += taken;
            filled += taken;
        }

        return octets;
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            await _stream.DisposeAsync();
        }
        catch (IOException)
        {
            // A cut one.
        }
    }

    private async Task FillAsync()
    {
        using var patience = StartWaiting();
        try
        {
            (_start, _end) = (0, await _stream.ReadAsync(_buffer, patience.Token));
        }
        catch (OperationCanceledException) when (!_stop.IsCancellationRequested)
        {
            throw new TimeoutException("The server was silent for two minutes.");
        }

        if (_end == 0)
        {
            throw new EndOfStreamException("The server closed the connection.");
        }
    }

    private CancellationTokenSource StartWaiting()
    {
        var patience = CancellationTokenSource.CreateLinkedTokenSource(_stop);
        patience.CancelAfter(Patience);
        return patience;
    }
}

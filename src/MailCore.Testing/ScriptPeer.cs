using System.Net.Security;

namespace MailCore.Testing;

/// <summary>One client connection of a script.</summary>
/// <remarks>Writes are queued, so that a server that waits for its answers to be read does not stop the dialog.</remarks>
public sealed class ScriptPeer : IAsyncDisposable
{
    private const int MaxLine = 16 * 1024 * 1024;

    private readonly List<byte> _received = [];
    private readonly byte[] _chunk = new byte[16 * 1024];
    private int _start;
    private int _scanned;
    private Stream _stream;
    private Task _writes = Task.CompletedTask;

    /// <summary>Talks over a connected stream and owns it.</summary>
    public ScriptPeer(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        _stream = stream;
    }

    /// <summary>Makes the client's TLS handshake; without it a script that says STARTTLS fails.</summary>
    public Func<Stream, Task<Stream>>? StartTls { get; init; }

    /// <summary>Tells the carrier that the client sends no more but still reads.</summary>
    public Action? FinishWriting { get; init; }

    /// <summary>Ends when the server has done with the connection; waited for by CLOSE and DROP where it is given.</summary>
    public Task? Session { get; init; }

    /// <summary>A peer on the client's side of a connection in memory.</summary>
    /// <param name="connection">Its server side is being served.</param>
    /// <param name="session">The serving, disposal of the server's side included.</param>
    /// <param name="tls">For scripts that say STARTTLS: the name to ask for and what certificate to trust.</param>
    public static ScriptPeer Over(InMemoryConnection connection, Task session, SslClientAuthenticationOptions? tls = null)
    {
        ArgumentNullException.ThrowIfNull(connection);
        return new ScriptPeer(connection.Client)
        {
            StartTls = tls is null ? null : stream => HandshakeAsync(stream, tls),
            FinishWriting = connection.FinishClientWriting,
            Session = session,
        };
    }

    private static async Task<Stream> HandshakeAsync(Stream stream, SslClientAuthenticationOptions options)
    {
        var tls = new SslStream(stream);
        await tls.AuthenticateAsClientAsync(options).ConfigureAwait(false);
        return tls;
    }

    internal bool IsOver { get; private set; }

    internal void Send(byte[] octets) => _writes = SendAfterAsync(_writes, octets);

    /// <summary>The next line without its CRLF; null at the end of the stream or when it broke.</summary>
    internal async ValueTask<byte[]?> ReadLineAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            if (TakeLine() is { } line)
            {
                return line;
            }

            int count;
            try
            {
                count = await _stream.ReadAsync(_chunk, cancellationToken).ConfigureAwait(false);
            }
            catch (IOException)
            {
                count = 0;
            }

            if (count == 0)
            {
                IsOver = true;
                return null;
            }

            _received.AddRange(_chunk.AsSpan(0, count));
            if (_received.Count - _start > MaxLine)
            {
                throw new IOException("The server sends a line without end.");
            }
        }
    }

    /// <summary>What came without a line's end.</summary>
    internal byte[] Rest() => [.. _received[_start..]];

    internal async Task StartTlsAsync()
    {
        if (StartTls is null)
        {
            throw new InvalidOperationException("This peer knows no TLS.");
        }

        await _writes.ConfigureAwait(false);
        _stream = await StartTls(_stream).ConfigureAwait(false);
    }

    internal async Task CompressAsync()
    {
        await _writes.ConfigureAwait(false);
        _stream = new DeflatedStream(_stream);
    }

    internal async Task FinishAsync()
    {
        await _writes.ConfigureAwait(false);
        try
        {
            if (_stream is SslStream tls)
            {
                await tls.ShutdownAsync().ConfigureAwait(false);
            }

            FinishWriting?.Invoke();
        }
        catch (Exception error) when (error is IOException or InvalidOperationException)
        {
            // The server closed first.
        }
    }

    /// <summary>Goes away without a word once all that was sent has been taken.</summary>
    internal async Task DropAsync()
    {
        await _writes.ConfigureAwait(false);
        await _stream.DisposeAsync().ConfigureAwait(false);
        IsOver = true;
    }

    /// <summary>Closes the client's side.</summary>
    public ValueTask DisposeAsync() => _stream.DisposeAsync();

    private byte[]? TakeLine()
    {
        var span = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_received);
        var end = span[_scanned..].IndexOf("\r\n"u8);
        if (end < 0)
        {
            _scanned = Math.Max(_start, span.Length - 1);
            return null;
        }

        end += _scanned;
        var line = span[_start..end].ToArray();
        _start = _scanned = end + 2;
        if (_start == span.Length)
        {
            _received.Clear();
            _start = _scanned = 0;
        }

        return line;
    }

    private async Task SendAfterAsync(Task before, byte[] octets)
    {
        await before.ConfigureAwait(false);
        try
        {
            await _stream.WriteAsync(octets).ConfigureAwait(false);
            await _stream.FlushAsync().ConfigureAwait(false);
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException)
        {
            // The server has closed; what the script expects of it tells whether it should have.
        }
    }
}

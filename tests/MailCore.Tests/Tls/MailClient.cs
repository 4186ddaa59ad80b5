using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;

namespace MailCore.Tests.Tls;

/// <summary>A client of any of the protocols: lines, and TLS when told. Trusts everybody.</summary>
internal sealed class MailClient : IDisposable
{
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(30);

    private Stream _stream;

    private MailClient(Stream stream) => _stream = stream;

    public SslStream? Tls => _stream as SslStream;

    public static async Task<MailClient> ConnectAsync(MailEndpoint endpoint)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(endpoint.EndPoint).WaitAsync(Hang);
        return new MailClient(new NetworkStream(socket, ownsSocket: true));
    }

    public static MailClient Over(Stream stream) => new(stream);

    public async Task WriteAsync(string text) => await _stream.WriteAsync(Encoding.Latin1.GetBytes(text)).AsTask().WaitAsync(Hang);

    /// <summary>The next line without its end; null when the server has closed or reset the connection.</summary>
    public async Task<string?> ReadLineAsync()
    {
        var line = new StringBuilder();
        var octet = new byte[1];
        try
        {
            while (await _stream.ReadAsync(octet).AsTask().WaitAsync(Hang) == 1)
            {
                if (octet[0] == '\n')
                {
                    return line.ToString().TrimEnd('\r');
                }

                line.Append((char)octet[0]);
            }
        }
        catch (IOException)
        {
            // Reset.
        }

        return line.Length == 0 ? null : line.ToString();
    }

    /// <summary>Sends a line and reads one.</summary>
    public async Task<string?> SayAsync(string line)
    {
        await WriteAsync(line + "\r\n");
        return await ReadLineAsync();
    }

    /// <summary>Reads up to and with the first line that satisfies the condition; all of them joined by '\n'.</summary>
    public async Task<string> ReadToAsync(Func<string, bool> isLast)
    {
        var lines = new List<string>();
        while (await ReadLineAsync() is { } line)
        {
            lines.Add(line);
            if (isLast(line))
            {
                break;
            }
        }

        return string.Join('\n', lines);
    }

    public async Task StartTlsAsync(Action<SslClientAuthenticationOptions>? configure = null)
    {
        var options = new SslClientAuthenticationOptions { TargetHost = "mx.example.org", RemoteCertificateValidationCallback = static (_, _, _, _) => true };
        configure?.Invoke(options);
        var tls = new SslStream(_stream);
        await tls.AuthenticateAsClientAsync(options).WaitAsync(Hang);
        _stream = tls;
    }

    /// <summary>Whether the server shakes hands.</summary>
    public async Task<bool> TryStartTlsAsync(Action<SslClientAuthenticationOptions>? configure = null)
    {
        try
        {
            await StartTlsAsync(configure);
            return true;
        }
        catch (Exception error) when (error is IOException or AuthenticationException)
        {
            return false;
        }
    }

    public void Dispose() => _stream.Dispose();
}

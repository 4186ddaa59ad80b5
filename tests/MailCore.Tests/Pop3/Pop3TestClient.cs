using System.Text;
using MailCore.Testing;

namespace MailCore.Tests.Pop3;

/// <summary>A client that sends what it is told and reads line by line. Text is Latin-1: one character per octet.</summary>
internal sealed class Pop3TestClient(InMemoryConnection connection, Task session) : IAsyncDisposable
{
    private readonly BufferedStream _input = new(connection.Client, 16 * 1024);

    /// <summary>Over when the server has closed the connection.</summary>
    public Task Session { get; } = session;

    public InMemoryConnection Connection { get; } = connection;

    public Task SendAsync(string octets) => Connection.Client.WriteAsync(Encoding.Latin1.GetBytes(octets)).AsTask();

    public async Task<string> AskAsync(string command)
    {
        await SendAsync(command + "\r\n");
        return await ReadLineAsync() ?? throw new EndOfStreamException($"The server closed after {command}.");
    }

    /// <summary>The next line without its CRLF; null at the end.</summary>
    public async Task<string?> ReadLineAsync()
    {
        var line = new List<byte>();
        while (true)
        {
            int octet;
            try
            {
                var one = new byte[1];
                octet = await _input.ReadAsync(one) == 0 ? -1 : one[0];
            }
            catch (IOException)
            {
                octet = -1;
            }

            if (octet < 0)
            {
                return line.Count == 0 ? null : throw new EndOfStreamException($"The line has no end: {Encoding.Latin1.GetString([.. line])}");
            }

            line.Add((byte)octet);
            if (line is [.., (byte)'\r', (byte)'\n'])
            {
                return Encoding.Latin1.GetString([.. line[..^2]]);
            }
        }
    }

    /// <summary>The rest of a multi-line response, un-stuffed; each line with its CRLF.</summary>
    public async Task<string> ReadMultilineAsync()
    {
        var text = new StringBuilder();
        while (await ReadLineAsync() is var line && line != ".")
        {
            // The client ends lines at CRLF alone, so dots stuffed behind a bare LF are inside a line.
            text.Append(Unstuff(line ?? throw new EndOfStreamException("The response has no end."))).Append("\r\n");
        }

        return text.ToString();
    }

    public async ValueTask DisposeAsync() => await Connection.Client.DisposeAsync();

    private static string Unstuff(string line) => (line.StartsWith('.') ? line[1..] : line).Replace("\n.", "\n", StringComparison.Ordinal);
}

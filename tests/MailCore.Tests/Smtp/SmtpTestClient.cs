using System.Net.Security;
using System.Text;
using MailCore.Testing;
using NUnit.Framework;

namespace MailCore.Tests.Smtp;

/// <summary>A client that says what it is told and reads whole replies. Text is Latin-1 both ways.</summary>
internal sealed class SmtpTestClient(InMemoryConnection connection, Task session) : IAsyncDisposable
{
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(30);

    private readonly List<byte> _received = [];
    private Stream _stream = connection.Client;

    public InMemoryConnection Connection => connection;

    /// <summary>The server's side of it.</summary>
    public Task Session => session;

    public Task SendAsync(string text) => SendAsync(Encoding.Latin1.GetBytes(text));

    public async Task SendAsync(ReadOnlyMemory<byte> octets)
    {
        await _stream.WriteAsync(octets).AsTask().WaitAsync(Hang);
        await _stream.FlushAsync().WaitAsync(Hang);
    }

    /// <summary>The next reply, its lines joined by '\n'; null at the end of the connection.</summary>
    public async Task<string?> ReadReplyAsync()
    {
        var reply = new StringBuilder();
        while (true)
        {
            if (await ReadLineAsync() is not { } line)
            {
                Assert.That(reply.ToString(), Is.Empty, "a reply was cut off");
                return null;
            }

            reply.Append(reply.Length == 0 ? "" : "\n").Append(line);
            if (line.Length < 4 || line[3] != '-')
            {
                return reply.ToString();
            }
        }
    }

    public async Task<string> ExpectAsync(int code)
    {
        var reply = await ReadReplyAsync();
        Assert.That(reply, Does.StartWith(code.ToString(System.Globalization.CultureInfo.InvariantCulture)));
        return reply!;
    }

    public async Task<string> SayAsync(int code, string line)
    {
        await SendAsync(line + "\r\n");
        return await ExpectAsync(code);
    }

    /// <summary>A whole message; the text is stuffed and ended here.</summary>
    public async Task<string> SendMessageAsync(int code, string text, string to = "bob@example.org", string from = "<eve@elsewhere.example>")
    {
        await SayAsync(250, $"MAIL FROM:{from}");
        await SayAsync(250, $"RCPT TO:<{to}>");
        await SayAsync(354, "DATA");
        await SendAsync(text + ".\r\n");
        return await ExpectAsync(code);
    }

    public Task LoginAsync(string user = "bob", string password = "secret") =>
        SayAsync(235, $"AUTH PLAIN {Plain(user, password)}");

    public static string Plain(string user, string password) => Convert.ToBase64String(Encoding.UTF8.GetBytes($"\0{user}\0{password}"));

    public async Task StartTlsAsync()
    {
        var tls = new SslStream(_stream);
        await tls.AuthenticateAsClientAsync(SmtpTestServer.ClientTls()).WaitAsync(Hang);
        _stream = tls;
    }

    /// <summary>The server must close without another octet, and its session must end well.</summary>
    public async Task ExpectCloseAsync()
    {
        Assert.That(await ReadReplyAsync(), Is.Null);
        await session.WaitAsync(Hang);
    }

    /// <summary>Goes away as a client does; the server's end is the session's, which may still be writing.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stream.DisposeAsync();
        await connection.Client.DisposeAsync();
    }

    private async Task<string?> ReadLineAsync()
    {
        var chunk = new byte[4096];
        while (true)
        {
            var end = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_received).IndexOf("\r\n"u8);
            if (end >= 0)
            {
                var line = Encoding.Latin1.GetString(_received.GetRange(0, end).ToArray());
                _received.RemoveRange(0, end + 2);
                return line;
            }

            var count = await _stream.ReadAsync(chunk).AsTask().WaitAsync(Hang);
            if (count == 0)
            {
                return null;
            }

            _received.AddRange(chunk.AsSpan(0, count));
        }
    }
}

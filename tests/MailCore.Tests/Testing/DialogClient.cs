using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using MailCore.Testing;

namespace MailCore.Tests.Testing;

/// <summary>A client that says lines and reads lines.</summary>
internal sealed class DialogClient : IAsyncDisposable
{
    private static readonly TimeSpan Guard = TimeSpan.FromSeconds(30);

    private readonly TcpClient _socket = new();
    private Stream _stream = Stream.Null;

    public static async Task<DialogClient> ConnectAsync(TestMailServer mail, int port, bool tls = false)
    {
        var client = new DialogClient();
        await client._socket.ConnectAsync(mail.Host, port);
        client._stream = client._socket.GetStream();
        if (tls)
        {
            await client.StartTlsAsync(mail);
        }

        return client;
    }

    /// <summary>Connects, reads the greeting and says EHLO.</summary>
    public static async Task<DialogClient> HelloAsync(TestMailServer mail)
    {
        var client = await ConnectAsync(mail, mail.SmtpPort);
        await client.ReadAsync();
        await client.AskAsync("EHLO client.example");
        return client;
    }

    public async Task StartTlsAsync(TestMailServer mail)
    {
        var tls = new SslStream(_stream, false, mail.TrustCertificate);
        await tls.AuthenticateAsClientAsync("localhost").WaitAsync(Guard);
        _stream = tls;
    }

    public Task SendAsync(string text) => _stream.WriteAsync(Encoding.Latin1.GetBytes(text)).AsTask().WaitAsync(Guard);

    /// <summary>Says a line and reads a reply of SMTP, or one line of others.</summary>
    public async Task<string> AskAsync(string line)
    {
        await SendAsync(line + "\r\n");
        return await ReadAsync();
    }

    /// <summary>Lines up to one that is no "250-"; without line ends, joined by '|'.</summary>
    public async Task<string> ReadAsync()
    {
        var lines = new List<string>();
        do
        {
            lines.Add(await ReadLineAsync() ?? "(closed)");
        }
        while (lines[^1] is [>= '0' and <= '9', _, _, '-', ..]);
        return string.Join('|', lines);
    }

    /// <summary>Says a line and reads up to a line that begins so.</summary>
    public async Task<string> AskUntilAsync(string line, string last)
    {
        await SendAsync(line + "\r\n");
        return await UntilAsync(last);
    }

    public async Task<string> UntilAsync(string last)
    {
        var lines = new List<string>();
        do
        {
            lines.Add(await ReadLineAsync() ?? "(closed)");
        }
        while (!lines[^1].StartsWith(last, StringComparison.Ordinal) && lines[^1] != "(closed)");
        return string.Join('|', lines);
    }

    /// <summary>Null at the end of the connection.</summary>
    public async Task<string?> ReadLineAsync()
    {
        var line = new List<byte>();
        var octet = new byte[1];
        while (await _stream.ReadAsync(octet).AsTask().WaitAsync(Guard) == 1)
        {
            if (octet[0] == '\n')
            {
                return Encoding.Latin1.GetString([.. line]).TrimEnd('\r');
            }

            line.Add(octet[0]);
        }

        return line.Count == 0 ? null : Encoding.Latin1.GetString([.. line]) + "(closed)";
    }

    /// <summary>MAIL, RCPT and a message; the last reply.</summary>
    public async Task<string> MailAsync(string to, string message = "Subject: Hi\r\n\r\nHello\r\n", string from = "app@example.com")
    {
        await AskAsync($"MAIL FROM:<{from}>");
        var reply = await AskAsync($"RCPT TO:<{to}>");
        if (reply[0] != '2')
        {
            return reply;
        }

        reply = await AskAsync("DATA");
        return reply[0] == '3' ? await AskAsync($"{message}.") : reply;
    }

    public ValueTask DisposeAsync()
    {
        _socket.Dispose();
        return _stream.DisposeAsync();
    }
}

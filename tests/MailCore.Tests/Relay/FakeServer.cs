using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using MailCore.Relay;
using MailCore.Testing;
using NUnit.Framework;

namespace MailCore.Tests.Relay;

/// <summary>A server that says what the test wants, without a network, and the client that speaks with it.</summary>
internal sealed class FakeServer : IAsyncDisposable
{
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(30);

    private readonly InMemoryConnection _connection = new();
    private Stream _stream;

    public FakeServer(Func<SmtpClientOptions, SmtpClientOptions>? configure = null, TimeProvider? time = null)
    {
        _stream = _connection.Client;
        var options = new SmtpClientOptions { HostName = "client.example", ServerName = "mx.example.org" };
        Client = new SmtpClientConnection(_connection.Server, configure?.Invoke(options) ?? options, time ?? TimeProvider.System);
    }

    public SmtpClientConnection Client { get; }

    public async Task SayAsync(string text) => await _stream.WriteAsync(Encoding.Latin1.GetBytes(text)).AsTask().WaitAsync(Hang);

    /// <summary>The client's next line with its end; what there was before it went away.</summary>
    public async Task<string> ReadLineAsync()
    {
        var line = new StringBuilder();
        var octet = new byte[1];
        try
        {
            while (!line.ToString().EndsWith('\n') && await _stream.ReadAsync(octet).AsTask().WaitAsync(Hang) == 1)
            {
                line.Append((char)octet[0]);
            }
        }
        catch (IOException)
        {
            // The client has aborted.
        }

        return line.ToString();
    }

    public async Task<int> ReadOctetAsync()
    {
        var octet = new byte[1];
        await _stream.ReadExactlyAsync(octet).AsTask().WaitAsync(Hang);
        return octet[0];
    }

    public async Task ExpectAsync(string line) => Assert.That(await ReadLineAsync(), Is.EqualTo(line + "\r\n"));

    /// <summary>Greets, and answers EHLO with these keywords.</summary>
    public async Task GreetAsync(params string[] keywords)
    {
        await SayAsync("220 mx.example.org ESMTP\r\n");
        await AnswerEhloAsync(keywords);
    }

    public async Task AnswerEhloAsync(params string[] keywords)
    {
        await ExpectAsync("EHLO client.example");
        string[] lines = ["mx.example.org", .. keywords];
        await SayAsync(string.Concat(lines.Select((line, i) => $"250{(i == lines.Length - 1 ? ' ' : '-')}{line}\r\n")));
    }

    public async Task StartTlsAsync(X509Certificate2 certificate)
    {
        var tls = new SslStream(_stream);
        await tls.AuthenticateAsServerAsync(certificate).WaitAsync(Hang);
        _stream = tls;
    }

    /// <summary>Says no more, and still reads.</summary>
    public void Finish() => _connection.FinishClientWriting();

    public async ValueTask DisposeAsync()
    {
        await Client.DisposeAsync();
        await _connection.DisposeAsync();
    }
}

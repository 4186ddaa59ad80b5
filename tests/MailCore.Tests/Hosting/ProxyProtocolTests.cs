using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using MailCore.Hosting;
using MailCore.Messaging;
using NUnit.Framework;

namespace MailCore.Tests.Hosting;

/// <summary>Endpoints behind a proxy.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class ProxyProtocolTests
{
    private static readonly IPNetwork Loopback = IPNetwork.Parse("127.0.0.0/8");

    private static readonly byte[] Binary = [.. "\r\n\r\n\0\r\nQUIT\n"u8, 0x21, 0x11, 0, 12, 192, 0, 2, 7, 198, 51, 100, 1, 0x12, 0x67, 0, 25];

    [Test]
    public async Task The_client_is_whom_the_proxy_names_and_its_first_octets_may_share_a_packet([Values] bool isBinary, [Values(0, 1, 20)] int cut)
    {
        await using var server = await StartAsync(static smtp => smtp.UseProxyProtocol(Loopback));
        using var client = await ConnectAsync(server);
        byte[] sent = [.. isBinary ? Binary : "PROXY TCP4 192.0.2.7 198.51.100.1 4711 25\r\n"u8.ToArray(), .. "XWHO\r\n"u8];
        if (cut > 0)
        {
            await client.GetStream().WriteAsync(sent.AsMemory(0, cut));
        }

        await client.GetStream().WriteAsync(sent.AsMemory(cut));
        Assert.That(await ReadAsync(client, 2), Is.EqualTo(new[] { "220 mx.example.org ESMTP ready", "250 2.0.0 192.0.2.7:4711" }));
    }

    [Test]
    public async Task A_header_from_anywhere_else_is_no_mail()
    {
        await using var server = await StartAsync(static smtp => smtp.UseProxyProtocol(IPNetwork.Parse("192.0.2.0/24")));
        using var client = await ConnectAsync(server);
        await client.GetStream().WriteAsync("PROXY TCP4 192.0.2.7 198.51.100.1 4711 25\r\nXWHO\r\n"u8.ToArray());
        var lines = await ReadAsync(client, 3);
        Assert.That(lines[1], Does.StartWith("500 5.5.1"));
        Assert.That(lines[2], Does.StartWith("250 2.0.0 127.0.0.1:"));
        using var other = await ConnectAsync(server);
        await other.GetStream().WriteAsync(Binary);
        Assert.That((await ReadAsync(other, 2))[1], Does.StartWith("500 5.5.1"));
    }

    [Test]
    public async Task A_header_within_the_dialog_changes_nothing()
    {
        await using var server = await StartAsync(static smtp => smtp.UseProxyProtocol(Loopback));
        using var client = await ConnectAsync(server);
        await client.GetStream().WriteAsync("PROXY TCP4 192.0.2.7 198.51.100.1 4711 25\r\nPROXY TCP4 192.0.2.8 198.51.100.1 4711 25\r\nXWHO\r\n"u8.ToArray());
        Assert.That((await ReadAsync(client, 3))[1..], Is.EqualTo(new[] { "500 5.5.1 Command not known", "250 2.0.0 192.0.2.7:4711" }));
    }

    [TestCase("EHLO client.example\r\n")]
    [TestCase("PROXY TCP4 x\r\n")]
    [TestCase("PROXY")]
    public async Task A_proxy_that_sends_no_header_gets_no_octet(string sent)
    {
        await using var server = await StartAsync(static smtp => smtp.UseProxyProtocol(Loopback));
        using var client = await ConnectAsync(server);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(sent));
        client.Client.Shutdown(SocketShutdown.Send);
        Assert.That(await ReadAsync(client, 1), Is.Empty);
    }

    [Test]
    public async Task A_proxy_that_takes_too_long_is_cut_off()
    {
        await using var server = await StartAsync(static smtp => smtp.UseProxyProtocol(Loopback), static mail => mail.Options.ProxyHeaderTimeout = TimeSpan.FromMilliseconds(50));
        using var client = await ConnectAsync(server);
        Assert.That(await ReadAsync(client, 1), Is.Empty);
        Assert.That(() => server.ConnectionCount, Is.Zero.After(30_000, 5));
    }

    [Test]
    public async Task A_health_check_is_the_proxys_own_connection()
    {
        await using var server = await StartAsync(static smtp => smtp.UseProxyProtocol(Loopback));
        using var client = await ConnectAsync(server);
        await client.GetStream().WriteAsync((byte[])[.. Binary[..12], 0x20, 0, 0, 0, .. "XWHO\r\n"u8]);
        Assert.That((await ReadAsync(client, 2))[1], Does.StartWith("250 2.0.0 127.0.0.1:"));
    }

    [Test]
    public async Task A_client_of_unknown_address_is_not_taken_for_the_proxy_and_has_none_of_its_rights([Values("PROXY UNKNOWN\r\n", null)] string? line)
    {
        await using var server = await StartAsync(static smtp =>
        {
            ((SmtpEndpointBuilder)smtp).Options.XClientFrom.Add(Loopback);
            smtp.UseProxyProtocol(Loopback);
        });
        using var client = await ConnectAsync(server);
        await client.GetStream().WriteAsync((byte[])[.. line is null ? [.. Binary[..12], 0x21, 0, 0, 0] : Encoding.ASCII.GetBytes(line), .. "XWHO\r\nXCLIENT ADDR=192.0.2.7\r\n"u8]);
        Assert.That((await ReadAsync(client, 3))[1..], Is.EqualTo(new[] { "250 2.0.0 ", "502 5.5.1 Not offered here" }));
    }

    [Test]
    public async Task Connections_are_counted_for_the_client_and_not_for_the_proxy()
    {
        await using var server = await StartAsync(static smtp => smtp.UseProxyProtocol(Loopback), static mail => mail.Options.MaxConnectionsPerAddress = 1);
        using var one = await ConnectAsync(server);
        await one.GetStream().WriteAsync(Header("192.0.2.7"));
        Assert.That(await ReadAsync(one, 1), Is.EqualTo(new[] { "220 mx.example.org ESMTP ready" }));
        using var other = await ConnectAsync(server);
        await other.GetStream().WriteAsync(Header("192.0.2.8"));
        Assert.That(await ReadAsync(other, 1), Is.EqualTo(new[] { "220 mx.example.org ESMTP ready" }));
        using (var second = await ConnectAsync(server))
        {
            await second.GetStream().WriteAsync(Header("192.0.2.7"));
            Assert.That((await ReadAsync(second, 1))[0], Does.StartWith("421 4.7.0"));
        }

        one.Dispose();
        Assert.That(() => server.ConnectionCount, Is.EqualTo(1).After(30_000, 5));
        using var again = await ConnectAsync(server);
        await again.GetStream().WriteAsync(Header("192.0.2.7"));
        Assert.That(await ReadAsync(again, 1), Is.EqualTo(new[] { "220 mx.example.org ESMTP ready" }));

        static byte[] Header(string client) => Encoding.ASCII.GetBytes($"PROXY TCP4 {client} 198.51.100.1 4711 25\r\n");
    }

    [Test]
    public async Task The_header_comes_before_tls()
    {
        await using var server = await StartAsync(static smtp => smtp.UseImplicitTls().UseProxyProtocol(Loopback), static mail => mail.UseSelfSignedCertificate());
        using var client = await ConnectAsync(server);
        await client.GetStream().WriteAsync(Binary);
        using var tls = new SslStream(client.GetStream(), false, static (_, _, _, _) => true);
        await tls.AuthenticateAsClientAsync("mx.example.org").WaitAsync(TimeSpan.FromSeconds(30));
        await tls.WriteAsync("XWHO\r\n"u8.ToArray());
        using var reader = new StreamReader(tls);
        await reader.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(30));
        Assert.That(await reader.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(30)), Is.EqualTo("250 2.0.0 192.0.2.7:4711"));
    }

    private static Task<MailServer> StartAsync(Action<MailEndpointBuilder> configure, Action<MailServerBuilder>? more = null) => MailServer.StartAsync(mail =>
    {
        mail.HostName = "mx.example.org";
        mail.UseInMemoryStore();
        more?.Invoke(mail);
        var smtp = mail.ListenSmtp(0, static smtp => smtp.Options.AddVerb(
            "XWHO", static (context, _) => ValueTask.FromResult(new SmtpReply(250, "2.0.0", $"{context.Session.RemoteEndPoint}"))));
        configure(smtp.UseCleartext().On(IPAddress.Loopback));
    });

    private static async Task<TcpClient> ConnectAsync(MailServer server)
    {
        var client = new TcpClient();
        await client.ConnectAsync((IPEndPoint)server.Endpoints[0].EndPoint);
        return client;
    }

    /// <summary>As many lines as come, at most so many.</summary>
    private static async Task<string[]> ReadAsync(TcpClient client, int count)
    {
        var lines = new List<string>();
        try
        {
            var reader = new StreamReader(client.GetStream(), leaveOpen: true);
            while (lines.Count < count && await reader.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(30)) is { } line)
            {
                lines.Add(line);
            }
        }
        catch (Exception error) when (error is IOException or InvalidOperationException)
        {
            // A reset is as good as a close.
        }

        return [.. lines];
    }
}

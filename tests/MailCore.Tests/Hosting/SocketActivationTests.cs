using System.Net;
using System.Net.Sockets;
using MailCore.Hosting;
using MailCore.Net;
using MailCore.Tls;
using NUnit.Framework;

namespace MailCore.Tests.Hosting;

[CancelAfter(60_000)]
internal sealed class SocketActivationTests
{
    [Test]
    public async Task Endpoints_are_served_on_the_sockets_of_their_name_or_port_and_the_rest_bind()
    {
        var (smtp, imap) = (Listen(), Listen());
        var port = ((IPEndPoint)imap.LocalEndPoint!).Port;

        await using var server = await MailServer.StartAsync(mail =>
        {
            mail.UseInMemoryStore().UseInheritedSockets(() => [new("smtp", smtp), new("mailserver.socket", imap)]);
            mail.ListenSmtp(25).UseCleartext();
            mail.ListenImap(port).UseCleartext();
            mail.ListenPop3(0).UseCleartext().On(IPAddress.Loopback);
        });

        Assert.That(server.Endpoints["smtp"].EndPoint, Is.EqualTo(smtp.LocalEndPoint));
        Assert.That(await GreetingAsync(server.Endpoints["smtp"].EndPoint), Does.StartWith("220 "));
        Assert.That(await GreetingAsync(new IPEndPoint(IPAddress.Loopback, port)), Does.StartWith("* OK"));
        Assert.That(await GreetingAsync(server.Endpoints["pop3"].EndPoint), Does.StartWith("+OK"));
    }

    [Test]
    public async Task Both_families_of_an_endpoint_are_served_where_each_has_a_socket()
    {
        if (!Socket.OSSupportsIPv6)
        {
            Assert.Ignore("This machine has no IPv6.");
        }

        var (four, six) = (Listen(), Listen(IPAddress.IPv6Loopback));
        await using var server = await MailServer.StartAsync(mail =>
        {
            mail.UseInMemoryStore().UseInheritedSockets(() => [new("smtp", four), new("smtp", six)]);
            mail.ListenSmtp(25).UseCleartext();
        });

        Assert.That(await GreetingAsync(four.LocalEndPoint!), Does.StartWith("220 "));
        Assert.That(await GreetingAsync(six.LocalEndPoint!), Does.StartWith("220 "));
    }

    [Test]
    public async Task A_unix_socket_is_taken_by_its_path()
    {
        var folder = Directory.CreateTempSubdirectory("mailcore-sockets-").FullName;
        try
        {
            var place = new UnixDomainSocketEndPoint(Path.Combine(folder, "lmtp"));
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            socket.Bind(place);
            socket.Listen(5);
            await using var server = await MailServer.StartAsync(mail =>
            {
                mail.UseInMemoryStore().UseInheritedSockets(() => [new("mail.socket", socket)]);
                mail.ListenLmtp(place.ToString());
            });

            Assert.That(await GreetingAsync(place), Does.StartWith("220 "));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Test]
    public async Task A_stop_drains_and_closes_the_socket()
    {
        var socket = Listen();
        var server = await MailServer.StartAsync(mail =>
        {
            mail.UseInMemoryStore().UseInheritedSockets(() => [new("smtp", socket)]);
            mail.ListenSmtp(25).UseCleartext();
        });
        var place = server.Endpoints["smtp"].EndPoint;
        using var client = new TcpClient();
        await client.ConnectAsync((IPEndPoint)place);
        using var reader = new StreamReader(client.GetStream());
        await reader.ReadLineAsync();

        await server.StopAsync();

        Assert.That(await reader.ReadLineAsync(), Does.StartWith("421 "));
        await Assert.ThrowsAsync<SocketException>(() => GreetingAsync(place));
    }

    [Test]
    public async Task A_socket_that_is_nobodys_fails_the_start()
    {
        var socket = Listen();

        await AssertRefusedAsync("No endpoint is served on the inherited socket 'web' on 127.0.0.1:", [new("web", socket)], static mail => mail.ListenSmtp(0).UseCleartext().On(IPAddress.Loopback));

        Assert.That(() => socket.Listen(1), Throws.TypeOf<ObjectDisposedException>(), "clients must not wait for ever");
    }

    [Test]
    public async Task A_socket_that_reaches_further_than_its_endpoint_fails_the_start() =>
        await AssertRefusedAsync(
            "The inherited socket 'lmtp' on 0.0.0.0:",
            [new("lmtp", Listen(IPAddress.Any))],
            static mail => mail.ListenLmtp(24));

    [Test]
    public async Task Cleartext_logins_are_not_opened_to_the_network_by_a_socket() =>
        await AssertRefusedAsync(
            "can be reached from where endpoint 'imap'",
            [new("imap", Listen(IPAddress.Any))],
            static mail => mail.ListenImap(143).UseCleartext().AllowCleartextAuthentication().On(IPAddress.Loopback));

    [Test]
    public async Task A_name_that_is_asked_for_has_to_be_there()
    {
        await AssertRefusedAsync("Endpoint 'smtp' needs an inherited socket called 'mx'", [], static mail => mail.ListenSmtp(0).SocketName = "mx");

        var error = await Assert.ThrowsAsync<MailServerConfigurationException>(() => MailServer.StartAsync(static mail => mail.UseInMemoryStore().ListenSmtp(0).UseCleartext().SocketName = "mx"));
        Assert.That(error!.Message, Does.Contain("asks for the inherited socket 'mx'").And.Contain("UseSocketActivation"));
    }

    [Test]
    public async Task The_name_is_configured()
    {
        var socket = Listen();
        await using var server = await MailServer.StartAsync(mail =>
        {
            mail.Apply(new MailServerSettings { Listeners = { new ListenerSettings { Role = ListenerRole.Smtp, Socket = "mx", Tls = TlsMode.None } } });
            mail.UseInMemoryStore().UseInheritedSockets(() => [new("mx", socket)]);
        });

        Assert.That(await GreetingAsync(socket.LocalEndPoint!), Does.StartWith("220 "));
    }

    private static async Task AssertRefusedAsync(string expected, IReadOnlyList<InheritedSocket> sockets, Action<MailServerBuilder> configure)
    {
        var error = await Assert.ThrowsAsync<MailServerConfigurationException>(() => MailServer.StartAsync(mail =>
        {
            mail.UseInMemoryStore().UseInheritedSockets(() => sockets);
            configure(mail);
            foreach (var endpoint in mail.Endpoints)
            {
                endpoint.UseCleartext();
            }
        }));
        Assert.That(error!.Message, Does.Contain(expected));
    }

    private static Socket Listen(IPAddress? address = null)
    {
        var socket = new Socket((address ?? IPAddress.Loopback).AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(address ?? IPAddress.Loopback, 0));
        socket.Listen(10);
        return socket;
    }

    private static async Task<string?> GreetingAsync(EndPoint place)
    {
        using var socket = new Socket(place.AddressFamily, SocketType.Stream, place is IPEndPoint ? ProtocolType.Tcp : ProtocolType.Unspecified);
        await socket.ConnectAsync(place);
        using var reader = new StreamReader(new NetworkStream(socket));
        return await reader.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(30));
    }
}

using System.Net;
using System.Net.Sockets;
using MailCore.Net;
using NUnit.Framework;

namespace MailCore.Tests.Net;

[TestFixture]
[Parallelizable(ParallelScope.All)]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class SocketListenerTests
{
    private string _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("mailcore-net-").FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    [TestCase("127.0.0.1")]
    [TestCase("::1")]
    public async Task Port_0_becomes_a_real_port_that_carries_octets_both_ways(string address)
    {
        IgnoreWithoutIPv6(address);
        using var listener = SocketListener.Bind(new IPEndPoint(IPAddress.Parse(address), 0), 10);
        var bound = (IPEndPoint)listener.EndPoint;
        Assert.That(bound.Port, Is.Not.Zero);
        await EchoAsync(listener, bound);
    }

    [Test]
    public async Task The_IPv6_wildcard_takes_both_families()
    {
        IgnoreWithoutIPv6("::");
        using var listener = SocketListener.Bind(new IPEndPoint(IPAddress.IPv6Any, 0), 10);
        var port = ((IPEndPoint)listener.EndPoint).Port;
        await EchoAsync(listener, new IPEndPoint(IPAddress.Loopback, port));
        await EchoAsync(listener, new IPEndPoint(IPAddress.IPv6Loopback, port));
    }

    [Test]
    public void An_address_in_use_is_explained()
    {
        using var first = SocketListener.Bind(new IPEndPoint(IPAddress.Loopback, 0), 10);
        Assert.That(() => SocketListener.Bind(first.EndPoint, 10), Throws.TypeOf<IOException>()
            .With.Message.Contains(first.EndPoint.ToString()!).And.Message.Contains("the address is in use"));
    }

    [Test]
    public void An_address_this_machine_has_not_is_explained() =>
        Assert.That(() => SocketListener.Bind(new IPEndPoint(IPAddress.Parse("192.0.2.1"), 0), 10), Throws.TypeOf<IOException>().With.Message.Contains("no such address"));

    [Test]
    public async Task A_Unix_socket_carries_octets_and_its_file_goes_with_it()
    {
        var path = Path.Combine(_folder, "s");
        using (var listener = SocketListener.Bind(new UnixDomainSocketEndPoint(path), 10))
        {
            await EchoAsync(listener, new UnixDomainSocketEndPoint(path));
            Assert.That(File.Exists(path));
        }

        Assert.That(File.Exists(path), Is.False);
    }

    [Test]
    public async Task A_stale_Unix_socket_is_replaced()
    {
        var path = Path.Combine(_folder, "s");
        MakeStale(path);
        using var listener = SocketListener.Bind(new UnixDomainSocketEndPoint(path), 10);
        await EchoAsync(listener, new UnixDomainSocketEndPoint(path));
    }

    [Test]
    public async Task A_Unix_socket_somebody_listens_on_is_left_alone()
    {
        var path = Path.Combine(_folder, "s");
        using var first = SocketListener.Bind(new UnixDomainSocketEndPoint(path), 10);
        Assert.That(() => SocketListener.Bind(new UnixDomainSocketEndPoint(path), 10), Throws.TypeOf<IOException>().With.Message.Contains("another process is listening"));
        // The probe left a connection that ended at once.
        await (await first.AcceptAsync(static () => "probe", Fail, TimeProvider.System))!.DisposeAsync();
        await EchoAsync(first, new UnixDomainSocketEndPoint(path));
    }

    [Test]
    public void A_file_that_is_no_socket_is_never_removed()
    {
        var path = Path.Combine(_folder, "mail.txt");
        File.WriteAllText(path, "precious");
        Assert.That(() => SocketListener.Bind(new UnixDomainSocketEndPoint(path), 10), Throws.TypeOf<IOException>().With.Message.Contains("no socket"));
        Assert.That(File.ReadAllText(path), Is.EqualTo("precious"));
    }

    [Test]
    public void A_Unix_socket_in_a_folder_that_is_not_there_is_an_IOException() =>
        Assert.That(() => SocketListener.Bind(new UnixDomainSocketEndPoint(Path.Combine(_folder, "none", "s")), 10), Throws.TypeOf<IOException>().With.Message.Contains("none"));

    [Test]
    public async Task Disposal_ends_a_pending_accept()
    {
        using var listener = SocketListener.Bind(new IPEndPoint(IPAddress.Loopback, 0), 10);
        var accept = listener.AcceptAsync(static () => "never", Fail, TimeProvider.System).AsTask();
        listener.Dispose();
        Assert.That(await accept.WaitAsync(TimeSpan.FromSeconds(30)), Is.Null);
        Assert.That(await listener.AcceptAsync(static () => "never", Fail, TimeProvider.System), Is.Null);
    }

    [Test]
    public async Task A_client_that_leaves_before_it_is_accepted_does_not_end_the_listener()
    {
        using var listener = SocketListener.Bind(new IPEndPoint(IPAddress.Loopback, 0), 10);
        using (var gone = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp))
        {
            await gone.ConnectAsync(listener.EndPoint);
            gone.LingerState = new LingerOption(true, 0);
        }

        using var client = await ConnectAsync(listener.EndPoint);
        await client.SendAsync("x"u8.ToArray());
        while (true)
        {
            await using var accepted = await listener.AcceptAsync(static () => "id", Fail, TimeProvider.System);
            Assert.That(accepted, Is.Not.Null);
            try
            {
                var result = await accepted!.Transport.Input.ReadAsync();
                if (result.Buffer.Length == 1)
                {
                    break;
                }
            }
            catch (IOException)
            {
                // The one that left.
            }
        }
    }

    [Test]
    public async Task An_aborted_connection_fails_what_is_pending_and_says_that_it_is_closed()
    {
        using var listener = SocketListener.Bind(new IPEndPoint(IPAddress.Loopback, 0), 10);
        using var client = await ConnectAsync(listener.EndPoint);
        await using var connection = (await listener.AcceptAsync(static () => "id", Fail, TimeProvider.System))!;
        var read = connection.Transport.Input.ReadAsync().AsTask();
        connection.Abort(null);
        connection.Abort(null);
        Assert.That(connection.Closed.IsCancellationRequested);
        await Assert.ThatAsync(() => read, Throws.InstanceOf<IOException>());
        connection.Transport.Output.GetMemory(1);
        connection.Transport.Output.Advance(1);
        await Assert.ThatAsync(() => connection.Transport.Output.FlushAsync().AsTask(), Throws.InstanceOf<IOException>());
    }

    private static void IgnoreWithoutIPv6(string address)
    {
        if (address.Contains(':') && !Socket.OSSupportsIPv6)
        {
            Assert.Ignore("This machine has no IPv6.");
        }
    }

    private static void MakeStale(string path)
    {
        // A name bound elsewhere and moved here: .NET removes the file of the name it bound.
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(path + "-old"));
        socket.Listen(1);
        File.Move(path + "-old", path);
    }

    private static async Task<Socket> ConnectAsync(EndPoint endPoint)
    {
        var client = new Socket(endPoint.AddressFamily, SocketType.Stream, endPoint is UnixDomainSocketEndPoint ? ProtocolType.Unspecified : ProtocolType.Tcp);
        await client.ConnectAsync(endPoint);
        return client;
    }

    private static async Task EchoAsync(SocketListener listener, EndPoint endPoint)
    {
        using var client = await ConnectAsync(endPoint);
        await using var server = (await listener.AcceptAsync(static () => "id", Fail, TimeProvider.System))!;
        Assert.That(server.Id, Is.EqualTo("id"));
        await client.SendAsync("ping"u8.ToArray());
        var result = await server.Transport.Input.ReadAsync();
        Assert.That(result.Buffer.Length, Is.EqualTo(4));
        await server.Transport.Output.WriteAsync("pong!"u8.ToArray());
        await server.DisposeAsync();
        var buffer = new byte[10];
        var received = 0;
        while (await client.ReceiveAsync(buffer.AsMemory(received)) is > 0 and var count)
        {
            received += count;
        }

        Assert.That(received, Is.EqualTo(5));
    }

    private static void Fail(SocketException error) => throw error;
}

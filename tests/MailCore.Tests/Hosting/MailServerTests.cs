using System.Net;
using System.Net.Sockets;
using System.Text;
using MailCore.Hosting;
using MailCore.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using NUnit.Framework;

namespace MailCore.Tests.Hosting;

[CancelAfter(30_000)]
public class MailServerTests
{
    [Test]
    public async Task Port_zero_becomes_a_real_port_that_accepts_when_the_start_returns()
    {
        await using var server = await MailServer.StartAsync(mail => mail.Listen(0, Echo).On(IPAddress.Loopback));

        using var client = await ConnectAsync(server.Endpoints["mail"]);

        Assert.That(server.Endpoints["mail"].Port, Is.GreaterThan(0));
        Assert.That(await ReadLineAsync(client), Is.EqualTo("hello"));
    }

    [Test]
    public async Task Two_servers_in_one_process_do_not_meet()
    {
        await using var one = await MailServer.StartAsync(mail => mail.Listen(0, Echo).On(IPAddress.Loopback));
        await using var two = await MailServer.StartAsync(mail => mail.Listen(0, Echo).On(IPAddress.Loopback));

        using var client = await ConnectAsync(one.Endpoints[0]);
        await ReadLineAsync(client);

        Assert.That((one.ConnectionCount, two.ConnectionCount), Is.EqualTo((1, 0)));
    }

    [Test]
    public async Task A_taken_port_fails_the_start_says_what_to_do_and_releases_the_others()
    {
        await using var first = await MailServer.StartAsync(mail => mail.Listen(0, Echo).On(IPAddress.Loopback));
        var taken = first.Endpoints[0].Port;
        var free = FreePort();

        var error = await Assert.ThrowsAsync<IOException>(() => MailServer.StartAsync(mail =>
        {
            mail.Listen(free, Echo).On(IPAddress.Loopback);
            mail.Listen(taken, Echo).On(IPAddress.Loopback);
        }));

        Assert.That(error!.Message, Does.Contain($"127.0.0.1:{taken}").And.Contain("in use"));
        await using var again = await MailServer.StartAsync(mail => mail.Listen(free, Echo).On(IPAddress.Loopback));
        Assert.That(again.Endpoints[0].Port, Is.EqualTo(free));
    }

    [Test]
    public async Task Stopping_unbinds_then_lets_the_session_finish()
    {
        await using var server = await MailServer.StartAsync(mail => mail.Listen(0, Echo).On(IPAddress.Loopback));
        var endpoint = server.Endpoints[0];
        using var client = await ConnectAsync(endpoint);
        await ReadLineAsync(client);

        await server.StopAsync();

        Assert.That(await ReadLineAsync(client), Is.EqualTo("bye"));
        Assert.That(await ReadLineAsync(client), Is.Null);
        Assert.That(server.ConnectionCount, Is.Zero);
        await Assert.ThrowsAsync<SocketException>(() => ConnectAsync(endpoint));
    }

    [Test]
    public async Task Stopping_cuts_sessions_off_that_do_not_end_in_time()
    {
        var stuck = new TaskCompletionSource();
        await using var server = await MailServer.StartAsync(mail => mail
            .Listen(0, endpoint => endpoint.UseProtocol(new TestProtocol(async (connection, _) =>
            {
                stuck.SetResult();
                // Heeds nothing but the connection itself.
                await Task.Delay(Timeout.Infinite, connection.Closed);
            })))
            .On(IPAddress.Loopback));
        using var client = await ConnectAsync(server.Endpoints[0]);
        await stuck.Task;

        using var now = new CancellationTokenSource();
        var stop = server.StopAsync(now.Token);
        Assert.That(stop.IsCompleted, Is.False);
        await now.CancelAsync();
        await stop;

        Assert.That(server.ConnectionCount, Is.Zero);
    }

    [Test]
    public async Task A_protocol_that_throws_ends_its_connection_and_nothing_else()
    {
        await using var server = await MailServer.StartAsync(mail =>
        {
            mail.Listen(0, endpoint => endpoint.UseProtocol(new TestProtocol(async (connection, _) =>
            {
                // Not before the client is there to notice.
                await connection.Transport.Input.ReadAsync();
                throw new InvalidOperationException("a bug");
            }))).On(IPAddress.Loopback);
            mail.Listen(0, Echo).On(IPAddress.Loopback);
        });

        using var broken = await ConnectAsync(server.Endpoints["mail"]);
        using var fine = await ConnectAsync(server.Endpoints["mail-2"]);
        await broken.GetStream().WriteAsync(new byte[1]);

        Assert.That(async () => await ReadLineAsync(broken), Throws.InstanceOf<IOException>(), "a connection that failed is reset");
        Assert.That(await ReadLineAsync(fine), Is.EqualTo("hello"));
    }

    [TestCase(1)]
    [TestCase(2)]
    public async Task Connections_past_the_limit_are_told_and_closed_and_a_place_is_free_again_afterwards(int limit)
    {
        await using var server = await MailServer.StartAsync(mail =>
        {
            mail.Options.MaxConnectionsPerAddress = limit;
            mail.Listen(0, Echo).On(IPAddress.Loopback);
        });
        var held = new List<TcpClient>();
        for (var i = 0; i < limit; i++)
        {
            held.Add(await ConnectAsync(server.Endpoints[0]));
            Assert.That(await ReadLineAsync(held[i]), Is.EqualTo("hello"));
        }

        using (var extra = await ConnectAsync(server.Endpoints[0]))
        {
            Assert.That(await ReadLineAsync(extra), Is.EqualTo("busy"));
            Assert.That(await ReadLineAsync(extra), Is.Null);
        }

        held.ForEach(static client => client.Dispose());
        Assert.That(() => server.ConnectionCount, Is.Zero.After(10_000, 5));
        using var next = await ConnectAsync(server.Endpoints[0]);
        Assert.That(await ReadLineAsync(next), Is.EqualTo("hello"));
    }

    [Test]
    public async Task All_problems_are_told_at_once_and_say_what_to_change()
    {
        var error = await Assert.ThrowsAsync<MailServerConfigurationException>(() => MailServer.StartAsync(mail =>
        {
            mail.HostName = "not a name";
            mail.AddAccount("nobody");
            mail.ListenImaps(0);
            mail.Listen(0, Echo).AllowCleartextAuthentication();
        }));

        Assert.That(error!.Problems, Has.Exactly(1).Contains("HostName 'not a name'"));
        Assert.That(error.Problems, Has.Exactly(1).Contains("'nobody' is not an e-mail address"));
        Assert.That(error.Problems, Has.Exactly(1).Contains("'imaps'").And.Contains("UseCertificate"));
        Assert.That(error.Problems, Has.Exactly(1).Contains("'imaps'").And.Contains("UseSqliteStore"));
        Assert.That(error.Problems, Has.Exactly(1).Contains("cleartext from the network"));
    }

    [Test]
    public async Task Starts_and_stops_with_a_generic_host()
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Services.AddMailServer(mail => mail.Listen(0, Echo).On(IPAddress.Loopback));
        using var host = builder.Build();
        await host.StartAsync();
        var server = host.Services.GetRequiredService<MailServer>();
        using var client = await ConnectAsync(server.Endpoints[0]);
        Assert.That(await ReadLineAsync(client), Is.EqualTo("hello"));

        await host.StopAsync();

        Assert.That(await ReadLineAsync(client), Is.EqualTo("bye"));
    }

    [Test]
    public async Task Implicit_tls_is_up_before_the_protocol_runs_and_a_cleartext_client_gets_no_octet()
    {
        await using var server = await MailServer.StartAsync(mail => mail.UseSelfSignedCertificate()
            .Listen(0, endpoint => endpoint.UseImplicitTls().UseProtocol(new TestProtocol(GreetAsync))).On(IPAddress.Loopback));

        using (var plain = await ConnectAsync(server.Endpoints[0]))
        {
            await plain.GetStream().WriteAsync("EHLO x\r\n"u8.ToArray());
            var answer = new MemoryStream();
            try
            {
                await plain.GetStream().CopyToAsync(answer);
            }
            catch (IOException)
            {
                // A reset is as good as a close.
            }

            Assert.That(Encoding.Latin1.GetString(answer.ToArray()), Does.Not.Contain("hello"));
        }

        using var client = await ConnectAsync(server.Endpoints[0]);
        using var tls = new System.Net.Security.SslStream(client.GetStream(), false, (_, _, _, _) => true);
        await tls.AuthenticateAsClientAsync("localhost");
        using var reader = new StreamReader(tls);
        Assert.That(await reader.ReadLineAsync(), Is.EqualTo("hello"));
    }

    private static void Echo(MailEndpointBuilder endpoint) => endpoint.UseProtocol(new TestProtocol(GreetAsync));

    private static async Task GreetAsync(MailConnection connection, CancellationToken stopping)
    {
        await connection.Transport.Output.WriteAsync("hello\r\n"u8.ToArray());
        using var framer = new LineFramer(connection.Transport.Input, TimeProvider.System);
        using var stop = stopping.Register(framer.Interrupt);
        while (await framer.FillAsync(TimeSpan.FromMinutes(1)) == FillResult.Data)
        {
            framer.Consume(framer.Buffer.End);
        }

        await connection.Transport.Output.WriteAsync("bye\r\n"u8.ToArray());
    }

    private static async Task<TcpClient> ConnectAsync(MailEndpoint endpoint)
    {
        var client = new TcpClient();
        await client.ConnectAsync((IPEndPoint)endpoint.EndPoint);
        return client;
    }

    private static async Task<string?> ReadLineAsync(TcpClient client)
    {
        var line = new StringBuilder();
        var octet = new byte[1];
        while (await client.GetStream().ReadAsync(octet) == 1)
        {
            if (octet[0] == '\n')
            {
                return line.ToString().TrimEnd('\r');
            }

            line.Append((char)octet[0]);
        }

        return line.Length == 0 ? null : line.ToString();
    }

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }
}

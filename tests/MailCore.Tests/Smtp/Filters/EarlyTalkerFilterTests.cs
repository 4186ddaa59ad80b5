using System.Net;
using MailCore.Smtp.Filters;
using MailCore.Testing;
using NUnit.Framework;

namespace MailCore.Tests.Smtp.Filters;

[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class EarlyTalkerFilterTests
{
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(30);

    [Test]
    public async Task Who_talks_before_the_greeting_is_closed_on()
    {
        await using var server = await ShippedFilters.ServerAsync(new EarlyTalkerFilter(new EarlyTalkerOptions { Delay = Hang }));
        var (connection, session) = server.Open();
        await using var client = new SmtpTestClient(connection, session);
        await client.SendAsync("EHLO client.example\r\nMAIL FROM:<>\r\n");
        Assert.That(await client.ReadReplyAsync(), Is.EqualTo("521 5.5.1 You talked before the greeting"));
        await client.ExpectCloseAsync();
    }

    [Test]
    public async Task Who_waits_is_greeted_after_the_delay_and_not_before()
    {
        var time = new ManualTimeProvider();
        await using var server = await ShippedFilters.ServerAsync(new EarlyTalkerFilter(new EarlyTalkerOptions()));
        server.Time = time;
        var (connection, session) = server.Open();
        await using var client = new SmtpTestClient(connection, session);
        var greeting = client.ReadReplyAsync();
        // The filter's own limit and the wait for the client.
        Assert.That(SpinWait.SpinUntil(() => time.ArmedTimers >= 2, Hang), Is.True);
        time.Advance(TimeSpan.FromSeconds(4.999));
        Assert.That(greeting.IsCompleted, Is.False);
        time.Advance(TimeSpan.FromSeconds(0.001));
        Assert.That(await greeting, Does.StartWith("220 "));
        await client.SayAsync(250, "EHLO client.example");
        await client.SendMessageAsync(250, "x\r\n");
    }

    [Test]
    public async Task Loopback_is_greeted_at_once_and_so_is_who_leaves()
    {
        await using var server = await ShippedFilters.ServerAsync(new EarlyTalkerFilter(new EarlyTalkerOptions { Delay = TimeSpan.FromDays(1) }));
        server.Time = new ManualTimeProvider();
        server.Remote = new IPEndPoint(IPAddress.Loopback, 1);
        await using var client = await server.GreetAsync();
        server.Remote = new IPEndPoint(IPAddress.Parse("192.0.2.7"), 1);
        var (connection, session) = server.Open();
        connection.FinishClientWriting();
        await session.WaitAsync(Hang);
    }

    [Test]
    public async Task A_server_that_stops_does_not_wait_for_the_delay()
    {
        await using var server = await ShippedFilters.ServerAsync(new EarlyTalkerFilter(new EarlyTalkerOptions { Delay = TimeSpan.FromDays(1) }));
        server.Time = new ManualTimeProvider();
        var (connection, session) = server.Open();
        await using var client = new SmtpTestClient(connection, session);
        await server.Stopping.CancelAsync();
        await client.ExpectAsync(220);
        await client.ExpectAsync(421);
        await client.ExpectCloseAsync();
    }

    [Test]
    public async Task A_client_that_a_proxy_brings_in_is_not_waited_for()
    {
        await using var server = await ShippedFilters.ServerAsync(new EarlyTalkerFilter(new EarlyTalkerOptions { Delay = TimeSpan.FromDays(1) }));
        server.Options.XClientFrom.Add(IPNetwork.Parse("127.0.0.1/32"));
        server.Remote = new IPEndPoint(IPAddress.Loopback, 1);
        await using var client = await server.GreetAsync();
        await client.SendAsync("XCLIENT ADDR=198.51.100.1\r\nEHLO client.example\r\n");
        await client.ExpectAsync(220);
        await client.ExpectAsync(250);
    }

    [Test]
    public async Task Waiting_for_the_client_is_for_the_connect_stage_only()
    {
        Exception? error = null;
        await using var server = await ShippedFilters.ServerAsync(new StubFilter
        {
            Hello = context =>
            {
                error = context.WaitForInputAsync(TimeSpan.FromSeconds(1)).AsTask().Exception?.InnerException;
                return default;
            },
        });
        await using var client = await server.GreetAsync();
        Assert.That(error, Is.InstanceOf<InvalidOperationException>());
    }
}

using System.Net;
using MailCore.Smtp.Filters;
using MailCore.Testing;
using NUnit.Framework;

namespace MailCore.Tests.Smtp.Filters;

[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class RateLimitFilterTests
{
    private static readonly RateLimit ThreeAnHour = new(3, TimeSpan.FromHours(1));

    [Test]
    public async Task An_address_may_send_so_many_messages_and_gets_them_back_evenly()
    {
        var time = new ManualTimeProvider();
        await using var server = await ServerAsync(time, static options => options.MessagesPerAddress = ThreeAnHour);
        await using var client = await server.GreetAsync();
        for (var i = 0; i < 3; i++)
        {
            await client.SayAsync(250, "MAIL FROM:<>");
            await client.SayAsync(250, "RSET");
        }

        Assert.That(await client.SayAsync(450, "MAIL FROM:<>"), Does.StartWith("450 4.7.1 "));
        time.Advance(TimeSpan.FromMinutes(20) - TimeSpan.FromTicks(1));
        await client.SayAsync(450, "MAIL FROM:<>");
        time.Advance(TimeSpan.FromTicks(1));
        await client.SayAsync(250, "MAIL FROM:<>");
        await client.SayAsync(250, "RSET");
        await client.SayAsync(450, "MAIL FROM:<>");
        server.Remote = new IPEndPoint(IPAddress.Parse("192.0.2.8"), 1);
        await using var other = await server.GreetAsync();
        await other.SayAsync(250, "MAIL FROM:<>");
    }

    [Test]
    public async Task A_login_has_its_own_limits_wherever_it_comes_from()
    {
        await using var server = await ServerAsync(new ManualTimeProvider(), static options =>
        {
            options.MessagesPerAddress = new RateLimit(1, TimeSpan.FromHours(1));
            options.MessagesPerIdentity = new RateLimit(2, TimeSpan.FromHours(1));
        });
        for (var i = 0; i < 3; i++)
        {
            server.Remote = new IPEndPoint(IPAddress.Parse($"192.0.2.{i + 10}"), 1);
            await using var client = await server.GreetAsync();
            await client.LoginAsync();
            await client.SayAsync(i < 2 ? 250 : 450, "MAIL FROM:<bob@example.org>");
        }
    }

    [Test]
    public async Task Recipients_are_counted_apart_from_messages()
    {
        await using var server = await ServerAsync(new ManualTimeProvider(), static options =>
        {
            options.RecipientsPerAddress = new RateLimit(2, TimeSpan.FromHours(1));
            options.RecipientsPerIdentity = new RateLimit(1, TimeSpan.FromHours(1));
        });
        await using var client = await server.GreetAsync();
        await client.SayAsync(250, "MAIL FROM:<>");
        await client.SayAsync(250, "RCPT TO:<bob@example.org>");
        await client.SayAsync(550, "RCPT TO:<nobody@example.org>");
        await client.SayAsync(250, "RCPT TO:<alice@example.org>");
        await client.SayAsync(450, "RCPT TO:<all@example.org>");
        await client.SayAsync(250, "RSET");
        await client.LoginAsync();
        await client.SayAsync(250, "MAIL FROM:<bob@example.org>");
        await client.SayAsync(250, "RCPT TO:<bob@example.org>");
        await client.SayAsync(450, "RCPT TO:<alice@example.org>");
    }

    [Test]
    public async Task An_IPv6_site_is_one_address_and_loopback_is_not_counted()
    {
        await using var server = await ServerAsync(new ManualTimeProvider(), static options => options.MessagesPerAddress = new RateLimit(1, TimeSpan.FromHours(1)));
        foreach (var (address, code) in new[] { ("2001:db8::1", 250), ("2001:db8::ffff:2", 450), ("2001:db8:0:1::1", 250), ("::1", 250), ("::1", 250) })
        {
            server.Remote = new IPEndPoint(IPAddress.Parse(address), 1);
            await using var client = await server.GreetAsync();
            await client.SayAsync(code, "MAIL FROM:<>");
        }
    }

    [Test]
    public void Keys_are_bounded_and_those_over_their_allowance_stay()
    {
        var time = new ManualTimeProvider();
        var counter = new RateCounter(new RateLimit(2, TimeSpan.FromHours(1)), time);
        Assert.That((counter.TryCount("busy"), counter.TryCount("busy"), counter.TryCount("busy")), Is.EqualTo((true, true, false)));
        for (var i = 0; i < RateCounter.MaxKeys + 10; i++)
        {
            counter.TryCount($"key {i}");
        }

        Assert.That(counter.Keys, Is.LessThanOrEqualTo(RateCounter.MaxKeys));
        Assert.That(counter.TryCount("busy"), Is.False);
    }

    [Test]
    public void A_limit_is_positive([Values(0, -1)] int count) =>
        Assert.That(() => new RateLimitFilter(new RateLimitOptions { MessagesPerAddress = new RateLimit(count, TimeSpan.FromHours(1)) }, TimeProvider.System), Throws.InstanceOf<ArgumentOutOfRangeException>());

    private static Task<SmtpTestServer> ServerAsync(ManualTimeProvider time, Action<RateLimitOptions> configure)
    {
        var options = new RateLimitOptions();
        configure(options);
        return ShippedFilters.ServerAsync(new RateLimitFilter(options, time));
    }
}

using System.Net;
using MailCore.Net;
using MailCore.Smtp;
using MailCore.Smtp.Filters;
using MailCore.Storage;
using MailCore.Storage.InMemory;
using MailCore.Testing;
using NUnit.Framework;

namespace MailCore.Tests.Smtp.Filters;

[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class GreylistFilterTests
{
    [Test]
    public async Task A_first_contact_comes_back_after_the_delay_and_passes_from_then_on()
    {
        var time = new ManualTimeProvider();
        await using var server = await ServerAsync(time);
        Assert.That(await ShippedFilters.RecipientAsync(server), Is.EqualTo("451 4.7.1 Greylisted, try again in 300 seconds"));
        time.Advance(TimeSpan.FromSeconds(299));
        Assert.That(await ShippedFilters.RecipientAsync(server), Is.EqualTo("451 4.7.1 Greylisted, try again in 1 seconds"), "trying again does not begin it anew");
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.That(await ShippedFilters.RecipientAsync(server), Does.StartWith("250"));
        Assert.That(await ShippedFilters.RecipientAsync(server), Does.StartWith("250"));
        time.Advance(TimeSpan.FromDays(34));
        Assert.That(await ShippedFilters.RecipientAsync(server), Does.StartWith("250"), "which makes it last for longer");
        time.Advance(TimeSpan.FromDays(34));
        Assert.That(await ShippedFilters.RecipientAsync(server), Does.StartWith("250"));
        time.Advance(TimeSpan.FromDays(35));
        Assert.That(await ShippedFilters.RecipientAsync(server), Does.StartWith("451"));
    }

    [Test]
    public async Task A_triplet_is_a_network_a_sender_and_a_recipient()
    {
        var time = new ManualTimeProvider();
        await using var server = await ServerAsync(time);
        await ShippedFilters.RecipientAsync(server, from: "list-1234@elsewhere.example");
        time.Advance(TimeSpan.FromMinutes(5));
        Assert.That(await ShippedFilters.RecipientAsync(server, from: "list-1234@elsewhere.example", to: "alice@example.org"), Does.StartWith("451"));
        Assert.That(await ShippedFilters.RecipientAsync(server, from: "other@elsewhere.example"), Does.StartWith("451"));
        Assert.That(await ShippedFilters.RecipientAsync(server, from: ""), Does.StartWith("451"));
        server.Remote = new IPEndPoint(IPAddress.Parse("192.0.3.7"), 1);
        Assert.That(await ShippedFilters.RecipientAsync(server, from: "list-1234@elsewhere.example"), Does.StartWith("451"));
        server.Remote = new IPEndPoint(IPAddress.Parse("192.0.2.99"), 1);
        Assert.That(await ShippedFilters.RecipientAsync(server, from: "LIST-5678@elsewhere.example"), Does.StartWith("250"), "the pool and the list's numbers");
    }

    [Test]
    public async Task Who_does_not_come_back_in_time_is_forgotten()
    {
        var time = new ManualTimeProvider();
        await using var server = await ServerAsync(time);
        await ShippedFilters.RecipientAsync(server);
        time.Advance(TimeSpan.FromDays(2));
        Assert.That(await ShippedFilters.RecipientAsync(server), Does.StartWith("451"));
    }

    [Test]
    public async Task A_network_that_came_back_often_is_trusted()
    {
        var time = new ManualTimeProvider();
        await using var server = await ServerAsync(time, static options => options.TrustNetworkAfter = 2);
        foreach (var from in new[] { "a@elsewhere.example", "b@elsewhere.example" })
        {
            Assert.That(await ShippedFilters.RecipientAsync(server, from), Does.StartWith("451"));
            time.Advance(TimeSpan.FromMinutes(5));
            Assert.That(await ShippedFilters.RecipientAsync(server, from), Does.StartWith("250"));
        }

        Assert.That(await ShippedFilters.RecipientAsync(server, "c@elsewhere.example"), Does.StartWith("250"));
    }

    [Test]
    public async Task Who_is_known_costs_a_write_a_day()
    {
        var time = new ManualTimeProvider();
        var state = new CountingState(new InMemoryServerState(time));
        await using var server = await ShippedFilters.ServerAsync(new GreylistFilter(new GreylistOptions(), state, time));
        await ShippedFilters.RecipientAsync(server);
        time.Advance(TimeSpan.FromMinutes(5));
        await ShippedFilters.RecipientAsync(server);
        var writes = state.Writes;
        for (var i = 0; i < 10; i++)
        {
            time.Advance(TimeSpan.FromHours(12));
            Assert.That(await ShippedFilters.RecipientAsync(server), Does.StartWith("250"));
        }

        Assert.That(state.Writes - writes, Is.EqualTo(5));
    }

    [Test]
    public async Task Logins_and_exempt_networks_do_not_wait()
    {
        await using var server = await ServerAsync(new ManualTimeProvider(), static options => options.Exempt.Add(IPNetwork.Parse("198.51.100.0/24")));
        Assert.That(await ShippedFilters.RecipientAsync(server, from: "bob@example.org", login: true), Does.StartWith("250"));
        server.Remote = new IPEndPoint(IPAddress.Parse("198.51.100.1"), 1);
        Assert.That(await ShippedFilters.RecipientAsync(server), Does.StartWith("250"));
        server.Options.TrustedNetworks = TrustedNetworks.Parse("203.0.113.0/24");
        server.Remote = new IPEndPoint(IPAddress.Parse("203.0.113.9"), 1);
        Assert.That(await ShippedFilters.RecipientAsync(server), Does.StartWith("250"));
        server.Remote = new IPEndPoint(IPAddress.Parse("127.0.0.1"), 1);
        Assert.That(await ShippedFilters.RecipientAsync(server), Does.StartWith("250"));
    }

    [TestCase(SmtpFilterFailure.Pass, "250")]
    [TestCase(SmtpFilterFailure.TryLater, "451 4.3.0")]
    public async Task A_state_that_fails_has_the_outcome_that_was_chosen(SmtpFilterFailure onFailure, string expected)
    {
        await using var server = await ShippedFilters.ServerAsync(new GreylistFilter(new GreylistOptions(), new BrokenState(), TimeProvider.System), onFailure: onFailure);
        Assert.That(await ShippedFilters.RecipientAsync(server), Does.StartWith(expected));
    }

    private static Task<SmtpTestServer> ServerAsync(ManualTimeProvider time, Action<GreylistOptions>? configure = null)
    {
        var options = new GreylistOptions();
        configure?.Invoke(options);
        return ShippedFilters.ServerAsync(new GreylistFilter(options, new InMemoryServerState(time), time));
    }

    private sealed class CountingState(IServerState inner) : IServerState
    {
        public int Writes { get; private set; }

        public ValueTask<byte[]?> GetAsync(string key, CancellationToken cancellationToken) => inner.GetAsync(key, cancellationToken);

        public ValueTask SetAsync(string key, ReadOnlyMemory<byte>? value, DateTimeOffset expires, CancellationToken cancellationToken)
        {
            Writes++;
            return inner.SetAsync(key, value, expires, cancellationToken);
        }
    }

    private sealed class BrokenState : IServerState
    {
        public ValueTask<byte[]?> GetAsync(string key, CancellationToken cancellationToken) => throw new IOException("down");

        public ValueTask SetAsync(string key, ReadOnlyMemory<byte>? value, DateTimeOffset expires, CancellationToken cancellationToken) => throw new IOException("down");
    }
}

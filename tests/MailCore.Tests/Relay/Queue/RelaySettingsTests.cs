using System.Net;
using MailCore.Hosting;
using MailCore.Relay;
using Microsoft.Extensions.Configuration;
using NUnit.Framework;

namespace MailCore.Tests.Relay.Queue;

/// <summary>The keys of <c>Mail:Relay</c> about the queue.</summary>
public class RelaySettingsTests
{
    [Test]
    public async Task The_queue_s_keys_are_read()
    {
        RelayOptions options = null!;
        await using var server = await StartAsync(
            mail => mail.UseRelay(relay => options = relay.Options),
            ("Enabled", "true"), ("MinimumDelay", "00:01:00"), ("MaximumDelay", "00:10:00"), ("Lifetime", "2.00:00:00"), ("WarnAfter", "00:00:00"),
            ("MaxConnections", "30"), ("MaxConnectionsPerDestination", "7"), ("DoubleBouncesTo", "postmaster@example.org"));

        Assert.That(options.Schedule, Is.EqualTo(new RetrySchedule
        {
            MinimumDelay = TimeSpan.FromMinutes(1),
            MaximumDelay = TimeSpan.FromMinutes(10),
            Lifetime = TimeSpan.FromDays(2),
            WarnAfter = null,
        }));
        Assert.That((options.MaxConnections, options.MaxConnectionsPerDestination, options.DoubleBouncesTo?.ToString()), Is.EqualTo((30, 7, "postmaster@example.org")));
        Assert.That(server.Relay, Is.Not.Null);
    }

    [Test]
    public async Task What_is_not_said_keeps_its_default()
    {
        RelayOptions options = null!;
        await using var server = await StartAsync(mail => mail.UseRelay(relay => options = relay.Options), ("Enabled", "true"), ("WarnAfter", "02:00:00"));

        Assert.That(options.Schedule, Is.EqualTo(new RetrySchedule { WarnAfter = TimeSpan.FromHours(2) }));
        Assert.That((options.MaxConnections, options.MaxConnectionsPerDestination, options.DoubleBouncesTo?.ToString()), Is.EqualTo((100, 20, null as string)));
    }

    [TestCase("Enabled", "false")]
    public async Task Without_Enabled_there_is_no_queue(string key, string value)
    {
        await using var server = await StartAsync(static _ => { }, (key, value));

        Assert.That(server.Relay, Is.Null);
    }

    [TestCase("MinimumDeley", "00:01:00", "MinimumDeley")]
    [TestCase("Enabled", "perhaps", "perhaps")]
    [TestCase("MinimumDelay", "soon", "soon")]
    [TestCase("MinimumDelay", "00:00:00", "maximum delay no less than its minimum")]
    [TestCase("MinimumDelay", "02:00:00", "maximum delay no less than its minimum")]
    [TestCase("Lifetime", "-00:00:01", "longer than nothing")]
    [TestCase("WarnAfter", "-00:00:01", "longer than nothing")]
    [TestCase("MaxConnections", "0", "MaxConnections is 0")]
    [TestCase("MaxConnections", "many", "many")]
    [TestCase("MaxConnectionsPerDestination", "-1", "MaxConnectionsPerDestination is -1")]
    [TestCase("DoubleBouncesTo", "nobody", "'nobody' is not an e-mail address")]
    public void What_is_wrong_there_is_a_problem_of_the_start(string key, string value, string problem) => Assert.That(
        () => StartAsync(static _ => { }, (key, value), ("Enabled", "true")), Throws.TypeOf<MailServerConfigurationException>().With.Message.Contains(problem));

    private static Task<MailServer> StartAsync(Action<MailServerBuilder> configure, params (string Key, string Value)[] keys)
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(keys.DistinctBy(static one => one.Key).Select(static one => KeyValuePair.Create("Relay:" + one.Key, (string?)one.Value))).Build();
        return MailServer.StartAsync(mail =>
        {
            mail.HostName = "mx.example.org";
            mail.Apply(MailServerSettings.Read(configuration)).UseInMemoryStore().UseSelfSignedCertificate().ListenSmtp(0).On(IPAddress.Loopback);
            configure(mail);
        });
    }
}

using System.Diagnostics.Metrics;
using System.Net;
using MailCore.Authentication;
using MailCore.Storage;
using MailCore.Storage.InMemory;
using MailCore.Testing;
using MailCore.Tests.Pop3;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;

namespace MailCore.Tests.Authentication;

[TestFixture]
[CancelAfter(60_000)]
internal sealed class LoginBansTests
{
    private static readonly AuthenticationContext Here = From("192.0.2.1");
    private static readonly AuthenticationContext There = From("198.51.100.7");
    private static readonly AuthenticationContext Loopback = From("127.0.0.1");

    private ManualTimeProvider _time = null!;
    private CollectedLog _log = null!;
    private LoginOptions _options = null!;
    private LoginService _login = null!;

    [SetUp]
    public void SetUp()
    {
        (_time, _log) = (new ManualTimeProvider(), new CollectedLog());
        var users = new InMemoryAuthenticator(iterations: 1_000);
        users.SetPassword("bob", new AccountId("b"), "secret");
        users.SetPassword("alice", new AccountId("a"), "secret");
        _options = LoginServices.WithoutDelay();
        _login = new LoginService(users, _options, _time, _log.CreateLogger<LoginService>());
    }

    [TearDown]
    public void TearDown()
    {
        _login.Dispose();
        _log.Dispose();
    }

    [TestCase(9, false)]
    [TestCase(10, true)]
    public async Task Ten_failures_within_a_minute_ban_the_network(int failures, bool isBanned)
    {
        await FailAsync(Here, failures);

        Assert.That(await LogInAsync(Here), Is.InstanceOf(isBanned ? typeof(AuthenticationResult.TryLater) : typeof(AuthenticationResult.Ok)));
        Assert.That(await LogInAsync(There), Is.InstanceOf<AuthenticationResult.Ok>());
    }

    [TestCase(49, false)]
    [TestCase(50, true)]
    public async Task Fifty_failures_within_a_day_ban_the_network_however_slow_they_come(int failures, bool isBanned)
    {
        for (var i = 0; i < failures; i++)
        {
            await FailAsync(Here, 1);
            _time.Advance(TimeSpan.FromMinutes(5));
        }

        Assert.That(_login.Bans.Find(Here.RemoteEndPoint), isBanned ? Is.Not.Null : Is.Null);
    }

    [Test]
    public async Task A_success_in_between_does_not_lift_the_count()
    {
        for (var i = 0; i < 10; i++)
        {
            await FailAsync(Here, 1);
            await LogInAsync(Here);
        }

        Assert.That(_login.Bans.List(), Has.Count.EqualTo(1));
    }

    [Test]
    public async Task A_ban_expires()
    {
        await FailAsync(Here, 10);
        _time.Advance(TimeSpan.FromHours(1) - TimeSpan.FromTicks(1));
        Assert.That(await LogInAsync(Here), Is.InstanceOf<AuthenticationResult.TryLater>());

        _time.Advance(TimeSpan.FromTicks(1));

        Assert.That(await LogInAsync(Here), Is.InstanceOf<AuthenticationResult.Ok>());
        await FailAsync(Here, 9);
        Assert.That(_login.Bans.List(), Is.Empty, "the failures of before count no more");
    }

    [TestCase("2001:db8:0:100::1", "2001:db8:0:1ff:ffff::9", true)]
    [TestCase("2001:db8:0:100::1", "2001:db8:0:200::1", false)]
    [TestCase("192.0.2.1", "::ffff:192.0.2.1", true)]
    [TestCase("192.0.2.1", "192.0.2.2", false)]
    public async Task A_network_is_an_ipv4_address_or_an_ipv6_56(string failing, string trying, bool isBanned)
    {
        await FailAsync(From(failing), 10);

        Assert.That(_login.Bans.Find(From(trying).RemoteEndPoint), isBanned ? Is.Not.Null : Is.Null);
    }

    [Test]
    public async Task Networks_on_the_allow_list_are_never_banned()
    {
        _options.AllowList.Add(IPNetwork.Parse("192.0.2.0/24"));

        await FailAsync(Here, 60);
        await FailAsync(Loopback, 60, "alice");

        Assert.That(await LogInAsync(Here), Is.InstanceOf<AuthenticationResult.Ok>());
        Assert.That(await LogInAsync(Loopback), Is.InstanceOf<AuthenticationResult.Ok>());
    }

    [Test]
    public async Task On_the_allow_list_one_users_failures_delay_no_other_user()
    {
        _options.FailureDelay = TimeSpan.FromSeconds(2);
        var first = FailOnceAsync("bob");
        _time.Advance(TimeSpan.FromSeconds(2));
        await first;

        var second = FailOnceAsync("alice");
        _time.Advance(TimeSpan.FromSeconds(2));

        Assert.That(await second, Is.InstanceOf<AuthenticationResult.Rejected>());

        Task<AuthenticationResult> FailOnceAsync(string user) => _login.VerifyPasswordAsync(user, "wrong", Loopback, default).AsTask();
    }

    [TestCase("bob")]
    [TestCase("nobody")]
    public async Task Failures_from_everywhere_ban_the_user_known_or_not(string user)
    {
        for (var i = 0; i < 100; i++)
        {
            await FailAsync(From($"203.0.113.{i}"), 1, user);
        }

        Assert.That(_login.Bans.List().Single().User, Is.EqualTo(user));
        Assert.That(await _login.VerifyPasswordAsync(user.ToUpperInvariant(), "secret", Here, default), Is.InstanceOf<AuthenticationResult.TryLater>());
        Assert.That(await _login.VerifyPasswordAsync("alice", "secret", Here, default), Is.InstanceOf<AuthenticationResult.Ok>());
        _time.Advance(TimeSpan.FromMinutes(15));
        Assert.That(await LogInAsync(Here), Is.InstanceOf<AuthenticationResult.Ok>());
    }

    [Test]
    public async Task A_banned_client_is_told_to_try_later_whatever_the_mechanism_and_nothing_is_checked()
    {
        _login.Bans.Ban(((IPEndPoint)Here.RemoteEndPoint!).Address, TimeSpan.FromHours(1), "by hand");

        foreach (var client in new ClientMechanism[] { OneMessage.Plain("bob", "secret"), new ClientScram("SCRAM-SHA-256", "bob", "secret") })
        {
            Assert.That(await _login.ResultAsync(client, Here), Is.EqualTo(new AuthenticationResult.TryLater("banned")), client.Name);
        }
    }

    [Test]
    public async Task The_host_reads_and_lifts_bans()
    {
        await FailAsync(Here, 10);
        _login.Bans.Ban("alice", TimeSpan.FromMinutes(1), "by hand");
        Assert.That(
            _login.Bans.List().Select(static ban => (ban.Network?.ToString(), ban.User, ban.Reason)),
            Is.EquivalentTo(new (string?, string?, string)[] { ("192.0.2.1/32", null, "failed logins"), (null, "alice", "by hand") }));

        Assert.That(_login.Bans.Lift(IPAddress.Parse("192.0.2.1")), Is.True);
        Assert.That(_login.Bans.Lift(IPAddress.Parse("192.0.2.1")), Is.False);
        Assert.That(_login.Bans.Lift("Alice"), Is.True);
        Assert.That(await LogInAsync(Here), Is.InstanceOf<AuthenticationResult.Ok>());
        await FailAsync(Here, 10);
        _login.Bans.Clear();
        Assert.That(await LogInAsync(Here), Is.InstanceOf<AuthenticationResult.Ok>());
    }

    [Test]
    public async Task A_ban_is_logged_and_measured()
    {
        var seen = new List<string>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Meter.Name == LoginMetrics.MeterName)
            {
                self.EnableMeasurementEvents(instrument);
            }
        };
        // Other tests measure at the same time: this one's are told by the protocol.
        listener.SetMeasurementEventCallback<long>((instrument, _, tags, _) =>
        {
            var text = $"{instrument.Name} {string.Join(' ', tags.ToArray().Select(static tag => tag.Value))}";
            if (text.Contains("ban-test", StringComparison.Ordinal))
            {
                lock (seen)
                {
                    seen.Add(text);
                }
            }
        });
        listener.Start();
        var context = Here with { Protocol = "ban-test" };

        await FailAsync(context, 10);
        await _login.VerifyPasswordAsync("bob", "secret", context, default);
        await _login.VerifyPasswordAsync("bob", "secret", context with { RemoteEndPoint = There.RemoteEndPoint }, default);

        Assert.That(seen.CountBy(static text => text).ToDictionary(), Is.EquivalentTo(new Dictionary<string, int>
        {
            ["mailcore.logins ban-test password rejected"] = 10,
            ["mailcore.logins ban-test password banned"] = 1,
            ["mailcore.logins ban-test password accepted"] = 1,
        }));
        Assert.That(_log.Lines.Where(static line => line.Level == LogLevel.Warning).Select(static line => line.Text), Has.One.Contains("192.0.2.1/32 is banned from logging in until"));
    }

    [Test]
    public async Task Bans_and_the_salts_of_unknown_users_outlive_the_process()
    {
        var state = new InMemoryServerState(_time);
        var kept = await LoginState.AttachAsync(_login, state, _time, NullLogger<LoginService>.Instance, default);
        await FailAsync(Here, 10);
        _login.Bans.Ban("alice", TimeSpan.FromMinutes(1), "by\thand");
        while (!kept.Saved.IsCompleted)
        {
            await kept.Saved;
        }

        using var next = LoginServices.Over(new InMemoryAuthenticator(1_000), time: _time);
        await LoginState.AttachAsync(next, state, _time, NullLogger<LoginService>.Instance, default);

        Assert.That(next.Bans.List().Select(static ban => (ban.Network?.ToString(), ban.User)), Is.EquivalentTo(_login.Bans.List().Select(static ban => (ban.Network?.ToString(), ban.User))));
        Assert.That(next.MakeUpSalt("nobody", ScramHash.Sha1), Is.EqualTo(_login.MakeUpSalt("nobody", ScramHash.Sha1)));
        Assert.That(next.MakeUpSalt("nobody", ScramHash.Sha256), Is.Not.EqualTo(_login.MakeUpSalt("nobody", ScramHash.Sha1)));
    }

    [Test]
    public void Memory_has_a_cap_however_many_networks_fail()
    {
        var failures = new LoginFailures(_options, _time);
        for (var i = 0; i < 50_000; i++)
        {
            failures.Record(new IPEndPoint(new IPAddress(BitConverter.GetBytes(i)), 1), $"user{i}");
        }

        Assert.That(failures.Count, Is.LessThanOrEqualTo(20_000));
    }

    private static AuthenticationContext From(string address) => new("imap", new IPEndPoint(IPAddress.Parse(address), 1000), IsSecured: true);

    private async Task FailAsync(AuthenticationContext from, int times, string user = "bob")
    {
        for (var i = 0; i < times; i++)
        {
            Assert.That(await _login.VerifyPasswordAsync(user, "wrong", from, default), Is.InstanceOf<AuthenticationResult.Rejected>(), $"failure {i + 1}");
        }
    }

    private ValueTask<AuthenticationResult> LogInAsync(AuthenticationContext from) => _login.VerifyPasswordAsync("bob", "secret", from, default);
}

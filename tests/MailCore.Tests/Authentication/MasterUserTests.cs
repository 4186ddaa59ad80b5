using System.Net;
using System.Net.Security;
using MailCore.Authentication;
using MailCore.Hosting;
using MailCore.Tests.Pop3;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using NUnit.Framework;

namespace MailCore.Tests.Authentication;

/// <summary>A master user as clients see it, over the three protocols.</summary>
[CancelAfter(120_000)]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class MasterUserTests : IDisposable
{
    private const string Alice = "alice@example.org";
    private const string Password = "alice-horse-battery-93";
    private const string MasterPassword = "master-staple-tower-17";

    private readonly CollectedLog _log = new();
    private MailServer? _server;

    [TearDown]
    public async Task StopAsync() => await (_server?.DisposeAsync() ?? default);

    public void Dispose() => _log.Dispose();

    [Test]
    public async Task A_master_logs_in_as_a_user([Values("imap", "pop3")] string protocol, [Values("PLAIN", "PLAIN on behalf", "PLAIN twice the name", "LOGIN", "SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-256 on behalf")] string way)
    {
        await StartAsync();
        await using var client = await ConnectAsync(protocol);

        Assert.That(await client.LogInAsync(Make(way, "Mover", MasterPassword)), Does.StartWith(protocol == "imap" ? "a OK" : "+OK"));

        Assert.That(await client.IsLoggedInAsync(), Is.True);
        Assert.That(_log.Lines.Select(static line => line.Text), Has.Some.Contains($"Master user mover logged in as {Alice} by {protocol} ({way.Split(' ')[0]}) from 127.0.0.1:"));
        Assert.That(_log.Lines.Select(static line => line.Text), Has.None.Contains(MasterPassword));
    }

    [Test]
    public async Task The_mail_is_the_users()
    {
        await StartAsync();
        await using (var alice = await ConnectAsync("imap"))
        {
            await alice.LogInAsync(OneMessage.Plain(Alice, Password));
            Assert.That(await alice.AskAsync("c CREATE Hers"), Does.StartWith("c OK"));
        }

        await using var master = await ConnectAsync("imap");
        Assert.That(await master.AskAsync($"a LOGIN \"{Alice}*mover\" {MasterPassword}"), Does.StartWith("a OK"));
        Assert.That(await master.AskAsync("b LIST \"\" Hers"), Does.StartWith("* LIST").And.EndWith(" Hers"));

        await using var pop3 = await ConnectAsync("pop3");
        await pop3.AskAsync($"USER {Alice}*mover");
        Assert.That(await pop3.AskAsync($"PASS {MasterPassword}"), Does.StartWith("+OK"));
    }

    [TestCase($"{Alice}*mover", "wrong", "")]
    [TestCase($"{Alice}*mover", Password, "")]
    [TestCase($"{Alice}*nobody", MasterPassword, "")]
    [TestCase("nobody@example.org*mover", MasterPassword, "")]
    [TestCase("info@example.org*mover", MasterPassword, "", Description = "an alias has no mailbox")]
    [TestCase("mover", MasterPassword, "")]
    [TestCase("*mover", MasterPassword, "")]
    [TestCase($"{Alice}*", MasterPassword, "")]
    [TestCase("mover", MasterPassword, "nobody@example.org")]
    [TestCase("mover", "wrong", Alice)]
    [TestCase("mover", MasterPassword, "mover")]
    [TestCase($"{Alice}*mover", MasterPassword, "bob@example.org")]
    [TestCase(Alice, Password, "bob@example.org")]
    public async Task Anything_else_is_rejected(string user, string password, string authorization)
    {
        await StartAsync();
        await using var client = await ConnectAsync("imap");

        Assert.That(await client.LogInAsync(OneMessage.Plain(user, password, authorization)), Does.StartWith("a NO [AUTHENTICATIONFAILED]"));

        Assert.That(await client.IsLoggedInAsync(), Is.False);
    }

    [Test]
    public async Task A_wrong_proof_and_a_user_that_is_not_there_end_scram_alike()
    {
        await StartAsync();
        foreach (var client in new[]
        {
            new ClientScram("SCRAM-SHA-256", $"{Alice}*mover", "wrong"),
            new ClientScram("SCRAM-SHA-256", "nobody@example.org*mover", MasterPassword),
            new ClientScram("SCRAM-SHA-256", "hashed", MasterPassword) { Header = $"n,a={Alice}," },
        })
        {
            await using var connection = await ConnectAsync("imap");
            Assert.That(await connection.LogInAsync(client), Does.StartWith("a NO [AUTHENTICATIONFAILED]"));
        }
    }

    [Test]
    public async Task A_hash_is_enough_for_passwords()
    {
        await StartAsync();
        await using var client = await ConnectAsync("imap");

        Assert.That(await client.LogInAsync(OneMessage.Plain($"{Alice}*hashed", MasterPassword)), Does.StartWith("a OK"));
    }

    [Test]
    public async Task Mail_is_not_submitted_as_a_user_unless_that_is_allowed([Values("PLAIN", "PLAIN on behalf", "SCRAM-SHA-256")] string way)
    {
        await StartAsync();
        await using (var client = await ConnectAsync("smtp"))
        {
            Assert.That(await client.LogInAsync(Make(way, "mover", MasterPassword)), Does.StartWith("535 5.7.8"));
            Assert.That(await client.AskAsync($"MAIL FROM:<{Alice}>"), Does.StartWith("530"));
            Assert.That(_log.Lines.Select(static line => line.Text), Has.Some.Contains($"Master user mover may not submit mail, and tried to as {Alice}"));
        }

        await using var allowed = await ConnectAsync("smtp");
        Assert.That(await allowed.LogInAsync(Make(way, "sender", MasterPassword)), Does.StartWith("235"));
        Assert.That(await allowed.AskAsync("MAIL FROM:<bob@example.org>"), Does.StartWith("553 5.7.1"), "as the user, and as nobody else");
        Assert.That(await allowed.AskAsync($"MAIL FROM:<{Alice}>"), Does.StartWith("250"));
    }

    [Test]
    public async Task Nobody_is_a_master_by_default()
    {
        await StartAsync(static _ => { });
        await using var client = await ConnectAsync("imap");

        Assert.That(await client.LogInAsync(OneMessage.Plain($"{Alice}*mover", MasterPassword)), Does.StartWith("a NO"));
        Assert.That(await client.LogInAsync(OneMessage.Plain("mover", MasterPassword, Alice)), Does.StartWith("a NO"));
        Assert.That(await client.LogInAsync(OneMessage.Plain(Alice, Password)), Does.StartWith("a OK"));
    }

    [Test]
    public async Task The_separator_can_be_another_or_none()
    {
        await StartAsync(static masters =>
        {
            Add(masters);
            masters.Separator = '%';
        });
        await using (var client = await ConnectAsync("imap"))
        {
            Assert.That(await client.LogInAsync(OneMessage.Plain($"{Alice}*mover", MasterPassword)), Does.StartWith("a NO"));
            Assert.That(await client.LogInAsync(OneMessage.Plain($"{Alice}%mover", MasterPassword)), Does.StartWith("a OK"));
        }

        await _server!.DisposeAsync();
        await StartAsync(static masters =>
        {
            Add(masters);
            masters.Separator = null;
        });
        await using var other = await ConnectAsync("imap");
        Assert.That(await other.LogInAsync(OneMessage.Plain($"{Alice}*mover", MasterPassword)), Does.StartWith("a NO"));
        Assert.That(await other.LogInAsync(OneMessage.Plain("mover", MasterPassword, Alice)), Does.StartWith("a OK"));
    }

    [Test]
    public async Task A_user_whose_name_holds_the_separator_is_no_master()
    {
        await StartAsync();
        await using var client = await ConnectAsync("imap");

        Assert.That(await client.LogInAsync(OneMessage.Plain("star*light@example.org", Password)), Does.StartWith("a OK"));
        Assert.That(_log.Lines.Select(static line => line.Text), Has.None.Contains("Master user"));
    }

    [Test]
    public async Task Failures_are_the_masters_whoever_it_asks_for()
    {
        await StartAsync(Add, static logins =>
        {
            logins.AllowList.Clear();
            logins.MaxFailuresPerUser = 3;
            logins.MaxFailuresPerMinute = 1_000;
        });
        foreach (var user in new[] { $"{Alice}*mover", "bob@example.org*mover", "nobody@example.org*MOVER" })
        {
            await using var failing = await ConnectAsync("imap");
            Assert.That(await failing.LogInAsync(OneMessage.Plain(user, "wrong")), Does.StartWith("a NO [AUTHENTICATIONFAILED]"));
        }

        Assert.That(_server!.LoginBans.List().Select(static ban => ban.User), Is.EqualTo(new[] { "mover" }));
        await using var client = await ConnectAsync("imap");
        Assert.That(await client.LogInAsync(OneMessage.Plain($"{Alice}*mover", MasterPassword)), Does.StartWith("a NO [UNAVAILABLE]"));
        Assert.That(await client.LogInAsync(OneMessage.Plain("mover", MasterPassword, Alice)), Does.StartWith("a NO [UNAVAILABLE]"));
        Assert.That(await client.LogInAsync(OneMessage.Plain(Alice, Password)), Does.StartWith("a OK"), "the user is not punished");
        Assert.That(_log.Lines.Select(static line => line.Text), Has.Some.Contains($"Login of {Alice} by master user mover by imap (PLAIN) from").And.Some.Contains("mover is banned from logging in"));
    }

    [TestCase("", "a long enough one", null, '*', "'' is no name")]
    [TestCase("a*b", "a long enough one", null, '*', "holds the separator")]
    [TestCase("m", null, null, '*', "either a Password or a PasswordHash")]
    [TestCase("m", "a long enough one", "$6$salt$x", '*', "either a Password or a PasswordHash")]
    [TestCase("m", "elevenchars", null, '*', "12 characters or more")]
    [TestCase("m", null, "md5", '*', "can't be read")]
    [TestCase("m", "a long enough one", null, '@', "may stand in names")]
    [TestCase("m", "a long enough one", null, 'x', "may stand in names")]
    public void What_is_wrong_with_a_master_fails_the_start(string name, string? password, string? hash, char separator, string problem) => Assert.That(
        () => StartAsync(masters =>
        {
            masters.Separator = separator;
            masters.Users.Add(new MasterUser { Name = name, Password = password, PasswordHash = hash });
        }),
        Throws.TypeOf<MailServerConfigurationException>().With.Message.Contains(problem).And.Message.Not.Contains("elevenchars"));

    [Test]
    public void A_master_shows_no_secret() => Assert.That(new MasterUser { Name = "m", Password = "secret of some length" }.ToString(), Is.EqualTo("m"));

    private static void Add(MasterUserOptions masters)
    {
        masters.Users.Add(new MasterUser { Name = "mover", Password = MasterPassword });
        masters.Users.Add(new MasterUser { Name = "sender", Password = MasterPassword, MaySubmit = true });
        masters.Users.Add(new MasterUser { Name = "hashed", PasswordHash = PasswordHash.Create(MasterPassword, 1_000) });
    }

    private static ClientMechanism Make(string way, string master, string password) => way switch
    {
        "PLAIN" => OneMessage.Plain($"{Alice}*{master}", password),
        "PLAIN on behalf" => OneMessage.Plain(master, password, Alice),
        "PLAIN twice the name" => OneMessage.Plain($"{Alice}*{master}", password, $"{Alice}*{master}"),
        "LOGIN" => new ClientLogin($"{Alice}*{master}", password),
        "SCRAM-SHA-256 on behalf" => new ClientScram("SCRAM-SHA-256", master, password) { Header = $"n,a={Alice}," },
        _ => new ClientScram(way, $"{Alice}*{master}", password),
    };

    private async Task StartAsync(Action<MasterUserOptions>? configure = null, Action<LoginOptions>? logins = null) => _server = await MailServer.StartAsync(mail =>
    {
        mail.HostName = "mx.example.org";
        mail.BindAddress = IPAddress.Loopback;
        mail.UseInMemoryStore().UseSelfSignedCertificate();
        mail.AddAccount(Alice, Password).AddAccount("bob@example.org", Password).AddAccount("star*light@example.org", Password).AddAlias("info@example.org", Alice);
        mail.UseMasterUsers(configure ?? Add);
        mail.Services.Replace(ServiceDescriptor.Singleton<ILoggerFactory>(_log));
        mail.Services.Replace(ServiceDescriptor.Singleton(new InMemoryAuthenticator(iterations: 1_000)));
        mail.Logins.FailureDelay = TimeSpan.Zero;
        logins?.Invoke(mail.Logins);
        mail.ListenSubmissions(0);
        mail.ListenImaps(0);
        mail.ListenPop3s(0);
    });

    private Task<LoginClient> ConnectAsync(string protocol) => LoginClient.ConnectAsync(
        protocol,
        _server!.Endpoints[protocol == "smtp" ? "submissions" : protocol + "s"].Port,
        new SslClientAuthenticationOptions { TargetHost = "mx.example.org", RemoteCertificateValidationCallback = static (_, _, _, _) => true },
        []);
}

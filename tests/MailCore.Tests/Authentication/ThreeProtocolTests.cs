using System.Net;
using System.Text;
using MailCore.Hosting;
using NUnit.Framework;

namespace MailCore.Tests.Authentication;

/// <summary>Every mechanism over every protocol, as clients see it; and what the log says of it.</summary>
[TestFixture]
[CancelAfter(120_000)]
internal sealed class ThreeProtocolTests
{
    private const string Wrong = "wrong-staple-tower-17";

    private static readonly string[] Mechanisms =
    [
        "PLAIN", "LOGIN", "SCRAM-SHA-1", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS", "OAUTHBEARER", "XOAUTH2", "EXTERNAL", "CRAM-MD5", "ANONYMOUS",
    ];

    private ThreeProtocolServer _server = null!;

    private static string[] Protocols => ThreeProtocolServer.Protocols;

    [OneTimeSetUp]
    public async Task StartAsync() => _server = await new ThreeProtocolServer().StartAsync();

    [OneTimeTearDown]
    public async Task StopAsync() => await _server.DisposeAsync();

    [Test]
    public async Task Every_mechanism_logs_in([ValueSource(nameof(Protocols))] string protocol, [ValueSource(nameof(Mechanisms))] string mechanism, [Values] bool hasInitial)
    {
        await using var client = await _server.ConnectAsync(protocol, showsCertificate: mechanism == "EXTERNAL");
        Assert.That(await client.AnnouncedAsync(), Does.Contain(mechanism));

        var reply = await client.LogInAsync(Make(mechanism, client, isRight: true), hasInitial);

        Assert.That(reply, Does.StartWith(protocol switch { "smtp" => "235 2.7.0", "imap" => "a OK", _ => "+OK" }));
        Assert.That(await client.IsLoggedInAsync(), Is.True);
    }

    [Test]
    public async Task Every_mechanism_refuses([ValueSource(nameof(Protocols))] string protocol, [ValueSource(nameof(Mechanisms))] string mechanism)
    {
        if (mechanism is "ANONYMOUS")
        {
            return;
        }

        await using var client = await _server.ConnectAsync(protocol, showsCertificate: mechanism == "EXTERNAL");

        var reply = await client.LogInAsync(Make(mechanism, client, isRight: false));

        Assert.That(reply, Does.StartWith(Refusal(protocol)));
        Assert.That(await client.IsLoggedInAsync(), Is.False);
    }

    [Test]
    public async Task Announced_mechanisms_follow_the_connection([ValueSource(nameof(Protocols))] string protocol)
    {
        await using var clear = await _server.ConnectAsync(protocol, tls: false);
        await using var secured = await _server.ConnectAsync(protocol);
        await using var certified = await _server.ConnectAsync(protocol, showsCertificate: true);

        Assert.That(await clear.AnnouncedAsync(), Has.None.Contains("PLUS").And.None.EqualTo("EXTERNAL").And.One.EqualTo("PLAIN"), "the policy says so");
        Assert.That(await secured.AnnouncedAsync(), Is.EquivalentTo(Mechanisms.Except(["EXTERNAL"])));
        Assert.That(await certified.AnnouncedAsync(), Is.EquivalentTo(Mechanisms));
    }

    [Test]
    public async Task Without_tls_no_secret_is_asked_for_nor_taken([ValueSource(nameof(Protocols))] string protocol)
    {
        await using var strict = await new ThreeProtocolServer().StartAsync(allowCleartext: false);
        await using var client = await strict.ConnectAsync(protocol, tls: false);
        Assert.That(await client.AnnouncedAsync(), Is.Empty);

        var reply = await client.LogInAsync(OneMessage.Plain(ThreeProtocolServer.User, ThreeProtocolServer.Password));

        Assert.That(reply, Does.StartWith(protocol switch { "smtp" => "538 5.7.11", "imap" => "a NO [PRIVACYREQUIRED]", _ => "-ERR" }));
        Assert.That(await client.IsLoggedInAsync(), Is.False);
    }

    [TestCase("smtp", "later@example.org", "454 4.7.0")]
    [TestCase("imap", "later@example.org", "a NO [UNAVAILABLE]")]
    [TestCase("pop3", "later@example.org", "-ERR [SYS/TEMP]")]
    [TestCase("smtp", "broken@example.org", "454 4.7.0")]
    [TestCase("imap", "broken@example.org", "a NO [UNAVAILABLE]")]
    [TestCase("pop3", "broken@example.org", "-ERR [SYS/TEMP]")]
    [TestCase("smtp", "expired@example.org", "535 5.7.8")]
    [TestCase("imap", "expired@example.org", "a NO [EXPIRED]")]
    [TestCase("pop3", "expired@example.org", "-ERR [AUTH]")]
    public async Task What_an_authenticator_answers_reaches_the_client(string protocol, string user, string reply)
    {
        await using var client = await _server.ConnectAsync(protocol);

        Assert.That(await client.LogInAsync(OneMessage.Plain(user, "any")), Does.StartWith(reply));
        Assert.That(await client.LogInAsync(OneMessage.Plain(ThreeProtocolServer.User, ThreeProtocolServer.Password)), Does.Match("^(235|a OK|\\+OK)"));
    }

    [Test]
    public async Task An_exchange_of_several_steps_can_be_cancelled([ValueSource(nameof(Protocols))] string protocol)
    {
        await using var client = await _server.ConnectAsync(protocol);
        await client.AnnouncedAsync();
        var scram = new ClientScram("SCRAM-SHA-256", ThreeProtocolServer.User, ThreeProtocolServer.Password);
        var first = Convert.ToBase64String(scram.Initial());
        Assert.That(await client.AskAsync($"{(protocol == "imap" ? "a AUTHENTICATE" : "AUTH")} SCRAM-SHA-256 {first}"), Does.Match("^(334|\\+) "));

        Assert.That(await client.AskAsync("*"), Does.StartWith(protocol switch { "smtp" => "501", "imap" => "a BAD", _ => "-ERR" }));
        Assert.That(await client.LogInAsync(OneMessage.Plain(ThreeProtocolServer.User, ThreeProtocolServer.Password)), Does.Match("^(235|a OK|\\+OK)"));
    }

    [Test]
    public async Task Bad_base64_of_one_client_stalls_no_other([ValueSource(nameof(Protocols))] string protocol)
    {
        await using var one = await _server.ConnectAsync(protocol);
        await using var other = await _server.ConnectAsync(protocol);
        await one.AnnouncedAsync();
        await one.SendAsync($"{(protocol == "imap" ? "a AUTHENTICATE" : "AUTH")} PLAIN");
        Assert.That(await one.ReadLineAsync(), Does.Match("^(334|\\+) ?$"));

        Assert.That(await other.LogInAsync(OneMessage.Plain(ThreeProtocolServer.User, ThreeProtocolServer.Password)), Does.Match("^(235|a OK|\\+OK)"), "while one is in its exchange");

        Assert.That(await one.AskAsync("!!!"), Does.StartWith(protocol switch { "smtp" => "501 5.5.2", "imap" => "a BAD", _ => "-ERR" }));
        Assert.That(await one.LogInAsync(OneMessage.Plain(ThreeProtocolServer.User, ThreeProtocolServer.Password)), Does.Match("^(235|a OK|\\+OK)"), "and the dialog is in step");
    }

    [Test]
    public async Task A_banned_network_is_not_let_in_to_log_in_but_may_send_mail()
    {
        await using var server = await MailServer.StartAsync(static mail =>
        {
            mail.BindAddress = IPAddress.Loopback;
            mail.UseInMemoryStore();
            mail.Logins.AllowList.Clear();
            mail.ListenSmtp(0).UseCleartext();
            mail.ListenImap(0).UseCleartext();
        });
        server.LoginBans.Ban(IPAddress.Loopback, TimeSpan.FromHours(1), "test");

        await using var imap = await LoginClient.ConnectAsync("imap", server.Endpoints["imap"].Port, null, []);
        await using var smtp = await LoginClient.ConnectAsync("smtp", server.Endpoints["smtp"].Port, null, []);

        Assert.That(await imap.ReadLineAsync(), Is.Empty, "closed");
        Assert.That(await smtp.AskAsync("NOOP"), Does.StartWith("250"));
    }

    [Test]
    public async Task Credentials_in_logs_no_password_token_or_sasl_payload_at_any_level()
    {
        await using var server = await new ThreeProtocolServer().StartAsync();
        foreach (var protocol in Protocols)
        {
            foreach (var mechanism in Mechanisms)
            {
                foreach (var isRight in new[] { true, false })
                {
                    await using var client = await server.ConnectAsync(protocol, showsCertificate: mechanism == "EXTERNAL");
                    await client.LogInAsync(Make(mechanism, client, isRight), hasInitial: isRight);
                }
            }

            await using var broken = await server.ConnectAsync(protocol);
            await broken.LogInAsync(OneMessage.Plain("broken@example.org", ThreeProtocolServer.Password));
            await using var malformed = await server.ConnectAsync(protocol);
            await malformed.LogInAsync(new OneMessage("PLAIN", ThreeProtocolServer.Password));
        }

        await LogInByCommandsAsync(server, ThreeProtocolServer.Password);
        await LogInByCommandsAsync(server, Wrong);
        var secrets = server.Payloads.Where(static payload => payload.Length >= 8).Select(Convert.ToBase64String)
            .Concat([ThreeProtocolServer.Password, Wrong, ThreeProtocolServer.Token, Base64(ThreeProtocolServer.Password), Base64(Wrong), Base64(ThreeProtocolServer.Token)])
            .Concat(server.Payloads.Select(Encoding.UTF8.GetString).Where(static text => text.Length >= 8 && text is not (ThreeProtocolServer.User or "alice@example.org")))
            .ToHashSet();

        var lines = server.Log.Lines.Select(static line => line.Text).ToList();
        Assert.That(lines, Has.Count.GreaterThan(50));
        Assert.That(lines, Has.Some.Contains(ThreeProtocolServer.User), "names are told");
        Assert.That(secrets, Has.Count.GreaterThan(100));
        Assert.That(lines.SelectMany(line => secrets.Where(secret => line.Contains(secret, StringComparison.Ordinal)).Select(secret => $"{secret} in: {line}")), Is.Empty);
    }

    private static async Task LogInByCommandsAsync(ThreeProtocolServer server, string password)
    {
        await using var imap = await server.ConnectAsync("imap");
        await imap.AskAsync($"a LOGIN {ThreeProtocolServer.User} {password}");
        await imap.AskAsync($"a LOGIN {ThreeProtocolServer.User} {password} {password}");
        await using var pop3 = await server.ConnectAsync("pop3");
        await pop3.AskAsync($"USER {ThreeProtocolServer.User}");
        await pop3.AskAsync($"PASS {password}");
        await pop3.AskAsync($"PASS {password}");
        await using var smtp = await server.ConnectAsync("smtp");
        await smtp.AnnouncedAsync();
        await smtp.AskAsync($"AUTH PLAIN {Base64(password)} {password}");
    }

    private static string Refusal(string protocol) => protocol switch { "smtp" => "535 5.7.8", "imap" => "a NO [AUTHENTICATIONFAILED]", _ => "-ERR [AUTH]" };

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private static ClientMechanism Make(string mechanism, LoginClient client, bool isRight)
    {
        var (user, password, token) = (ThreeProtocolServer.User, isRight ? ThreeProtocolServer.Password : Wrong, isRight ? ThreeProtocolServer.Token : ThreeProtocolServer.Token[..^2]);
        return mechanism switch
        {
            "PLAIN" => OneMessage.Plain(user, password),
            "LOGIN" => new ClientLogin(user, password),
            "CRAM-MD5" => new ClientCramMd5(user, password),
            "OAUTHBEARER" => OneMessage.OAuthBearer(user, token),
            "XOAUTH2" => OneMessage.XOAuth2(user, token),
            "EXTERNAL" => new OneMessage(mechanism, isRight ? "" : "alice@example.org"),
            "ANONYMOUS" => new OneMessage(mechanism, "trace-information-55"),
            _ when mechanism.EndsWith("-PLUS", StringComparison.Ordinal) => new ClientScram(mechanism, user, password)
            {
                Header = "p=tls-server-end-point,,",
                Binding = ClientBinding.Of(client.Tls!, "tls-server-end-point"),
            },
            _ => new ClientScram(mechanism, user, password),
        };
    }
}

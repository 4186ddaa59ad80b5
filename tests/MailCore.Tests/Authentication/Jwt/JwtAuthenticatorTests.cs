using System.Net;
using MailCore.Authentication;
using MailCore.Authentication.Jwt;
using MailCore.Hosting;
using MailCore.Messaging;
using MailCore.Storage;
using MailCore.Storage.InMemory;
using MailCore.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using NUnit.Framework;

namespace MailCore.Tests.Authentication.Jwt;

[TestFixture]
[CancelAfter(60_000)]
internal sealed class JwtAuthenticatorTests
{
    private static readonly AuthenticationContext Context = new("imap", null, IsSecured: true);

    private ManualTimeProvider _time = null!;
    private InMemoryMailDirectory _directory = null!;
    private TestProvider _provider = null!;
    private AccountId _bob;

    [SetUp]
    public async Task SetUpAsync()
    {
        _time = new ManualTimeProvider();
        _provider = new TestProvider();
        _directory = new InMemoryMailDirectory();
        _directory.AddDomain("example.org");
        _bob = await _directory.CreateAsync(EmailAddress.Parse("bob@example.org"), null, default);
        await _directory.CreateAsync(EmailAddress.Parse("alice@example.org"), null, default);
    }

    [TearDown]
    public void TearDown() => _provider.Dispose();

    [TestCase(null)]
    [TestCase("bob@example.org")]
    [TestCase("BOB@example.org")]
    public async Task A_token_signed_by_a_discovered_key_lets_in(string? user)
    {
        using var jwt = Discovering();

        Assert.That(await jwt.VerifyTokenAsync(_provider.Token(Claims()), user, Context, default), Is.EqualTo(new AuthenticationResult.Ok(new MailIdentity("bob@example.org", _bob))));
        await jwt.VerifyTokenAsync(_provider.Token(Claims()), user, Context, default);
        Assert.That(_provider.KeyRequests, Is.EqualTo(1), "keys are kept");
    }

    [Test]
    public async Task Discovery_works_by_https_and_checks_the_certificate()
    {
        using var provider = new TestProvider(https: true);
        using var trusting = new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = static (_, _, _, _) => true } };
        using var jwt = new JwtAuthenticator(new JwtOptions { Authority = provider.Authority, Audiences = { "mail" }, HttpHandler = trusting }, _directory, _time);
        using var strict = new JwtAuthenticator(new JwtOptions { Authority = provider.Authority, Audiences = { "mail" } }, _directory, _time);
        var token = provider.Token(Claims(provider));

        Assert.That(await jwt.VerifyTokenAsync(token, null, Context, default), Is.InstanceOf<AuthenticationResult.Ok>());
        Assert.That(await strict.VerifyTokenAsync(token, null, Context, default), Is.InstanceOf<AuthenticationResult.TryLater>());
    }

    [Test]
    public async Task Keys_may_be_configured_as_a_key_set_or_as_pem()
    {
        using var set = Configured(JwtKeys.FromKeySet(_provider.KeySet())[0]);
        using var pem = Configured(JwtKeys.FromPem(_provider.PublicPem(), "first"));

        Assert.That(await set.VerifyTokenAsync(_provider.Token(Claims()), null, Context, default), Is.InstanceOf<AuthenticationResult.Ok>());
        Assert.That(await pem.VerifyTokenAsync(_provider.Token(Claims()), null, Context, default), Is.InstanceOf<AuthenticationResult.Ok>());
        Assert.That(_provider.KeyRequests, Is.Zero);
    }

    [TestCase("iss", "https://elsewhere.example")]
    [TestCase("aud", "another-service")]
    [TestCase("email", "nobody@example.org")]
    [TestCase("email", "bob@elsewhere.example")]
    [TestCase("email", "")]
    [TestCase("email_verified", false)]
    [TestCase("scope", "openid profile mailbox")]
    public async Task A_claim_that_is_wrong_keeps_out(string claim, object value)
    {
        using var jwt = Discovering(static options => options.RequiredScope = "mail");
        var claims = Claims();
        claims[claim] = value;

        Assert.That(await jwt.VerifyTokenAsync(_provider.Token(claims), null, Context, default), Is.InstanceOf<AuthenticationResult.Rejected>());
    }

    [TestCase("iss")]
    [TestCase("aud")]
    [TestCase("exp")]
    [TestCase("email")]
    [TestCase("scope")]
    public async Task A_claim_that_is_missing_keeps_out(string claim)
    {
        using var jwt = Discovering(static options => options.RequiredScope = "mail");
        var claims = Claims();
        claims.Remove(claim);

        Assert.That(await jwt.VerifyTokenAsync(_provider.Token(claims), null, Context, default), Is.Not.InstanceOf<AuthenticationResult.Ok>());
    }

    [Test]
    public async Task Somebody_elses_token_is_rejected()
    {
        using var jwt = Discovering();

        Assert.That(await jwt.VerifyTokenAsync(_provider.Token(Claims()), "alice@example.org", Context, default), Is.InstanceOf<AuthenticationResult.Rejected>());
    }

    [TestCase(60 * 60 + 59, true)]
    [TestCase(60 * 60 + 61, false)]
    public async Task A_token_expires_but_for_the_clocks_difference(int seconds, bool isGood)
    {
        using var jwt = Discovering();
        var token = _provider.Token(Claims());
        _time.Advance(TimeSpan.FromSeconds(seconds));

        Assert.That(await jwt.VerifyTokenAsync(token, null, Context, default), Is.InstanceOf(isGood ? typeof(AuthenticationResult.Ok) : typeof(AuthenticationResult.Expired)));
    }

    [Test]
    public async Task Forged_signatures_are_rejected()
    {
        using var jwt = Discovering();
        using var other = new TestProvider();
        var token = _provider.Token(Claims());
        var forged = new[]
        {
            other.Token(Claims()),
            _provider.Token(Claims(), algorithm: "none"),
            _provider.Token(Claims(), algorithm: "HS256"),
            token[..token.LastIndexOf('.')] + ".",
            token[..^6],
            "a.b.c",
            "x",
        };

        foreach (var text in forged)
        {
            Assert.That(await jwt.VerifyTokenAsync(text, null, Context, default), Is.InstanceOf<AuthenticationResult.Rejected>(), text);
        }
    }

    [Test]
    public async Task A_new_key_is_fetched_when_a_token_comes_with_it_but_not_all_the_time()
    {
        using var jwt = Discovering();
        await jwt.VerifyTokenAsync(_provider.Token(Claims()), null, Context, default);
        _provider.AddKey("second");
        Assert.That(await jwt.VerifyTokenAsync(_provider.Token(Claims(), "second"), null, Context, default), Is.InstanceOf<AuthenticationResult.Rejected>(), "too early");
        Assert.That(_provider.KeyRequests, Is.EqualTo(1));

        _time.Advance(TimeSpan.FromMinutes(1));

        Assert.That(await jwt.VerifyTokenAsync(_provider.Token(Claims(), "second"), null, Context, default), Is.InstanceOf<AuthenticationResult.Ok>());
        Assert.That(_provider.KeyRequests, Is.EqualTo(2));
    }

    [Test]
    public async Task A_provider_that_is_down_is_a_temporary_failure_unless_keys_are_known()
    {
        _provider.IsDown = true;
        using var jwt = Discovering();
        Assert.That(await jwt.VerifyTokenAsync(_provider.Token(Claims()), null, Context, default), Is.InstanceOf<AuthenticationResult.TryLater>());

        _provider.IsDown = false;
        Assert.That(await jwt.VerifyTokenAsync(_provider.Token(Claims()), null, Context, default), Is.InstanceOf<AuthenticationResult.Ok>());

        _provider.IsDown = true;
        _time.Advance(TimeSpan.FromHours(13));
        Assert.That(await jwt.VerifyTokenAsync(_provider.Token(Claims()), null, Context, default), Is.InstanceOf<AuthenticationResult.Ok>());
    }

    [Test]
    public async Task A_configuration_that_speaks_for_another_issuer_is_not_believed()
    {
        _provider.Issuer = "https://elsewhere.example";
        using var jwt = Discovering();

        Assert.That(await jwt.VerifyTokenAsync(_provider.Token(Claims()), null, Context, default), Is.InstanceOf<AuthenticationResult.TryLater>());
    }

    [TestCase("smtp", "OAUTHBEARER", "235")]
    [TestCase("imap", "OAUTHBEARER", "a OK")]
    [TestCase("pop3", "XOAUTH2", "+OK")]
    public async Task A_server_takes_tokens_beside_passwords(string protocol, string mechanism, string accepted)
    {
        await using var server = await MailServer.StartAsync(mail =>
        {
            mail.BindAddress = IPAddress.Loopback;
            mail.UseInMemoryStore().AddAccount("bob@example.org", "secret").AddJwtAuthenticator(jwt =>
            {
                jwt.Authority = _provider.Authority;
                jwt.Audiences.Add("mail");
            });
            mail.Services.Replace(ServiceDescriptor.Singleton(new InMemoryAuthenticator(1_000)));
            mail.Services.Replace(ServiceDescriptor.Singleton<TimeProvider>(_time));
            mail.Logins.FailureDelay = TimeSpan.Zero;
            mail.ListenSubmission(0).UseCleartext().AllowCleartextAuthentication();
            mail.ListenImap(0).UseCleartext().AllowCleartextAuthentication();
            mail.ListenPop3(0).UseCleartext().AllowCleartextAuthentication();
        });
        var port = server.Endpoints[protocol == "smtp" ? "submission" : protocol].Port;
        var (good, bad) = (_provider.Token(Claims()), _provider.Token(Claims(), algorithm: "none"));

        await using var refused = await LoginClient.ConnectAsync(protocol, port, null, []);
        Assert.That(await refused.LogInAsync(Message(bad)), Does.Not.StartWith(accepted));
        await using var client = await LoginClient.ConnectAsync(protocol, port, null, []);
        Assert.That(await client.LogInAsync(Message(good)), Does.StartWith(accepted));
        Assert.That(await client.IsLoggedInAsync(), Is.True);
        await using var old = await LoginClient.ConnectAsync(protocol, port, null, []);
        Assert.That(await old.LogInAsync(OneMessage.Plain("bob@example.org", "secret")), Does.StartWith(protocol == "pop3" ? "-ERR [IN-USE]" : accepted));

        ClientMechanism Message(string token) => mechanism == "XOAUTH2" ? OneMessage.XOAuth2("bob@example.org", token) : OneMessage.OAuthBearer("bob@example.org", token);
    }

    [Test]
    public void Options_that_leave_open_what_is_good_are_refused()
    {
        Assert.That(() => new JwtAuthenticator(new JwtOptions { Authority = _provider.Authority }, _directory), Throws.ArgumentException.With.Message.Contains("Audiences"));
        Assert.That(() => new JwtAuthenticator(new JwtOptions { Audiences = { "mail" } }, _directory), Throws.ArgumentException.With.Message.Contains("Authority"));
        Assert.That(
            () => new JwtAuthenticator(new JwtOptions { Audiences = { "mail" }, Authority = new Uri("http://id.example.org") }, _directory),
            Throws.ArgumentException.With.Message.Contains("https"));
        Assert.That(() => JwtKeys.FromPem("secret"), Throws.ArgumentException.With.Message.Not.Contains("secret"));
    }

    private JwtAuthenticator Discovering(Action<JwtOptions>? configure = null)
    {
        var options = new JwtOptions { Authority = _provider.Authority, Audiences = { "mail" } };
        configure?.Invoke(options);
        return new JwtAuthenticator(options, _directory, _time);
    }

    private JwtAuthenticator Configured(Microsoft.IdentityModel.Tokens.SecurityKey key) =>
        new(new JwtOptions { Issuer = _provider.Issuer, Audiences = { "mail" }, Keys = { key } }, _directory, _time);

    private Dictionary<string, object> Claims(TestProvider? provider = null) => new()
    {
        ["iss"] = (provider ?? _provider).Issuer,
        ["aud"] = "mail",
        ["exp"] = _time.GetUtcNow().ToUnixTimeSeconds() + 3600,
        ["email"] = "bob@example.org",
        ["email_verified"] = true,
        ["scope"] = "openid mail",
    };
}

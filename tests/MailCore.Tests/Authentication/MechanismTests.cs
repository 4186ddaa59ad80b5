using System.Net;
using System.Text;
using System.Text.Json;
using MailCore.Authentication;
using MailCore.Storage;
using MailCore.Tests.Tls;
using NUnit.Framework;

namespace MailCore.Tests.Authentication;

/// <summary>The mechanisms other than PLAIN, LOGIN and SCRAM, which have fixtures of their own.</summary>
[TestFixture]
[CancelAfter(60_000)]
internal sealed class MechanismTests
{
    private const string Good = "eyJhbGciOi.J9-_~+/.abc=";

    private static readonly AuthenticationContext Context = new("imap", new IPEndPoint(IPAddress.Loopback, 1), IsSecured: true);

    private TokenUsers _users = null!;
    private LoginOptions _options = null!;
    private LoginService _login = null!;

    [SetUp]
    public void SetUp()
    {
        _users = new TokenUsers();
        _options = LoginServices.WithoutDelay();
        _options.Mechanisms.Add(SaslMechanisms.CramMd5);
        _options.Mechanisms.Add(SaslMechanisms.Anonymous);
        _login = LoginServices.Over(_users, _options);
    }

    [TearDown]
    public void TearDown() => _login.Dispose();

    [TestCase("OAUTHBEARER", "n,a=bob,\u0001auth=Bearer {0}\u0001\u0001", "bob")]
    [TestCase("OAUTHBEARER", "y,a=b=2Cob,\u0001host=mx\u0001port=993\u0001auth=Bearer {0}\u0001\u0001", "b,ob")]
    [TestCase("OAUTHBEARER", "n,,\u0001auth=bearer {0}\u0001\u0001", null)]
    [TestCase("XOAUTH2", "user=bob\u0001auth=Bearer {0}\u0001\u0001", "bob")]
    public async Task A_token_is_asked_about_with_the_user_it_came_with(string mechanism, string message, string? user)
    {
        var client = new OneMessage(mechanism, string.Format(System.Globalization.CultureInfo.InvariantCulture, message, Good));

        Assert.That(await _login.ResultAsync(client, Context), Is.InstanceOf<AuthenticationResult.Ok>());
        Assert.That(_users.Asked, Is.EqualTo(new[] { (Good, user) }));
    }

    [TestCase("OAUTHBEARER", "n,a=bob,\u0001auth=Bearer wrong\u0001\u0001", "invalid_token", "\u0001")]
    [TestCase("XOAUTH2", "user=bob\u0001auth=Bearer wrong\u0001\u0001", "400", "")]
    public async Task A_wrong_token_is_explained_in_json_before_it_fails(string mechanism, string message, string status, string answer)
    {
        var exchange = _login.Start(mechanism, Context)!;

        var refusal = (SaslStep.Challenge)await exchange.StepAsync(Encoding.UTF8.GetBytes(message), default);
        var end = await exchange.StepAsync(Encoding.UTF8.GetBytes(answer), default);

        var json = JsonDocument.Parse(refusal.Data).RootElement;
        Assert.That(json.GetProperty("status").GetString(), Is.EqualTo(status));
        Assert.That(json.GetProperty("scope").GetString(), Is.EqualTo("mail"));
        Assert.That(json.GetProperty("openid-configuration").GetString(), Is.EqualTo("https://id.example.org/.well-known/openid-configuration"));
        Assert.That(end, Is.InstanceOf<SaslStep.Done>().With.Property("Result").InstanceOf<AuthenticationResult.Rejected>());
    }

    [TestCase("OAUTHBEARER", "")]
    [TestCase("OAUTHBEARER", "n,a=bob,auth=Bearer x\u0001\u0001")]
    [TestCase("OAUTHBEARER", "n,a=bob,\u0001auth=Bearer x\u0001")]
    [TestCase("OAUTHBEARER", "n,a=bob,\u0001auth=Basic x\u0001\u0001")]
    [TestCase("OAUTHBEARER", "n,a=bob,\u0001auth=Bearer \u0001\u0001")]
    [TestCase("OAUTHBEARER", "n,a=bob,\u0001auth=Bearer a b\u0001\u0001")]
    [TestCase("OAUTHBEARER", "p=tls-unique,a=bob,\u0001auth=Bearer x\u0001\u0001")]
    [TestCase("OAUTHBEARER", "n,a=b=ob,\u0001auth=Bearer x\u0001\u0001")]
    [TestCase("XOAUTH2", "user=\u0001auth=Bearer x\u0001\u0001")]
    [TestCase("XOAUTH2", "bob\u0001auth=Bearer x\u0001\u0001")]
    [TestCase("XOAUTH2", "user=bob\u0001auth=Bearer x")]
    [TestCase("XOAUTH2", "user=bob\u0001\u0001")]
    public async Task A_message_of_another_form_is_malformed_and_asks_nobody(string mechanism, string message)
    {
        Assert.That(await _login.Start(mechanism, Context)!.StepAsync(Encoding.UTF8.GetBytes(message), default), Is.InstanceOf<SaslStep.Malformed>());
        Assert.That(_users.Asked, Is.Empty);
    }

    [TestCase("bob", "secret", true)]
    [TestCase("bob", "wrong", false)]
    [TestCase("nobody", "secret", false)]
    public async Task Cram_md5_compares_digests(string user, string password, bool isRight) =>
        Assert.That(await CramAsync(new ClientCramMd5(user, password)) is AuthenticationResult.Ok, Is.EqualTo(isRight));

    [Test]
    public async Task Cram_md5_takes_no_initial_response_and_nothing_without_a_digest()
    {
        Assert.That(await _login.Start("CRAM-MD5", Context)!.StepAsync([], default), Is.InstanceOf<SaslStep.Malformed>());
        var exchange = _login.Start("CRAM-MD5", Context)!;
        Assert.That(await exchange.StepAsync(null, default), Is.InstanceOf<SaslStep.Challenge>());
        Assert.That(await exchange.StepAsync("bob"u8.ToArray(), default), Is.InstanceOf<SaslStep.Malformed>());
    }

    // RFC 2195 2
    [Test]
    public void The_client_of_these_tests_agrees_with_rfc_2195() => Assert.That(
        new ClientCramMd5("tim", "tanstaaftanstaaf").Respond("<1896.697170952@postoffice.reston.mci.net>"u8.ToArray()),
        Is.EqualTo("tim b913a602c7eda7a495b4e6e7334d3890"u8.ToArray()));

    [Test]
    public async Task Anonymous_is_whom_the_options_name()
    {
        _options.Anonymous = new MailIdentity("guest", new AccountId("guest"));

        Assert.That(await _login.ResultAsync(new OneMessage("ANONYMOUS", "somebody@example.com"), Context), Is.EqualTo(new AuthenticationResult.Ok(_options.Anonymous)));
        Assert.That(await _login.Start("ANONYMOUS", Context)!.StepAsync(Encoding.UTF8.GetBytes(new string('x', 256)), default), Is.InstanceOf<SaslStep.Malformed>());
    }

    [TestCase("", "bob@example.org")]
    [TestCase("bob@example.org", "bob@example.org")]
    [TestCase("alice@example.org", null)]
    [TestCase("bob\0", "malformed")]
    public async Task External_is_whom_the_certificate_names(string authorization, string? name)
    {
        using var authority = new TestAuthority();
        var context = Context with { ClientCertificate = authority.Issue([], TestAuthority.ClientAuthentication, email: "bob@example.org") };
        using var login = new LoginService(_users, _options, TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger<LoginService>.Instance)
        {
            Certificates = new Mapper(),
        };

        var step = await login.PlayAsync(new OneMessage("EXTERNAL", authorization), context);

        Assert.That(
            step switch
            {
                SaslStep.Malformed => "malformed",
                SaslStep.Done { Result: AuthenticationResult.Ok ok } => ok.Identity.Name,
                _ => null,
            },
            Is.EqualTo(name));
    }

    [Test]
    public async Task Fuzz_any_octets_get_an_answer_and_no_exception()
    {
        _options.Anonymous = new MailIdentity("guest", new AccountId("guest"));
        var random = new Random(7628);
        var names = _login.Offer(Context).Names;
        string[] seeds = ["n,a=bob,\u0001auth=Bearer x\u0001\u0001", "user=bob\u0001auth=Bearer x\u0001\u0001", "bob 0123456789abcdef", "bob"];
        for (var i = 0; i < 10_000; i++)
        {
            var exchange = _login.Start(names[random.Next(names.Count)], Context)!;
            for (var step = 0; step < 3; step++)
            {
                var octets = Encoding.UTF8.GetBytes(seeds[random.Next(seeds.Length)]);
                octets[random.Next(octets.Length)] = (byte)random.Next(256);
                if (await exchange.StepAsync(random.Next(10) == 0 ? null : octets, default) is not SaslStep.Challenge)
                {
                    break;
                }
            }
        }
    }

    private async Task<AuthenticationResult> CramAsync(ClientCramMd5 client) =>
        ((SaslStep.Done)await _login.PlayAsync(client, Context, hasInitial: false)).Result;

    private sealed class Mapper : IClientCertificateMapper
    {
        public ValueTask<AuthenticationResult> MapAsync(
            System.Security.Cryptography.X509Certificates.X509Certificate2 certificate, string? authorizationName, AuthenticationContext context, CancellationToken cancellationToken)
        {
            var name = certificate.GetNameInfo(System.Security.Cryptography.X509Certificates.X509NameType.EmailName, forIssuer: false);
            return new(authorizationName is null || authorizationName == name
                ? new AuthenticationResult.Ok(new MailIdentity(name, new AccountId(name)))
                : new AuthenticationResult.Rejected());
        }
    }

    private sealed class TokenUsers : IMailAuthenticator, ITokenAuthenticator, ICramMd5Secrets
    {
        public List<(string Token, string? User)> Asked { get; } = [];

        public string Scope => "mail";

        public string OpenIdConfiguration => "https://id.example.org/.well-known/openid-configuration";

        public ValueTask<AuthenticationResult> VerifyTokenAsync(string token, string? user, AuthenticationContext context, CancellationToken cancellationToken)
        {
            Asked.Add((token, user));
            return new(token == Good ? new AuthenticationResult.Ok(new MailIdentity("bob", new AccountId("b"))) : new AuthenticationResult.Rejected());
        }

        public ValueTask<CramMd5Secret?> FindCramMd5SecretAsync(string user, AuthenticationContext context, CancellationToken cancellationToken) =>
            new(user == "bob" ? new CramMd5Secret("secret"u8.ToArray(), new AuthenticationResult.Ok(new MailIdentity("bob", new AccountId("b")))) : null);

        public ValueTask<AuthenticationResult> VerifyPasswordAsync(string user, string password, AuthenticationContext context, CancellationToken cancellationToken) =>
            new(new AuthenticationResult.Rejected());
    }
}

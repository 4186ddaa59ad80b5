using System.Net;
using System.Text;
using MailCore.Authentication;
using MailCore.Storage;
using MailCore.Tests.Tls;
using MailCore.Tls;
using NUnit.Framework;

namespace MailCore.Tests.Authentication;

[TestFixture]
[CancelAfter(60_000)]
internal sealed class ScramTests
{
    private static readonly AuthenticationContext Unbound = new("imap", new IPEndPoint(IPAddress.Loopback, 1), IsSecured: true);
    private static readonly Lazy<ServerCertificate> Certificate = new(() => ServerCertificate.SelfSigned("mx.example.org"));

    private InMemoryAuthenticator _users = null!;
    private LoginService _login = null!;

    [SetUp]
    public void SetUp()
    {
        _users = new InMemoryAuthenticator(iterations: 1_000);
        _users.SetPassword("bob", new AccountId("b"), "pencil");
        _users.SetPassword("a,b=c", new AccountId("c"), "pencil");
        _users.SetPassword("\u00E9lise", new AccountId("e"), "p\u00E4ss");
        _login = LoginServices.Over(_users);
    }

    [TearDown]
    public void TearDown() => _login.Dispose();

    // RFC 5802 5 and RFC 7677 3: their salts, nonces, proofs and signatures.
    [TestCase(
        ScramHash.Sha1, "QSXCR+Q6sek8bf92", "fyko+d2lbbFgONRv9qkxdawL", "3rfcNHYJY1ZVvWVs7j", "v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=", "rmF9pqV8S7suAoZWja4dJRkFsKQ=")]
    [TestCase(
        ScramHash.Sha256, "W22ZaJ0SNY7soEsUEjb6gQ==", "rOprNGfwEbeRWgbNEkqO", "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
        "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=", "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")]
    public async Task The_examples_of_the_rfcs(ScramHash hash, string salt, string clientNonce, string serverNonce, string proof, string signature)
    {
        var keys = ScramKeys.Create(hash, "pencil", 4096, Convert.FromBase64String(salt));
        using var login = LoginServices.Over(new Fixed(keys));
        var exchange = new ScramExchange(new LoginAttempt(login, "SCRAM", Unbound), hash, isPlus: false) { ServerNonce = serverNonce };

        var first = (SaslStep.Challenge)await exchange.StepAsync(Encoding.UTF8.GetBytes($"n,,n=user,r={clientNonce}"), default);
        var final = (SaslStep.Challenge)await exchange.StepAsync(Encoding.UTF8.GetBytes($"c=biws,r={clientNonce}{serverNonce},p={proof}"), default);
        var done = await exchange.StepAsync([], default);

        Assert.That(Encoding.UTF8.GetString(first.Data.Span), Is.EqualTo($"r={clientNonce}{serverNonce},s={salt},i=4096"));
        Assert.That(Encoding.UTF8.GetString(final.Data.Span), Is.EqualTo($"v={signature}"));
        Assert.That(done, Is.InstanceOf<SaslStep.Done>().With.Property("Result").InstanceOf<AuthenticationResult.Ok>());
    }

    [TestCase("bob", "pencil", "b")]
    [TestCase("BOB", "pencil", "b")]
    [TestCase("a,b=c", "pencil", "c")]
    [TestCase("e\u0301lise", "p\u00E4ss", "e")]
    public async Task Proves_both_sides_to_each_other(string user, string password, string account)
    {
        foreach (var name in new[] { "SCRAM-SHA-1", "SCRAM-SHA-256" })
        {
            foreach (var hasInitial in new[] { true, false })
            {
                var client = new ClientScram(name, user, password);

                var step = await _login.PlayAsync(client, Unbound, hasInitial);

                Assert.That(((AuthenticationResult.Ok)((SaslStep.Done)step).Result).Identity.Account, Is.EqualTo(new AccountId(account)), name);
                Assert.That(client.IsServerProved, Is.True, name);
            }
        }
    }

    [TestCase("bob", "pencils")]
    [TestCase("nobody", "pencil")]
    public async Task A_wrong_password_and_an_unknown_user_go_the_same_way(string user, string password)
    {
        var client = new ClientScram("SCRAM-SHA-256", user, password);

        Assert.That(await _login.ResultAsync(client, Unbound), Is.InstanceOf<AuthenticationResult.Rejected>());
        Assert.That(client.ServerFirst, Does.Match("^r=[^,]+,s=[A-Za-z0-9+/]{22}==,i=[0-9]+$"));
        Assert.That(client.IsServerProved, Is.False);
    }

    [Test]
    public async Task The_salt_of_an_unknown_user_is_always_the_same_and_no_other_users()
    {
        var salts = new List<string>();
        foreach (var user in new[] { "nobody", "NOBODY", "nobody", "somebody" })
        {
            var client = new ClientScram("SCRAM-SHA-256", user, "x");
            await _login.ResultAsync(client, Unbound);
            salts.Add(client.ServerFirst!.Split(',')[1]);
        }

        Assert.That(salts[..3].Distinct(), Has.Exactly(1).Items);
        Assert.That(salts[3], Is.Not.EqualTo(salts[0]));
    }

    [TestCase("a=bob", true)]
    [TestCase("a=alice", false)]
    public async Task Nobody_acts_for_another(string authorization, bool isLetIn)
    {
        var result = await _login.ResultAsync(new ClientScram("SCRAM-SHA-256", "bob", "pencil") { Header = $"n,{authorization}," }, Unbound);

        Assert.That(result is AuthenticationResult.Ok, Is.EqualTo(isLetIn));
    }

    [TestCase("")]
    [TestCase("n,,n=bob")]
    [TestCase("n,,r=abc,n=bob")]
    [TestCase("x,,n=bob,r=abc")]
    [TestCase("n,bob,n=bob,r=abc")]
    [TestCase("n,,n=,r=abc")]
    [TestCase("n,,n=bob,r=")]
    [TestCase("n,,n=b=ob,r=abc")]
    [TestCase("n,,n=b=2cob,r=abc")]
    [TestCase("n,,m=x,n=bob,r=abc")]
    [TestCase("n,,n=bob,r=abc,m=x")]
    [TestCase("n,,n=bob,r=abc,junk")]
    [TestCase("n,,n=bo\0b,r=abc")]
    [TestCase("n,,n=bob,r=a b")]
    [TestCase("p=tls-server-end-point,,n=bob,r=abc")]
    public async Task A_beginning_of_another_form_is_malformed(string text)
    {
        var step = await _login.Start("SCRAM-SHA-256", Unbound)!.StepAsync(Encoding.UTF8.GetBytes(text), default);

        Assert.That(step, Is.InstanceOf<SaslStep.Malformed>());
    }

    [TestCase(256, true)]
    [TestCase(257, false)]
    public async Task A_nonce_has_a_cap(int length, bool taken)
    {
        var step = await _login.Start("SCRAM-SHA-256", Unbound)!.StepAsync(Encoding.UTF8.GetBytes($"n,,n=bob,r={new string('x', length)}"), default);

        Assert.That(step is SaslStep.Challenge, Is.EqualTo(taken));
    }

    [TestCase("c=biws", "malformed")]
    [TestCase("c=biws,r=x", "malformed")]
    [TestCase("c=biws,r={r},p=!!!", "malformed")]
    [TestCase("c=biws,r={r},p=AAAA", "malformed")]
    [TestCase("c=biws,r={r},m=x,p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "malformed")]
    [TestCase("c=biws,r={r},p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "rejected")]
    public async Task An_end_of_another_form_is_malformed_or_rejected(string text, string outcome)
    {
        var exchange = _login.Start("SCRAM-SHA-256", Unbound)!;
        var first = (SaslStep.Challenge)await exchange.StepAsync("n,,n=bob,r=abc"u8.ToArray(), default);
        var nonce = Encoding.UTF8.GetString(first.Data.Span).Split(',')[0][2..];

        var step = await exchange.StepAsync(Encoding.UTF8.GetBytes(text.Replace("{r}", nonce, StringComparison.Ordinal)), default);

        Assert.That(step is SaslStep.Malformed ? "malformed" : ((SaslStep.Done)step).Result is AuthenticationResult.Rejected ? "rejected" : "accepted", Is.EqualTo(outcome));
    }

    [Test]
    public async Task A_proof_for_another_nonce_or_header_is_rejected()
    {
        var otherNonce = new ClientScram("SCRAM-SHA-256", "bob", "pencil") { Alter = static final => final + "x" };
        var otherHeader = new ClientScram("SCRAM-SHA-256", "bob", "pencil") { Alter = static final => final.Replace("c=biws", "c=eSws", StringComparison.Ordinal) };

        Assert.That(await _login.ResultAsync(otherNonce, Unbound), Is.InstanceOf<AuthenticationResult.Rejected>());
        Assert.That(await _login.ResultAsync(otherHeader, Unbound), Is.InstanceOf<AuthenticationResult.Rejected>());
    }

    [TestCase("SCRAM-SHA-1-PLUS", "tls-server-end-point", TlsVersion.Tls13)]
    [TestCase("SCRAM-SHA-256-PLUS", "tls-server-end-point", TlsVersion.Tls13)]
    [TestCase("SCRAM-SHA-256-PLUS", "tls-server-end-point", TlsVersion.Tls12)]
    [TestCase("SCRAM-SHA-256-PLUS", "tls-unique", TlsVersion.Tls12)]
    public async Task Plus_binds_to_the_channel(string name, string type, TlsVersion version)
    {
        await using var link = await ConnectAsync(version);
        var context = AuthenticationContext.Of("imap", link.Server, TlsPolicy.Implicit);
        var client = new ClientScram(name, "bob", "pencil") { Header = $"p={type},,", Binding = ClientBinding.Of(link.Client, type) };

        Assert.That(await _login.ResultAsync(client, context), Is.InstanceOf<AuthenticationResult.Ok>());
        Assert.That(client.IsServerProved, Is.True);
    }

    [Test]
    public async Task Scram_channel_binding_of_another_connection_is_rejected()
    {
        await using var link = await ConnectAsync(TlsVersion.Tls12);
        await using var other = await ConnectAsync(TlsVersion.Tls12);
        var context = AuthenticationContext.Of("imap", link.Server, TlsPolicy.Implicit);
        var client = new ClientScram("SCRAM-SHA-256-PLUS", "bob", "pencil") { Header = "p=tls-unique,,", Binding = ClientBinding.Of(other.Client, "tls-unique") };

        Assert.That(await _login.ResultAsync(client, context), Is.InstanceOf<AuthenticationResult.Rejected>());
    }

    [TestCase("tls-unique")]
    [TestCase("tls-exporter")]
    [TestCase("made-up")]
    public async Task A_binding_that_tls_1_3_does_not_have_is_rejected(string type)
    {
        await using var link = await ConnectAsync(TlsVersion.Tls13);
        var context = AuthenticationContext.Of("imap", link.Server, TlsPolicy.Implicit);

        Assert.That(await _login.ResultAsync(new ClientScram("SCRAM-SHA-256-PLUS", "bob", "pencil") { Header = $"p={type},," }, context), Is.InstanceOf<AuthenticationResult.Rejected>());
    }

    [Test]
    public async Task Sasl_mechanism_downgrade_a_client_that_saw_no_plus_where_it_was_offered_is_rejected()
    {
        await using var link = await ConnectAsync(TlsVersion.Tls13);
        var context = AuthenticationContext.Of("imap", link.Server, TlsPolicy.Implicit);
        Assert.That(_login.Offer(context).Names, Does.Contain("SCRAM-SHA-256-PLUS"));

        Assert.That(await _login.ResultAsync(new ClientScram("SCRAM-SHA-256", "bob", "pencil") { Header = "y,," }, context), Is.InstanceOf<AuthenticationResult.Rejected>());
        Assert.That(await _login.ResultAsync(new ClientScram("SCRAM-SHA-256", "bob", "pencil") { Header = "n,," }, context), Is.InstanceOf<AuthenticationResult.Ok>());
    }

    [Test]
    public async Task Where_plus_was_not_offered_a_client_that_could_bind_is_welcome() =>
        Assert.That(await _login.ResultAsync(new ClientScram("SCRAM-SHA-256", "bob", "pencil") { Header = "y,," }, Unbound), Is.InstanceOf<AuthenticationResult.Ok>());

    [Test]
    public void Keys_are_written_as_rfc_5803_says_and_read_back()
    {
        var keys = ScramKeys.Create(ScramHash.Sha1, "pencil", 4096, Convert.FromBase64String("QSXCR+Q6sek8bf92"));

        Assert.That(keys.Encode(), Is.EqualTo("SCRAM-SHA-1$4096:QSXCR+Q6sek8bf92$6dlGYMOdZcOPutkcNY8U2g7vK9Y=:D+CSWLOshSulAsxiupA+qs2/fTE="));
        Assert.That(ScramKeys.TryParse(keys.Encode(), out var read), Is.True);
        Assert.That(read!.Encode(), Is.EqualTo(keys.Encode()));
        Assert.That(keys.ToString(), Does.Not.Contain("6dlG"));
    }

    [TestCase("")]
    [TestCase("SCRAM-SHA-1$4096:QSXCR+Q6sek8bf92$6dlGYMOdZcOPutkcNY8U2g7vK9Y=")]
    [TestCase("SCRAM-SHA-1$999:QSXCR+Q6sek8bf92$6dlGYMOdZcOPutkcNY8U2g7vK9Y=:D+CSWLOshSulAsxiupA+qs2/fTE=")]
    [TestCase("SCRAM-SHA-256$4096:QSXCR+Q6sek8bf92$6dlGYMOdZcOPutkcNY8U2g7vK9Y=:D+CSWLOshSulAsxiupA+qs2/fTE=")]
    [TestCase("SCRAM-SHA-1$4096:!$6dlGYMOdZcOPutkcNY8U2g7vK9Y=:D+CSWLOshSulAsxiupA+qs2/fTE=")]
    public void What_is_not_keys_is_refused(string text) => Assert.That(ScramKeys.TryParse(text, out _), Is.False);

    [Test]
    public async Task Fuzz_changed_messages_are_refused_and_throw_nothing()
    {
        var random = new Random(5802);
        for (var i = 0; i < 3_000; i++)
        {
            var exchange = _login.Start("SCRAM-SHA-1", Unbound)!;
            var client = new ClientScram("SCRAM-SHA-1", "bob", "pencil");
            var step = await exchange.StepAsync(Change(client.Initial()), default);
            if (step is SaslStep.Challenge challenge && Encoding.UTF8.GetString(challenge.Data.Span).StartsWith("r=", StringComparison.Ordinal))
            {
                step = await exchange.StepAsync(Change(client.Respond(challenge.Data.ToArray())), default);
                Assert.That(step is SaslStep.Done { Result: AuthenticationResult.Ok }, Is.False);
            }
        }

        byte[] Change(byte[] octets)
        {
            if (random.Next(3) > 0)
            {
                octets[random.Next(octets.Length)] = (byte)random.Next(256);
            }

            return random.Next(5) == 0 ? octets[..random.Next(octets.Length)] : octets;
        }
    }

    private static Task<TlsLink> ConnectAsync(TlsVersion version) => TlsLink.ConnectAsync(
        TlsPolicy.Implicit with { Protocols = version == TlsVersion.Tls12 ? System.Security.Authentication.SslProtocols.Tls12 : System.Security.Authentication.SslProtocols.Tls13 },
        Certificate.Value);

    public enum TlsVersion
    {
        Tls12,
        Tls13,
    }

    private sealed class Fixed(ScramKeys keys) : IMailAuthenticator, IScramCredentials
    {
        public ValueTask<ScramLookup> FindScramAsync(string user, ScramHash hash, AuthenticationContext context, CancellationToken cancellationToken) =>
            new(new ScramLookup.Found(keys, new AuthenticationResult.Ok(new MailIdentity(user, new AccountId(user)))));

        public ValueTask<AuthenticationResult> VerifyPasswordAsync(string user, string password, AuthenticationContext context, CancellationToken cancellationToken) =>
            throw new NotSupportedException();
    }
}

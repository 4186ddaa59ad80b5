using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using MailCore.Authentication;
using MailCore.Hosting;
using MailCore.Messaging;
using MailCore.Relay;
using MailCore.Relay.Security;
using MailCore.Storage;
using MailCore.Tests.Tls;
using NUnit.Framework;

namespace MailCore.Tests.Relay;

[CancelAfter(120_000)]
public class RelayConnectorTests
{
    private const string User = "bob@example.org";
    private const string Password = "correct-horse-battery-93";

    private TestAuthority _authority = null!;
    private X509Certificate2 _certificate = null!;

    [OneTimeSetUp]
    public void MakeAuthority()
    {
        _authority = new TestAuthority();
        _certificate = _authority.Issue(["mx.example.org"]);
    }

    [OneTimeTearDown]
    public void RemoveAuthority()
    {
        _certificate.Dispose();
        _authority.Dispose();
    }

    [TestCase(SaslMechanisms.ScramSha256, true)]
    [TestCase(SaslMechanisms.ScramSha1, false)]
    [TestCase(SaslMechanisms.Plain, false)]
    [TestCase(SaslMechanisms.Plain, true)]
    [TestCase(SaslMechanisms.Login, false)]
    [TestCase(SaslMechanisms.XOAuth2, false)]
    public async Task A_smart_host_gets_the_login_by_the_mechanism_it_offers(string mechanism, bool isImplicit)
    {
        await using var server = await StartSubmissionAsync(mechanism);
        var login = mechanism == SaslMechanisms.XOAuth2
            ? new SmartHostLogin { User = User, AccessToken = static _ => ValueTask.FromResult("token-1") }
            : new SmartHostLogin { User = User, Password = Password };

        var outcome = await SendAsync(server, isImplicit, login);

        Assert.That(outcome.Status, Is.EqualTo(RelayStatus.Sent), outcome.ToString());
    }

    [TestCase(SaslMechanisms.ScramSha256)]
    [TestCase(SaslMechanisms.Plain)]
    [TestCase(SaslMechanisms.Login)]
    [TestCase(SaslMechanisms.XOAuth2)]
    public async Task A_refused_login_waits_and_concerns_the_hop(string mechanism)
    {
        await using var server = await StartSubmissionAsync(mechanism);
        var login = new SmartHostLogin { User = User, Password = "wrong", AccessToken = mechanism == SaslMechanisms.XOAuth2 ? static _ => ValueTask.FromResult("wrong") : null };

        var outcome = await SendAsync(server, isImplicit: true, login);

        Assert.That((outcome.Status, outcome.Reply.Code, outcome.ConcernsHop), Is.EqualTo((RelayStatus.Deferred, 535, true)), outcome.ToString());
    }

    [Test]
    public void What_a_host_sets_for_all_servers_reaches_each_connection()
    {
        var client = new RelayClientOptions { Authorities = [], MaxRecipients = 7, PrefersChunking = false };
        foreach (var (i, time) in typeof(RelayClientOptions).GetProperties().Where(static property => property.PropertyType == typeof(TimeSpan)).Index())
        {
            time.SetValue(client, TimeSpan.FromSeconds(1_000 + i));
        }

        var options = SmtpClientOptions.Of(client, "client.example", "mx.example.org");
        var shared = typeof(RelayClientOptions).GetProperties().Where(static property => typeof(SmtpClientOptions).GetProperty(property.Name)?.PropertyType == property.PropertyType).ToList();
        Assert.That(shared, Has.Count.EqualTo(11));
        foreach (var property in shared)
        {
            Assert.That(typeof(SmtpClientOptions).GetProperty(property.Name)!.GetValue(options), Is.EqualTo(property.GetValue(client)), property.Name);
        }
    }

    [Test]
    public async Task A_certificate_that_does_not_verify_keeps_the_login_from_the_server()
    {
        using var other = _authority.Issue(["other.example.org"]);
        await using var server = await StartSubmissionAsync(SaslMechanisms.Plain, other);

        var outcome = await SendAsync(server, isImplicit: false, new SmartHostLogin { User = User, Password = Password });

        Assert.That((outcome.Status, outcome.Reply.Status?.ToString(), outcome.ConcernsHop), Is.EqualTo((RelayStatus.Deferred, "4.7.5", true)));
    }

    [TestCase(false, "4.7.0")]
    [TestCase(true, null)]
    public async Task A_login_goes_in_the_clear_only_where_it_is_allowed_by_name(bool isAllowed, string? status)
    {
        await using var mta = new FaultyMta("PIPELINING", "AUTH PLAIN");
        var host = new SmartHost { Host = "127.0.0.1", Port = mta.Port, Tls = OutboundTlsLevel.None, Login = new SmartHostLogin { User = "u", Password = "p", AllowCleartext = isAllowed } };
        var connector = RelayTestClient.Connector(new FixedHops(FixedHops.Host(mta.Port)), options => options.SmartHosts.Default = host);

        var outcome = (await connector.SendAsync(RelayTestClient.Message(RelayTestClient.Envelope("x@example.com")), host.Hop)).Single();

        Assert.That(outcome.Status, Is.EqualTo(isAllowed ? RelayStatus.Sent : RelayStatus.Deferred));
        Assert.That(mta.Commands.Any(static line => line.StartsWith("AUTH", StringComparison.Ordinal)), Is.EqualTo(isAllowed));
        Assert.That(outcome.Reply.Status?.ToString(), Is.EqualTo(status ?? "2.0.0"));
    }

    [Test]
    public async Task A_stripped_STARTTLS_keeps_a_login_from_a_smart_host_by_default()
    {
        await using var mta = new FaultyMta("AUTH PLAIN");
        var host = new SmartHost { Host = "127.0.0.1", Port = mta.Port, Login = new SmartHostLogin { User = "u", Password = "p" } };
        var connector = RelayTestClient.Connector(new FixedHops(FixedHops.Host(mta.Port)), options => options.SmartHosts.Default = host);

        var outcome = (await connector.SendAsync(RelayTestClient.Message(RelayTestClient.Envelope("x@example.com")), host.Hop)).Single();

        Assert.That((outcome.Status, outcome.Reply.Status?.ToString()), Is.EqualTo((RelayStatus.Deferred, "4.7.4")));
        Assert.That(mta.Commands, Is.EqualTo(new[] { "EHLO client.example", "QUIT" }));
    }

    [TestCase("AUTH LOGIN", "334 VXNlcm5hbWU6", "dQ==", "334 UGFzc3dvcmQ6", "cA==")]
    [TestCase("AUTH SCRAM-SHA-256 PLAIN", "334 what", null, null, null, Description = "no challenge: nothing is fallen back to")]
    public async Task AUTH_as_it_stands_on_the_wire(string offer, string answer, string? second, string? secondAnswer, string? third)
    {
        await using var mta = new FaultyMta(offer);
        mta.At("AUTH", answer);
        if (second is not null)
        {
            mta.At(second.ToUpperInvariant(), secondAnswer!).At(third!.ToUpperInvariant(), "235 2.7.0 ok");
        }

        var host = new SmartHost { Host = "127.0.0.1", Port = mta.Port, Tls = OutboundTlsLevel.None, Login = new SmartHostLogin { User = "u", Password = "p", AllowCleartext = true } };
        var connector = RelayTestClient.Connector(new FixedHops(FixedHops.Host(mta.Port)), options => options.SmartHosts.Default = host);

        var outcome = (await connector.SendAsync(RelayTestClient.Message(RelayTestClient.Envelope("x@example.com")), host.Hop)).Single();

        Assert.That(outcome.Status, Is.EqualTo(second is null ? RelayStatus.Deferred : RelayStatus.Sent), outcome.ToString());
        Assert.That(mta.Commands, second is null ? Has.None.Contain("PLAIN") : Has.Member("dQ==").And.Member("cA=="));
    }

    [Test]
    public async Task Where_TLS_was_only_a_wish_a_failed_handshake_is_followed_by_cleartext()
    {
        await using var mta = new FaultyMta("STARTTLS");
        mta.At("STARTTLS", "220 go");

        var outcome = (await RelayTestClient.Connector(new FixedHops(FixedHops.Host(mta.Port))).SendAsync(RelayTestClient.Message(RelayTestClient.Envelope("x@example.com")))).Single();

        Assert.That((outcome.Status, mta.Connections), Is.EqualTo((RelayStatus.Sent, 2)));
    }

    [TestCase(nameof(OutboundTlsLevel.Encrypt))]
    [TestCase(nameof(OutboundTlsLevel.Verify))]
    public async Task Where_TLS_is_required_a_failed_handshake_waits(string level)
    {
        await using var mta = new FaultyMta("STARTTLS");
        mta.At("STARTTLS", "220 go");
        var tls = new OutboundTlsRequirement { Level = Enum.Parse<OutboundTlsLevel>(level), Source = "configuration" };

        var outcome = (await RelayTestClient.Connector(new FixedHops(FixedHops.Host(mta.Port, tls))).SendAsync(RelayTestClient.Message(RelayTestClient.Envelope("x@example.com")))).Single();

        Assert.That((outcome.Status, outcome.Reply.Status?.ToString(), mta.Connections), Is.EqualTo((RelayStatus.Deferred, "4.7.5", 1)));
        Assert.That(mta.Taken, Is.Empty);
    }

    [Test]
    public async Task RFC8689_REQUIRETLS_goes_only_to_a_verified_server_that_offers_it()
    {
        await using var server = await MailServer.StartAsync(mail =>
        {
            mail.HostName = "mx.example.org";
            mail.UseCertificate(_certificate, [_authority.Intermediate]);
            mail.ListenSmtp(0, static smtp => smtp.OnMessage(static (_, _, _) => ValueTask.FromResult(SmtpReply.Ok))).On(IPAddress.Loopback);
        });
        var envelope = new Envelope(new ReversePath(EmailAddress.Parse("alice@example.com"))) { RequireTls = true };
        envelope.Recipients.Add(new Recipient(EmailAddress.Parse(User)));
        var connector = RelayTestClient.Connector(new FixedHops(FixedHops.Host(server.Endpoints[0].Port)), options => options.Authorities = [_authority.Root]);
        var strangers = RelayTestClient.Connector(new FixedHops(FixedHops.Host(server.Endpoints[0].Port)));

        var outcome = (await connector.SendAsync(RelayTestClient.Message(envelope))).Single();
        var unverified = (await strangers.SendAsync(RelayTestClient.Message(envelope))).Single();

        // A handler does not honour the wish, so that the endpoint does not offer it.
        Assert.That((outcome.Status, outcome.Reply.Status?.ToString()), Is.EqualTo((RelayStatus.Failed, "5.7.30")));
        Assert.That((unverified.Status, unverified.Reply.Status?.ToString()), Is.EqualTo((RelayStatus.Deferred, "4.7.10")));
    }

    [Test]
    public async Task RFC8689_REQUIRETLS_is_said_to_a_verified_server_that_offers_it()
    {
        await using var server = await MailServer.StartAsync(mail =>
        {
            mail.HostName = "mx.example.org";
            mail.UseCertificate(_certificate, [_authority.Intermediate]);
            mail.UseInMemoryStore().AddAccount(User, Password);
            mail.ListenSmtp(0).On(IPAddress.Loopback);
        });
        var envelope = new Envelope(new ReversePath(EmailAddress.Parse("alice@example.com"))) { RequireTls = true };
        envelope.Recipients.Add(new Recipient(EmailAddress.Parse(User)));
        var connector = RelayTestClient.Connector(new FixedHops(FixedHops.Host(server.Endpoints[0].Port)), options => options.Authorities = [_authority.Root]);

        var outcome = (await connector.SendAsync(RelayTestClient.Message(envelope))).Single();

        Assert.That(outcome.Status, Is.EqualTo(RelayStatus.Sent), outcome.ToString());
    }

    [Test]
    public async Task Hosts_and_addresses_are_tried_in_their_order()
    {
        using var dead = new Socket(SocketType.Stream, ProtocolType.Tcp);
        dead.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        await using var busy = new FaultyMta();
        busy.At("greeting", "554 5.7.1 full", "554 5.7.1 full");
        await using var good = new FaultyMta();
        var finder = new FixedHops(
            FixedHops.Host(((IPEndPoint)dead.LocalEndPoint!).Port, name: "one.example.org"), FixedHops.Host(busy.Port, name: "two.example.org"), FixedHops.Host(good.Port, name: "three.example.org"));

        var outcome = (await RelayTestClient.Connector(finder).SendAsync(RelayTestClient.Message(RelayTestClient.Envelope("x@example.com")))).Single();
        var none = await RelayTestClient.Connector(finder, static options => options.MaxAddresses = 2).ConnectAsync(RelayTestClient.Hop, default, MessageTls.Usual, default);

        Assert.That((outcome.Status, outcome.RemoteName), Is.EqualTo((RelayStatus.Sent, "three.example.org")));
        Assert.That((busy.Connections, good.Connections), Is.EqualTo((2, 1)));
        Assert.That((none.Session, none.Failure.Status, none.Failure.ConcernsHop), Is.EqualTo(((RelaySession?)null, RelayStatus.Deferred, true)));
    }

    [TestCase(450, nameof(RelayStatus.Deferred))]
    [TestCase(556, nameof(RelayStatus.Failed))]
    public async Task Why_there_is_no_host_is_the_outcome(int code, string status)
    {
        var connector = RelayTestClient.Connector(new FixedHops { Failure = new SmtpReply(code, (EnhancedStatusCode?)null, "no") });

        var outcome = (await connector.SendAsync(RelayTestClient.Message(RelayTestClient.Envelope("x@example.com")))).Single();

        Assert.That((outcome.Status.ToString(), outcome.Reply.Code), Is.EqualTo((status, code)));
    }

    [Test]
    public async Task Mail_that_would_come_back_to_this_server_fails_at_once()
    {
        await using var mta = new FaultyMta { Name = "client.example" };

        var outcome = (await RelayTestClient.Connector(new FixedHops(FixedHops.Host(mta.Port))).SendAsync(RelayTestClient.Message(RelayTestClient.Envelope("x@example.com")))).Single();

        Assert.That((outcome.Status, outcome.Reply.Status?.ToString()), Is.EqualTo((RelayStatus.Failed, "5.4.6")));
    }

    [Test]
    public async Task The_name_in_EHLO_and_the_address_that_a_connection_comes_from_are_options()
    {
        await using var mta = new FaultyMta();
        var connector = RelayTestClient.Connector(new FixedHops(FixedHops.Host(mta.Port)), static options =>
        {
            options.HelloName = "out.example.com";
            options.BindAddressesByHop["example.org"] = IPAddress.Parse("127.0.0.9");
            options.BindAddresses.Add(IPAddress.Parse("127.0.0.8"));
        });

        await connector.SendAsync(RelayTestClient.Message(RelayTestClient.Envelope("x@example.org")));
        await connector.SendAsync(RelayTestClient.Message(RelayTestClient.Envelope("x@example.com")), NextHop.Domain("example.com"));

        Assert.That(mta.Commands.Where(static line => line.StartsWith("EHLO", StringComparison.Ordinal)), Is.All.EqualTo("EHLO out.example.com"));
        Assert.That(mta.Clients, Is.EqualTo(new[] { "127.0.0.9", "127.0.0.8" }));
    }

    [Test]
    public async Task LMTP_on_a_unix_socket_has_a_reply_for_each_recipient()
    {
        var folder = Directory.CreateTempSubdirectory("mailcore-lmtp-");
        try
        {
            var path = Path.Combine(folder.FullName, "Lmtp.sock");
            await using var server = await MailServer.StartAsync(mail =>
            {
                mail.HostName = "mx.example.org";
                mail.UseInMemoryStore().AddAccount(User, Password);
                mail.ListenLmtp(path);
            });
            Assert.That(NextHop.TryParse($"lmtp:unix:{path}", out var hop) && hop.IsSocket && hop.ToString() == $"lmtp:unix:{path}");

            var outcomes = await RelayTestClient.Connector(new FixedHops()).SendAsync(RelayTestClient.Message(RelayTestClient.Envelope(User, "nobody@example.org")), hop);

            Assert.That(outcomes.Select(static one => one.Status), Is.EqualTo(new[] { RelayStatus.Sent, RelayStatus.Failed }));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [TestCase("alice@example.com", "x@example.net", "example.net:25")]
    [TestCase("alice@example.com", "x@customer.example", "[in.customer.example]:587")]
    [TestCase("alice@example.com", "x@sub.customer.example", "[in.customer.example]:587")]
    [TestCase("carol@example.com", "x@example.net", "[carol.example]:465")]
    [TestCase("dave@sender.example", "x@example.net", "[out.example]:587")]
    [TestCase("dave@sender.example", "x@direct.example", "direct.example:25")]
    [TestCase("", "x@example.net", "[default.example]:587")]
    [TestCase("eve@other.example", "x@example.net", "[default.example]:587")]
    public void Recipients_come_before_senders_and_senders_before_the_default(string sender, string recipient, string expected)
    {
        var connector = RelayTestClient.Connector(new FixedHops(), static options =>
        {
            var hosts = options.SmartHosts;
            hosts.Default = new SmartHost { Host = "default.example" };
            hosts.ByRecipient["customer.example"] = hosts.ByRecipient[".customer.example"] = new SmartHost { Host = "in.customer.example" };
            hosts.ByRecipient["direct.example"] = null;
            hosts.BySender["carol@example.com"] = new SmartHost { Host = "carol.example", Port = 465 };
            hosts.BySender["example.com"] = null;
            hosts.BySender["sender.example"] = new SmartHost { Host = "out.example" };
        });

        var hop = connector.FindHop(new ReversePath(sender.Length == 0 ? null : EmailAddress.Parse(sender)), EmailAddress.Parse(recipient));

        Assert.That(hop.ToString(), Is.EqualTo(expected));
    }

    [Test]
    public void Sessions_with_different_logins_are_not_alike()
    {
        var host = new SmartHost { Host = "out.example", Login = new SmartHostLogin { User = "all", Password = "p" } };
        var connector = RelayTestClient.Connector(new FixedHops(), options =>
        {
            options.SmartHosts.Default = host;
            options.SmartHosts.LoginsBySender["one.example"] = new SmartHostLogin { User = "one", Password = "p" };
        });
        string Key(string sender, MessageTls wish = MessageTls.Usual) => connector.SessionKey(host.Hop, new ReversePath(EmailAddress.Parse(sender)), wish);

        Assert.That(Key("a@two.example"), Is.EqualTo(Key("b@three.example")));
        Assert.That(Key("a@one.example"), Is.Not.EqualTo(Key("a@two.example")));
        Assert.That(Key("a@two.example", MessageTls.Required), Is.Not.EqualTo(Key("a@two.example")));
    }

    [Test]
    public async Task Two_senders_have_logins_of_their_own_at_one_smart_host()
    {
        await using var mta = new FaultyMta("AUTH PLAIN");
        SmartHost Host(string user) => new() { Host = "127.0.0.1", Port = mta.Port, Tls = OutboundTlsLevel.None, Login = new SmartHostLogin { User = user, Password = "p", AllowCleartext = true } };
        var connector = RelayTestClient.Connector(new FixedHops(FixedHops.Host(mta.Port)), options =>
        {
            options.SmartHosts.BySender["one.example"] = Host("u1");
            options.SmartHosts.BySender["two.example"] = Host("u2");
        });
        foreach (var sender in new[] { "a@one.example", "a@two.example" })
        {
            var envelope = new Envelope(new ReversePath(EmailAddress.Parse(sender)));
            envelope.Recipients.Add(new Recipient(EmailAddress.Parse("x@example.com")));
            await connector.SendAsync(RelayTestClient.Message(envelope), connector.FindHop(envelope.From, envelope.Recipients[0].Address));
        }

        var logins = mta.Commands.Where(static line => line.StartsWith("AUTH", StringComparison.Ordinal)).Select(static line => System.Text.Encoding.ASCII.GetString(Convert.FromBase64String(line[11..])));
        Assert.That(logins, Is.EqualTo(new[] { "\0u1\0p", "\0u2\0p" }));
    }

    [Test]
    public void Two_logins_at_one_smart_host_by_recipient_are_refused() => Assert.That(
        () => RelayTestClient.Connector(new FixedHops(), static options =>
        {
            options.SmartHosts.ByRecipient["one.example"] = new SmartHost { Host = "h.example", Login = new SmartHostLogin { User = "u1", Password = "p" } };
            options.SmartHosts.ByRecipient["two.example"] = new SmartHost { Host = "h.example", Login = new SmartHostLogin { User = "u2", Password = "p" } };
        }),
        Throws.ArgumentException.With.Message.Contains("[h.example]:587 has several logins"));

    [Test]
    public async Task A_token_that_can_not_be_made_defers_the_mail()
    {
        await using var server = await StartSubmissionAsync(SaslMechanisms.XOAuth2);

        var outcome = await SendAsync(server, isImplicit: true, new SmartHostLogin { User = User, AccessToken = static _ => throw new InvalidOperationException("no network") });

        Assert.That((outcome.Status, outcome.Reply.Status?.ToString()), Is.EqualTo((RelayStatus.Deferred, "4.7.0")));
    }

    [TestCase("[host]", 25, 100)]
    [TestCase("host", 0, 100)]
    [TestCase("host", 25, 0)]
    [TestCase("host", 25, 1_001)]
    public void Options_that_can_not_be_are_refused(string host, int port, int recipients) => Assert.That(
        () => RelayTestClient.Connector(new FixedHops(), options =>
        {
            options.SmartHosts.Default = new SmartHost { Host = host, Port = port };
            options.MaxRecipients = recipients;
        }),
        Throws.ArgumentException);

    [Test]
    public void RFC5802_5_the_example_of_SCRAM()
    {
        var client = new ScramClient(ScramHash.Sha1, "user", "pencil", "fyko+d2lbbFgONRv9qkxdawL");

        Assert.That(client.First, Is.EqualTo("n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL"));
        Assert.That(
            client.Answer("r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096"),
            Is.EqualTo("c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts="));
        Assert.That(client.IsProof("v=rmF9pqV8S7suAoZWja4dJRkFsKQ="));
        Assert.That(client.IsProof("v=rmF9pqV8S7suAoZWja4dJRkFsKA="), Is.False);
    }

    [TestCase("r=other,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", Description = "not our nonce")]
    [TestCase("r=abc,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", Description = "nothing of the server's")]
    [TestCase("r=abcd,s=,i=4096")]
    [TestCase("r=abcd,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=999", Description = "too little work")]
    [TestCase("r=abcd,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=1000001", Description = "too much work")]
    [TestCase("r=abcd,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,m=x", Description = "an extension that must be understood")]
    [TestCase("")]
    public void A_challenge_of_SCRAM_that_is_none_gets_no_answer(string challenge) =>
        Assert.That(new ScramClient(ScramHash.Sha256, "user", "pencil", "abc").Answer(challenge), Is.Null);

    private async Task<RelayOutcome> SendAsync(MailServer server, bool isImplicit, SmartHostLogin login)
    {
        var port = server.Endpoints[isImplicit ? "submissions" : "submission"].Port;
        var host = new SmartHost { Host = "mx.example.org", Port = port, UsesImplicitTls = isImplicit, Login = login };
        var connector = RelayTestClient.Connector(new FixedHops(FixedHops.Host(port)), options =>
        {
            options.SmartHosts.Default = host;
            options.Authorities = [_authority.Root];
        });
        var envelope = new Envelope(new ReversePath(EmailAddress.Parse(User)));
        envelope.Recipients.Add(new Recipient(EmailAddress.Parse(User)));
        return (await connector.SendAsync(RelayTestClient.Message(envelope), host.Hop)).Single();
    }

    private Task<MailServer> StartSubmissionAsync(string mechanism, X509Certificate2? certificate = null) => MailServer.StartAsync(mail =>
    {
        mail.HostName = "mx.example.org";
        mail.BindAddress = IPAddress.Loopback;
        mail.UseCertificate(certificate ?? _certificate, [_authority.Intermediate]);
        mail.UseInMemoryStore().AddAccount(User, Password).AddAuthenticator(static _ => new Tokens());
        mail.Logins.Mechanisms.Clear();
        mail.Logins.Mechanisms.Add(mechanism);
        mail.Logins.FailureDelay = TimeSpan.Zero;
        mail.ListenSubmissions(0);
        mail.ListenSubmission(0);
    });

    private sealed class Tokens : IMailAuthenticator, ITokenAuthenticator
    {
        public ValueTask<AuthenticationResult> VerifyTokenAsync(string token, string? user, AuthenticationContext context, CancellationToken cancellationToken) =>
            new(token == "token-1" ? new AuthenticationResult.Ok(new MailIdentity(User, new AccountId(User))) : new AuthenticationResult.Rejected());

        public ValueTask<AuthenticationResult> VerifyPasswordAsync(string user, string password, AuthenticationContext context, CancellationToken cancellationToken) =>
            new(new AuthenticationResult.Rejected());
    }
}

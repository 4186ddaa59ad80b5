using MailCore.Authentication;
using MailCore.Hosting;
using MailCore.Storage;
using MailCore.Tests.Tls;
using MailCore.Tls;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;

namespace MailCore.Tests.Authentication;

[TestFixture]
[CancelAfter(60_000)]
internal sealed class SaslOfferTests
{
    private static readonly AuthenticationContext Secured = new("imap", null, IsSecured: true);

    [Test]
    public void Without_tls_nothing_is_offered_and_nothing_starts()
    {
        using var login = LoginServices.Over(new InMemoryAuthenticator(1_000));
        var context = new AuthenticationContext("imap", null, IsSecured: false);

        Assert.That(login.Offer(context).Names, Is.Empty);
        Assert.That(login.Start("PLAIN", context), Is.Null);
        Assert.That(login.Start("SCRAM-SHA-256", context), Is.Null);
    }

    [Test]
    public void Where_the_policy_allows_cleartext_there_is_all_but_what_needs_tls()
    {
        using var login = LoginServices.Over(new InMemoryAuthenticator(1_000));
        var context = new AuthenticationContext("imap", null, IsSecured: false) { AllowsLogin = true };

        Assert.That(login.Offer(context).Names, Is.EqualTo(new[] { "SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "LOGIN" }));
    }

    [Test]
    public async Task On_tls_channel_binding_is_offered_too()
    {
        await using var link = await TlsLink.ConnectAsync(TlsPolicy.Implicit, ServerCertificate.SelfSigned("mx.example.org"));
        using var login = LoginServices.Over(new InMemoryAuthenticator(1_000));

        var offer = login.Offer(AuthenticationContext.Of("imap", link.Server, TlsPolicy.Implicit));

        Assert.That(offer.Names, Is.EqualTo(new[] { "SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-1", "PLAIN", "LOGIN" }));
        Assert.That(offer.BindsChannel, Is.True);
    }

    [Test]
    public void An_authenticator_for_passwords_gets_plain_and_login_only()
    {
        using var login = LoginServices.Over(new DelegateAuthenticator(static (_, _, _, _) => new(new AuthenticationResult.Rejected())));

        Assert.That(login.Offer(Secured).Names, Is.EqualTo(new[] { "PLAIN", "LOGIN" }));
    }

    [Test]
    public void Cram_md5_and_anonymous_are_off_until_asked_for_and_possible()
    {
        var users = new InMemoryAuthenticator(1_000) { KeepPasswords = true };
        using var quiet = LoginServices.Over(users, new LoginOptions { Anonymous = new MailIdentity("guest", new AccountId("guest")) });
        Assert.That(quiet.Offer(Secured).Names, Has.None.EqualTo("CRAM-MD5").And.None.EqualTo("ANONYMOUS"));
        Assert.That(quiet.Start("ANONYMOUS", Secured), Is.Null);

        var options = new LoginOptions();
        options.Mechanisms.Add("CRAM-MD5");
        options.Mechanisms.Add("ANONYMOUS");
        using var asked = LoginServices.Over(users, options);
        Assert.That(asked.Offer(Secured).Names, Has.One.EqualTo("CRAM-MD5").And.None.EqualTo("ANONYMOUS"), "anonymous as nobody");

        options.Anonymous = new MailIdentity("guest", new AccountId("guest"));
        users.KeepPasswords = false;
        Assert.That(asked.Offer(Secured).Names, Has.None.EqualTo("CRAM-MD5").And.One.EqualTo("ANONYMOUS"), "no passwords are kept");
    }

    [Test]
    public void External_is_offered_to_a_client_with_a_certificate()
    {
        using var authority = new TestAuthority();
        using var login = new LoginService(new InMemoryAuthenticator(1_000), new LoginOptions(), TimeProvider.System, NullLogger<LoginService>.Instance)
        {
            Certificates = new AddressCertificateMapper(new MailCore.Storage.InMemory.InMemoryMailDirectory()),
        };
        var shown = Secured with { ClientCertificate = authority.Issue([], TestAuthority.ClientAuthentication, email: "bob@example.org") };

        Assert.That(login.Offer(Secured).Names, Has.None.EqualTo("EXTERNAL"));
        Assert.That(login.Offer(shown).Names, Has.One.EqualTo("EXTERNAL"));
    }

    [Test]
    public void A_misspelt_mechanism_is_told_at_the_start() => Assert.That(
        static async () => await MailServer.StartAsync(static mail =>
        {
            mail.UseInMemoryStore();
            mail.Logins.Mechanisms.Add("SCRAM-SHA-265");
            mail.ListenImap(0).UseCleartext().On(System.Net.IPAddress.Loopback);
        }),
        Throws.TypeOf<MailServerConfigurationException>().With.Message.Contains("SCRAM-SHA-265"));

    [Test]
    public void Connections_alike_get_the_same_object()
    {
        using var login = LoginServices.Over(new InMemoryAuthenticator(1_000));

        Assert.That(login.Offer(Secured), Is.SameAs(login.Offer(Secured with { Protocol = "pop3" })));
    }

    [Test]
    public void A_host_chooses_and_orders_the_mechanisms_and_misspells_none()
    {
        var options = new LoginOptions();
        options.Mechanisms.Clear();
        options.Mechanisms.Add("SCRAM-SHA-1");
        options.Mechanisms.Add("SCRAM-SHA-256");
        using var login = LoginServices.Over(new InMemoryAuthenticator(1_000), options);
        Assert.That(login.Offer(Secured).Names, Is.EqualTo(new[] { "SCRAM-SHA-1", "SCRAM-SHA-256" }));
        Assert.That(login.Offer(Secured).TakesPasswords, Is.False);

        options.Mechanisms.Add("SCRAM-SHA256");
        Assert.That(() => LoginServices.Over(new InMemoryAuthenticator(1_000), options), Throws.ArgumentException.With.Message.Contains("SCRAM-SHA256"));
    }
}

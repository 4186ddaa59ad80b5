using System.Net;
using System.Net.Sockets;
using MailCore.Hosting;
using MailCore.Tls;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;

namespace MailCore.Tests.Hosting;

public class MailServerSettingsTests
{
    [Test]
    public void A_misspelt_key_is_named_with_the_one_that_was_meant() =>
        Assert.That(ReadProblems(("Domain:0", "example.org"), ("Listeners:0:Prot", "25")), Is.EquivalentTo(new[]
        {
            "Unknown configuration key 'Mail:Domain'. Did you mean 'Domains'?",
            "Unknown configuration key 'Mail:Listeners:0:Prot'. Did you mean 'Port'?",
        }));

    [TestCase("Domains", "example.org", "Mail:Domains:0")]
    [TestCase("Accounts", "bob@example.org", "Mail:Accounts:0:Address")]
    [TestCase("Accounts:0", "bob@example.org", "Mail:Accounts:0:Address")]
    [TestCase("Aliases:0:Targets", "bob@example.org", "Mail:Aliases:0:Targets:0")]
    public void A_value_where_a_list_belongs_is_told_with_the_right_key(string key, string value, string expected) =>
        Assert.That(ReadProblems((key, value)), Has.One.Items.And.Some.Contains(expected));

    [TestCase("Listeners:0:Role", "Smpt")]
    [TestCase("Listeners:0:Port", "many")]
    [TestCase("MaxConnections", "ten")]
    public void A_value_that_cannot_be_read_is_named_with_its_key(string key, string value) =>
        Assert.That(ReadProblems((key, value)), Has.One.Items.And.Some.Contains("Mail:" + key).And.Some.Contains(value));

    [TestCase("Listeners:0:Role", "Smpt", "Smtp, Submission, Submissions, Lmtp, Imap, Imaps, Pop3, Pop3s")]
    [TestCase("Listeners:0:Tls", "Starttls", "None, Opportunistic, Required, Implicit")]
    [TestCase("Tls:ClientCertificates", "Yes", "Ignore, Request, Require")]
    public void An_unknown_name_is_told_with_those_there_are(string key, string value, string names) =>
        Assert.That(ReadProblems((key, value)), Is.EqualTo(new[] { $"Configuration key 'Mail:{key}' is '{value}'. Use one of {names}." }));

    [Test]
    public void An_environment_variable_called_MAIL_does_not_disturb_the_section() =>
        Assert.That(Read(("", "/var/mail/root"), ("HostName", "mx.example.org")).HostName, Is.EqualTo("mx.example.org"));

    [Test]
    public void An_empty_section_is_all_defaults() => Assert.That(Read().Listeners, Is.Empty);

    [Test]
    public void Listeners_take_their_roles_ports_and_tls_unless_told_otherwise()
    {
        var mail = Builder();

        mail.Apply(Read(
            ("Listeners:0:Role", "smtp"),
            ("Listeners:1:Role", "Submission"), ("Listeners:1:Address", "localhost"), ("Listeners:1:Tls", "None"), ("Listeners:1:AllowCleartextAuthentication", "true"),
            ("Listeners:2:Role", "Imaps"), ("Listeners:2:Port", "2993"), ("Listeners:2:Address", "::1"),
            ("Listeners:3:Role", "Lmtp"), ("Listeners:3:Path", "/run/mail/lmtp.sock"),
            ("Listeners:4:Role", "Lmtp"),
            ("Listeners:5:Role", "Smtp"), ("Listeners:5:Address", "*")));

        Assert.That(mail.Endpoints.Select(endpoint => endpoint.EndPoint(IPAddress.Parse("192.0.2.1")).ToString()), Is.EqualTo(new[]
        {
            "192.0.2.1:25", "127.0.0.1:587", "[::1]:2993", "/run/mail/lmtp.sock", "127.0.0.1:24", Socket.OSSupportsIPv6 ? "[::]:25" : "0.0.0.0:25",
        }));
        Assert.That(
            mail.Endpoints.Select(endpoint => endpoint.Tls.Mode),
            Is.EqualTo(new[] { TlsMode.Opportunistic, TlsMode.None, TlsMode.Implicit, TlsMode.None, TlsMode.None, TlsMode.Opportunistic }));
        Assert.That(mail.Endpoints.Select(endpoint => endpoint.Tls.AllowCleartextAuthentication), Is.EqualTo(new[] { false, true, false, false, false, false }));
        Assert.That(mail.Problems, Is.Empty);
    }

    [Test]
    public void What_is_wrong_with_a_listener_an_account_or_an_alias_is_told_by_its_key()
    {
        var mail = Builder();

        mail.Apply(Read(
            ("Listeners:0:Port", "25"),
            ("Listeners:1:Role", "Imap"), ("Listeners:1:Address", "mx.example.org"),
            ("Listeners:2:Role", "Lmtp"), ("Listeners:2:Path", "/run/lmtp.sock"), ("Listeners:2:Port", "24"),
            ("Accounts:0:Password", "secret"),
            ("Accounts:1:Address", "bob"),
            ("Aliases:0:Address", "info@example.org"),
            ("Certificate:KeyFile", "key.pem")));

        Assert.That(mail.Problems, Has.Count.EqualTo(7));
        Assert.That(mail.Problems, Has.One.Contains("Listeners:0").And.One.Contains("'mx.example.org'").And.One.Contains("Listeners:2"));
        Assert.That(mail.Problems, Has.One.Contains("Accounts:0").And.One.Contains("'bob'").And.One.Contains("Aliases:0"));
        Assert.That(mail.Problems, Has.One.Contains("Certificate:File"));
        Assert.That(mail.Problems, Has.None.Contains("secret"));
    }

    [TestCase("SmartHosts:0:Host", "[smtp.example.net]:587", "SmartHosts")]
    [TestCase("MaxConnections", "5", "MaxConnections")]
    [TestCase("Srs:Domain", "example.org", "Srs")]
    [TestCase("HelloName", "mx.example.org", "HelloName")]
    public void A_key_of_the_relay_that_is_not_there_is_told_and_not_ignored(string key, string value, string named)
    {
        var (silent, off, on) = (Builder(), Builder(), Builder());

        silent.Apply(Read(($"Relay:{key}", value)));
        off.Apply(Read(($"Relay:{key}", value), ("Relay:Enabled", "false")));
        on.Apply(Read(($"Relay:{key}", value), ("Relay:Enabled", "true")));

        Assert.That(MailServerBuilderRelay.FindIdle(silent), Is.EqualTo($"Relay has {named}, and no relay to use it. Set Relay:Enabled to true, or to false to keep it for later."));
        Assert.That(MailServerBuilderRelay.FindIdle(off) ?? MailServerBuilderRelay.FindIdle(on), Is.Null);
    }

    [TestCase("HelloName", "mx.example.org")]
    [TestCase("SmartHosts:0:Host", "[mail.example.net]:25")]
    [TestCase("SenderLogins:0:Sender", "bob@example.org")]
    public void Without_a_relay_a_domain_that_is_handed_over_uses_the_keys_of_the_client(string key, string value)
    {
        var mail = Builder();

        mail.Apply(Read(($"Relay:{key}", value), ("RelayDomains:0:Name", "example.net"), ("RelayDomains:0:Via", "[mail.example.net]:25")));

        Assert.That(MailServerBuilderRelay.FindIdle(mail), Is.Null);
    }

    [Test]
    public void Names_limits_and_domains_are_taken_over()
    {
        var mail = Builder();
        mail.Domains.Add("example.org");

        mail.Apply(Read(
            ("HostName", "mx.example.org"), ("Domains:0", "EXAMPLE.org"), ("Domains:1", "example.net"), ("MaxConnections", "7"),
            ("MaxConnectionsPerAddress", "3"), ("MaxMessageSize", "123456"), ("Listeners:0:Role", "Smtp"), ("Listeners:1:Role", "Imap")));

        Assert.That(mail.HostName, Is.EqualTo("mx.example.org"));
        Assert.That(mail.Domains, Is.EqualTo(new[] { "example.org", "example.net" }));
        Assert.That((mail.Options.MaxConnections, mail.Options.MaxConnectionsPerAddress), Is.EqualTo((7, 3)));
        Assert.That(((SmtpEndpointBuilder)mail.Endpoints[0]).Options.MaxMessageSize, Is.EqualTo(123456));
    }

    private static MailServerBuilder Builder()
    {
        MailServerBuilder? builder = null;
        new ServiceCollection().AddMailServer(mail => builder = mail);
        return builder!;
    }

    private static MailServerSettings Read(params (string Key, string Value)[] values) => MailServerSettings.Read(
        new ConfigurationBuilder()
            .AddInMemoryCollection(values.Select(pair => KeyValuePair.Create<string, string?>(pair.Key == "" ? "Mail" : $"Mail:{pair.Key}", pair.Value)))
            .Build().GetSection("Mail"));

    private static IReadOnlyList<string> ReadProblems(params (string Key, string Value)[] values) =>
        Assert.Throws<MailServerConfigurationException>(() => Read(values))!.Problems;
}

using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using MailCore.Hosting;
using MailCore.Tests.Pop3;
using MailCore.Tests.Tls;
using MailCore.Tls;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using NUnit.Framework;

namespace MailCore.Tests.Hosting;

[CancelAfter(60_000)]
public class TlsStartTests
{
    [Test]
    public async Task Without_a_certificate_no_endpoint_with_tls_starts_and_none_falls_back_to_cleartext()
    {
        var problems = await ProblemsAsync(static mail => mail.UseInMemoryStore().UsePreset(MailServerPreset.DockerMailserver, Locally));

        Assert.That(problems, Has.Count.EqualTo(3).And.All.Contains("needs a certificate"));
        Assert.That(problems, Has.One.Contains("'submission'").And.One.Contains("'imap'").And.One.Contains("'imaps'"));
    }

    [Test]
    public async Task Turning_tls_off_by_name_needs_no_certificate()
    {
        await using var server = await MailServer.StartAsync(static mail => mail.UseInMemoryStore().UsePreset(MailServerPreset.DockerMailserver, static endpoint =>
        {
            Locally(endpoint);
            endpoint.UseCleartext();
        }));

        Assert.That(server.Endpoints.Select(static endpoint => endpoint.Tls.Mode), Has.All.EqualTo(TlsMode.None));
    }

    [Test]
    public async Task Logins_in_cleartext_are_refused_on_an_address_that_the_network_reaches() =>
        Assert.That(
            await ProblemsAsync(static mail => mail.UseInMemoryStore().ListenImap(0).UseCleartext().AllowCleartextAuthentication()),
            Has.One.Contains("'imap'").And.One.Contains("passwords in cleartext"));

    [TestCase("0.0.0.0/0", "open relay")]
    [TestCase("everybody", "'everybody' is not a network")]
    public async Task Trusting_everybody_or_nothing_sensible_fails_the_start(string network, string problem) =>
        Assert.That(
            await ProblemsAsync(mail =>
            {
                mail.UseInMemoryStore().AllowSubmissionFrom(network).UseSelfSignedCertificate();
                mail.ListenSmtp(0, Locally);
            }),
            Has.One.Items.And.One.Contains(problem));

    [Test]
    public async Task Trusting_a_network_without_an_endpoint_for_it_fails_the_start() =>
        Assert.That(
            await ProblemsAsync(static mail => mail.UseInMemoryStore().UseSelfSignedCertificate().AllowSubmissionFrom("10.0.0.0/8").ListenSubmission(0, Locally)),
            Has.One.Items.And.One.Contains("AllowSubmissionFrom"));

    [Test]
    public async Task Only_the_endpoint_for_transfer_trusts_networks()
    {
        await using var server = await MailServer.StartAsync(static mail => mail.UseInMemoryStore().UseSelfSignedCertificate()
            .AllowSubmissionFrom("127.0.0.0/8").UsePreset(MailServerPreset.DockerMailserver, Locally));
        using var transfer = await MailClient.ConnectAsync(server.Endpoints["smtp"]);
        await transfer.ReadLineAsync();
        await transfer.SayAsync("HELO printer.example");
        await transfer.SayAsync("MAIL FROM:<printer@office.example>");
        using var submission = await MailClient.ConnectAsync(server.Endpoints["submission"]);
        await submission.ReadLineAsync();
        await submission.SayAsync("STARTTLS");
        await submission.StartTlsAsync();
        await submission.SayAsync("HELO printer.example");

        // There is no relay yet; but the reply tells that it is not for want of permission.
        Assert.That(await transfer.SayAsync("RCPT TO:<mallory@elsewhere.example>"), Does.StartWith("550 5.7.1").And.Contains("no relay is configured"));
        Assert.That(await submission.SayAsync("MAIL FROM:<printer@office.example>"), Does.StartWith("530 5.7.0"));
    }

    [Test]
    public async Task A_preset_behind_endpoints_is_told() =>
        Assert.That(
            await ProblemsAsync(static mail =>
            {
                mail.UseInMemoryStore().UseSelfSignedCertificate().ListenSmtp(0, Locally);
                mail.UsePreset(MailServerPreset.DockerMailserver, Locally);
            }),
            Has.One.Items.And.One.Contains("DockerMailserver").And.One.Contains("first"));

    [Test]
    public async Task A_generated_certificate_and_obsolete_versions_are_told_in_the_log()
    {
        using var log = new CollectedLog();
        await using var server = await MailServer.StartAsync(mail =>
        {
            mail.Services.Replace(ServiceDescriptor.Singleton<ILoggerFactory>(log));
            mail.UseInMemoryStore().UseSelfSignedCertificate();
            // By its name in text: the compiler warns of the symbol.
            mail.ConfigureTls(static policy => policy with { Protocols = policy.Protocols | Enum.Parse<SslProtocols>("Tls11") });
            mail.ListenSmtp(0, Locally);
        });

        Assert.That(log.Lines, Has.One.Matches<(LogLevel Level, string Text)>(static line => line.Level == LogLevel.Warning && line.Text.Contains("for development", StringComparison.Ordinal)));
        Assert.That(log.Lines, Has.One.Matches<(LogLevel Level, string Text)>(static line => line.Level == LogLevel.Warning && line.Text.Contains("before 1.2", StringComparison.Ordinal)));
    }

    [Test]
    public async Task Senseless_tls_options_are_told()
    {
        var problems = await ProblemsAsync(static mail =>
        {
            mail.UseInMemoryStore().UseSelfSignedCertificate().ListenSmtp(0, Locally);
            mail.ConfigureTls(static policy => policy with { Protocols = SslProtocols.None, HandshakeTimeout = TimeSpan.Zero, CipherSuites = [] });
        });

        Assert.That(problems, Has.One.Contains("no TLS version").And.One.Contains("time-out").And.One.Contains("cipher suites"));
    }

    [TestCase(false, ExpectedResult = null)]
    [TestCase(true, ExpectedResult = "* OK")]
    public async Task<string?> An_endpoint_can_require_a_certificate_of_its_clients(bool hasOne)
    {
        using var authority = new TestAuthority();
        using var certificate = authority.Issue([], TestAuthority.ClientAuthentication, "bob@example.org");
        await using var server = await MailServer.StartAsync(mail =>
        {
            mail.UseInMemoryStore().UseSelfSignedCertificate();
            mail.ListenImaps(0, Locally).UseClientCertificates(ClientCertificateRule.Require, [authority.Root]);
        });
        using var client = await MailClient.ConnectAsync(server.Endpoints[0]);

        // With TLS 1.3 a client learns of the refusal only when it reads.
        var isShaken = await client.TryStartTlsAsync(options => options.ClientCertificateContext = hasOne
            ? SslStreamCertificateContext.Create(certificate, [authority.Intermediate], offline: true)
            : null);

        return isShaken ? (await client.ReadLineAsync())?[..4] : null;
    }

    [Test]
    public async Task A_pkcs12_file_with_its_password_is_taken_from_configuration()
    {
        using var authority = new TestAuthority();
        using var certificate = authority.Issue(["mx.example.org"]);
        using var files = new PemFiles();
        var file = files.Path("cert.p12");
        await File.WriteAllBytesAsync(file, certificate.Export(X509ContentType.Pfx, "secret"));
        await using var server = await MailServer.StartAsync(mail =>
        {
            mail.UseInMemoryStore().Apply(Read(("Certificate:File", file), ("Certificate:Password", "secret")));
            mail.ListenImaps(0, Locally);
        });
        using var client = await MailClient.ConnectAsync(server.Endpoints[0]);

        await client.StartTlsAsync();

        Assert.That(((X509Certificate2)client.Tls!.RemoteCertificate!).Thumbprint, Is.EqualTo(certificate.Thumbprint));
    }

    [Test]
    public void Configuration_sets_preset_trust_and_tls_options()
    {
        using var authority = new TestAuthority();
        using var files = new PemFiles();
        var mail = Apply(
            ("Preset", "dockermailserver"),
            ("AllowSubmissionFrom:0", "172.16.0.0/12"),
            ("Tls:MinimumVersion", "1.3"),
            ("Tls:CipherSuites:0", "TLS_AES_256_GCM_SHA384"),
            ("Tls:HandshakeTimeout", "00:00:05"),
            ("Tls:ClientCertificates", "Request"),
            ("Tls:ClientAuthorities", files.Write("ca.pem", authority.Root.ExportCertificatePem())));

        Assert.That(mail.Problems, Is.Empty);
        Assert.That(mail.Endpoints.Select(static endpoint => endpoint.Port), Is.EqualTo(new[] { 25, 587, 143, 993 }));
        Assert.That(mail.TrustedNetworks.ToString(), Is.EqualTo("172.16.0.0/12"));
        var policy = mail.TlsOf(mail.Endpoints[0]);
        Assert.That(policy.Protocols, Is.EqualTo(SslProtocols.Tls13));
        Assert.That(policy.CipherSuites, Is.EqualTo(new[] { TlsCipherSuite.TLS_AES_256_GCM_SHA384 }));
        Assert.That(policy.HandshakeTimeout, Is.EqualTo(TimeSpan.FromSeconds(5)));
        Assert.That(policy.ClientCertificates, Is.EqualTo(ClientCertificateRule.Request));
        Assert.That(policy.ClientAuthorities, Has.One.Items);
    }

    [Test]
    public void Listeners_beside_a_preset_take_its_rules_and_its_ports_are_left_alone()
    {
        var mail = Apply(("Preset", "DockerMailserver"), ("Listeners:0:Role", "Smtp"), ("Listeners:0:Port", "2525"), ("Listeners:1:Role", "Pop3"));

        Assert.That(mail.Endpoints.Select(static endpoint => (endpoint.Port, endpoint.Tls.Mode)), Is.EqualTo(new[] { (2525, TlsMode.None), (110, TlsMode.Required) }));
    }

    [TestCase("Preset", "Postfix", "Preset 'Postfix' is not known")]
    [TestCase("Tls:MinimumVersion", "1.1", "Tls:MinimumVersion '1.1'")]
    [TestCase("Tls:ClientAuthorities", "/nowhere/ca.pem", "/nowhere/ca.pem")]
    [TestCase("AllowSubmissionFrom:0", "0.0.0.0/0", "open relay")]
    public async Task What_configuration_gets_wrong_is_told_by_its_key(string key, string value, string problem) =>
        Assert.That(Apply((key, value)).Problems, Has.One.Items.And.One.Contains(problem));

    private static void Locally(MailEndpointBuilder endpoint)
    {
        endpoint.Port = 0;
        endpoint.On(IPAddress.Loopback);
    }

    private static async Task<IReadOnlyList<string>> ProblemsAsync(Action<MailServerBuilder> configure) =>
        (await Assert.ThrowsAsync<MailServerConfigurationException>(() => MailServer.StartAsync(configure)))!.Problems;

    private static MailServerBuilder Apply(params (string Key, string Value)[] values)
    {
        MailServerBuilder mail = null!;
        new ServiceCollection().AddMailServer(builder => mail = builder.Apply(Read(values)));
        return mail;
    }

    private static MailServerSettings Read(params (string Key, string Value)[] values) => MailServerSettings.Read(new ConfigurationBuilder()
        .AddInMemoryCollection(values.Select(static value => KeyValuePair.Create("Mail:" + value.Key, (string?)value.Value)))
        .Build().GetSection("Mail"));
}

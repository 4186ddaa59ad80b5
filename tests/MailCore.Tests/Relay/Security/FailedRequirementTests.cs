using System.Text;
using MailCore.Delivery;
using MailCore.Hosting;
using MailCore.Messaging;
using MailCore.Relay;
using MailCore.Relay.Security;
using MailCore.Storage;
using MailCore.Tests.Tls;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using NUnit.Framework;

namespace MailCore.Tests.Relay.Security;

[CancelAfter(120_000)]
public class FailedRequirementTests
{
    [Test]
    public async Task Mail_that_waited_for_TLS_in_vain_goes_back_with_5_7_4_and_never_in_the_clear()
    {
        await using var attacker = new TlsMta(MailCore.Tls.ServerCertificate.SelfSigned("mx.example.net").Certificate, TlsManners.Stripped);
        var host = Host.CreateEmptyApplicationBuilder(null);
        host.Services.AddMailServer(mail =>
        {
            mail.UseInMemoryStore().AddAccount("alice@example.org", "correct horse");
            mail.ListenSmtp(0).On(System.Net.IPAddress.Loopback).UseCleartext();
            mail.UseRelay(relay =>
            {
                relay.Client.SmartHosts.Default = new SmartHost { Host = "127.0.0.1", Port = attacker.Port, Tls = OutboundTlsLevel.Encrypt };
                relay.Options.Schedule = new RetrySchedule { MinimumDelay = TimeSpan.FromMilliseconds(50), MaximumDelay = TimeSpan.FromMilliseconds(50), Lifetime = TimeSpan.FromSeconds(5) };
            });
        });
        using var app = host.Build();
        await app.StartAsync();
        var envelope = new Envelope(new ReversePath(EmailAddress.Parse("alice@example.org")));
        envelope.Recipients.Add(new Recipient(EmailAddress.Parse("bob@example.net")));
        using var message = new MemoryStream(Encoding.ASCII.GetBytes("Subject: x\r\n\r\nFor your eyes only\r\n"));
        await app.Services.GetRequiredService<IMailSubmission>().SubmitAsync(envelope, message, default);

        var text = await WaitForMailAsync(app.Services);

        Assert.That(text, Does.Contain("Status: 5.7.4").And.Contain("TLS is required"));
        Assert.That(attacker.Clear, Does.Contain("EHLO").And.Not.Contain("MAIL").And.Not.Contain("bob").And.Not.Contain("eyes"));
        await app.StopAsync();
    }

    [Test]
    public async Task A_renewed_certificate_that_breaks_its_TLSA_records_is_warned_of_with_the_record_to_publish()
    {
        using var authority = new TestAuthority();
        using var old = authority.Issue(["mx.example.org"]);
        using var renewed = authority.Issue(["mx.example.org"]);
        var dns = new FakeDns().Tlsa("_25._tcp.mx.example.org", OutboundTlsTableTests.Record(3, 1, 1, old));
        var log = new Lines();
        var check = new RenewalCheck(dns, log);

        await check.RunAsync(new MailCore.Tls.ServerCertificate(old));
        Assert.That(log.All, Is.Empty);
        await check.RunAsync(new MailCore.Tls.ServerCertificate(renewed));
        Assert.That(log.All.Single(), Does.StartWith("Warning").And.Contain(PublishedRecords.Tlsa("mx.example.org", renewed).ToString()));
    }

    [Test]
    public async Task A_reload_looks_at_what_is_published()
    {
        using var authority = new TestAuthority();
        using var old = authority.Issue(["mx.example.org"]);
        using var renewed = authority.Issue(["mx.example.org"]);
        using var files = new PemFiles();
        var dns = new FakeDns();
        var (file, keyFile) = files.Write("cert.pem", "key.pem", old);
        var services = new ServiceCollection();
        services.AddMailServer(mail =>
        {
            mail.Options.CertificateCheckInterval = TimeSpan.Zero;
            mail.UseCertificate(file, keyFile).Services.AddSingleton<MailCore.Dns.IDnsResolver>(dns);
        });
        await using var provider = services.BuildServiceProvider();
        var certificates = provider.GetRequiredService<MailCore.Tls.IServerCertificates>();
        certificates.Select(null);
        Assert.That(dns.Questions, Is.Empty);

        files.Write("cert.pem", "key.pem", renewed);
        certificates.Select(null);
        while (!dns.Questions.Contains("_25._tcp.mx.example.org Tlsa"))
        {
            await Task.Delay(20, TestContext.CurrentContext.CancellationToken);
        }
    }

    private static async Task<string> WaitForMailAsync(IServiceProvider services)
    {
        var alice = await services.GetRequiredService<MailAccounts>().OpenAsync(new AccountId("alice@example.org"));
        var inbox = await alice!.FindMailboxAsync(MailboxName.Inbox);
        while (true)
        {
            await foreach (var row in inbox!.ReadAsync(new[] { new Uid(1) }, MessageFields.All))
            {
                await using var content = await inbox.OpenContentAsync(row);
                using var stream = content!.AsStream();
                using var reader = new StreamReader(stream, Encoding.UTF8);
                return await reader.ReadToEndAsync();
            }

            await Task.Delay(50, TestContext.CurrentContext.CancellationToken);
        }
    }

    private sealed class Lines : ILogger<RenewalCheck>
    {
        public List<string> All { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            All.Add($"{logLevel}: {formatter(state, exception)}");
    }
}

using System.Text;
using MailCore.Delivery;
using MailCore.Hosting;
using MailCore.Messaging;
using MailCore.Relay;
using MailCore.Relay.Security;
using MailCore.Storage;
using MailCore.Testing;
using MailCore.Tests.Tls;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using NUnit.Framework;

namespace MailCore.Tests.Relay.Security;

[CancelAfter(120_000)]
internal sealed class FailedRequirementTests
{
    [TestCase(TlsManners.Stripped, OutboundTlsLevel.Encrypt, "5.7.4")]
    [TestCase(TlsManners.Good, OutboundTlsLevel.Verify, "5.7.5", Description = "a certificate of nobody's")]
    [TestCase(TlsManners.SpeaksBehind220, OutboundTlsLevel.Encrypt, "5.7.5")]
    [TestCase(TlsManners.BreaksHandshake, OutboundTlsLevel.Encrypt, "5.7.5")]
    public async Task Mail_that_waited_for_TLS_in_vain_goes_back_with_5_7_and_never_in_the_clear(TlsManners manners, OutboundTlsLevel level, string status)
    {
        using var authority = new TestAuthority();
        await using var attacker = new TlsMta(MailCore.Tls.ServerCertificate.SelfSigned("127.0.0.1").Certificate, manners);
        var clock = new ManualTimeProvider();
        var host = Host.CreateEmptyApplicationBuilder(null);
        host.Services.AddSingleton<TimeProvider>(clock);
        host.Services.AddMailServer(mail =>
        {
            mail.UseInMemoryStore().AddAccount("alice@example.org", "correct horse");
            mail.ListenSmtp(0).On(System.Net.IPAddress.Loopback).UseCleartext();
            mail.UseRelay(relay =>
            {
                relay.Client.SmartHosts.Default = new SmartHost { Host = "127.0.0.1", Port = attacker.Port, Tls = level };
                relay.Client.Authorities = [authority.Root];
                // Longer than the message lives: the clock moves by itself, not with the sockets.
                (relay.Client.ConnectTimeout, relay.Client.HandshakeTimeout) = (TimeSpan.FromDays(1), TimeSpan.FromDays(1));
                (relay.Client.GreetingTimeout, relay.Client.HelloTimeout, relay.Client.ReplyTimeout) = (TimeSpan.FromDays(1), TimeSpan.FromDays(1), TimeSpan.FromDays(1));
                relay.Options.Schedule = new RetrySchedule { MinimumDelay = TimeSpan.FromMinutes(10), MaximumDelay = TimeSpan.FromMinutes(10), Lifetime = TimeSpan.FromHours(1), WarnAfter = null };
            });
        });
        using var app = host.Build();
        await app.StartAsync();
        var envelope = new Envelope(new ReversePath(EmailAddress.Parse("alice@example.org")));
        envelope.Recipients.Add(new Recipient(EmailAddress.Parse("bob@example.net")));
        using var message = new MemoryStream(Encoding.ASCII.GetBytes("Subject: x\r\n\r\nFor your eyes only\r\n"));
        await app.Services.GetRequiredService<IMailSubmission>().SubmitAsync(envelope, message, default);

        var text = await WaitForMailAsync(app.Services, clock);

        Assert.That(text, Does.Contain($"Status: {status}"));
        Assert.That(attacker.Clear, Does.Contain("EHLO").And.Not.Contain("MAIL").And.Not.Contain("bob").And.Not.Contain("eyes"));
        Assert.That(attacker.Secured, Is.Empty);
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

    /// <summary>Lets time pass whenever no attempt is being made.</summary>
    private static async Task<string> WaitForMailAsync(IServiceProvider services, ManualTimeProvider clock)
    {
        var queue = services.GetRequiredService<IRelayQueue>();
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

            await Task.Delay(10, TestContext.CurrentContext.CancellationToken);
            if ((await queue.ListAsync(QueueFilter.All, default)).All(static item => !item.IsLeased))
            {
                clock.Advance(TimeSpan.FromMinutes(1));
            }
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

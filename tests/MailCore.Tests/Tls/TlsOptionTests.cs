using System.Net.Security;
using System.Security.Authentication;
using MailCore.Testing;
using MailCore.Tls;
using NUnit.Framework;

namespace MailCore.Tests.Tls;

public class TlsOptionTests
{
    private static readonly ServerCertificate Certificate = ServerCertificate.SelfSigned("mx.example.org");

    [TestCase(SslProtocols.Tls12)]
    [TestCase(SslProtocols.Tls13)]
    public async Task Both_versions_are_spoken_by_default(SslProtocols version)
    {
        await using var link = await TlsLink.ConnectAsync(TlsPolicy.Implicit, Certificate, client => client.EnabledSslProtocols = version);

        Assert.That(link.Client.SslProtocol, Is.EqualTo(version));
        Assert.That(link.Server.Tls, Is.Not.Null);
    }

    [Test]
    public async Task A_version_that_the_policy_does_not_name_is_refused()
    {
        var policy = TlsPolicy.Implicit with { Protocols = SslProtocols.Tls13 };

        await Assert.ThrowsAsync<TlsHandshakeException>(() => TlsLink.ConnectAsync(policy, Certificate, static client => client.EnabledSslProtocols = SslProtocols.Tls12));
    }

    [Test]
    [Platform(Exclude = "Win")]
    public async Task Only_the_suites_that_the_policy_names_are_spoken()
    {
        var policy = TlsPolicy.Implicit with { CipherSuites = [TlsCipherSuite.TLS_AES_128_GCM_SHA256] };

        await using (var link = await TlsLink.ConnectAsync(policy, Certificate))
        {
            Assert.That(link.Client.NegotiatedCipherSuite, Is.EqualTo(TlsCipherSuite.TLS_AES_128_GCM_SHA256));
        }

        await Assert.ThrowsAsync<TlsHandshakeException>(() => TlsLink.ConnectAsync(policy, Certificate, static client => client.EnabledSslProtocols = SslProtocols.Tls12));
    }

    [Test]
    public async Task Application_protocols_are_ignored_politely()
    {
        await using var link = await TlsLink.ConnectAsync(TlsPolicy.Implicit, Certificate, static client => client.ApplicationProtocols = [SslApplicationProtocol.Http2, new("imap")]);

        Assert.That(link.Client.NegotiatedApplicationProtocol.Protocol.IsEmpty);
    }

    [Test]
    public async Task A_handshake_that_does_not_end_is_ended_by_its_time_out_and_not_a_tick_before()
    {
        var time = new ManualTimeProvider();
        await using var connection = new InMemoryConnection();
        var handshake = new TlsUpgrade(TlsPolicy.Implicit, Certificate, time).HandshakeAsync(connection.Server, CancellationToken.None);
        // The beginning of a record, and then silence.
        await connection.Client.WriteAsync(new byte[] { 22, 3, 1 });

        time.Advance(TimeSpan.FromSeconds(30) - TimeSpan.FromTicks(TimeSpan.TicksPerMillisecond));
        Assert.That(handshake.IsCompleted, Is.False);
        time.Advance(TimeSpan.FromMilliseconds(1));

        var error = await Assert.ThrowsAsync<TlsHandshakeException>(() => handshake.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.That(error!.Message, Does.Contain("took too long"));
    }
}

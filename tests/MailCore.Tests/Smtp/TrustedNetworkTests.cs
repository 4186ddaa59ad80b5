using MailCore.Net;
using MailCore.Smtp;
using NUnit.Framework;

namespace MailCore.Tests.Smtp;

/// <summary>Clients in memory come from 127.0.0.1.</summary>
public class TrustedNetworkTests
{
    [TestCase("127.0.0.0/8", true, ExpectedResult = "250 2.1.5 Recipient OK")]
    [TestCase("127.0.0.0/8", false, ExpectedResult = "550 5.7.1 This server delivers to its own users only, no relay is configured")]
    [TestCase("10.0.0.0/8", true, ExpectedResult = "550 5.7.1 Relay not permitted")]
    [TestCase("10.0.0.0/8", false, ExpectedResult = "550 5.7.1 Relay not permitted")]
    [TestCase(null, true, ExpectedResult = "550 5.7.1 Relay not permitted", Description = "nobody is trusted by default")]
    public async Task<string?> Outward_mail_without_a_login_is_for_trusted_networks_alone(string? network, bool hasRelay)
    {
        await using var server = new SmtpTestServer(SmtpDialect.Transfer, options =>
            options.TrustedNetworks = network is null ? options.TrustedNetworks : TrustedNetworks.Parse(network));
        server.Routing.RelaysOutward = hasRelay;
        await using var client = await server.GreetAsync();
        await client.SayAsync(250, "MAIL FROM:<printer@office.example>");

        await client.SendAsync("RCPT TO:<mallory@elsewhere.example>\r\n");

        return await client.ReadReplyAsync();
    }

    [Test]
    public async Task Inward_mail_is_taken_from_trusted_networks_as_from_strangers()
    {
        await using var server = await new SmtpTestServer(SmtpDialect.Transfer, static options => options.TrustedNetworks = TrustedNetworks.Parse("127.0.0.1")).PopulateAsync();
        await using var client = await server.GreetAsync();

        await client.SendMessageAsync(250, "Subject: x\r\n\r\nhello\r\n");

        Assert.That(await server.MessagesAsync(), Has.Count.EqualTo(1));
    }

    [Test]
    public async Task Where_a_login_is_required_trust_is_no_login()
    {
        await using var server = new SmtpTestServer(SmtpDialect.Submission, static options => options.TrustedNetworks = TrustedNetworks.Parse("127.0.0.1"));
        await using var client = await server.GreetAsync();

        Assert.That(await client.SayAsync(530, "MAIL FROM:<bob@example.org>"), Does.Contain("Authentication required"));
    }
}

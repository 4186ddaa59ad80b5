using System.Diagnostics;
using MailCore.Messaging;
using MailCore.Smtp;
using MailCore.Smtp.Filters;
using NUnit.Framework;

namespace MailCore.Tests.Smtp.Filters;

[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class AddressRuleFilterTests
{
    [Test]
    public async Task The_first_rule_that_fits_is_the_verdict()
    {
        await using var server = await ServerAsync(new AddressRules()
            .Sender(@"^friend@spam\.example$", SmtpVerdict.Continue)
            .RejectSender(@"@(.*\.)?SPAM\.example$")
            .Sender("^$", SmtpVerdict.Reject(new SmtpReply(550, "5.7.1", "no bounces here")))
            .RejectRecipient(@"^alice@")
            .Recipient("^postmaster$", SmtpVerdict.Reject(new SmtpReply(450, "4.7.1", "later"))));
        await using var client = await server.GreetAsync();
        Assert.That(await client.SayAsync(550, "MAIL FROM:<Eve@a.spam.EXAMPLE>"), Does.StartWith("550 5.7.1 "));
        Assert.That(await client.SayAsync(550, "MAIL FROM:<>"), Is.EqualTo("550 5.7.1 no bounces here"));
        await client.SayAsync(250, "MAIL FROM:<eve@notspam.example>");
        await client.SayAsync(250, "RSET");
        await client.SayAsync(250, "MAIL FROM:<friend@spam.example>");
        await client.SayAsync(550, "RCPT TO:<alice@example.org>");
        await client.SayAsync(450, "RCPT TO:<postmaster>");
        await client.SayAsync(250, "RCPT TO:<bob@example.org>");
    }

    [Test]
    public async Task A_rule_can_quarantine_and_discard()
    {
        await using var server = await ServerAsync(new AddressRules()
            .Sender("^junk@", SmtpVerdict.Quarantine("a rule"))
            .Recipient("^alice@", SmtpVerdict.Discard("a rule")));
        await using var client = await server.GreetAsync();
        await client.SendMessageAsync(250, "x\r\n", from: "<junk@elsewhere.example>");
        await client.SendMessageAsync(250, "x\r\n", to: "alice@example.org");
        Assert.That(await server.MessagesAsync(mailbox: "Junk"), Has.Exactly(1).Items);
        Assert.That(await server.MessagesAsync("alice@example.org"), Is.Empty);
    }

    [Test]
    public async Task A_pattern_that_would_take_for_ever_elsewhere_is_linear_here()
    {
        await using var server = await ServerAsync(new AddressRules().RejectSender("^(a+)+$"));
        await using var client = await server.GreetAsync();
        var started = Stopwatch.GetTimestamp();
        // Backtracking would need 2^60 steps.
        await client.SayAsync(250, $"MAIL FROM:<{new string('a', 60)}@elsewhere.example>");
        Assert.That(Stopwatch.GetElapsedTime(started), Is.LessThan(TimeSpan.FromSeconds(30)));
    }

    [Test]
    public void A_pattern_that_can_not_be_is_told_at_once([Values("(", "(?=x)", @"(a)\1", "")] string pattern) =>
        Assert.That(() => new AddressRules().RejectSender(pattern), Throws.InstanceOf<ArgumentException>());

    private static Task<SmtpTestServer> ServerAsync(AddressRules rules) => ShippedFilters.ServerAsync(new AddressRuleFilter(rules));
}

using MailCore.Delivery;
using MailCore.Tests.Pop3;
using NUnit.Framework;

namespace MailCore.Tests.Smtp;

/// <summary>Text of clients on its way into headers, log lines and replies.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class InjectionTests
{
    private static readonly string[] Evil =
    [
        "EHLO a{0}b", "EHLO {0}", "HELO x{0}Received: y", "VRFY <bob{0}@example.org>", "EXPN all{0}@example.org", "HELP {0}", "NOOP {0}", "XWHO {0}",
        "XFORWARD HELO=a{0}b", "XFORWARD IDENT=a{0}b", "XCLIENT NAME=a{0}b", "XCLIENT HELO={0}", "MAIL FROM:<e{0}ve@elsewhere.example>", "MAIL FROM:<\"e{0}ve\"@elsewhere.example>",
        "MAIL FROM:<\"e\\{0}ve\"@elsewhere.example>", "MAIL FROM:<eve@else{0}where.example>", "MAIL FROM:<eve@elsewhere.example> ENVID=a{0}b", "MAIL FROM:<eve@elsewhere.example> AUTH=a{0}b@example.org",
        "MAIL FROM:<eve@elsewhere.example> X{0}=1", "MAIL FROM:<eve@elsewhere.example>", "RCPT TO:<\"b{0}ob\"@example.org>", "RCPT TO:<bob@example.org> ORCPT=rfc822;a{0}b@example.org",
        "RCPT TO:<bob@example.org> ORCPT=utf-8;a{0}b@example.org", "RCPT TO:<b{0}ob@example.org>", "{0}", "AUTH {0}", "AUTH PLAIN {0}", "BDA{0}T 5",
    ];

    [Test]
    public async Task Nothing_the_client_says_puts_a_line_end_or_nul_into_a_header_a_log_line_or_a_reply(
        [Values("\r", "\0", "+0D+0A", "+00", "\\x{D}", "\\x{0}", "\u0085", "\x7f", "\x1b")] string evil, [Values] bool isUtf8)
    {
        using var log = new CollectedLog();
        await using var server = await new SmtpTestServer(null, static options =>
        {
            options.MaxBadCommands = 1_000;
            options.MaxAuthenticationFailures = 1_000;
            options.OfferAuthentication = true;
            options.XForwardFrom.Add(System.Net.IPNetwork.Parse("127.0.0.0/8"));
            options.XClientFrom.Add(System.Net.IPNetwork.Parse("127.0.0.0/8"));
            (options.Verification, options.Expansion) = (MailCore.Smtp.AddressDisclosure.Everybody, MailCore.Smtp.AddressDisclosure.Everybody);
            options.AddVerb("XWHO", static (context, _) => ValueTask.FromResult(new MailCore.Messaging.SmtpReply(250, "2.0.0", context.Argument)));
        })
        {
            Honours = (DeliveryAbilities)(-1),
            Loggers = log,
        }.PopulateAsync();
        await using var client = await server.GreetAsync();
        var text = isUtf8 ? System.Text.Encoding.Latin1.GetString(System.Text.Encoding.UTF8.GetBytes(evil)) : evil;
        foreach (var line in Evil)
        {
            var said = string.Format(System.Globalization.CultureInfo.InvariantCulture, line, text);
            if (said.Length == 0 || !char.IsAsciiLetter(said[0]))
            {
                continue;
            }

            await client.SendAsync(said + "\r\n");
            var reply = await client.ReadReplyAsync();
            Assert.That(reply!.Replace("\n", "", StringComparison.Ordinal).Any(static c => c is < ' ' or '\x7f'), Is.False, $"{said}: {reply}");
            if (reply.StartsWith("334", StringComparison.Ordinal))
            {
                await client.SayAsync(501, "*");
            }
            else if (reply.StartsWith("220", StringComparison.Ordinal))
            {
                await client.SayAsync(250, "EHLO client.example");
            }
        }

        await client.SayAsync(250, "RSET");
        await client.SendMessageAsync(250, "Subject: x\r\n\r\n");
        var prefix = (await server.MessagesAsync()).Last().Prefix;
        Assert.Multiple(() =>
        {
            Assert.That(prefix.Split("\r\n").SkipLast(1), Has.All.Match("^(Return-Path|Delivered-To|Received): |^\t"));
            Assert.That(prefix.Replace("\r\n", "", StringComparison.Ordinal).Any(static c => char.IsControl(c) && c != '\t'), Is.False, prefix);
            foreach (var (_, logged) in log.Lines)
            {
                Assert.That(logged.Any(char.IsControl), Is.False, logged);
            }
        });
    }
}

using MailCore.Delivery;
using MailCore.Messaging;
using MailCore.Mime;
using MailCore.Smtp;
using MailCore.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;

namespace MailCore.Tests.Smtp.Filters;

/// <summary>What filters and signers change of a message.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class HeaderEditTests
{
    private const string Message = "Subject: old\r\nX-Spam: forged\r\nTo: bob\r\n\r\nbody\r\n";

    [Test]
    public async Task Edits_up_to_the_headers_end_are_made_while_the_message_is_written_once()
    {
        var (content, prefix, summary, writes) = await SendAsync(new StubFilter
        {
            MailFrom = transaction => { transaction.Headers.Add("X-Sender", "seen"); return default; },
            Recipient = (transaction, recipient) => { transaction.Headers.Add("X-Recipient", recipient.ToString()); return default; },
            Headers = (transaction, headers) =>
            {
                transaction.Headers.Remove("X-Spam");
                transaction.Headers.Replace("Subject", "[*] " + headers["Subject"]);
                return default;
            },
        });
        Assert.That(content, Is.EqualTo("X-Recipient: bob@example.org\r\nX-Sender: seen\r\nSubject: [*] old\r\nTo: bob\r\n\r\nbody\r\n"));
        Assert.That(prefix, Does.EndWith("+0000\r\n"));
        Assert.That((summary.Envelope.DecodedSubject, summary.Length), Is.EqualTo(("[*] old", (long)content.Length)));
        Assert.That(writes, Is.EqualTo(1));
    }

    [Test]
    public async Task A_field_added_at_the_messages_end_goes_beside_the_content()
    {
        var (content, prefix, _, writes) = await SendAsync(new StubFilter
        {
            Message = (transaction, _) =>
            {
                transaction.Headers.Add("X-Score", "7");
                transaction.Headers.Add("X-Verdict", "ham");
                return default;
            },
        });
        Assert.That(content, Is.EqualTo(Message));
        Assert.That(prefix, Does.EndWith("+0000\r\nX-Verdict: ham\r\nX-Score: 7\r\n"));
        Assert.That(writes, Is.EqualTo(1));
    }

    [Test]
    public async Task Other_edits_at_the_messages_end_write_it_once_more_and_its_summary_tells_them()
    {
        var (content, prefix, summary, writes) = await SendAsync(new StubFilter
        {
            Message = (transaction, _) =>
            {
                transaction.Headers.Replace("Subject", "[SPÄM] old");
                transaction.Headers.Remove("X-Spam");
                transaction.Headers.Add("X-Score", "7");
                return default;
            },
        });
        Assert.That(content, Is.EqualTo("X-Score: 7\r\nSubject: =?utf-8?B?W1NQw4RNXSBvbGQ=?=\r\nTo: bob\r\n\r\nbody\r\n"));
        Assert.That(prefix, Does.EndWith("+0000\r\n"));
        Assert.That((summary.Envelope.DecodedSubject, summary.Length), Is.EqualTo(("[SPÄM] old", (long)content.Length)));
        Assert.That(writes, Is.EqualTo(2));
    }

    [Test]
    public async Task A_field_that_clients_show_is_in_the_summary_even_when_added_at_the_end()
    {
        var (content, _, summary, _) = await SendAsync(new StubFilter
        {
            Message = (transaction, _) => { transaction.Headers.Add("Reply-To", "list@example.org"); return default; },
        });
        Assert.That(content, Does.StartWith("Reply-To: list@example.org\r\n"));
        Assert.That(summary.Envelope.ReplyTo, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task Without_edits_the_octets_are_the_clients_own_and_written_once()
    {
        var (content, prefix, _, writes) = await SendAsync(new StubFilter());
        Assert.That((content, writes), Is.EqualTo((Message, 1)));
        Assert.That(prefix, Does.EndWith("+0000\r\n"));
    }

    [Test]
    public async Task Edits_of_a_submission_go_on_top_of_what_the_server_completed()
    {
        await using var server = await new SmtpTestServer(SmtpDialect.Submission).PopulateAsync();
        var header = "";
        server.Filters.Add(new SmtpFilterRegistration(new StubFilter
        {
            Headers = (transaction, headers) =>
            {
                header = $"{headers["Bcc"]}|{headers["Date"] is not null}|{headers["Message-ID"] is not null}";
                transaction.Headers.Add("X-Policy", "ok");
                return default;
            },
        }));
        await using var client = await server.GreetAsync();
        await client.LoginAsync();
        await client.SendMessageAsync(250, "Subject: x\r\nBcc: alice\r\n\r\nbody\r\n", from: "<bob@example.org>");
        Assert.That(header, Is.EqualTo("|True|True"));
        Assert.That((await server.MessagesAsync()).Single().Content, Does.Match("^X-Policy: ok\r\nSubject: x\r\nDate: .*\r\nMessage-ID: .*\r\n\r\nbody\r\n$"));
    }

    [Test]
    public async Task A_header_over_the_limit_is_552_and_the_dialog_is_in_step()
    {
        await using var server = await new SmtpTestServer(configure: static options => options.MaxHeaderSize = 2_000).PopulateAsync();
        server.Filters.Add(new SmtpFilterRegistration(new StubFilter()));
        await using var client = await server.GreetAsync();
        var line = "X: " + new string('x', 95) + "\r\n";
        await client.SendMessageAsync(250, string.Concat(Enumerable.Repeat(line, 20)) + "\r\nbody\r\n");
        Assert.That(await client.SendMessageAsync(552, string.Concat(Enumerable.Repeat(line, 20)) + "Y: z\r\n\r\nNOOP\r\n"), Does.StartWith("552 5.3.4"));
        await client.SendMessageAsync(552, string.Concat(Enumerable.Repeat(line, 100_000)));
        await client.SendMessageAsync(250, "\r\n");
        Assert.That(await server.MessagesAsync(), Has.Count.EqualTo(2));
    }

    [Test]
    public async Task What_is_wrong_with_the_octets_is_said_as_without_filters()
    {
        await using var server = await new SmtpTestServer(SmtpDialect.Lmtp, static options => options.MaxMessageSize = 10_000).PopulateAsync();
        server.Filters.Add(new SmtpFilterRegistration(new StubFilter()));
        await using var client = await server.GreetAsync();
        Assert.That(await client.SendMessageAsync(554, "Subject: a\nX: b\r\n\r\n"), Does.StartWith("554 5.6.0"));
        Assert.That(await client.SendMessageAsync(552, string.Concat(Enumerable.Repeat("X: y\r\n", 10_000))), Does.StartWith("552 5.3.4 Message too large"));
        await client.SendMessageAsync(250, "ok\r\n");
    }

    [Test]
    public async Task A_signer_signs_the_final_octets_and_its_fields_stand_on_top()
    {
        await using var server = await new SmtpTestServer().PopulateAsync();
        var first = new StubSigner("A-Signature: 1\r\n");
        var second = new StubSigner("B-Signature: 2;\r\n\tb=x\r\n");
        server.Delivery = new SigningDelivery(
            new RoutedDelivery(new LocalDelivery(server.Accounts, NullLogger<LocalDelivery>.Instance), null, NullLogger<RoutedDelivery>.Instance), [first, second]);
        server.Filters.Add(new SmtpFilterRegistration(new StubFilter
        {
            Headers = (transaction, _) => { transaction.Headers.Replace("Subject", "new"); return default; },
            Message = (transaction, _) => { transaction.Headers.Add("X-Score", "1"); return default; },
        }));
        await using var client = await server.GreetAsync();
        await client.SendMessageAsync(250, Message, to: "all@example.org");
        const string Final = "X-Score: 1\r\nSubject: new\r\nX-Spam: forged\r\nTo: bob\r\n\r\nbody\r\n";
        Assert.That(first.Seen, Is.EqualTo(Final));
        Assert.That(second.Seen, Is.EqualTo("A-Signature: 1\r\n" + Final));
        foreach (var account in new[] { "bob@example.org", "alice@example.org" })
        {
            var (prefix, content) = (await server.MessagesAsync(account)).Single();
            Assert.That(prefix + content, Does.EndWith("+0000\r\nB-Signature: 2;\r\n\tb=x\r\nA-Signature: 1\r\n" + Final));
        }
    }

    [Test]
    public async Task A_signer_that_fails_or_gives_no_fields_is_451([Values("", "\r\n", "A: b", "A: b\n", "A: b\r\n\r\n", "no field\r\n", "A: b\rc\r\n")] string signature)
    {
        await using var server = await new SmtpTestServer().PopulateAsync();
        server.Delivery = new SigningDelivery(
            new StubDelivery(), [signature.Length == 0 ? new StubSigner(null) : new StubSigner(signature)]);
        await using var client = await server.GreetAsync();
        Assert.That(await client.SendMessageAsync(451, Message), Does.StartWith("451 4.3.0"));
    }

    private static async Task<(string Content, string Prefix, MessageSummary Summary, int Writes)> SendAsync(StubFilter filter)
    {
        await using var server = await new SmtpTestServer().PopulateAsync();
        var staging = new CountingStaging(server);
        server.Staging = staging;
        server.Filters.Add(new SmtpFilterRegistration(filter));
        await using var client = await server.GreetAsync();
        await client.SendMessageAsync(250, Message);
        var (prefix, content) = (await server.MessagesAsync()).Single();
        var inbox = await (await server.Accounts.OpenAsync(new AccountId("bob@example.org")))!.FindMailboxAsync(MailboxName.Inbox);
        await foreach (var row in inbox!.ReadAsync(new[] { new Uid(1) }, MessageFields.All))
        {
            Assert.That(MessageSummary.TryDecode(row.Summary, out var summary), Is.True);
            return (content, prefix, summary!, staging.Count);
        }

        throw new AssertionException("no message");
    }

    private sealed class StubSigner(string? signature) : IMessageSigner
    {
        public string Seen { get; private set; } = "";

        public async ValueTask<ReadOnlyMemory<byte>> SignAsync(MailTransaction transaction, Stream message, CancellationToken cancellationToken)
        {
            Seen = await new StreamReader(message).ReadToEndAsync(cancellationToken);
            return System.Text.Encoding.ASCII.GetBytes(signature ?? throw new InvalidOperationException("no key"));
        }
    }
}

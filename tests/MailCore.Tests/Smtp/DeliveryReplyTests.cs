using System.IO.Pipelines;
using MailCore.Delivery;
using MailCore.Messaging;
using MailCore.Smtp;
using MailCore.Storage;
using MailCore.Storage.InMemory;
using NUnit.Framework;

namespace MailCore.Tests.Smtp;

/// <summary>What the client is told about its message.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class DeliveryReplyTests
{
    private static readonly SmtpReply Later = new(451, "4.2.1", "later");
    private static readonly SmtpReply Never = new(552, "5.2.2", "full");

    [Test]
    public async Task Lmtp_gives_one_reply_per_recipient()
    {
        await using var server = await new SmtpTestServer(SmtpDialect.Lmtp)
        {
            Delivery = new StubDelivery { Replies = _ => [SmtpReply.Ok, Later, Never] },
        }.PopulateAsync();
        await using var client = await server.GreetAsync();
        await client.SayAsync(500, "EHLO client.example");
        await client.SayAsync(500, "HELO client.example");
        await client.SayAsync(250, "MAIL FROM:<>");
        Assert.That(await client.SayAsync(503, "DATA"), Does.StartWith("503 5.5.1"));
        await client.SayAsync(250, "RCPT TO:<bob@example.org>");
        await client.SayAsync(550, "RCPT TO:<nobody@example.org>");
        await client.SayAsync(250, "RCPT TO:<alice@example.org>");
        await client.SayAsync(250, "RCPT TO:<bob@example.org>");
        await client.SayAsync(354, "DATA");
        await client.SendAsync("x\r\n.\r\n");
        Assert.That(await client.ReadReplyAsync(), Does.StartWith("250 2.0.0 OK queued as"));
        Assert.That(await client.ReadReplyAsync(), Is.EqualTo("451 4.2.1 later"));
        Assert.That(await client.ReadReplyAsync(), Is.EqualTo("552 5.2.2 full"));
        await client.SayAsync(250, "NOOP");
    }

    [Test]
    public async Task Lmtp_refuses_a_bad_message_once_per_recipient()
    {
        await using var server = await new SmtpTestServer(SmtpDialect.Lmtp).PopulateAsync();
        await using var client = await server.GreetAsync();
        await client.SayAsync(250, "MAIL FROM:<>");
        await client.SayAsync(250, "RCPT TO:<bob@example.org>");
        await client.SayAsync(250, "RCPT TO:<alice@example.org>");
        await client.SayAsync(354, "DATA");
        await client.SendAsync("bare\nlf\r\n.\r\nNOOP\r\n");
        await client.ExpectAsync(554);
        await client.ExpectAsync(554);
        await client.ExpectAsync(250);
    }

    [Test]
    public async Task Lmtp_delivers_and_traces()
    {
        await using var server = await new SmtpTestServer(SmtpDialect.Lmtp).PopulateAsync();
        await using var client = await server.GreetAsync();
        await client.SendMessageAsync(250, "x\r\n");
        Assert.That((await server.MessagesAsync()).Single().Prefix, Does.Contain(" with LMTP id "));
    }

    [Test]
    public async Task Smtp_folds_replies_so_that_nobody_is_left_out()
    {
        Assert.Multiple(async () =>
        {
            Assert.That(await SendAsync(SmtpReply.Ok, SmtpReply.Ok), Does.StartWith("250"));
            Assert.That(await SendAsync(SmtpReply.Ok, Later), Does.StartWith("451"));
            Assert.That(await SendAsync(Never, Later), Does.StartWith("451"));
            Assert.That(await SendAsync(Never, SmtpReply.Ok), Does.StartWith("552"));
            Assert.That(await SendAsync(new SmtpReply(250, "2.0.0", "ticket 7"), SmtpReply.Ok), Is.EqualTo("250 2.0.0 ticket 7"));
        });

        static async Task<string?> SendAsync(params SmtpReply[] replies)
        {
            await using var server = await new SmtpTestServer { Delivery = new StubDelivery { Replies = _ => replies } }.PopulateAsync();
            await using var client = await server.GreetAsync();
            await client.SayAsync(250, "MAIL FROM:<>");
            await client.SayAsync(250, "RCPT TO:<bob@example.org>");
            await client.SayAsync(250, "RCPT TO:<alice@example.org>");
            await client.SayAsync(354, "DATA");
            await client.SendAsync("x\r\n.\r\n");
            return await client.ReadReplyAsync();
        }
    }

    [Test]
    public async Task A_delivery_that_throws_or_miscounts_is_451_and_the_dialog_goes_on()
    {
        var calls = 0;
        await using var server = await new SmtpTestServer
        {
            Delivery = new StubDelivery { Replies = _ => calls++ == 0 ? throw new InvalidOperationException("boom") : calls == 2 ? [] : [SmtpReply.Ok] },
        }.PopulateAsync();
        await using var client = await server.GreetAsync();
        Assert.That(await client.SendMessageAsync(451, "x\r\n"), Is.EqualTo("451 4.3.0 Local error, try again later"));
        await client.SendMessageAsync(451, "x\r\n");
        await client.SendMessageAsync(250, "x\r\n");
    }

    [Test]
    public async Task The_stores_exception_is_451()
    {
        var store = new FailingStore();
        await using var server = await new SmtpTestServer { Store = store }.PopulateAsync();
        await using var client = await server.GreetAsync();
        store.FailsCommit = true;
        await client.SendMessageAsync(451, "x\r\n");
        store.FailsCommit = false;
        store.FailsStaging = true;
        await client.SendMessageAsync(451, new string('x', 100_000) + "\r\nQUIT\r\n");
        store.FailsStaging = false;
        await client.SendMessageAsync(250, "y\r\n");
        Assert.That((await server.MessagesAsync()).Single().Content, Is.EqualTo("y\r\n"));
    }

    [Test]
    public async Task A_full_mailbox_is_452_and_552_by_option([Values] bool isPermanent)
    {
        await using var server = new SmtpTestServer();
        var delivery = new LocalDelivery(
            server.Accounts, Microsoft.Extensions.Logging.Abstractions.NullLogger<LocalDelivery>.Instance, new LocalDeliveryOptions { OverQuotaIsPermanent = isPermanent });
        server.Delivery = delivery;
        await server.PopulateAsync();
        var account = await server.Accounts.OpenAsync(new AccountId("bob@example.org"));
        await account!.SetQuotaAsync(1_000);
        await using var client = await server.GreetAsync();
        Assert.That(
            await client.SendMessageAsync(isPermanent ? 552 : 452, new string('x', 2_000) + "\r\n"),
            Does.StartWith(isPermanent ? "552 5.2.2" : "452 4.2.2"));
    }

    [Test]
    public async Task A_router_that_throws_is_451()
    {
        await using var server = new SmtpTestServer { Router = new FailingRouter() };
        await using var client = await server.GreetAsync();
        await client.SayAsync(250, "MAIL FROM:<>");
        Assert.That(await client.SayAsync(451, "RCPT TO:<bob@example.org>"), Does.StartWith("451 4.3.0"));
        await client.SayAsync(250, "NOOP");
    }

    [Test]
    public async Task A_handler_gets_the_message_without_any_store()
    {
        string? seen = null;
        Envelope? envelope = null;
        var handler = new HandlerDelivery(async (given, message, ct) =>
        {
            envelope = given;
            seen = await new StreamReader(message).ReadToEndAsync(ct);
            return new SmtpReply(250, "2.0.0", "thanks");
        });
        await using var server = new SmtpTestServer
        {
            Router = new HandlerRouter(handler),
            Delivery = new RoutedDelivery(null, null, Microsoft.Extensions.Logging.Abstractions.NullLogger<RoutedDelivery>.Instance),
            Staging = new TemporaryStaging(),
        };
        await using var client = await server.GreetAsync();
        var text = "Subject: big\r\n\r\n" + string.Concat(Enumerable.Repeat("0123456789\r\n", 20_000));
        Assert.That(await client.SendMessageAsync(250, text, "any@where.example"), Is.EqualTo("250 2.0.0 thanks"));
        Assert.That(seen, Does.StartWith("Return-Path: <eve@elsewhere.example>\r\n").And.EndsWith(text));
        Assert.That(envelope!.Recipients.Single().ToString(), Is.EqualTo("any@where.example"));
    }

    private sealed class FailingRouter : IMessageRouter
    {
        public ValueTask<RecipientRoute> RouteAsync(MailTransaction transaction, Recipient recipient, CancellationToken cancellationToken) =>
            throw new TimeoutException("no directory");
    }

    private sealed class FailingStore : IMailStore
    {
        private readonly InMemoryMailStore _inner = new(TimeProvider.System);

        public bool FailsCommit { get; set; }

        public bool FailsStaging { get; set; }

        public StoreTraits Traits => _inner.Traits;

        public ValueTask<IAccountStore?> OpenAsync(AccountId account, CancellationToken cancellationToken) => _inner.OpenAsync(account, cancellationToken);

        public ValueTask<IContentReader?> OpenContentAsync(ContentId id, CancellationToken cancellationToken) => _inner.OpenContentAsync(id, cancellationToken);

        public async ValueTask<StagedContent> StageAsync(PipeReader bytes, StageHint hint, CancellationToken cancellationToken)
        {
            if (FailsStaging)
            {
                var result = await bytes.ReadAsync(cancellationToken);
                bytes.AdvanceTo(result.Buffer.End);
                throw new IOException("disk full");
            }

            return await _inner.StageAsync(bytes, hint, cancellationToken);
        }

        public ValueTask<IReadOnlyList<CommitResult>> CommitAsync(IReadOnlyList<ChangeBatch> batches, CancellationToken cancellationToken) =>
            FailsCommit ? throw new IOException("disk full") : _inner.CommitAsync(batches, cancellationToken);
    }
}

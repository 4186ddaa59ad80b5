using System.IO.Pipelines;
using System.Text;
using MailCore.Delivery;
using MailCore.Messaging;
using MailCore.Storage;
using MailCore.Storage.InMemory;
using MailCore.Tests.Smtp;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;

namespace MailCore.Tests.Delivery;

/// <summary>One mailbox can't take a message for now, and others have it.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class WaitingMailboxTests
{
    private const string Message = "Message-ID: <1@elsewhere.example>\r\n\r\nmore than ten octets\r\n";

    [Test]
    public async Task With_a_queue_the_mailbox_waits_there_and_the_sender_is_told_that_all_is_well()
    {
        await using var server = await FullAliceAsync();
        var queue = new StubDelivery();
        var replies = await DeliverAsync(server, queue, "ESMTP", "bob@example.org", "all@example.org");
        Assert.Multiple(async () =>
        {
            Assert.That(replies, Is.EqualTo(new[] { 250, 250 }));
            Assert.That(await server.MessagesAsync(), Has.Count.EqualTo(1));
            Assert.That(queue.Messages.Single().Routes, Is.EqualTo(new[] { Local("alice@example.org") }));
            Assert.That(((RecipientRoute.Local)queue.Messages.Single().Routes[0]).Address?.ToString(), Is.EqualTo("alice@example.org"));
            Assert.That(queue.Transactions.Single().Envelope.Recipients.Single().ToString(), Is.EqualTo("all@example.org"));
        });
    }

    [Test]
    public async Task When_nobody_has_the_message_the_sender_keeps_it()
    {
        await using var server = await FullAliceAsync();
        var queue = new StubDelivery();
        Assert.That(await DeliverAsync(server, queue, "ESMTP", "alice@example.org"), Is.EqualTo(new[] { 452 }));
        Assert.That(await DeliverAsync(server, queue, "ESMTP", "alice@example.org", "alice+x@example.org"), Is.EqualTo(new[] { 452, 452 }));
        Assert.That(queue.Messages, Is.Empty);
    }

    [Test]
    public async Task Mail_that_goes_outward_as_well_makes_the_mailbox_wait()
    {
        await using var server = await FullAliceAsync();
        var queue = new StubDelivery();
        Assert.That(await DeliverAsync(server, queue, "ESMTP", "alice@example.org", "eve@elsewhere.example"), Is.EqualTo(new[] { 250, 250 }));
        Assert.That(queue.Messages.Single().Routes, Is.EqualTo(new RecipientRoute[] { new RecipientRoute.Relay(EmailAddress.Parse("eve@elsewhere.example")), Local("alice@example.org") }));
    }

    [Test]
    public async Task In_lmtp_the_mailbox_gets_a_4xx_of_its_own()
    {
        await using var server = await FullAliceAsync();
        var queue = new StubDelivery();
        Assert.That(await DeliverAsync(server, queue, "LMTPS", "bob@example.org", "alice@example.org"), Is.EqualTo(new[] { 250, 452 }));
        Assert.That(queue.Messages, Is.Empty);
    }

    [Test]
    public async Task Without_a_queue_the_senders_repeat_brings_nobody_a_second_copy()
    {
        await using var server = await FullAliceAsync();
        Assert.That(await DeliverAsync(server, null, "ESMTP", "bob@example.org", "alice@example.org"), Is.EqualTo(new[] { 250, 452 }));
        await (await server.Accounts.OpenAsync(new AccountId("alice@example.org")))!.SetQuotaAsync(null);
        Assert.That(await DeliverAsync(server, null, "ESMTP", "bob@example.org", "alice@example.org"), Is.EqualTo(new[] { 250, 250 }));
        Assert.That(await server.MessagesAsync(), Has.Count.EqualTo(1));
        Assert.That(await server.MessagesAsync("alice@example.org"), Has.Count.EqualTo(1));
    }

    [Test]
    public async Task Over_the_wire_the_transaction_gets_the_4xx_and_its_repeat_is_harmless()
    {
        await using var server = await FullAliceAsync();
        for (var attempt = 0; attempt < 3; attempt++)
        {
            await using var client = await server.GreetAsync();
            await client.SayAsync(250, "MAIL FROM:<eve@elsewhere.example>");
            await client.SayAsync(250, "RCPT TO:<bob@example.org>");
            await client.SayAsync(250, "RCPT TO:<alice@example.org>");
            await client.SayAsync(354, "DATA");
            await client.SendAsync(Message + ".\r\n");
            await client.ExpectAsync(attempt < 2 ? 452 : 250);
            await (await server.Accounts.OpenAsync(new AccountId("alice@example.org")))!.SetQuotaAsync(attempt == 0 ? 10 : null);
        }

        Assert.That(await server.MessagesAsync(), Has.Count.EqualTo(1));
        Assert.That(await server.MessagesAsync("alice@example.org"), Has.Count.EqualTo(1));
    }

    [TestCase("Message-ID: <1@elsewhere.example>\r\n\r\nother text\r\n", "eve@elsewhere.example")]
    [TestCase("Message-ID: <2@elsewhere.example>\r\n\r\nmore than ten octets\r\n", "eve@elsewhere.example")]
    [TestCase(Message, "other@elsewhere.example")]
    public async Task Another_message_is_no_repeat(string other, string sender)
    {
        await using var server = await FullAliceAsync();
        await DeliverAsync(server, null, "ESMTP", "bob@example.org", "alice@example.org");
        await RepeatAsync(server, other, sender);
        Assert.That(await server.MessagesAsync(), Has.Count.EqualTo(2));
    }

    [Test]
    public async Task Equal_messages_without_a_message_id_are_two_messages()
    {
        await using var server = await FullAliceAsync();
        await RepeatAsync(server, "Subject: cron\r\n\r\nmore than ten octets\r\n", "eve@elsewhere.example");
        await RepeatAsync(server, "Subject: cron\r\n\r\nmore than ten octets\r\n", "eve@elsewhere.example");
        Assert.That(await server.MessagesAsync(), Has.Count.EqualTo(2));
    }

    [Test]
    public async Task Without_a_queue_the_repeat_of_a_message_without_a_message_id_brings_nobody_a_second_copy()
    {
        await using var server = await FullAliceAsync();
        var repeats = new AwaitedRepeats(new InMemoryServerState(TimeProvider.System), TimeProvider.System);
        Assert.That(await SendCronAsync(server, repeats), Is.EqualTo(new[] { 250, 452 }));
        Assert.That(await SendCronAsync(server, repeats), Is.EqualTo(new[] { 250, 452 }), "the sender's second attempt");
        await (await server.Accounts.OpenAsync(new AccountId("alice@example.org")))!.SetQuotaAsync(null);
        Assert.That(await SendCronAsync(server, repeats), Is.EqualTo(new[] { 250, 250 }));
        Assert.That(await CountsAsync(server), Is.EqualTo((1, 1)));

        // Nobody was told to come again: this is another message.
        Assert.That(await SendCronAsync(server, repeats), Is.EqualTo(new[] { 250, 250 }));
        Assert.That(await CountsAsync(server), Is.EqualTo((2, 2)));
    }

    [Test]
    public async Task Two_equal_messages_that_both_are_repeated_are_two_in_every_mailbox()
    {
        await using var server = await FullAliceAsync();
        var repeats = new AwaitedRepeats(new InMemoryServerState(TimeProvider.System), TimeProvider.System);
        await RepeatAsync(2);
        await (await server.Accounts.OpenAsync(new AccountId("alice@example.org")))!.SetQuotaAsync(null);
        await RepeatAsync(2);
        Assert.That(await CountsAsync(server), Is.EqualTo((2, 2)));

        async Task RepeatAsync(int times)
        {
            for (var i = 0; i < times; i++)
            {
                await SendCronAsync(server, repeats);
            }
        }
    }

    [Test]
    public async Task A_hundred_repeats_at_once_each_take_one_that_was_waited_for()
    {
        var repeats = new AwaitedRepeats(new InMemoryServerState(TimeProvider.System), TimeProvider.System);
        for (var i = 0; i <= AwaitedRepeats.MaxKeys; i++)
        {
            await repeats.ExpectAsync("hash", $"key {i}", default);
        }

        var taken = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => Task.Run(() => repeats.TakeAsync("hash", default).AsTask())));
        Assert.That(taken.OfType<string>(), Is.EquivalentTo(Enumerable.Range(1, AwaitedRepeats.MaxKeys).Select(static i => $"key {i}")), "the oldest gave way");
        Assert.That(await repeats.TakeAsync("other", default), Is.Null);
    }

    private static Task<int[]> SendCronAsync(SmtpTestServer server, AwaitedRepeats repeats) =>
        SendAsync(server, null, "Subject: cron\r\n\r\nmore than ten octets\r\n", "eve@elsewhere.example", "ESMTP", ["bob@example.org", "alice@example.org"], repeats);

    private static async Task<(int Bob, int Alice)> CountsAsync(SmtpTestServer server) => ((await server.MessagesAsync()).Count, (await server.MessagesAsync("alice@example.org")).Count);

    private static async Task<SmtpTestServer> FullAliceAsync()
    {
        var server = await new SmtpTestServer().PopulateAsync();
        await (await server.Accounts.OpenAsync(new AccountId("alice@example.org")))!.SetQuotaAsync(10);
        return server;
    }

    private static Task<int[]> RepeatAsync(SmtpTestServer server, string message, string sender) =>
        SendAsync(server, null, message, sender, "ESMTP", ["bob@example.org", "alice@example.org"]);

    private static Task<int[]> DeliverAsync(SmtpTestServer server, IMessageDelivery? queue, string protocol, params string[] recipients) =>
        SendAsync(server, queue, Message, "eve@elsewhere.example", protocol, recipients);

    private static async Task<int[]> SendAsync(SmtpTestServer server, IMessageDelivery? queue, string message, string sender, string protocol, string[] recipients, AwaitedRepeats? repeats = null)
    {
        var delivery = new RoutedDelivery(new LocalDelivery(server.Accounts, NullLogger<LocalDelivery>.Instance), queue, NullLogger<RoutedDelivery>.Instance) { Repeats = repeats };
        var router = new DirectoryRouter(server.Directory, new DirectoryRouterOptions { RelaysOutward = true });
        var session = new MailSessionInfo { ConnectionId = "1", Protocol = protocol, ServerName = "mx.example.org", IsTrustedNetwork = true };
        var transaction = new MailTransaction(QueueId.Create(TimeProvider.System), session, new Envelope(new ReversePath(EmailAddress.Parse(sender))), DateTimeOffset.UnixEpoch);
        var routes = new List<RecipientRoute>();
        foreach (var recipient in recipients.Select(static to => new Recipient(EmailAddress.Parse(to))))
        {
            routes.Add(await router.RouteAsync(transaction, recipient, default));
            transaction.Envelope.Recipients.Add(recipient);
        }

        await using var staged = await server.Accounts.StageAsync(PipeReader.Create(new MemoryStream(Encoding.ASCII.GetBytes(message))), default, default);
        var replies = await delivery.DeliverAsync(transaction, new InboundMessage(staged.Content, staged.Summary, routes), default);
        return [.. replies.Select(static reply => reply.Code)];
    }

    private static RecipientRoute.Local Local(string account) => new(new AccountId(account));
}

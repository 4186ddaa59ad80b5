using System.IO.Pipelines;
using System.Net;
using System.Text;
using MailCore.Delivery;
using MailCore.Messaging;
using MailCore.Storage;
using MailCore.Storage.InMemory;
using MailCore.Tests.Smtp;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;

namespace MailCore.Tests.Delivery;

/// <summary>Local delivery, delivery by route, and sending in process.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class DeliveryTests
{
    private static readonly SmtpReply Later = new(451, "4.2.1", "later");
    private static readonly SmtpReply Never = new(550, "5.2.1", "never");

    [Test]
    public async Task All_recipients_are_delivered_in_one_commit_and_each_mailbox_once()
    {
        var store = new CountingStore();
        await using var server = await new SmtpTestServer { Store = store }.PopulateAsync();
        await using var client = await server.GreetAsync();
        await client.SayAsync(250, "MAIL FROM:<eve@elsewhere.example>");
        foreach (var to in new[] { "all", "bob", "alice+x" })
        {
            await client.SayAsync(250, $"RCPT TO:<{to}@example.org>");
        }

        await client.SayAsync(354, "DATA");
        await client.SendAsync("x\r\n.\r\n");
        await client.ExpectAsync(250);
        var bob = (await server.MessagesAsync()).Single();
        Assert.Multiple(async () =>
        {
            Assert.That(store.Commits, Is.EqualTo(1));
            Assert.That(bob.Prefix, Does.Contain("Delivered-To: all@example.org\r\n").And.Not.Contain("for <"));
            Assert.That(await server.MessagesAsync("alice@example.org"), Has.Count.EqualTo(1));
        });
    }

    [Test]
    public async Task The_same_transaction_delivered_again_changes_nothing()
    {
        await using var server = await new SmtpTestServer().PopulateAsync();
        var delivery = new LocalDelivery(server.Accounts, NullLogger<LocalDelivery>.Instance);
        var transaction = Transaction("bob@example.org");
        for (var i = 0; i < 2; i++)
        {
            await using var staged = await StageAsync(server.Accounts, "x\r\n");
            var replies = await delivery.DeliverAsync(transaction, new InboundMessage(staged.Content, staged.Summary, [Local("bob@example.org")]), default);
            Assert.That(replies.Single(), Is.SameAs(SmtpReply.Ok));
        }

        Assert.That(await server.MessagesAsync(), Has.Count.EqualTo(1));
    }

    [Test]
    public async Task A_route_may_name_a_mailbox_and_one_that_is_gone_is_the_inbox()
    {
        await using var server = await new SmtpTestServer().PopulateAsync();
        var account = await server.Accounts.OpenAsync(new AccountId("bob@example.org"));
        await account!.CreateMailboxAsync(MailboxName.Parse("Lists"));
        var delivery = new LocalDelivery(server.Accounts, NullLogger<LocalDelivery>.Instance);
        await using var staged = await StageAsync(server.Accounts, "x\r\n");
        // However many ways lead into a mailbox, it gets one copy.
        RecipientRoute[] routes = [.. new[] { "Lists", "Gone", null, "lists", "inbox" }.Select(static name => new RecipientRoute.Local(new("bob@example.org"), name))];
        var replies = await delivery.DeliverAsync(
            Transaction("bob+Lists@example.org", "bob+Gone@example.org", "bob@example.org", "bob+lists@example.org", "bob+inbox@example.org"),
            new InboundMessage(staged.Content, staged.Summary, routes), default);
        Assert.That(replies.Select(static reply => reply.Code), Is.All.EqualTo(250));
        Assert.That(await server.MessagesAsync("bob@example.org", "Lists"), Has.Count.EqualTo(1));
        Assert.That(await server.MessagesAsync(), Has.Count.EqualTo(1));
    }

    [Test]
    public async Task Results_are_per_recipient()
    {
        await using var server = await new SmtpTestServer().PopulateAsync();
        var full = await server.Accounts.OpenAsync(new AccountId("alice@example.org"));
        await full!.SetQuotaAsync(10);
        var delivery = new LocalDelivery(server.Accounts, NullLogger<LocalDelivery>.Instance);
        await using var staged = await StageAsync(server.Accounts, "more than ten octets\r\n");
        var routes = new RecipientRoute[] { Local("bob@example.org"), Local("alice@example.org"), new RecipientRoute.Expand([Local("alice@example.org"), Local("bob@example.org")]) };
        var replies = await delivery.DeliverAsync(
            Transaction("bob@example.org", "alice@example.org", "all@example.org"), new InboundMessage(staged.Content, staged.Summary, routes), default);
        Assert.That(replies.Select(reply => reply.Code), Is.EqualTo(new[] { 250, 452, 452 }));
        Assert.That(await server.MessagesAsync(), Has.Count.EqualTo(1));
    }

    [Test]
    public async Task Recipients_are_split_by_their_routes()
    {
        var one = new StubDelivery { Replies = _ => [SmtpReply.Ok, Later] };
        var two = new StubDelivery { Replies = _ => [Never] };
        var local = new StubDelivery();
        var broken = new StubDelivery { Replies = _ => throw new InvalidOperationException("boom") };
        var delivery = new RoutedDelivery(local, null, NullLogger<RoutedDelivery>.Instance);
        await using var staged = await StageAsync(new TemporaryStaging(), "x\r\n");
        RecipientRoute[] routes =
        [
            new RecipientRoute.Handler(one),
            Local("bob@example.org"),
            new RecipientRoute.Expand([new RecipientRoute.Handler(one), Local("alice@example.org")]),
            new RecipientRoute.Handler(two),
            new RecipientRoute.Relay(EmailAddress.Parse("eve@elsewhere.example")),
            new RecipientRoute.Handler(broken),
            new RecipientRoute.Expand([]),
        ];
        var transaction = Transaction([.. Enumerable.Range(0, routes.Length).Select(i => $"r{i}@example.org")]);
        transaction.Items["note"] = 1;
        var replies = await delivery.DeliverAsync(transaction, new InboundMessage(staged.Content, staged.Summary, routes), default);
        Assert.Multiple(() =>
        {
            Assert.That(replies.Select(reply => reply.Code), Is.EqualTo(new[] { 250, 250, 451, 550, 451, 451, 451 }));
            Assert.That(one.Transactions.Single().Envelope.Recipients.Select(static r => r.ToString()), Is.EqualTo(new[] { "r0@example.org", "r2@example.org" }));
            Assert.That(local.Transactions.Single().Envelope.Recipients.Select(static r => r.ToString()), Is.EqualTo(new[] { "r1@example.org", "r2@example.org" }));
            Assert.That(one.Transactions.Single().QueueId, Is.EqualTo(transaction.QueueId));
            Assert.That(one.Transactions.Single().Items["note"], Is.EqualTo(1));
        });
    }

    [Test]
    public async Task Temporary_staging_keeps_any_size_and_leaves_nothing_behind([Values(0, 1, TemporaryStaging.MaxInMemory, TemporaryStaging.MaxInMemory + 1, 300_000)] int size)
    {
        var folder = Directory.CreateTempSubdirectory();
        try
        {
            var octets = new byte[size];
            new Random(size).NextBytes(octets);
            var staging = new TemporaryStaging(folder.FullName);
            var staged = await staging.StageAsync(PipeReader.Create(new MemoryStream(octets), new StreamPipeReaderOptions(bufferSize: 7_000)), default, default);
            await using (var reader = await staged.Content.OpenAsync(default))
            {
                var read = new byte[size + 10];
                var count = 0;
                int got;
                while ((got = await reader.ReadAsync(count, read.AsMemory(count, Math.Min(9_999, read.Length - count)), default)) > 0)
                {
                    count += got;
                }

                Assert.That(read[..count], Is.EqualTo(octets));
                Assert.That(staged.Length, Is.EqualTo(size));
            }

            Assert.That(folder.GetFiles(), Has.Length.EqualTo(size > TemporaryStaging.MaxInMemory ? 1 : 0));
            await staged.DisposeAsync();
            await staged.DisposeAsync();
            Assert.That(folder.GetFiles(), Is.Empty);
            var broken = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
            await broken.Writer.WriteAsync(new byte[size]);
            await broken.Writer.CompleteAsync(new IOException("gone"));
            Assert.That(async () => await staging.StageAsync(broken.Reader, default, default), Throws.InstanceOf<IOException>());
            Assert.That(folder.GetFiles(), Is.Empty);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Test]
    public async Task A_host_sends_in_process_by_the_same_router()
    {
        await using var server = await new SmtpTestServer().PopulateAsync();
        var submission = new MailSubmission(
            new DirectoryRouter(server.Directory),
            new LocalDelivery(server.Accounts, NullLogger<LocalDelivery>.Instance),
            server.Accounts,
            "mx.example.org");
        var envelope = new Envelope(new ReversePath(EmailAddress.Parse("app@example.org")));
        envelope.Recipients.AddRange(new[] { "nobody@example.org", "bob@example.org" }.Select(to => new Recipient(EmailAddress.Parse(to))));
        var result = await submission.SubmitAsync(envelope, new MemoryStream(Encoding.ASCII.GetBytes("Subject: hi\nBcc: x\n\n.one\rtwo\r\n\nlast")), default);
        var (prefix, content) = (await server.MessagesAsync()).Single();
        Assert.Multiple(() =>
        {
            Assert.That(result.Replies.Select(static reply => reply.Code), Is.EqualTo(new[] { 550, 250 }));
            Assert.That(content, Does.Match("^Subject: hi\r\nDate: [^\r]+\r\nMessage-ID: <" + result.QueueId + "@mx.example.org>\r\n\r\n.one\r\ntwo\r\n\r\nlast\r\n$"));
            Assert.That(prefix, Does.StartWith("Return-Path: <app@example.org>\r\nDelivered-To: bob@example.org\r\nReceived: by mx.example.org with local id " + result.QueueId));
        });
    }

    [Test]
    public async Task A_stream_that_fails_fails_the_submission_and_leaves_nothing()
    {
        await using var server = await new SmtpTestServer().PopulateAsync();
        var submission = new MailSubmission(
            new DirectoryRouter(server.Directory), new LocalDelivery(server.Accounts, NullLogger<LocalDelivery>.Instance), server.Accounts, "mx.example.org");
        var envelope = new Envelope(ReversePath.Null) { Recipients = { new Recipient(EmailAddress.Parse("bob@example.org")) } };
        var pipe = new Pipe();
        await pipe.Writer.WriteAsync(new byte[100]);
        await pipe.Writer.CompleteAsync(new IOException("source gone"));
        Assert.That(async () => await submission.SubmitAsync(envelope, pipe.Reader.AsStream(), default), Throws.InstanceOf<IOException>().With.Message.EqualTo("source gone"));
        Assert.That(await server.MessagesAsync(), Is.Empty);
    }

    [Test]
    public async Task Line_ends_are_made_crlf_however_the_stream_is_cut([Range(1, 10)] int seed)
    {
        var random = new Random(seed);
        await using var server = await new SmtpTestServer().PopulateAsync();
        var submission = new MailSubmission(
            new DirectoryRouter(server.Directory), new LocalDelivery(server.Accounts, NullLogger<LocalDelivery>.Instance), server.Accounts, "mx.example.org");
        var texts = new List<string>();
        for (var i = 0; i < 30; i++)
        {
            var text = "Date: x\r\nMessage-ID: y\r\n\r\n" + string.Concat(Enumerable.Range(0, random.Next(30)).Select(_ => "\r\nab"[random.Next(4)]));
            var expected = text.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n').Replace("\n", "\r\n", StringComparison.Ordinal);
            texts.Add(expected.EndsWith('\n') ? expected : expected + "\r\n");
            var envelope = new Envelope(ReversePath.Null) { Recipients = { new Recipient(EmailAddress.Parse("bob@example.org")) } };
            var octets = Encoding.ASCII.GetBytes(text);
            await submission.SubmitAsync(envelope, Smtp.Wire.PieceReader.Cut(octets, random.Next(octets.Length), random.Next(octets.Length)).AsStream(), default);
        }

        Assert.That((await server.MessagesAsync()).Select(static message => message.Content), Is.EqualTo(texts));
    }

    [TestCase("192.0.2.1", "from c.example ([192.0.2.1])")]
    [TestCase("::ffff:192.0.2.1", "from c.example ([192.0.2.1])")]
    [TestCase("fe80::1%3", "from c.example ([IPv6:fe80::1])")]
    public void The_trace_names_the_client(string address, string expected)
    {
        var session = new MailSessionInfo
        {
            ConnectionId = "1",
            Protocol = "ESMTPS",
            ServerName = "mx.example.org",
            ClientName = "c.example",
            RemoteEndPoint = new IPEndPoint(IPAddress.Parse(address), 1),
            TlsDescription = "TLSv1.3 with cipher X",
        };
        var transaction = new MailTransaction("Q1", session, new Envelope(ReversePath.Null) { SmtpUtf8 = true }, DateTimeOffset.UnixEpoch);
        Assert.That(
            Encoding.UTF8.GetString(TraceHeader.Build(transaction, null)),
            Is.EqualTo($"Return-Path: <>\r\nReceived: {expected}\r\n\tby mx.example.org with UTF8SMTPS id Q1\r\n\t(TLSv1.3 with cipher X);\r\n\tThu, 01 Jan 1970 00:00:00 +0000\r\n"));
    }

    private static RecipientRoute.Local Local(string account) => new(new AccountId(account));

    private static MailTransaction Transaction(params string[] recipients)
    {
        var session = new MailSessionInfo { ConnectionId = "1", Protocol = "ESMTP", ServerName = "mx.example.org" };
        var envelope = new Envelope(ReversePath.Null);
        envelope.Recipients.AddRange(recipients.Select(to => new Recipient(EmailAddress.Parse(to))));
        return new MailTransaction("QUEUEID", session, envelope, DateTimeOffset.UnixEpoch);
    }

    private static ValueTask<StagedMessage> StageAsync(IMessageStaging staging, string text) =>
        staging.StageAsync(PipeReader.Create(new MemoryStream(Encoding.ASCII.GetBytes(text))), default, default);

    private sealed class CountingStore : IMailStore
    {
        private readonly InMemoryMailStore _inner = new(TimeProvider.System);

        public int Commits { get; private set; }

        public StoreTraits Traits => _inner.Traits;

        public ValueTask<IAccountStore?> OpenAsync(AccountId account, CancellationToken cancellationToken) => _inner.OpenAsync(account, cancellationToken);

        public ValueTask<StagedContent> StageAsync(PipeReader bytes, StageHint hint, CancellationToken cancellationToken) => _inner.StageAsync(bytes, hint, cancellationToken);

        public ValueTask<IContentReader?> OpenContentAsync(ContentId id, CancellationToken cancellationToken) => _inner.OpenContentAsync(id, cancellationToken);

        public ValueTask<IReadOnlyList<CommitResult>> CommitAsync(IReadOnlyList<ChangeBatch> batches, CancellationToken cancellationToken)
        {
            Commits++;
            return _inner.CommitAsync(batches, cancellationToken);
        }
    }
}

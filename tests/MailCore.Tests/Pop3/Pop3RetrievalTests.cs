using System.IO.Pipelines;
using System.Text;
using MailCore.Storage;
using MailCore.Storage.InMemory;
using MailCore.Tests.Corpus;
using NUnit.Framework;

namespace MailCore.Tests.Pop3;

[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class Pop3RetrievalTests
{
    [Test]
    public async Task RETR_and_a_long_TOP_equal_the_stored_octets_of_every_corpus_message()
    {
        await using var server = new Pop3TestServer();
        server.AddUser("bob", "secret");
        var messages = MessageCorpus.All.ToList();
        foreach (var message in messages)
        {
            await server.AppendAsync("bob", message.ReadAll());
        }

        await using var client = await server.LogInAsync("bob", "secret");
        for (var number = 1; number <= messages.Count; number++)
        {
            var stored = Encoding.Latin1.GetString(messages[number - 1].ReadAll());
            var expected = stored.Length == 0 || stored.EndsWith("\r\n", StringComparison.Ordinal) ? stored : stored + "\r\n";
            Assert.That(await client.AskAsync($"LIST {number}"), Is.EqualTo($"+OK {number} {stored.Length}"));
            Assert.That(await client.AskAsync($"RETR {number}"), Is.EqualTo($"+OK {stored.Length} octets"));
            Assert.That(await client.ReadMultilineAsync() == expected, messages[number - 1].Name);
            Assert.That(await client.AskAsync($"TOP {number} 10000000"), Does.StartWith("+OK"));
            Assert.That(await client.ReadMultilineAsync() == expected, messages[number - 1].Name);
        }
    }

    [Test]
    public async Task The_prefix_of_a_recipient_stands_before_the_message_and_counts()
    {
        await using var server = new Pop3TestServer();
        server.AddUser("bob", "secret");
        var prefix = "Return-Path: <a@example.org>\r\n"u8.ToArray();
        await server.AppendAsync("bob", "Subject: x\r\n\r\ny\r\n"u8.ToArray(), AppendOptions.Default with { Prefix = prefix });
        await using var client = await server.LogInAsync("bob", "secret");
        Assert.That(await client.AskAsync("STAT"), Is.EqualTo("+OK 1 47"));
        await client.AskAsync("RETR 1");
        Assert.That(await client.ReadMultilineAsync(), Is.EqualTo("Return-Path: <a@example.org>\r\nSubject: x\r\n\r\ny\r\n"));
        await client.AskAsync("TOP 1 0");
        Assert.That(await client.ReadMultilineAsync(), Is.EqualTo("Return-Path: <a@example.org>\r\nSubject: x\r\n\r\n"));
    }

    [Test]
    [NonParallelizable]
    public async Task A_message_of_100_MB_is_streamed_with_flat_memory()
    {
        const long length = 100L * 1024 * 1024;
        await using var server = new Pop3TestServer(store: new StoreWithContent(_ => new PatternContent(length)));
        server.AddUser("bob", "secret");
        await server.AppendAsync("bob", "stands for the long one"u8.ToArray());
        await using var client = await server.LogInAsync("bob", "secret");

        var buffer = new byte[64 * 1024];
        await client.SendAsync("RETR 1\r\n");
        var before = GC.GetTotalAllocatedBytes(precise: true);
        var received = 0L;
        // Every line of the pattern begins with a dot, so each comes with one more.
        var expected = $"+OK {length} octets\r\n".Length + length + (length / PatternContent.Line.Length) + ".\r\n".Length;
        while (received < expected)
        {
            received += await client.Connection.Client.ReadAsync(buffer);
        }

        var allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
        TestContext.Out.WriteLine($"{allocated:N0} octets allocated");
        Assert.That(received, Is.EqualTo(expected));
        Assert.That(allocated, Is.LessThan(10 * 1024 * 1024));
        Assert.That(await client.AskAsync("NOOP"), Is.EqualTo("+OK Nothing done"));
    }

    [Test]
    public async Task A_message_that_cannot_be_opened_is_refused_and_the_dialog_goes_on()
    {
        using var log = new CollectedLog();
        await using var server = new Pop3TestServer(store: new StoreWithContent(_ => throw new InvalidDataException("the disk is gone")), loggers: log);
        server.AddUser("bob", "secret");
        await server.AppendAsync("bob", "x"u8.ToArray());
        await using var client = await server.LogInAsync("bob", "secret");
        Assert.That(await client.AskAsync("RETR 1"), Is.EqualTo("-ERR [SYS/TEMP] The mail drop is not available now"));
        Assert.That(await client.AskAsync("TOP 1 0"), Does.StartWith("-ERR [SYS/TEMP]"));
        Assert.That(await client.AskAsync("STAT"), Is.EqualTo("+OK 1 1"));
        Assert.That(log.Lines.Select(static line => line.Text), Has.Some.Contains("the disk is gone"));
    }

    [Test]
    public async Task A_message_that_breaks_off_breaks_the_connection_so_that_it_does_not_look_whole()
    {
        await using var server = new Pop3TestServer(store: new StoreWithContent(_ => new PatternContent(1024 * 1024) { FailsAt = 500_000 }));
        server.AddUser("bob", "secret");
        await server.AppendAsync("bob", "x"u8.ToArray());
        await using var client = await server.LogInAsync("bob", "secret");
        Assert.That(await client.AskAsync("RETR 1"), Does.StartWith("+OK"));
        await Assert.ThatAsync(() => client.ReadMultilineAsync(), Throws.InstanceOf<EndOfStreamException>());
        await Assert.ThatAsync(() => client.Session, Throws.InstanceOf<IOException>());
        Assert.That(server.Locks.Count, Is.Zero);
    }

    [Test]
    public async Task Deletions_that_the_store_fails_are_reported_at_QUIT()
    {
        var store = new StoreWithContent(null);
        await using var server = new Pop3TestServer(store: store);
        server.AddUser("bob", "secret");
        await server.AppendAsync("bob", "x"u8.ToArray());
        await using var client = await server.LogInAsync("bob", "secret");
        await client.AskAsync("DELE 1");
        store.RefusesCommits = true;
        Assert.That(await client.AskAsync("QUIT"), Is.EqualTo("-ERR [SYS/TEMP] The deleted messages could not be removed"));
        Assert.That(await client.ReadLineAsync(), Is.Null);
        store.RefusesCommits = false;
        await using var again = await server.LogInAsync("bob", "secret");
        Assert.That(await again.AskAsync("STAT"), Is.EqualTo("+OK 1 1"));
    }

    [Test]
    public async Task A_mail_drop_that_cannot_be_opened_is_refused_and_not_held()
    {
        var store = new StoreWithContent(null) { RefusesAccounts = true };
        await using var server = new Pop3TestServer(store: store);
        server.AddUser("bob", "secret");
        await using var client = await server.OpenAsync();
        await client.AskAsync("USER bob");
        Assert.That(await client.AskAsync("PASS secret"), Does.StartWith("-ERR [SYS/TEMP]"));
        Assert.That(server.Locks.Count, Is.Zero);
        store.RefusesAccounts = false;
        await client.AskAsync("USER bob");
        Assert.That(await client.AskAsync("PASS secret"), Does.StartWith("+OK"));
    }

    [Test]
    public async Task A_mailbox_that_is_not_there_is_refused()
    {
        await using var server = new Pop3TestServer();
        server.AddUser("bob", "secret");
        server.Options.Mailbox = MailboxName.Parse("Elsewhere");
        await using var client = await server.OpenAsync();
        await client.AskAsync("USER bob");
        Assert.That(await client.AskAsync("PASS secret"), Does.StartWith("-ERR [SYS/PERM]"));
        Assert.That(server.Locks.Count, Is.Zero);
    }

    /// <summary>A store in memory whose messages have other octets than were appended, and which fails when told to.</summary>
    private sealed class StoreWithContent(Func<ContentId, IContentReader>? open) : IMailStore
    {
        private readonly InMemoryMailStore _inner = new(TimeProvider.System);

        public bool RefusesCommits { get; set; }

        public bool RefusesAccounts { get; set; }

        public StoreTraits Traits => _inner.Traits;

        public ValueTask<IAccountStore?> OpenAsync(AccountId account, CancellationToken cancellationToken) =>
            RefusesAccounts ? throw new InvalidDataException("no accounts today") : _inner.OpenAsync(account, cancellationToken);

        public ValueTask<StagedContent> StageAsync(PipeReader bytes, StageHint hint, CancellationToken cancellationToken) =>
            _inner.StageAsync(bytes, hint, cancellationToken);

        public ValueTask<IContentReader?> OpenContentAsync(ContentId id, CancellationToken cancellationToken) =>
            open is null ? _inner.OpenContentAsync(id, cancellationToken) : ValueTask.FromResult<IContentReader?>(open(id));

        public ValueTask<IReadOnlyList<CommitResult>> CommitAsync(IReadOnlyList<ChangeBatch> batches, CancellationToken cancellationToken) =>
            RefusesCommits ? throw new IOException("the disk is full") : _inner.CommitAsync(batches, cancellationToken);
    }

    private sealed class PatternContent(long length) : IContentReader
    {
        public static byte[] Line { get; } = Encoding.ASCII.GetBytes("." + new string('x', 125) + "\r\n");

        public long FailsAt { get; init; } = long.MaxValue;

        public long Length => length;

        public ValueTask<int> ReadAsync(long offset, Memory<byte> into, CancellationToken cancellationToken)
        {
            if (offset >= FailsAt)
            {
                throw new InvalidDataException("the disk is gone");
            }

            var count = (int)Math.Min(into.Length, length - offset);
            for (var done = 0; done < count;)
            {
                var piece = Line.AsSpan((int)((offset + done) % Line.Length));
                piece = piece[..Math.Min(piece.Length, count - done)];
                piece.CopyTo(into.Span[done..]);
                done += piece.Length;
            }

            return ValueTask.FromResult(count);
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}

using MailCore.Smtp;
using MailCore.Testing;
using NUnit.Framework;

namespace MailCore.Tests.Smtp;

/// <summary>BDAT: its limits, its ends and what it shares with DATA.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class ChunkTests
{
    [TestCase("\n.\n")]
    [TestCase("\n.\r")]
    [TestCase("\r.\n")]
    [TestCase("\r.\r")]
    [TestCase("\n.\r\n")]
    [TestCase("\r.\r\n")]
    [TestCase("\r\n.\n")]
    [TestCase("\r\n.\r")]
    [TestCase("\r\n\0.\r\n")]
    [TestCase("\r\n.\0\r\n")]
    [TestCase("\r\n.\r\r\n")]
    [TestCase("\r\r\n.\r\r\n")]
    [TestCase("\r\n.\r\n")]
    public async Task End_of_data_vectors_are_content_of_a_chunk(string vector)
    {
        await using var server = await new SmtpTestServer().PopulateAsync();
        await using var client = await server.GreetAsync();
        var content = $"a{vector}QUIT\r\n";
        foreach (var cut in Enumerable.Range(0, content.Length + 1))
        {
            await BeginAsync(client, " BODY=BINARYMIME");
            await client.SendAsync($"BDAT {cut}\r\n{content[..cut]}BDAT {content.Length - cut} LAST\r\n{content[cut..]}");
            await client.ExpectAsync(250);
            await client.ExpectAsync(250);
        }

        Assert.That((await server.MessagesAsync()).Select(static message => message.Content), Has.All.EqualTo(content).And.Exactly(content.Length + 1).Items);
    }

    [TestCase("a\nb\r\n", BareLineFeedRule.Rewrite, "a\r\nb\r\n")]
    [TestCase("\n\n", BareLineFeedRule.Rewrite, "\r\n\r\n")]
    [TestCase("a\nb\r\n", BareLineFeedRule.Refuse, null)]
    [TestCase("a\rb\r\n", BareLineFeedRule.Rewrite, null)]
    [TestCase("a\0b\r\n", BareLineFeedRule.Rewrite, null)]
    [TestCase("ab\r", BareLineFeedRule.Rewrite, null)]
    [TestCase("..a\r\n.\r\n", BareLineFeedRule.Refuse, "..a\r\n.\r\n")]
    public async Task Text_in_chunks_keeps_the_rules_of_text_wherever_it_is_cut(string sent, BareLineFeedRule rule, string? stored)
    {
        await using var server = await new SmtpTestServer(null, options => options.BareLineFeed = rule).PopulateAsync();
        await using var client = await server.GreetAsync();
        for (var cut = 0; cut <= sent.Length; cut++)
        {
            await BeginAsync(client);
            await client.SendAsync($"BDAT {cut}\r\n{sent[..cut]}BDAT {sent.Length - cut} LAST\r\n{sent[cut..]}");
            var first = await client.ReadReplyAsync();
            var second = await client.ReadReplyAsync();
            var codes = $"{first![..3]} {second![..3]}";
            Assert.That(codes, stored is not null ? Is.EqualTo("250 250") : Is.EqualTo("554 503").Or.EqualTo("250 554"));
        }

        Assert.That((await server.MessagesAsync()).Select(static message => message.Content), Has.All.EqualTo(stored).And.Exactly(stored is null ? 0 : sent.Length + 1).Items);
    }

    [Test]
    public async Task The_size_limit_counts_all_chunks_to_the_octet([Values(100, 101)] int octets, [Values(0, 1, 50, 99, 100)] int cut)
    {
        await using var server = await new SmtpTestServer(null, options => options.MaxMessageSize = 100).PopulateAsync();
        await using var client = await server.GreetAsync();
        await BeginAsync(client);
        await client.SendAsync($"BDAT {cut}\r\n{new string('a', cut)}");
        await client.ExpectAsync(250);
        await client.SendAsync($"BDAT {octets - cut} LAST\r\n{new string('a', octets - cut)}");
        Assert.That(await client.ReadReplyAsync(), Does.StartWith(octets > 100 ? "552 5.3.4" : "250 2.0.0"));
        await client.SayAsync(250, "NOOP");
        Assert.That(await server.MessagesAsync(), Has.Count.EqualTo(octets > 100 ? 0 : 1));
    }

    [TestCase("BDAT 18446744073709551616")]
    [TestCase("BDAT")]
    [TestCase("BDAT -1")]
    [TestCase("BDAT +1")]
    [TestCase("BDAT 1 LASTLY")]
    [TestCase("BDAT 1LAST")]
    [TestCase("BDAT 1 2 LAST")]
    public async Task A_chunk_of_unknown_length_ends_the_session_because_its_octets_could_be_commands(string line)
    {
        await using var server = await new SmtpTestServer().PopulateAsync();
        await using var client = await server.GreetAsync();
        await BeginAsync(client);
        await client.SendAsync(line + "\r\nRSET\r\n");
        Assert.That(await client.ReadReplyAsync(), Does.StartWith("521 5.5.4"));
        await client.ExpectCloseAsync();
    }

    [Test]
    public async Task A_chunk_that_nobody_wants_is_drained_to_the_hard_cap_and_then_cut_off([Values(0, 1)] int more, [Values] bool inTransaction)
    {
        await using var server = await new SmtpTestServer(null, options => (options.MaxMessageSize, options.MaxDrain) = (10, 100)).PopulateAsync();
        await using var client = await server.GreetAsync();
        if (inTransaction)
        {
            await BeginAsync(client);
        }

        await client.SendAsync($"BDAT {100 + more} LAST\r\n{new string('a', 100 + more)}");
        Assert.That(await client.ReadReplyAsync(), Does.StartWith(inTransaction ? "552" : "503"));
        if (more > 0)
        {
            await client.ExpectCloseAsync();
        }
        else
        {
            await client.SayAsync(250, "NOOP");
        }
    }

    [Test]
    public async Task A_client_that_falls_silent_within_a_chunk_gets_421()
    {
        var time = new ManualTimeProvider();
        await using var server = await new SmtpTestServer { Time = time }.PopulateAsync();
        await using var client = await server.GreetAsync();
        await BeginAsync(client);
        await client.SendAsync("BDAT 10\r\nabc");
        Assert.That(await LimitTests.PassTimeAsync(time, client), Does.StartWith("421 4.4.2"));
        await client.ExpectCloseAsync();
    }

    [Test]
    public async Task Shutdown_within_and_between_chunks_is_421_and_stores_nothing([Values("BDAT 10\r\nabc", "BDAT 3\r\nabc")] string chunk)
    {
        await using var server = await new SmtpTestServer().PopulateAsync();
        await using var client = await server.GreetAsync();
        await BeginAsync(client);
        await client.SendAsync(chunk);
        if (chunk.Contains('3'))
        {
            await client.ExpectAsync(250);
        }

        await server.Stopping.CancelAsync();
        Assert.That(await client.ReadReplyAsync(), Does.StartWith("421 4.3.2"));
        await client.ExpectCloseAsync();
        Assert.That(await server.MessagesAsync(), Is.Empty);
    }

    [Test]
    public async Task A_message_given_up_between_chunks_leaves_nothing_staged([Values("RSET\r\n", "EHLO again.example\r\n", "QUIT\r\n", null)] string? end)
    {
        var staging = new CountingStaging();
        await using var server = await new SmtpTestServer { Staging = staging, Delivery = new StubDelivery() }.PopulateAsync();
        await using var client = await server.GreetAsync();
        await BeginAsync(client);
        await client.SendAsync("BDAT 3\r\nabc");
        await client.ExpectAsync(250);
        if (end is null)
        {
            await client.Connection.Client.DisposeAsync();
        }
        else
        {
            await client.SendAsync(end);
        }

        await staging.Ended.Task.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.That(staging.Error, Is.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public async Task A_staging_that_fails_is_451_and_the_chunk_is_never_read_as_commands()
    {
        await using var server = await new SmtpTestServer { Staging = new FailingStaging(), Delivery = new StubDelivery() }.PopulateAsync();
        await using var client = await server.GreetAsync();
        await BeginAsync(client);
        await client.SendAsync("BDAT 6\r\nQUIT\r\n");
        Assert.That(await client.ReadReplyAsync(), Does.StartWith("451 4.3.0"));
        await client.SendAsync("BDAT 6 LAST\r\nQUIT\r\n");
        Assert.That(await client.ReadReplyAsync(), Does.StartWith("503"));
        await client.SayAsync(250, "NOOP");
    }

    [Test]
    public async Task Chunks_larger_than_any_buffer_stream_through()
    {
        await using var server = await new SmtpTestServer().PopulateAsync();
        await using var client = await server.GreetAsync();
        await BeginAsync(client);
        var line = new string('x', 98) + "\r\n";
        var content = string.Concat(Enumerable.Repeat(line, 10_000));
        await client.SendAsync($"BDAT {content.Length}\r\n{content}BDAT {content.Length} LAST\r\n{content}");
        await client.ExpectAsync(250);
        await client.ExpectAsync(250);
        Assert.That((await server.MessagesAsync()).Single().Content, Is.EqualTo(content + content));
    }

    [Test]
    public async Task Submission_completes_headers_that_come_in_chunks()
    {
        await using var server = await new SmtpTestServer(SmtpDialect.Submission).PopulateAsync();
        await using var client = await server.GreetAsync();
        await client.LoginAsync();
        await client.SayAsync(250, "MAIL FROM:<bob@example.org>");
        await client.SayAsync(250, "RCPT TO:<alice@example.org>");
        foreach (var octet in "Bcc: carol@example.org\r\nSubject: x\r\n")
        {
            await client.SendAsync($"BDAT 1\r\n{octet}");
            await client.ExpectAsync(250);
        }

        await client.SendAsync("BDAT 3 LAST\r\n\r\ny");
        await client.ExpectAsync(250);
        Assert.That(
            (await server.MessagesAsync("alice@example.org")).Single().Content,
            Does.Match("^Subject: x\r\nDate: [^\r]+\r\nMessage-ID: <[0-9A-Z]{16}@mx.example.org>\r\n\r\ny$"));
    }

    [Test]
    public async Task Too_many_received_fields_loop_in_chunks_as_well([Values(3, 4)] int count)
    {
        await using var server = await new SmtpTestServer(null, options => options.MaxReceived = 3).PopulateAsync();
        await using var client = await server.GreetAsync();
        await BeginAsync(client);
        var header = string.Concat(Enumerable.Repeat("Received: x\r\n", count));
        await client.SendAsync($"BDAT {header.Length} LAST\r\n{header}");
        Assert.That(await client.ReadReplyAsync(), Does.StartWith(count > 3 ? "554 5.4.6" : "250"));
    }

    private static async Task BeginAsync(SmtpTestClient client, string parameters = "")
    {
        await client.SayAsync(250, "MAIL FROM:<eve@elsewhere.example>" + parameters);
        await client.SayAsync(250, "RCPT TO:<bob@example.org>");
    }

    /// <summary>Reads to the end, and tells how that came.</summary>
    private sealed class CountingStaging : MailCore.Storage.IMessageStaging
    {
        private readonly DiscardStaging _inner = new();

        public TaskCompletionSource Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Exception? Error { get; private set; }

        public async ValueTask<MailCore.Storage.StagedMessage> StageAsync(System.IO.Pipelines.PipeReader message, MailCore.Storage.StageHint hint, CancellationToken cancellationToken)
        {
            try
            {
                return await _inner.StageAsync(message, hint, cancellationToken);
            }
            catch (Exception error)
            {
                Error = error;
                throw;
            }
            finally
            {
                Ended.TrySetResult();
            }
        }
    }

    private sealed class FailingStaging : MailCore.Storage.IMessageStaging
    {
        public ValueTask<MailCore.Storage.StagedMessage> StageAsync(System.IO.Pipelines.PipeReader message, MailCore.Storage.StageHint hint, CancellationToken cancellationToken) =>
            throw new InvalidOperationException("the disk is full");
    }
}

using System.Diagnostics;
using System.Reflection;
using System.Text;
using MailCore.Delivery;
using MailCore.Messaging;
using MailCore.Smtp;
using NUnit.Framework;

namespace MailCore.Tests.Smtp;

/// <summary>What speed depends on and can be counted: allocations and flushes.</summary>
[TestFixture]
[NonParallelizable]
internal sealed class SpeedTests
{
    [Test]
    public void A_message_of_1_kb_allocates_less_than_1_kb([Values] bool toHandler)
    {
        var connection = new InlineConnection();
        var handler = new HandlerDelivery(static (_, _, _) => ValueTask.FromResult(SmtpReply.Ok));
        var server = toHandler ? new SmtpTestServer { Router = new HandlerRouter(handler), Delivery = handler, Staging = new DiscardStaging(), Records = false } : Server();
        var session = server.Protocol.RunAsync(connection, default);
        connection.Feed("EHLO client.example\r\n"u8.ToArray());
        var commands = "MAIL FROM:<eve@elsewhere.example> SIZE=1024\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n"u8.ToArray();
        var body = Encoding.ASCII.GetBytes("Subject: x\r\n\r\n" + string.Concat(Enumerable.Repeat(new string('x', 70) + "\r\n", 14)) + ".\r\n");
        Send(1_000);
        var before = GC.GetAllocatedBytesForCurrentThread();
        const int Count = 5_000;
        Send(Count);
        var each = (GC.GetAllocatedBytesForCurrentThread() - before) / Count;
        TestContext.Out.WriteLine($"{each} octets allocated per message of {body.Length - 3}");
        connection.Feed("QUIT\r\n"u8.ToArray());
        Assert.That(session.IsFaulted, Is.False);
        Assert.That(each, Is.LessThan(IsOptimized ? 1_024 : 4_096));

        void Send(int count)
        {
            for (var i = 0; i < count; i++)
            {
                connection.Feed(commands);
                connection.Drain();
                connection.Feed(body);
                if (connection.Drain() != "250 2.0.0 OK queued as 0123456789ABCDEF\r\n".Length)
                {
                    throw new InvalidOperationException($"The message was not accepted: {session.Status} {session.Exception}");
                }
            }
        }
    }

    [Test]
    public void A_message_of_64_mb_is_filtered_and_edited_in_constant_memory()
    {
        var server = Server();
        server.Options.MaxMessageSize = 100_000_000;
        server.Filters.Add(new SmtpFilterRegistration(new EditingFilter()));
        var connection = new InlineConnection();
        var session = server.Protocol.RunAsync(connection, default);
        connection.Feed("EHLO client.example\r\nMAIL FROM:<>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\nSubject: x\r\n\r\n"u8.ToArray());
        var lines = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(new string('x', 78) + "\r\n", 200)));
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 4_000; i++)
        {
            connection.Feed(lines);
        }

        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        connection.Feed(".\r\nQUIT\r\n"u8.ToArray());
        Assert.That(Encoding.ASCII.GetString(connection.Take()), Does.Contain("250 2.0.0 OK queued as ").And.EndsWith("221 2.0.0 Bye\r\n"));
        Assert.That(() => session.Wait(TimeSpan.FromSeconds(30)), Is.True);
        TestContext.Out.WriteLine($"{allocated} octets allocated for {lines.Length * 4_000L}");
        Assert.That(allocated, Is.LessThan(16 * 1024 * 1024));
    }

    [Test]
    public void Sixteen_connections_at_the_same_time_allocate_less_than_1_kb_per_message_as_well()
    {
        var server = Server();
        var connections = Enumerable.Range(0, 16).Select(static _ => new InlineConnection()).ToArray();
        var sessions = connections.Select(connection => server.Protocol.RunAsync(connection, default)).ToArray();
        var commands = "MAIL FROM:<eve@elsewhere.example> SIZE=1024\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n"u8.ToArray();
        var body = Encoding.ASCII.GetBytes("Subject: x\r\n\r\n" + string.Concat(Enumerable.Repeat(new string('x', 70) + "\r\n", 14)) + ".\r\n");
        foreach (var connection in connections)
        {
            connection.Feed("EHLO client.example\r\n"u8.ToArray());
        }

        Send(100);
        var before = GC.GetAllocatedBytesForCurrentThread();
        const int Count = 300;
        Send(Count);
        var each = (GC.GetAllocatedBytesForCurrentThread() - before) / (Count * connections.Length);
        TestContext.Out.WriteLine($"{each} octets allocated per message of {body.Length - 3}");
        Assert.That(sessions, Has.All.Property("IsFaulted").False);
        Assert.That(each, Is.LessThan(IsOptimized ? 1_024 : 8_192));

        void Send(int count)
        {
            for (var i = 0; i < count; i++)
            {
                Array.ForEach(connections, connection => connection.Feed(commands));
                Array.ForEach(connections, static connection => connection.Drain());
                Array.ForEach(connections, connection => connection.Feed(body));
                Array.ForEach(connections, static connection => connection.Drain());
            }
        }
    }

    [Test]
    public void Commands_that_keep_nothing_allocate_nothing()
    {
        var connection = new InlineConnection();
        var session = Server().Protocol.RunAsync(connection, default);
        connection.Feed("EHLO client.example\r\n"u8.ToArray());
        var quiet = "NOOP\r\nRSET\r\nVRFY bob\r\nHELP\r\nEHLO client.example\r\nHELO client.example\r\n"u8.ToArray();
        Run(100);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Run(1_000);
        Assert.That((GC.GetAllocatedBytesForCurrentThread() - before) / 1_000, Is.LessThan(IsOptimized ? 16 : 512));

        void Run(int count)
        {
            for (var i = 0; i < count; i++)
            {
                connection.Feed(quiet);
                connection.Drain();
            }
        }
    }

    [Test]
    public void A_batch_is_answered_in_one_flush()
    {
        var connection = new InlineConnection();
        _ = Server().Protocol.RunAsync(connection, default);
        Assert.That(connection.Flushes, Is.EqualTo(1), "the greeting");
        connection.Feed(Encoding.ASCII.GetBytes("EHLO client.example\r\nMAIL FROM:<>\r\n" + string.Concat(Enumerable.Repeat("RCPT TO:<bob@example.org>\r\n", 100)) + "RSET\r\n"));
        Assert.That(connection.Flushes, Is.EqualTo(2));
        Assert.That(Encoding.ASCII.GetString(connection.Take()).Split("\r\n").Count(static line => !line.StartsWith("250-", StringComparison.Ordinal)), Is.EqualTo(1 + 1 + 1 + 100 + 1 + 1));
    }

    [Test]
    public void Replies_that_outgrow_their_batch_are_flushed_in_pieces()
    {
        var connection = new InlineConnection();
        _ = Server().Protocol.RunAsync(connection, default);
        connection.Feed(Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("EHLO c\r\n", 10_000))));
        Assert.That(connection.Flushes, Is.GreaterThan(10).And.LessThan(200));
    }

    /// <summary>Without optimization every asynchronous call is an object.</summary>
    private static bool IsOptimized { get; } =
        typeof(MailCore.Smtp.SmtpProtocol).Assembly.GetCustomAttribute<DebuggableAttribute>() is not { IsJITOptimizerDisabled: true };

    private static SmtpTestServer Server() => new()
    {
        Router = new HandlerRouter(new OkDelivery()),
        Delivery = new OkDelivery(),
        Staging = new DiscardStaging(),
        Records = false,
    };

    private sealed class EditingFilter : ISmtpFilter
    {
        public ValueTask<SmtpVerdict> OnHeadersAsync(SmtpFilterContext context, MailTransaction transaction, MessageHeaders headers, CancellationToken cancellationToken)
        {
            transaction.Headers.Replace("Subject", "edited");
            return default;
        }
    }

    private sealed class OkDelivery : IMessageDelivery
    {
        private static readonly SmtpReply[] Ok = [SmtpReply.Ok];

        public ValueTask<IReadOnlyList<SmtpReply>> DeliverAsync(MailTransaction transaction, InboundMessage message, CancellationToken cancellationToken) =>
            ValueTask.FromResult<IReadOnlyList<SmtpReply>>(Ok);
    }
}

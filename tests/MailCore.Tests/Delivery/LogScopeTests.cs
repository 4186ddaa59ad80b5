using System.Collections.Concurrent;
using System.Net;
using MailCore.Delivery;
using MailCore.Hosting;
using MailCore.Messaging;
using MailCore.Tests.Smtp;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using NUnit.Framework;

namespace MailCore.Tests.Delivery;

/// <summary>Whatever is logged while a message is worked on can be found by its queue id.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
[CancelAfter(30_000)]
internal sealed class LogScopeTests
{
    [Test]
    public async Task A_delivery_by_smtp_logs_in_the_scope_of_its_message()
    {
        using var log = new ScopeLog();
        await using var server = new SmtpTestServer { Loggers = log };
        var inner = new TalkingDelivery(log.CreateLogger("host"));
        server.Delivery = inner;
        await server.PopulateAsync();
        await using var client = await server.GreetAsync();
        var queueIds = new List<string>();
        for (var i = 0; i < 2; i++)
        {
            queueIds.Add((await client.SendMessageAsync(250, "x\r\n")).Split(' ')[^1].Trim());
        }

        Assert.That(log.Lines.Where(static line => line.Text == "a word").Select(static line => line.Scope), Is.EqualTo(queueIds));
        await client.SayAsync(250, "NOOP");
        log.CreateLogger("host").LogInformation("outside");
        Assert.That(log.Lines.Single(static line => line.Text == "outside").Scope, Is.Empty);
    }

    [Test]
    public async Task So_does_what_the_host_sends_itself()
    {
        using var log = new ScopeLog();
        var services = new ServiceCollection();
        services.AddSingleton<ILoggerFactory>(log);
        services.AddMailServer(static mail => mail.UseInMemoryStore().AddAccount("bob@example.org").ListenSmtp(0).On(IPAddress.Loopback).UseCleartext());
        services.AddSingleton<IDeliveryStage>(new TalkingStage(log.CreateLogger("host")));
        await using var host = services.BuildServiceProvider();
        await host.GetRequiredService<MailServer>().StartAsync(default);
        var envelope = new Envelope(ReversePath.Null) { Recipients = { new Recipient(EmailAddress.Parse("bob@example.org")) } };
        var result = await host.GetRequiredService<IMailSubmission>().SubmitAsync(envelope, new MemoryStream("x\r\n"u8.ToArray()), default);
        Assert.That(log.Lines.Single(static line => line.Text == "a word").Scope, Is.EqualTo(result.QueueId));
    }

    private sealed class TalkingDelivery(ILogger logger) : IMessageDelivery
    {
        public async ValueTask<IReadOnlyList<SmtpReply>> DeliverAsync(MailTransaction transaction, InboundMessage message, CancellationToken cancellationToken)
        {
            await Task.Yield();
            logger.LogInformation("a word");
            return [SmtpReply.Ok];
        }
    }

    private sealed class TalkingStage(ILogger logger) : IDeliveryStage
    {
        public ValueTask<DeliveryPlan> PlanAsync(LocalMessage message, DeliveryPlan plan, CancellationToken cancellationToken)
        {
            logger.LogInformation("a word");
            return ValueTask.FromResult(plan);
        }
    }

    private sealed class ScopeLog : ILoggerFactory
    {
        private readonly LoggerExternalScopeProvider _scopes = new();

        public ConcurrentQueue<(string Text, string Scope)> Lines { get; } = [];

        public ILogger CreateLogger(string categoryName) => new Logger(this);

        public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

        public void Dispose()
        {
        }

        private sealed class Logger(ScopeLog log) : ILogger
        {
            public IDisposable? BeginScope<TState>(TState state)
                where TState : notnull => log._scopes.Push(state);

            public bool IsEnabled(LogLevel logLevel) => true;

            public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
            {
                var scopes = new List<string>();
                log._scopes.ForEachScope(
                    static (scope, found) => found.AddRange((scope as IEnumerable<KeyValuePair<string, object?>>)?.Where(static pair => pair.Key == "QueueId").Select(static pair => $"{pair.Value}") ?? []),
                    scopes);
                log.Lines.Enqueue((formatter(state, exception), string.Join(' ', scopes)));
            }
        }
    }
}

using System.Collections.Concurrent;
using System.Diagnostics;
using MailCore.Delivery;
using MailCore.Messaging;
using MailCore.Relay;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace MailCore.Tests.Diagnostics;

/// <summary>One message is one trace, as OpenTelemetry exports it.</summary>
// Who listens makes every session allocate, which other tests count.
[NonParallelizable]
[CancelAfter(120_000)]
internal sealed class DiagnosticsTraceTests
{
    [Test]
    public async Task A_message_is_followed_from_its_transaction_to_the_other_server()
    {
        var (spans, metrics) = (new Spans(), new List<MetricSnapshot>());
        await using var scenario = await DiagnosticsScenario.StartAsync(services => services.AddOpenTelemetry()
            .WithTracing(traces => traces.AddSource("MailCore.*").AddProcessor(spans))
            .WithMetrics(all => all.AddMeter("MailCore.*").AddInMemoryExporter(metrics)));
        _ = scenario.Services.GetRequiredService<TracerProvider>();
        var meters = scenario.Services.GetRequiredService<MeterProvider>();

        var id = await scenario.SubmitAsync();
        await scenario.ArrivedAsync();

        Assert.That(() => spans.Of(id).Select(static span => span.OperationName), Is.EquivalentTo(new[] { "SMTP transaction", "deliver message", "relay attempt" }).After(30_000, 20));
        var (transaction, delivery, attempt) = (spans.Of(id, "SMTP transaction"), spans.Of(id, "deliver message"), spans.Of(id, "relay attempt"));
        Assert.Multiple(() =>
        {
            Assert.That(delivery.ParentSpanId, Is.EqualTo(transaction.SpanId));
            Assert.That(attempt.ParentSpanId, Is.EqualTo(delivery.SpanId));
            Assert.That(new[] { delivery.TraceId, attempt.TraceId }, Has.All.EqualTo(transaction.TraceId));
            Assert.That(transaction.GetTagItem("mailcore.smtp.reply_code"), Is.EqualTo(250));
            Assert.That(transaction.GetTagItem("mailcore.account"), Is.EqualTo("bob@example.org"));
            Assert.That(transaction.Duration, Is.GreaterThanOrEqualTo(delivery.Duration));
            Assert.That(attempt.GetTagItem("mailcore.relay.result"), Is.EqualTo("sent"));
        });

        meters.ForceFlush();
        Assert.That(metrics.Select(static metric => metric.Name), Is.SupersetOf(new[] { "mailcore.smtp.messages", "mailcore.delivery.recipients", "mailcore.relay.attempts" }));
    }

    [Test]
    public async Task What_the_hosts_code_sends_belongs_to_what_it_was_doing()
    {
        var spans = new Spans();
        using var source = new ActivitySource("host");
        await using var scenario = await DiagnosticsScenario.StartAsync(services => services.AddOpenTelemetry()
            .WithTracing(traces => traces.AddSource("MailCore.*", "host").AddProcessor(spans)));
        _ = scenario.Services.GetRequiredService<TracerProvider>();
        using var request = source.StartActivity("request");
        var envelope = new Envelope(ReversePath.Null) { Recipients = { new Recipient(EmailAddress.Parse("bob@example.org")) } };
        using var message = new MemoryStream("Subject: x\r\n\r\n"u8.ToArray());
        var sent = await scenario.Services.GetRequiredService<IMailSubmission>().SubmitAsync(envelope, message, default);
        Assert.That(spans.Of(sent.QueueId, "deliver message").ParentSpanId, Is.EqualTo(request!.SpanId));
        Assert.That(Activity.Current, Is.SameAs(request));
    }

    [Test]
    public async Task What_a_handler_does_is_a_part_of_the_delivery()
    {
        var spans = new Spans();
        await using var scenario = await DiagnosticsScenario.StartAsync(services => services.AddOpenTelemetry()
            .WithTracing(traces => traces.AddSource("MailCore.*").AddProcessor(spans)));
        _ = scenario.Services.GetRequiredService<TracerProvider>();
        await scenario.ReceiveAsync();
        Assert.That(scenario.Handling?.OperationName, Is.EqualTo("deliver message"));
        Assert.That(scenario.Handling!.ParentSpanId, Is.EqualTo(spans.Of((string)scenario.Handling.GetTagItem("mailcore.queue_id")!, "SMTP transaction").SpanId));
    }

    [Test]
    public void The_queue_keeps_the_trace_and_reads_what_was_written_without()
    {
        const string Parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        var entry = new QueueEntry
        {
            QueueId = "1",
            Session = new MailSessionInfo { ConnectionId = "c", Protocol = "ESMTP", ServerName = "mx" },
            Envelope = new Envelope(ReversePath.Null),
            Recipients = [],
            AcceptedAt = DateTimeOffset.UnixEpoch,
            TraceParent = Parent,
        };
        Assert.That(Decode(QueueCodec.EncodeEntry(entry)), Is.EqualTo(Parent));
        Assert.That(Decode(QueueCodec.EncodeEntry(entry with { TraceParent = null })), Is.Null);
        Assert.That(Decode(QueueCodec.EncodeEntry(entry with { TraceParent = null })[..^1]), Is.Null, "an older version's");

        static string? Decode(byte[] octets) => QueueCodec.DecodeEntry(octets, "1", DateTimeOffset.UnixEpoch, QueueLane.Remote).TraceParent;
    }

    private sealed class Spans : BaseProcessor<Activity>
    {
        private readonly ConcurrentQueue<Activity> _all = new();

        public override void OnEnd(Activity data) => _all.Enqueue(data);

        public IEnumerable<Activity> Of(string queueId) => _all.Where(span => span.GetTagItem("mailcore.queue_id") as string == queueId);

        public Activity Of(string queueId, string name) => Of(queueId).Single(span => span.OperationName == name);
    }
}

using System.Diagnostics;
using System.Diagnostics.Metrics;
using MailCore.Diagnostics;
using MailCore.Messaging;

namespace MailCore.Delivery;

/// <summary>Meter and activity source "MailCore.Delivery"; docs/diagnostics.md is the table. Costs a few comparisons while nobody listens.</summary>
internal sealed class DeliveryMetrics
{
    public const string Name = "MailCore.Delivery";

    private static readonly ActivitySource Activities = new(Name);

    private readonly Counter<long> _recipients;
    private readonly Histogram<double> _durations;

    public DeliveryMetrics(IMeterFactory? meters)
    {
        var meter = meters?.Create(Name) ?? new Meter(Name);
        _recipients = meter.CreateCounter<long>("mailcore.delivery.recipients", "{recipient}", "Recipients answered for, by route and the reply's class");
        _durations = meter.CreateHistogram<double>("mailcore.delivery.duration", "s", "Until a message is in its mailboxes, in the queue and with the handlers");
    }

    /// <summary>Null while nobody listens. It is the current activity then.</summary>
    public static Activity? Start(MailTransaction transaction) => !Activities.HasListeners() ? null : Activities.StartActivity("deliver message")?
        .SetTag("mailcore.queue_id", transaction.QueueId)
        .SetTag("mailcore.recipients", transaction.Envelope.Recipients.Count);

    /// <summary>Zero while nobody wants to know.</summary>
    public long Now() => _recipients.Enabled || _durations.Enabled ? Stopwatch.GetTimestamp() : 0;

    public void Ends(Activity? activity, IReadOnlyList<RecipientRoute> routes, IReadOnlyList<SmtpReply> replies, long started)
    {
        if (started == 0 && activity is null)
        {
            return;
        }

        SmtpReply? worst = null;
        for (var i = 0; i < Math.Min(routes.Count, replies.Count); i++)
        {
            worst = RecipientReplies.Worse(worst, replies[i]);
            _recipients.Add(1, new("mailcore.delivery.route", NameOf(routes[i])), Telemetry.ReplyClass(replies[i].Code));
        }

        if (started > 0)
        {
            _durations.Record(Stopwatch.GetElapsedTime(started).TotalSeconds);
        }

        activity?.SetTag("mailcore.smtp.reply_code", worst?.Code);
    }

    private static string NameOf(RecipientRoute route) => route switch
    {
        RecipientRoute.Local => "mailbox",
        RecipientRoute.Handler => "handler",
        RecipientRoute.Relay => "relay",
        _ => "several",
    };
}

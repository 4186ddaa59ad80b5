using System.Diagnostics;
using System.Diagnostics.Metrics;
using MailCore.Diagnostics;
using MailCore.Messaging;

namespace MailCore.Smtp;

/// <summary>Meter and activity source "MailCore.Smtp"; docs/diagnostics.md is the table. Costs a few comparisons while nobody listens.</summary>
internal sealed class SmtpMetrics
{
    public const string Name = "MailCore.Smtp";

    private static readonly ActivitySource Activities = new(Name);

    private readonly UpDownCounter<long> _sessions;
    private readonly Counter<long> _recipients;
    private readonly Counter<long> _messages;
    private readonly Histogram<long> _sizes;
    private readonly Histogram<double> _durations;
    private readonly KeyValuePair<string, object?> _role;

    public SmtpMetrics(IMeterFactory? meters, SmtpDialect dialect)
    {
        var meter = meters?.Create(Name) ?? new Meter(Name);
        _sessions = meter.CreateUpDownCounter<long>("mailcore.smtp.sessions", "{session}", "Connections served now");
        _recipients = meter.CreateCounter<long>("mailcore.smtp.recipients", "{recipient}", "RCPT commands answered, by the reply's class");
        _messages = meter.CreateCounter<long>("mailcore.smtp.messages", "{message}", "Messages answered, by the reply's class");
        _sizes = meter.CreateHistogram<long>("mailcore.smtp.message.size", "By", "Octets of messages that arrived whole");
        _durations = meter.CreateHistogram<double>("mailcore.smtp.message.duration", "s", "From MAIL to the reply to the message");
        _role = new("mailcore.smtp.role", dialect.Name);
    }

    public bool CountsRecipients => _recipients.Enabled;

    /// <summary>Whether a transaction's time is wanted.</summary>
    public bool Measures => _durations.Enabled;

    public void SessionBegins() => _sessions.Add(1, _role);

    public void SessionEnds() => _sessions.Add(-1, _role);

    public void Recipient(SmtpReply reply) => _recipients.Add(1, _role, ClassOf(reply));

    /// <summary>A transaction that begins; null while nobody listens. It is not the current activity yet.</summary>
    public Activity? StartTransaction(SmtpSession session, string queueId)
    {
        if (!Activities.HasListeners())
        {
            return null;
        }

        // Other commands come in between, which are not part of it.
        var current = Activity.Current;
        var activity = Activities.StartActivity("SMTP transaction", ActivityKind.Server)?
            .SetTag(_role.Key, _role.Value)
            .SetTag("mailcore.queue_id", queueId)
            .SetTag("mailcore.connection", session.Connection.Id)
            .SetTag("mailcore.account", session.Identity?.Account.Value);
        Activity.Current = current;
        return activity;
    }

    /// <summary>A message was answered. The length is null where it did not arrive whole; the time is that of the MAIL, if it is measured.</summary>
    public void MessageEnds(Activity? activity, SmtpReply reply, long? length, long started)
    {
        if (!_messages.Enabled && !_sizes.Enabled && !_durations.Enabled && activity is null)
        {
            return;
        }

        var result = ClassOf(reply);
        _messages.Add(1, _role, result);
        if (length is { } octets)
        {
            _sizes.Record(octets, _role, result);
            activity?.SetTag("mailcore.message.size", octets);
        }

        if (started > 0)
        {
            _durations.Record(Stopwatch.GetElapsedTime(started).TotalSeconds, _role, result);
        }

        activity?.SetTag("mailcore.smtp.reply_code", reply.Code);
    }

    public static void TransactionEnds(Activity activity, int recipients)
    {
        activity.SetTag("mailcore.recipients", recipients);
        Telemetry.Stop(activity);
    }

    private static KeyValuePair<string, object?> ClassOf(SmtpReply reply) => Telemetry.ReplyClass(reply.Code);
}

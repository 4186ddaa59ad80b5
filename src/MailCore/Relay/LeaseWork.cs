using MailCore.Delivery;
using MailCore.Messaging;
using MailCore.Storage;
using Microsoft.Extensions.Logging;

namespace MailCore.Relay;

/// <summary>What to do about an item once something is known of it: who is told, what remains, when it goes on. Thread-safe.</summary>
internal sealed partial class LeaseWork(IRelayQueue queue, RelayOptions options, string serverName, TimeProvider time, ILogger logger)
{
    private static readonly SmtpReply NotYetTried = new(451, "4.4.1", "Its destination could not be reached yet");

    // Used by the generated log methods.
    private readonly ILogger _logger = logger;

    public required Func<IMailSubmission> Submission { get; init; }

    public IMessageTrace? Trace { get; init; }

    public RelayMetrics? Metrics { get; init; }

    /// <summary>The message as it came in, for its trace.</summary>
    public static MailTransaction Transaction(QueueEntry entry)
    {
        var envelope = entry.Envelope.WithoutRecipients();
        envelope.Recipients.AddRange(entry.Recipients.Select(static recipient => recipient.Recipient));
        var transaction = new MailTransaction(entry.QueueId, entry.Session, envelope, entry.AcceptedAt);
        if (!entry.AddedFields.IsEmpty)
        {
            transaction.AddField(entry.AddedFields);
        }

        if (entry.QuarantineReason is { } reason)
        {
            transaction.Quarantine(reason);
        }

        return transaction;
    }

    /// <summary>Trace and content; null when the queue does not have it any more.</summary>
    public async ValueTask<MessageContent?> OpenAsync(QueueLease lease, CancellationToken cancellationToken) =>
        await queue.OpenContentAsync(lease, cancellationToken).ConfigureAwait(false) is { } reader
            ? new MessageContent(Transaction(lease.Entry), static source => TraceHeader.BuildReceived((MailTransaction)source), reader)
            : null;

    /// <summary>After an attempt; one outcome for each recipient.</summary>
    public async ValueTask<LeaseResult> FinishAsync(QueueLease lease, IReadOnlyList<RelayOutcome> outcomes, CancellationToken cancellationToken)
    {
        var (now, entry) = (time.GetUtcNow(), lease.Entry);
        var expiry = options.Schedule.Expiry(entry);
        var remaining = new List<QueueRecipient>();
        var events = new List<RecipientEvent>();
        var last = default(SmtpReply);
        for (var i = 0; i < outcomes.Count; i++)
        {
            var (recipient, outcome) = (entry.Recipients[i], outcomes[i]);
            last = outcome.Reply;
            Metrics?.Attempted(lease.Lane, outcome.Status);
            switch (outcome.Status)
            {
                case RelayStatus.Sent:
                    Sent(entry.QueueId, recipient.Recipient, lease.Destination, outcome.Reply);
                    Note(entry, recipient, recipient.Hop is null ? MessageStepKind.Delivered : MessageStepKind.Relayed, outcome, now);
                    if (!outcome.PassesReportsOn || (entry.Envelope.DeliverBy is { IsTraced: true } && !outcome.PassesDeadlineOn))
                    {
                        events.Add(Event(recipient, recipient.Hop is null ? RecipientAction.Delivered : RecipientAction.Relayed, outcome, now));
                    }

                    break;
                case RelayStatus.Deferred when now < expiry:
                    Deferred(entry.QueueId, recipient.Recipient, lease.Destination, outcome.Reply);
                    Note(entry, recipient, MessageStepKind.Deferred, outcome, now);
                    remaining.Add(recipient);
                    break;
                default:
                    var final = outcome.Status == RelayStatus.Failed ? outcome : outcome with { Reply = GivenUp(outcome.Reply) };
                    Failed(entry.QueueId, recipient.Recipient, lease.Destination, final.Reply);
                    Note(entry, recipient, MessageStepKind.Bounced, final, now);
                    events.Add(Event(recipient, RecipientAction.Failed, final, now));
                    break;
            }
        }

        if (!await ReportAsync(lease, events, cancellationToken).ConfigureAwait(false))
        {
            // Nobody could be told. What was sent is done; the rest has another try before its sender hears.
            remaining = [.. entry.Recipients.Where((_, i) => outcomes[i].Status != RelayStatus.Sent)];
        }

        var next = lease.NextAttempt > expiry ? expiry : lease.NextAttempt;
        return new LeaseResult(lease, remaining) { Reply = last?.ToString(), NextAttempt = next };
    }

    /// <summary>A time has come: to warn the sender, or to give up.</summary>
    public async ValueTask<LeaseResult> FinishAlarmAsync(QueueLease lease, CancellationToken cancellationToken)
    {
        var (now, entry, schedule) = (time.GetUtcNow(), lease.Entry, options.Schedule);
        var reply = lease.LastReply is { } text && TryReply(text) is { } parsed ? parsed : NotYetTried;
        var isOver = now >= schedule.Expiry(entry);
        if (isOver || (entry.Envelope.DeliverBy is { Action: DeadlineAction.Return } by && now >= by.Deadline))
        {
            // RFC 2852 4.1.3: 5.4.7 stands for both.
            var final = new RelayOutcome(RelayStatus.Failed, GivenUp(reply));
            foreach (var recipient in entry.Recipients)
            {
                Failed(entry.QueueId, recipient.Recipient, lease.Destination, final.Reply);
                Note(entry, recipient, MessageStepKind.Bounced, final, now);
            }

            return await ReportAsync(lease, [.. entry.Recipients.Select(recipient => Event(recipient, RecipientAction.Failed, final, now))], cancellationToken).ConfigureAwait(false)
                ? LeaseResult.Done(lease)
                : Again(lease, now);
        }

        var delayed = new RelayOutcome(RelayStatus.Deferred, reply);
        var events = entry.Recipients.Select(recipient => Event(recipient, RecipientAction.Delayed, delayed, now) with { RetryUntil = schedule.Expiry(entry) });
        return await ReportAsync(lease, [.. events], cancellationToken).ConfigureAwait(false)
            ? new LeaseResult(lease, entry.Recipients) { WasWarned = true, Alarm = schedule.Alarm(entry, wasWarned: true) }
            : Again(lease, now);
    }

    private static RecipientEvent Event(QueueRecipient recipient, RecipientAction action, RelayOutcome outcome, DateTimeOffset now) =>
        new(recipient.Recipient, action, outcome.Reply) { RemoteName = outcome.RemoteName, LastAttempt = now };

    /// <summary>Its time is over, 5.4.7; where it was TLS that was missing, the sender is told that (5.7.4, 5.7.5, 5.7.10).</summary>
    private static SmtpReply GivenUp(SmtpReply last)
    {
        var status = last.Status is { Subject: 7, Detail: 4 or 5 or 10 } tls ? new EnhancedStatusCode(5, 7, tls.Detail) : new EnhancedStatusCode(5, 4, 7);
        return new SmtpReply(554, status, $"Not delivered in time. The last answer was: {last}");
    }

    private static SmtpReply? TryReply(string text)
    {
        var parts = text.Split(' ', 3);
        return parts.Length == 3 && int.TryParse(parts[0], out var code) && code is >= 200 and <= 599
            && EnhancedStatusCode.TryParse(parts[1], out var status) && status.Class == code / 100
            ? new SmtpReply(code, status, parts[2])
            : null;
    }

    private LeaseResult Again(QueueLease lease, DateTimeOffset now) => new(lease, lease.Entry.Recipients) { Alarm = now + options.Schedule.MinimumDelay };

    /// <summary>Whether the sender has been told, or need not be.</summary>
    private async ValueTask<bool> ReportAsync(QueueLease lease, List<RecipientEvent> events, CancellationToken cancellationToken)
    {
        var entry = lease.Entry;
        if (!events.Exists(one => one.Action is RecipientAction.Failed or RecipientAction.Delayed || one.Recipient.Notify.HasFlag(ReportEvents.Success) || entry.Envelope.DeliverBy is { IsTraced: true }))
        {
            return true;
        }

        try
        {
            var content = await OpenAsync(lease, cancellationToken).ConfigureAwait(false);
            if (content is null)
            {
                return true;
            }

            await using (content.ConfigureAwait(false))
            {
                var report = new DeliveryReport
                {
                    ServerName = serverName,
                    QueueId = entry.QueueId,
                    Envelope = entry.Envelope,
                    AcceptedAt = entry.AcceptedAt,
                    Events = events,
                };
                var rules = new NotificationOptions { DoubleBouncesTo = options.DoubleBouncesTo, MaxReturnedMessage = options.MaxReturnedMessage };
                if (await DeliveryNotifier.MakeAsync(report, content, QueueId.Create(time), rules, time.GetUtcNow()).ConfigureAwait(false) is not { } notification)
                {
                    return true;
                }

                await using (notification.ConfigureAwait(false))
                {
                    var result = await Submission().SubmitAsync(notification.Envelope, notification.Content.AsStream(), cancellationToken).ConfigureAwait(false);
                    Notified(entry.QueueId, notification.Envelope.Recipients[0], result.QueueId, result.Replies[0]);
                    Metrics?.Notified();
                    return !result.Replies[0].IsTransient;
                }
            }
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            NotNotified(error, entry.QueueId);
            return false;
        }
    }

    private void Note(QueueEntry entry, QueueRecipient recipient, MessageStepKind kind, RelayOutcome outcome, DateTimeOffset now) =>
        Trace?.Note(new MessageStep(
            entry.QueueId, now, kind, recipient.Recipient.ToString(), $"{(outcome.RemoteName is { } server ? $"by {server}: " : "")}{outcome.Reply}"));

    [LoggerMessage(EventId = 4501, Level = LogLevel.Information, Message = "{QueueId}: <{Recipient}> by {Destination}: {Reply}")]
    private partial void Sent(string queueId, Recipient recipient, string destination, SmtpReply reply);

    [LoggerMessage(EventId = 4502, Level = LogLevel.Information, Message = "{QueueId}: <{Recipient}> by {Destination} has to wait: {Reply}")]
    private partial void Deferred(string queueId, Recipient recipient, string destination, SmtpReply reply);

    [LoggerMessage(EventId = 4503, Level = LogLevel.Warning, Message = "{QueueId}: <{Recipient}> by {Destination} is given up: {Reply}")]
    private partial void Failed(string queueId, Recipient recipient, string destination, SmtpReply reply);

    [LoggerMessage(EventId = 4504, Level = LogLevel.Information, Message = "{QueueId}: <{Sender}> is told, by {Notification}: {Reply}")]
    private partial void Notified(string queueId, Recipient sender, string notification, SmtpReply reply);

    [LoggerMessage(EventId = 4505, Level = LogLevel.Error, Message = "{QueueId}: its sender could not be told; it is tried again")]
    private partial void NotNotified(Exception exception, string queueId);
}

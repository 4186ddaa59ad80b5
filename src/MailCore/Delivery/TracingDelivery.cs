using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using MailCore.Messaging;
using MailCore.Mime;

namespace MailCore.Delivery;

/// <summary>Notes what arrives, where it is routed to, and what is not taken; the deliveries behind it note what they do. Thread-safe.</summary>
public sealed class TracingDelivery : IMessageDelivery
{
    /// <summary>Octets of a Message-ID that is remembered: what a line may hold (RFC 5322 2.1.1).</summary>
    private const int MaxMessageId = 998;

    private readonly IMessageDelivery _delivery;
    private readonly IMessageTrace _trace;
    private readonly TimeProvider _time;

    /// <summary>Notes in <paramref name="trace"/> what <paramref name="delivery"/> is given.</summary>
    public TracingDelivery(IMessageDelivery delivery, IMessageTrace trace, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(delivery);
        ArgumentNullException.ThrowIfNull(trace);
        ArgumentNullException.ThrowIfNull(time);
        (_delivery, _trace, _time) = (delivery, trace, time);
    }

    internal DeliveryMetrics? Metrics { get; init; }

    /// <inheritdoc/>
    public DeliveryAbilities Honours => _delivery.Honours;

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<SmtpReply>> DeliverAsync(MailTransaction transaction, InboundMessage message, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        ArgumentNullException.ThrowIfNull(message);
        using var activity = DeliveryMetrics.Start(transaction);
        var started = Metrics?.Now() ?? 0;
        NoteArrival(transaction, message);
        var recipients = transaction.Envelope.Recipients;
        try
        {
            var replies = await _delivery.DeliverAsync(transaction, message, cancellationToken).ConfigureAwait(false);
            for (var i = 0; i < Math.Min(replies.Count, recipients.Count); i++)
            {
                if (!replies[i].IsPositive)
                {
                    Note(transaction, MessageStepKind.Refused, recipients[i], replies[i].ToString());
                }
            }

            Metrics?.Ends(activity, message.Routes, replies, started);
            return replies;
        }
        catch
        {
            activity?.SetStatus(ActivityStatusCode.Error);
            Note(transaction, MessageStepKind.Refused, null, RecipientReplies.LocalError.ToString());
            throw;
        }
    }

    private void NoteArrival(MailTransaction transaction, InboundMessage message)
    {
        var messageId = MessageSummary.TryDecode(message.Summary, out var summary) && summary.Envelope.MessageId is { Length: <= MaxMessageId } octets
            ? Encoding.UTF8.GetString(octets.Span)
            : null;
        var session = transaction.Session;
        var client = session.RemoteEndPoint is IPEndPoint remote ? $"{session.ClientName ?? "unknown"} [{remote.Address}]" : session.ClientName ?? session.ConnectionId;
        var user = session.AuthenticatedUser is { } name ? $" as {name}" : "";
        var junk = transaction.QuarantineReason is { } reason ? $", quarantined: {reason}" : "";
        _trace.Note(new MessageStep(
            transaction.QueueId,
            _time.GetUtcNow(),
            MessageStepKind.Received,
            null,
            string.Create(CultureInfo.InvariantCulture, $"from <{transaction.Envelope.From}> by {session.Protocol} from {client}{user}, {message.Content.Length} octets{junk}"))
        {
            MessageId = messageId,
        });
        for (var i = 0; i < message.Routes.Count; i++)
        {
            foreach (var end in RecipientReplies.Ends(message.Routes[i]))
            {
                Note(transaction, MessageStepKind.Routed, transaction.Envelope.Recipients[i], Describe(end));
            }
        }
    }

    private void Note(MailTransaction transaction, MessageStepKind kind, Recipient? recipient, string detail) =>
        _trace.Note(new MessageStep(transaction.QueueId, _time.GetUtcNow(), kind, recipient?.ToString(), detail));

    private static string Describe(RecipientRoute route) => route switch
    {
        RecipientRoute.Local { Mailbox: { } mailbox } local => $"account {local.Account}, mailbox {mailbox}",
        RecipientRoute.Local local => $"account {local.Account}",
        RecipientRoute.Relay { Via: { } hop } relay => $"{relay.Address} via {hop}",
        RecipientRoute.Relay relay => $"{relay.Address} by its domain's mail exchangers",
        RecipientRoute.Handler => "the host's code",
        _ => route.GetType().Name,
    };
}

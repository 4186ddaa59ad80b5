using System.IO.Pipelines;
using MailCore.Delivery;
using MailCore.Messaging;
using MailCore.Relay.Security;
using MailCore.Storage;
using Microsoft.Extensions.Logging;

namespace MailCore.Relay;

/// <summary>What the lanes share.</summary>
internal sealed record RelayServices
{
    public required IRelayQueue Queue { get; init; }

    public required IRelayConnector Connector { get; init; }

    public required LeaseWork Work { get; init; }

    public required RelayOptions Options { get; init; }

    public required TimeProvider Time { get; init; }

    public required ILogger Logger { get; init; }

    /// <summary>Where accounts' addresses lead.</summary>
    public required Func<IMessageRouter> Router { get; init; }

    /// <summary>Mailboxes of ours.</summary>
    public required Func<IMessageDelivery> Mailboxes { get; init; }

    /// <summary>Where messages for them are made ready.</summary>
    public required Func<IMessageStaging> Staging { get; init; }

    /// <summary>Keeps published policies fresh; null where none is followed.</summary>
    public MtaStsRefresher? Refresher { get; init; }
}

/// <summary>Sends items, one after the other over the same session while it can be used. One caller at a time.</summary>
internal sealed class RelaySender(RelayServices services) : IAsyncDisposable
{
    private static readonly RelayOutcome Gone = new(RelayStatus.Failed, new SmtpReply(554, "5.3.0", "The message is lost here"));
    private static readonly SmtpReply NoMailbox = new(550, "5.1.1", "The address leads to no mailbox any more");

    private RelaySession? _session;
    private string? _key;
    private int _sent;

    public bool HasSession => _session is { IsUsable: true };

    /// <summary>One outcome for each recipient of the item.</summary>
    public ValueTask<IReadOnlyList<RelayOutcome>> SendAsync(QueueLease lease, CancellationToken cancellationToken) =>
        lease.Hop is { } hop ? SendAsync(lease, hop, cancellationToken) : DeliverAsync(lease, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _session, null) is { } session)
        {
            await session.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async ValueTask<IReadOnlyList<RelayOutcome>> SendAsync(QueueLease lease, NextHop hop, CancellationToken cancellationToken)
    {
        var envelope = lease.Entry.Envelope;
        var wish = TlsRequiredField.Wish(envelope, lease.Entry.IsTlsNotRequired);
        var key = services.Connector.SessionKey(hop, envelope.From, wish);
        for (var isFresh = false; ; isFresh = true)
        {
            if (!HasSession || _key != key || _sent >= services.Options.MaxMessagesPerConnection || isFresh)
            {
                await DisposeAsync().ConfigureAwait(false);
                var connection = await services.Connector.ConnectAsync(hop, envelope.From, wish, cancellationToken).ConfigureAwait(false);
                if (connection.Session is not { } session)
                {
                    return All(lease, connection.Failure);
                }

                (_session, _key, _sent) = (session, key, 0);
            }

            var content = await services.Work.OpenAsync(lease, cancellationToken).ConfigureAwait(false);
            if (content is null)
            {
                return All(lease, Gone);
            }

            await using (content.ConfigureAwait(false))
            {
                var to = envelope.WithoutRecipients();
                to.Recipients.AddRange(lease.Entry.Recipients.Select(static recipient => recipient.Recipient));
                _sent++;
                var outcomes = await _session!.SendAsync(new RelayMessage(lease.Entry.QueueId, to, content), cancellationToken).ConfigureAwait(false);
                if (isFresh || !outcomes.Any(static outcome => outcome.WasNotTried))
                {
                    return outcomes;
                }
            }
        }
    }

    private async ValueTask<IReadOnlyList<RelayOutcome>> DeliverAsync(QueueLease lease, CancellationToken cancellationToken)
    {
        try
        {
            return await DeliverToMailboxesAsync(lease, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (error is IOException or InvalidOperationException && !cancellationToken.IsCancellationRequested)
        {
            return All(lease, new RelayOutcome(RelayStatus.Deferred, new SmtpReply(451, "4.3.0", $"Local error: {error.Message}")));
        }
    }

    private async ValueTask<IReadOnlyList<RelayOutcome>> DeliverToMailboxesAsync(QueueLease lease, CancellationToken cancellationToken)
    {
        var entry = lease.Entry with { Session = lease.Entry.Session with { IsRedelivery = true } };
        var transaction = LeaseWork.Transaction(entry);
        var reader = await services.Queue.OpenContentAsync(lease, cancellationToken).ConfigureAwait(false);
        if (reader is null)
        {
            return All(lease, Gone);
        }

        var outcomes = new RelayOutcome[entry.Recipients.Count];
        var (routes, places) = (new List<RecipientRoute>(), new List<int>());
        var envelope = transaction.Envelope.WithoutRecipients();
        for (var i = 0; i < outcomes.Length; i++)
        {
            var route = await services.Router().RouteAsync(transaction, entry.Recipients[i].Recipient, cancellationToken).ConfigureAwait(false);
            if (route is RecipientRoute.Local)
            {
                routes.Add(route);
                places.Add(i);
                envelope.Recipients.Add(entry.Recipients[i].Recipient);
            }
            else
            {
                outcomes[i] = Outcome((route as RecipientRoute.Refuse)?.Reply ?? NoMailbox);
            }
        }

        var stream = new MessageContent(default, reader).AsStream();
        await using (stream.ConfigureAwait(false))
        {
            if (places.Count == 0)
            {
                return outcomes;
            }

            var pipe = PipeReader.Create(stream, new StreamPipeReaderOptions(leaveOpen: true));
            var staged = await services.Staging().StageAsync(pipe, new StageHint(lease.Size, []), cancellationToken).ConfigureAwait(false);
            await pipe.CompleteAsync().ConfigureAwait(false);
            await using (staged.ConfigureAwait(false))
            {
                var message = new InboundMessage(staged.Content, staged.Summary, routes);
                var replies = await services.Mailboxes().DeliverAsync(transaction.With(envelope), message, cancellationToken).ConfigureAwait(false);
                for (var i = 0; i < places.Count; i++)
                {
                    outcomes[places[i]] = Outcome(replies[i]);
                }
            }
        }

        return outcomes;
    }

    private static RelayOutcome Outcome(SmtpReply reply) =>
        new(reply.IsPositive ? RelayStatus.Sent : reply.IsTransient ? RelayStatus.Deferred : RelayStatus.Failed, reply);

    private static IReadOnlyList<RelayOutcome> All(QueueLease lease, RelayOutcome outcome) => [.. Enumerable.Repeat(outcome, lease.Entry.Recipients.Count)];
}

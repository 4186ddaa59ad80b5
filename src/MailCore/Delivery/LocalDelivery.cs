using MailCore.Messaging;
using MailCore.Storage;
using Microsoft.Extensions.Logging;

namespace MailCore.Delivery;

/// <summary>How mail is put into mailboxes.</summary>
public sealed class LocalDeliveryOptions
{
    /// <summary>Whether a full mailbox is answered with 552 5.2.2 instead of 452 4.2.2, which lets the sender try again.</summary>
    public bool OverQuotaIsPermanent { get; set; }
}

/// <summary>
/// Delivers <see cref="RecipientRoute.Local"/> routes and lists of them: one commit for all recipients, and one copy per mailbox
/// however many recipients lead there. A quarantined message goes to each account's mailbox for junk. Thread-safe.
/// </summary>
public sealed partial class LocalDelivery : IMessageDelivery
{
    private static readonly SmtpReply NoUser = new(550, "5.1.1", "No such user here");
    private static readonly SmtpReply OverQuota = new(452, "4.2.2", "Mailbox full");
    private static readonly SmtpReply OverQuotaForGood = new(552, "5.2.2", "Mailbox full");

    private readonly MailAccounts _accounts;
    private readonly ILogger _logger;
    private readonly LocalDeliveryOptions _options;

    /// <summary>Delivers into <paramref name="accounts"/>; messages must have been staged there.</summary>
    public LocalDelivery(MailAccounts accounts, ILogger<LocalDelivery> logger, LocalDeliveryOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(accounts);
        ArgumentNullException.ThrowIfNull(logger);
        (_accounts, _logger, _options) = (accounts, logger, options ?? new LocalDeliveryOptions());
    }

    /// <summary>A message in its mailbox travels no further.</summary>
    public DeliveryAbilities Honours => DeliveryAbilities.RequireTls;

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<SmtpReply>> DeliverAsync(MailTransaction transaction, InboundMessage message, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        ArgumentNullException.ThrowIfNull(message);
        if (message.Routes is [RecipientRoute.Local only])
        {
            var alone = new Target(only, transaction.Envelope.Recipients[0].Address);
            await DeliverAsync(transaction, message, [alone], cancellationToken).ConfigureAwait(false);
            return [alone.Reply!];
        }

        var targets = new Dictionary<RecipientRoute.Local, Target>();
        for (var i = 0; i < message.Routes.Count; i++)
        {
            foreach (var route in RecipientReplies.Ends(message.Routes[i]).OfType<RecipientRoute.Local>())
            {
                targets.TryAdd(route, new Target(route, transaction.Envelope.Recipients[i].Address));
            }
        }

        await DeliverAsync(transaction, message, [.. targets.Values], cancellationToken).ConfigureAwait(false);
        return [.. message.Routes.Select(route => RecipientReplies.Ends(route)
            .Aggregate((SmtpReply?)null, (reply, end) => RecipientReplies.Worse(reply, end is RecipientRoute.Local local ? targets[local].Reply! : RecipientReplies.NotConfigured))
            ?? RecipientReplies.NotConfigured)];
    }

    private async ValueTask DeliverAsync(MailTransaction transaction, InboundMessage message, Target[] targets, CancellationToken cancellationToken)
    {
        var batches = new List<ChangeBatch>(targets.Length);
        foreach (var target in targets)
        {
            if (await PrepareAsync(transaction, message, target, cancellationToken).ConfigureAwait(false) is { } append)
            {
                target.Batch = batches.Count;
                batches.Add(new ChangeBatch(target.Route.Account, [append]));
            }
        }

        try
        {
            var results = batches.Count == 0 ? [] : await _accounts.CommitAsync(batches, cancellationToken).ConfigureAwait(false);
            foreach (var target in targets)
            {
                target.Reply ??= Answer(transaction, target.Route, results[target.Batch].Error);
            }
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            StoreFailed(error, transaction.QueueId);
            foreach (var target in targets)
            {
                target.Reply ??= RecipientReplies.LocalError;
            }
        }
    }

    /// <summary>The change to commit; null when the target has its reply already.</summary>
    private async ValueTask<AppendMessage?> PrepareAsync(MailTransaction transaction, InboundMessage message, Target target, CancellationToken cancellationToken)
    {
        try
        {
            var account = await _accounts.OpenAsync(target.Route.Account, cancellationToken).ConfigureAwait(false);
            if (account is null)
            {
                target.Reply = NoUser;
                return null;
            }

            var found = transaction.QuarantineReason is null
                ? await FindMailboxAsync(account, target.Route.Mailbox, cancellationToken).ConfigureAwait(false)
                : await JunkMailbox.FindAsync(account, cancellationToken).ConfigureAwait(false);
            if (found is not { } mailbox)
            {
                target.Reply = Answer(transaction, target.Route, CommitError.NoMailbox);
                return null;
            }

            return new AppendMessage(
                mailbox.Id,
                message.Content,
                TraceHeader.Build(transaction, target.Address),
                SystemFlags.None,
                [],
                transaction.ReceivedAt,
                message.Summary)
            {
                DeliveryKey = target.Route.Mailbox is { } name ? $"{transaction.QueueId}/{name}" : transaction.QueueId,
            };
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            StoreFailed(error, transaction.QueueId);
            target.Reply = RecipientReplies.LocalError;
            return null;
        }
    }

    /// <summary>A mailbox that a route names but that does not exist keeps no mail from its owner.</summary>
    private static async ValueTask<Mailbox?> FindMailboxAsync(MailAccount account, string? name, CancellationToken cancellationToken) =>
        (MailboxName.TryParse(name, out var named) ? await account.FindMailboxAsync(named, cancellationToken).ConfigureAwait(false) : null)
        ?? await account.FindMailboxAsync(MailboxName.Inbox, cancellationToken).ConfigureAwait(false);

    private SmtpReply Answer(MailTransaction transaction, RecipientRoute.Local route, CommitError error)
    {
        switch (error)
        {
            case CommitError.None:
                Delivered(transaction.QueueId, route.Account);
                return SmtpReply.Ok;
            case CommitError.OverQuota:
                return _options.OverQuotaIsPermanent ? OverQuotaForGood : OverQuota;
            case CommitError.NoAccount:
                return NoUser;
            default:
                Rejected(transaction.QueueId, route.Account, error);
                return RecipientReplies.LocalError;
        }
    }

    [LoggerMessage(EventId = 4101, Level = LogLevel.Information, Message = "{QueueId}: delivered to {Account}")]
    private partial void Delivered(string queueId, AccountId account);

    [LoggerMessage(EventId = 4102, Level = LogLevel.Error, Message = "{QueueId}: the store rejected the message for {Account}: {Error}")]
    private partial void Rejected(string queueId, AccountId account, CommitError error);

    [LoggerMessage(EventId = 4103, Level = LogLevel.Error, Message = "{QueueId}: the store failed")]
    private partial void StoreFailed(Exception exception, string queueId);

    /// <summary>A mailbox that shall get the message, with the first recipient that leads there.</summary>
    private sealed class Target(RecipientRoute.Local route, EmailAddress address)
    {
        public RecipientRoute.Local Route => route;

        public EmailAddress Address => address;

        public int Batch { get; set; }

        public SmtpReply? Reply { get; set; }
    }
}

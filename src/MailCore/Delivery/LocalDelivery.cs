using MailCore.Authentication;
using MailCore.Messaging;
using MailCore.Storage;
using Microsoft.Extensions.Logging;

namespace MailCore.Delivery;

/// <summary>How mail is put into mailboxes.</summary>
public sealed class LocalDeliveryOptions
{
    /// <summary>Whether a full mailbox is answered with 552 5.2.2 instead of 452 4.2.2, which lets the sender try again; at RCPT and after the message.</summary>
    public bool OverQuotaIsPermanent { get; set; }

    /// <summary>Whether a full mailbox is refused at RCPT already; on by default.</summary>
    public bool CheckQuotaAtRecipient { get; set; } = true;
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

    /// <summary>Told of what is delivered; null for nobody.</summary>
    public IMessageTrace? Trace { get; init; }

    /// <summary>Who may post to a mailbox that an address names.</summary>
    public IMailboxAuthorization Authorization { get; init; } = new OwnerAuthorization();

    /// <summary>Asked in order about every message; read when the first one comes.</summary>
    public IEnumerable<IDeliveryStage> Stages { get; init; } = [];

    /// <summary>A message in its mailbox travels no further.</summary>
    public DeliveryAbilities Honours => DeliveryAbilities.RequireTls;

    private IReadOnlyList<IDeliveryStage> StageList => field ??= [.. Stages];

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<SmtpReply>> DeliverAsync(MailTransaction transaction, InboundMessage message, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        ArgumentNullException.ThrowIfNull(message);
        if (message.Routes is [RecipientRoute.Local only])
        {
            var alone = new LocalTarget(only, transaction.Envelope.Recipients[0].Address);
            await DeliverAsync(transaction, message, [alone], cancellationToken).ConfigureAwait(false);
            return [alone.Reply!];
        }

        var targets = new Dictionary<RecipientRoute.Local, LocalTarget>();
        for (var i = 0; i < message.Routes.Count; i++)
        {
            foreach (var route in RecipientReplies.Ends(message.Routes[i]).OfType<RecipientRoute.Local>())
            {
                targets.TryAdd(route, new LocalTarget(route, transaction.Envelope.Recipients[i].Address));
            }
        }

        await DeliverAsync(transaction, message, [.. targets.Values], cancellationToken).ConfigureAwait(false);
        return [.. message.Routes.Select(route => RecipientReplies.Ends(route)
            .Aggregate((SmtpReply?)null, (reply, end) => RecipientReplies.Worse(reply, end is RecipientRoute.Local local ? targets[local].Reply! : RecipientReplies.NotConfigured))
            ?? RecipientReplies.NotConfigured)];
    }

    /// <summary>What a full mailbox is answered with.</summary>
    internal static SmtpReply Full(LocalDeliveryOptions options) => options.OverQuotaIsPermanent ? OverQuotaForGood : OverQuota;

    private async ValueTask DeliverAsync(MailTransaction transaction, InboundMessage message, LocalTarget[] targets, CancellationToken cancellationToken)
    {
        try
        {
            // A reply that is this mailbox's alone needs none: the sender repeats only what nobody has.
            var key = (targets.Length > 1 || transaction.IsPart) && !transaction.Session.IsRedelivery
                ? await RepeatKey.FindAsync(transaction, message, cancellationToken).ConfigureAwait(false)
                : null;
            var copies = new LocalCopies(transaction, message, key ?? transaction.RepeatedKey ?? transaction.QueueId, targets.Length);
            foreach (var target in targets)
            {
                await PrepareAsync(copies, target, cancellationToken).ConfigureAwait(false);
            }

            var results = copies.Batches.Count == 0 ? [] : await _accounts.CommitAsync(copies.Batches, cancellationToken).ConfigureAwait(false);
            foreach (var target in targets)
            {
                target.Reply ??= Answer(transaction, target, results[target.Batch].Error);
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

    /// <summary>Adds what is to be committed, or gives the target its reply.</summary>
    private async ValueTask PrepareAsync(LocalCopies copies, LocalTarget target, CancellationToken cancellationToken)
    {
        try
        {
            var account = await _accounts.OpenAsync(target.Route.Account, cancellationToken).ConfigureAwait(false);
            if (account is not null && target.Route.Mailbox is { } named
                && !await PostPermission.IsGrantedAsync(Authorization, copies.Transaction, account, named, cancellationToken).ConfigureAwait(false))
            {
                target.UseInbox();
            }

            if (account is null)
            {
                target.Reply = NoUser;
            }
            else if (StageList.Count > 0 && copies.Transaction.QuarantineReason is null)
            {
                await PlanAsync(copies, account, target, cancellationToken).ConfigureAwait(false);
            }
            else if (!await copies.MakeAsync(account, target, cancellationToken).ConfigureAwait(false))
            {
                target.Reply = Answer(copies.Transaction, target, CommitError.NoMailbox);
            }
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            StoreFailed(error, copies.Transaction.QueueId);
            target.Reply = RecipientReplies.LocalError;
        }
    }

    private async ValueTask PlanAsync(LocalCopies copies, MailAccount account, LocalTarget target, CancellationToken cancellationToken)
    {
        var message = copies.Describe(target);
        var plan = DeliveryPlan.FileInto(target.Route.Mailbox ?? DeliveryMailbox.Inbox);
        foreach (var stage in StageList)
        {
            try
            {
                var next = await stage.PlanAsync(message, plan, cancellationToken).ConfigureAwait(false);
                plan = next.Refusal is { IsPositive: true } taken ? throw new InvalidOperationException($"The stage refuses by {taken}, which is no refusal.") : next;
            }
            catch (Exception error) when (!cancellationToken.IsCancellationRequested)
            {
                StageFailed(error, copies.Transaction.QueueId, stage.GetType().Name, target.Route.Account);
            }
        }

        if (plan.Refusal is { } refusal)
        {
            target.Reply = refusal;
        }
        else if (plan.Placements.Count == 0)
        {
            Note(copies.Transaction, target, MessageStepKind.Discarded, "by a rule of the mailbox");
            target.Reply = SmtpReply.Ok;
        }
        else if (!await copies.MakeAsync(account, target, plan.Placements, cancellationToken).ConfigureAwait(false))
        {
            target.Reply = Answer(copies.Transaction, target, CommitError.NoMailbox);
        }
    }

    private SmtpReply Answer(MailTransaction transaction, LocalTarget target, CommitError error)
    {
        switch (error)
        {
            case CommitError.None:
                Delivered(transaction.QueueId, target.Route.Account);
                Note(transaction, target, MessageStepKind.Delivered, $"to {target.Place} of {target.Route.Account}");
                return SmtpReply.Ok;
            case CommitError.OverQuota:
                return Full(_options);
            case CommitError.NoAccount:
                return NoUser;
            default:
                Rejected(transaction.QueueId, target.Route.Account, error);
                return RecipientReplies.LocalError;
        }
    }

    private void Note(MailTransaction transaction, LocalTarget target, MessageStepKind kind, string detail) =>
        Trace?.Note(new MessageStep(transaction.QueueId, _accounts.Time.GetUtcNow(), kind, target.Address.ToString(), detail));

    [LoggerMessage(EventId = 4101, Level = LogLevel.Information, Message = "{QueueId}: delivered to {Account}")]
    private partial void Delivered(string queueId, AccountId account);

    [LoggerMessage(EventId = 4102, Level = LogLevel.Error, Message = "{QueueId}: the store rejected the message for {Account}: {Error}")]
    private partial void Rejected(string queueId, AccountId account, CommitError error);

    [LoggerMessage(EventId = 4103, Level = LogLevel.Error, Message = "{QueueId}: the store failed")]
    private partial void StoreFailed(Exception exception, string queueId);

    [LoggerMessage(EventId = 4104, Level = LogLevel.Error, Message = "{QueueId}: {Stage} failed for {Account}; the message is delivered without it")]
    private partial void StageFailed(Exception exception, string queueId, string stage, AccountId account);
}

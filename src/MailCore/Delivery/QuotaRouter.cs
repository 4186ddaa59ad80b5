using System.Collections.Concurrent;
using MailCore.Messaging;
using MailCore.Storage;

namespace MailCore.Delivery;

/// <summary>
/// Refuses at RCPT what a full mailbox could not take anyway: a sender who is told early need not send the message. Only an address
/// that leads to one mailbox and nowhere else is refused; a list goes on to those that have room. Thread-safe.
/// </summary>
/// <remarks>The store decides again, and for good, when the message is put into the mailbox.</remarks>
public sealed class QuotaRouter : IMessageRouter
{
    /// <summary>Accounts that were found without a limit, and need not be asked for so long.</summary>
    private static readonly TimeSpan Unlimited = TimeSpan.FromSeconds(10);

    private const int MaxRemembered = 10_000;

    private readonly ConcurrentDictionary<AccountId, long> _unlimited = new();
    private readonly IMessageRouter _router;
    private readonly MailAccounts _accounts;
    private readonly LocalDeliveryOptions _options;

    /// <summary>Looks at the accounts that <paramref name="router"/> finds.</summary>
    public QuotaRouter(IMessageRouter router, MailAccounts accounts, LocalDeliveryOptions options)
    {
        ArgumentNullException.ThrowIfNull(router);
        ArgumentNullException.ThrowIfNull(accounts);
        ArgumentNullException.ThrowIfNull(options);
        (_router, _accounts, _options) = (router, accounts, options);
    }

    /// <inheritdoc/>
    public async ValueTask<RecipientRoute> RouteAsync(MailTransaction transaction, Recipient recipient, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        var route = await _router.RouteAsync(transaction, recipient, cancellationToken).ConfigureAwait(false);
        return route is RecipientRoute.Local local && _options.CheckQuotaAtRecipient && (_accounts.Traits & StoreTraits.Quota) != 0
            && await IsFullAsync(local.Account, transaction.Envelope.DeclaredSize ?? 0, cancellationToken).ConfigureAwait(false)
            ? new RecipientRoute.Refuse(LocalDelivery.Full(_options))
            : route;
    }

    private async ValueTask<bool> IsFullAsync(AccountId id, long size, CancellationToken cancellationToken)
    {
        var now = _accounts.Time.GetTimestamp();
        if (_unlimited.TryGetValue(id, out var seen) && _accounts.Time.GetElapsedTime(seen, now) < Unlimited)
        {
            return false;
        }

        if (await _accounts.OpenAsync(id, cancellationToken).ConfigureAwait(false) is not { } account)
        {
            return false;
        }

        var snapshot = await account.SnapshotAsync(cancellationToken).ConfigureAwait(false);
        if (snapshot.QuotaLimit is null && snapshot.MessageLimit is null)
        {
            if (_unlimited.Count >= MaxRemembered)
            {
                _unlimited.Clear();
            }

            _unlimited[id] = now;
            return false;
        }

        // What is as full as it can be takes no message of any size.
        return snapshot.QuotaUsed + Math.Max(size, 1) > snapshot.QuotaLimit || snapshot.Messages >= snapshot.MessageLimit;
    }
}

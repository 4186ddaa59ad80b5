using MailCore.Messaging;
using MailCore.Storage;

namespace MailCore.Delivery;

/// <summary>Makes the changes that put one message into accounts: one copy for each mailbox, however many ways lead there.</summary>
/// <param name="transaction">Who brought it.</param>
/// <param name="message">Its octets.</param>
/// <param name="key">Its DeliveryKey in an inbox.</param>
/// <param name="targets">How many targets there will be.</param>
internal sealed class LocalCopies(MailTransaction transaction, InboundMessage message, string key, int targets)
{
    private readonly List<ChangeBatch> _batches = new(1);
    private Dictionary<(AccountId, MailboxId), int>? _taken;

    public MailTransaction Transaction => transaction;

    /// <summary>What to commit.</summary>
    public IReadOnlyList<ChangeBatch> Batches => _batches;

    public LocalMessage Describe(LocalTarget target) => new(transaction, message, target.Route, target.Address);

    /// <summary>Into the mailbox that the route names, or the one for junk; false where none can be found.</summary>
    public async ValueTask<bool> MakeAsync(MailAccount account, LocalTarget target, CancellationToken cancellationToken)
    {
        var found = transaction.QuarantineReason is null
            ? await DeliveryMailbox.FindAsync(account, target.Route.Mailbox, cancellationToken).ConfigureAwait(false)
            : await JunkMailbox.FindAsync(account, cancellationToken).ConfigureAwait(false);
        if (found is not { } place)
        {
            return false;
        }

        target.Place = place.Name;
        if (targets == 1 || Take(target, place))
        {
            target.Batch = Add(target, [Append(place, target, null)]);
        }

        return true;
    }

    /// <summary>Into these mailboxes, in one batch; false where none can be found.</summary>
    public async ValueTask<bool> MakeAsync(MailAccount account, LocalTarget target, IReadOnlyList<MailPlacement> placements, CancellationToken cancellationToken)
    {
        var places = new List<DeliveryMailbox>();
        foreach (var placement in placements)
        {
            var found = placement.CreatesMailbox
                ? await DeliveryMailbox.FindOrMakeAsync(account, placement.Mailbox, cancellationToken).ConfigureAwait(false)
                : await DeliveryMailbox.FindAsync(account, placement.Mailbox, cancellationToken).ConfigureAwait(false);
            if (found is not { } place)
            {
                return false;
            }

            places.Add(place);
        }

        target.Place = string.Join(", ", places.Select(static place => place.Name).Distinct());
        var changes = places.Index().Where(place => Take(target, place.Item)).Select(place => Append(place.Item, target, placements[place.Index])).ToList<StoreChange>();
        if (changes.Count > 0)
        {
            target.Batch = Add(target, changes);
        }

        return true;
    }

    /// <summary>False when a copy is on its way there already; then the target shares its fate.</summary>
    private bool Take(LocalTarget target, DeliveryMailbox place)
    {
        _taken ??= [];
        if (_taken.TryAdd((target.Route.Account, place.Mailbox.Id), _batches.Count))
        {
            return true;
        }

        target.Batch = _taken[(target.Route.Account, place.Mailbox.Id)];
        return false;
    }

    private int Add(LocalTarget target, IReadOnlyList<StoreChange> changes)
    {
        _batches.Add(new ChangeBatch(target.Route.Account, changes));
        return _batches.Count - 1;
    }

    private AppendMessage Append(DeliveryMailbox place, LocalTarget target, MailPlacement? placement) => new(
        place.Mailbox.Id,
        message.Content,
        TraceHeader.Build(transaction, target.Address),
        placement?.Flags ?? SystemFlags.None,
        placement?.Keywords ?? [],
        transaction.ReceivedAt,
        message.Summary)
    {
        DeliveryKey = place.Name == DeliveryMailbox.Inbox ? key : $"{key}/{place.Name}",
    };
}

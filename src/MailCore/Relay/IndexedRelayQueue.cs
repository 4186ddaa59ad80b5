using MailCore.Storage;

namespace MailCore.Relay;

/// <summary>
/// A queue of one process that keeps an index in memory, about 400 octets for each item, and leaves to those that derive from it where messages are kept.
/// All decisions are made here: what is next, whose lease holds, what an operator's action means. Thread-safe.
/// </summary>
/// <remarks>
/// Changes are kept before they take effect in memory, but for leases: an item is out of reach of others from the moment it is chosen,
/// and goes back when its lease can't be recorded. No lock is held while something is kept.
/// </remarks>
public abstract class IndexedRelayQueue : IRelayQueue
{
    /// <summary>The destination of mailboxes of ours.</summary>
    public const string LocalDestination = "local";

    private readonly Lock _lock = new();
    private readonly QueueIndex _index = new();
    private readonly HashSet<string> _entering = new(StringComparer.Ordinal);
    private readonly List<Action<QueueLane>> _listeners = [];
    private readonly TimeProvider _time;

    /// <summary>An empty queue by this clock.</summary>
    protected IndexedRelayQueue(TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        _time = time;
    }

    /// <inheritdoc/>
    public async ValueTask EnqueueAsync(QueueEntry entry, StagedContent content, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(entry);
        ArgumentNullException.ThrowIfNull(content);
        lock (_lock)
        {
            if (_index.Has(entry.QueueId) || !_entering.Add(entry.QueueId))
            {
                return;
            }
        }

        try
        {
            var groups = entry.Recipients.GroupBy(static recipient => recipient.Hop?.ToString() ?? LocalDestination, StringComparer.Ordinal).ToList();
            var rows = new List<(QueueRow Row, IReadOnlyList<QueueRecipient> Recipients)>(groups.Count);
            var first = TakeNumbers(groups.Count);
            foreach (var group in groups)
            {
                rows.Add((MakeRow(entry, group.Key, first++, content.Length), [.. group]));
            }

            await InsertAsync(entry, rows, content, cancellationToken).ConfigureAwait(false);
            lock (_lock)
            {
                rows.ForEach(row => _index.Add(row.Row));
            }

            foreach (var lane in rows.Select(static row => row.Row.Lane).Distinct())
            {
                Hint(lane);
            }
        }
        finally
        {
            lock (_lock)
            {
                _entering.Remove(entry.QueueId);
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<QueueLease>> LeaseAsync(LeaseRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        var chosen = Choose(request, _time.GetUtcNow());
        if (chosen.Count == 0)
        {
            return [];
        }

        try
        {
            await UpdateAsync([.. chosen.Where(static one => !one.IsAlarm).Select(static one => new QueueChange(one.Item.Row, one.After))], cancellationToken).ConfigureAwait(false);
            var details = await ReadAsync([.. chosen.Select(static one => one.Item.Row)], cancellationToken).ConfigureAwait(false);
            var leases = new List<QueueLease>(chosen.Count);
            lock (_lock)
            {
                for (var i = 0; i < chosen.Count; i++)
                {
                    var one = chosen[i];
                    if (!one.Holds)
                    {
                        continue;
                    }

                    one.Item.State = one.After with { IsHeld = one.Item.State.IsHeld };
                    leases.Add(one.Lease(details[i]));
                }
            }

            return leases;
        }
        catch
        {
            lock (_lock)
            {
                foreach (var one in chosen.Where(static one => one.Holds))
                {
                    one.Item.Token++;
                    _index.Replace(one.Item, one.Item.State);
                }
            }

            throw;
        }
    }

    /// <inheritdoc/>
    public ValueTask RenewAsync(IReadOnlyList<QueueLease> leases, DateTimeOffset until, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(leases);
        lock (_lock)
        {
            foreach (var lease in leases)
            {
                if (Leased(lease) is { } item && item.LeasedUntil < until)
                {
                    _index.Lanes[(int)item.Row.Lane].Lease(item, until);
                }
            }
        }

        return default;
    }

    /// <inheritdoc/>
    public async ValueTask CompleteAsync(IReadOnlyList<LeaseResult> results, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(results);
        var valid = new List<(IndexedItem Item, QueueRowState? State)>(results.Count);
        var changes = new List<QueueChange>(results.Count);
        lock (_lock)
        {
            foreach (var result in results)
            {
                if (Leased(result.Lease) is not { } item)
                {
                    continue;
                }

                // Nobody else may end it meanwhile.
                item.Token++;
                var state = result.Remaining.Count == 0 ? default(QueueRowState?) : item.State with
                {
                    Attempts = item.State.Attempts - (result.WasNotTried && !result.Lease.IsAlarm ? 1 : 0),
                    NextAttempt = result.NextAttempt ?? item.State.NextAttempt,
                    Alarm = result.Alarm,
                    WasWarned = result.WasWarned,
                };
                valid.Add((item, state));
                changes.Add(new QueueChange(item.Row, state)
                {
                    Recipients = state is not null && result.Remaining.Count != result.Lease.Entry.Recipients.Count ? result.Remaining : null,
                    Reply = result.Reply,
                });
            }
        }

        if (valid.Count == 0)
        {
            return;
        }

        await UpdateAsync(changes, cancellationToken).ConfigureAwait(false);
        lock (_lock)
        {
            foreach (var (item, state) in valid)
            {
                if (state is { } kept && _index.Find(item.Row.Item) is not null)
                {
                    _index.Replace(item, kept with { IsHeld = item.State.IsHeld });
                }
                else
                {
                    _index.Remove(item);
                }
            }
        }

        foreach (var lane in valid.Where(static one => one.State is not null).Select(static one => one.Item.Row.Lane).Distinct())
        {
            Hint(lane);
        }
    }

    /// <inheritdoc/>
    public abstract ValueTask<IContentReader?> OpenContentAsync(QueueLease lease, CancellationToken cancellationToken);

    /// <inheritdoc/>
    public DateTimeOffset? NextDue(QueueLane lane, IReadOnlySet<string> leftOut)
    {
        ArgumentNullException.ThrowIfNull(leftOut);
        lock (_lock)
        {
            return _index.Lanes[(int)lane].NextDue(leftOut);
        }
    }

    /// <inheritdoc/>
    public IDisposable Listen(Action<QueueLane> hint)
    {
        ArgumentNullException.ThrowIfNull(hint);
        lock (_lock)
        {
            _listeners.Add(hint);
        }

        return new Subscription(this, hint);
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<QueuedItem>> ListAsync(QueueFilter filter, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(filter);
        List<(QueueRow Row, bool IsLeased)> rows;
        lock (_lock)
        {
            rows = [.. _index.Items.Where(item => filter.Matches(item.Row)).OrderBy(static item => item.Row.Item).Take(filter.Limit)
                .Select(static item => (item.Row with { State = item.State }, item.Place == ItemPlace.Leased))];
        }

        var details = await ReadAsync([.. rows.Select(static row => row.Row)], cancellationToken).ConfigureAwait(false);
        return [.. rows.Zip(details).Where(static pair => pair.Second is not null).Select(static pair => Describe(pair.First.Row, pair.Second!) with { IsLeased = pair.First.IsLeased })];
    }

    /// <inheritdoc/>
    public async ValueTask<int> ChangeAsync(QueueFilter filter, QueueAction action, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(filter);
        var now = _time.GetUtcNow();
        List<(IndexedItem Item, QueueRowState? State)> chosen;
        lock (_lock)
        {
            chosen = [.. _index.Items.Where(item => filter.Matches(item.Row)).Select(item => (item, After(item.State, action, now)))];
        }

        await UpdateAsync([.. chosen.Select(static one => new QueueChange(one.Item.Row, one.State))], cancellationToken).ConfigureAwait(false);
        lock (_lock)
        {
            foreach (var (item, state) in chosen)
            {
                if (_index.Find(item.Row.Item) is null)
                {
                    continue;
                }

                if (state is not { } kept)
                {
                    item.Token++;
                    _index.Remove(item);
                }
                else if (item.Place == ItemPlace.Leased)
                {
                    // The worker finishes; what is left then waits as the operator wants.
                    item.State = item.State with { IsHeld = kept.IsHeld };
                }
                else
                {
                    item.IsUrgent = action == QueueAction.Retry && !kept.IsHeld;
                    _index.Replace(item, kept);
                }
            }
        }

        foreach (var lane in chosen.Select(static one => one.Item.Row.Lane).Distinct())
        {
            Hint(lane);
        }

        return chosen.Count;
    }

    /// <inheritdoc/>
    public IReadOnlyList<QueueMeasure> Measure()
    {
        lock (_lock)
        {
            var oldest = _index.Items.GroupBy(static item => item.Row.Lane).ToDictionary(static lane => lane.Key, static lane => lane.Min(static item => item.Row.AcceptedAt));
            return [.. _index.Lanes.Where(static lane => lane.Items > 0).Select(lane => new QueueMeasure(lane.Lane, lane.Items, lane.Held, lane.Octets, oldest[lane.Lane]))];
        }
    }

    /// <summary>An item as an operator sees it.</summary>
    public static QueuedItem Describe(QueueRow row, QueueDetails details)
    {
        ArgumentNullException.ThrowIfNull(row);
        ArgumentNullException.ThrowIfNull(details);
        return new QueuedItem
        {
            Item = row.Item,
            QueueId = row.QueueId,
            Lane = row.Lane,
            Destination = row.Destination,
            Sender = row.Sender,
            Recipients = [.. details.Recipients.Select(static recipient => recipient.Recipient.ToString())],
            Size = row.Size,
            Priority = row.Priority,
            AcceptedAt = row.AcceptedAt,
            Attempts = row.State.Attempts,
            NextAttempt = row.State.NextAttempt,
            IsHeld = row.State.IsHeld,
            LastReply = details.LastReply,
            QuarantineReason = details.Entry.QuarantineReason,
        };
    }

    /// <summary>Takes over what is kept already; before the queue is used.</summary>
    protected void Load(IEnumerable<QueueRow> rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        lock (_lock)
        {
            foreach (var row in rows)
            {
                _index.Add(row);
            }
        }
    }

    /// <summary>The first of so many new numbers of items.</summary>
    protected abstract long TakeNumbers(int count);

    /// <summary>Keeps a message and its items; durable on return where the queue is.</summary>
    protected abstract ValueTask InsertAsync(
        QueueEntry entry, IReadOnlyList<(QueueRow Row, IReadOnlyList<QueueRecipient> Recipients)> items, StagedContent content, CancellationToken cancellationToken);

    /// <summary>Keeps changes, all or none; durable on return where the queue is. An item that is not kept any more is passed over.</summary>
    protected abstract ValueTask UpdateAsync(IReadOnlyList<QueueChange> changes, CancellationToken cancellationToken);

    /// <summary>Details in the order of the rows; null for an item that is not kept any more.</summary>
    protected abstract ValueTask<IReadOnlyList<QueueDetails?>> ReadAsync(IReadOnlyList<QueueRow> rows, CancellationToken cancellationToken);

    private static QueueRow MakeRow(QueueEntry entry, string destination, long number, long size) => new()
    {
        Item = number,
        QueueId = entry.QueueId,
        Lane = destination == LocalDestination ? QueueLane.Local : entry.Lane,
        Destination = destination,
        Sender = entry.Envelope.From.ToString(),
        Priority = entry.Envelope.Priority,
        Size = size,
        AcceptedAt = entry.AcceptedAt,
        State = new QueueRowState(0, entry.NotBefore ?? entry.AcceptedAt, entry.Alarm, entry.IsHeld, WasWarned: false),
    };

    private static QueueRowState? After(QueueRowState state, QueueAction action, DateTimeOffset now) => action switch
    {
        QueueAction.Hold => state with { IsHeld = true },
        QueueAction.Release => state with { IsHeld = false },
        QueueAction.Retry => state with { NextAttempt = now },
        QueueAction.Delete => null,
        _ => throw new ArgumentOutOfRangeException(nameof(action), action, null),
    };

    private List<Chosen> Choose(LeaseRequest request, DateTimeOffset now)
    {
        var chosen = new List<Chosen>();
        lock (_lock)
        {
            var lane = _index.Lanes[(int)request.Lane];
            lane.Promote(now);
            while (chosen.Count < request.Max && lane.TakeAlarm(now) is { } item)
            {
                Take(item, isAlarm: true);
            }

            while (chosen.Count < request.Max && lane.TakeUrgent(request.Full) is { } item)
            {
                Take(item, isAlarm: false);
            }

            foreach (var item in lane.TakeReady(request.Max - chosen.Count, Room))
            {
                Take(item, isAlarm: false);
            }

            void Take(IndexedItem item, bool isAlarm)
            {
                var attempts = item.State.Attempts + (isAlarm ? 0 : 1);
                // An alarm's work is short, and its item's next attempt stays as it was.
                var until = now + request.Delay(Math.Max(1, attempts));
                item.IsUrgent = false;
                item.Token++;
                lane.Lease(item, until);
                chosen.Add(new Chosen(item, item.Token, isAlarm ? item.State : item.State with { Attempts = attempts, NextAttempt = until }, isAlarm));
            }
        }

        return chosen;

        int Room(string destination) => request.Full.Contains(destination) || request.Resting.Contains(destination) ? 0 : request.MaxPerDestination;
    }

    private IndexedItem? Leased(QueueLease lease) =>
        _index.Find(lease.Item) is { Place: ItemPlace.Leased } item && item.Token == lease.Token ? item : null;

    private void Hint(QueueLane lane)
    {
        Action<QueueLane>[] listeners;
        lock (_lock)
        {
            listeners = [.. _listeners];
        }

        foreach (var listener in listeners)
        {
            listener(lane);
        }
    }

    private sealed record Chosen(IndexedItem Item, long Token, QueueRowState After, bool IsAlarm)
    {
        public bool Holds => Item.Place == ItemPlace.Leased && Item.Token == Token;

        public QueueLease Lease(QueueDetails? details) => new()
        {
            Item = Item.Row.Item,
            Token = Token,
            Entry = (details ?? throw new InvalidDataException($"Item {Item.Row.Item} of the queue is not kept any more.")).Entry with
            {
                Recipients = details.Recipients,
                Alarm = After.Alarm,
                Lane = Item.Row.Lane,
            },
            Lane = Item.Row.Lane,
            Hop = details.Recipients is [{ Hop: { } hop }, ..] ? hop : null,
            Destination = Item.Row.Destination,
            Size = Item.Row.Size,
            Attempt = After.Attempts,
            NextAttempt = After.NextAttempt,
            IsAlarm = IsAlarm,
            WasWarned = After.WasWarned,
            LastReply = details.LastReply,
        };
    }

    private sealed class Subscription(IndexedRelayQueue queue, Action<QueueLane> hint) : IDisposable
    {
        public void Dispose()
        {
            lock (queue._lock)
            {
                queue._listeners.Remove(hint);
            }
        }
    }
}

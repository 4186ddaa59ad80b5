namespace MailCore.Relay;

/// <summary>Which item is next. Not thread-safe: its queue locks.</summary>
/// <remarks>
/// An item is ready, waiting, leased or held. Ready items stand in the line of their sender at their destination; lanes, destinations
/// and senders each take turns. Waiting and leased ones stand in the order of time. An item that changes leaves its old places behind:
/// each place remembers the item's version at its time and is void when that has moved on.
/// </remarks>
internal sealed class QueueIndex
{
    private readonly Dictionary<long, IndexedItem> _items = [];
    private readonly Dictionary<string, int> _messages = new(StringComparer.Ordinal);
    private readonly LaneIndex[] _lanes = [.. Enum.GetValues<QueueLane>().Select(static lane => new LaneIndex(lane))];

    public IEnumerable<IndexedItem> Items => _items.Values;

    public IReadOnlyList<LaneIndex> Lanes => _lanes;

    public bool Has(string queueId) => _messages.ContainsKey(queueId);

    public IndexedItem? Find(long item) => _items.GetValueOrDefault(item);

    public void Add(QueueRow row)
    {
        var lane = _lanes[(int)row.Lane];
        var item = new IndexedItem(row, lane.Destination(row.Destination));
        _items.Add(row.Item, item);
        System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(_messages, row.QueueId, out _)++;
        lane.Count(item, 1);
        lane.Place(item);
    }

    public void Remove(IndexedItem item)
    {
        if (!_items.Remove(item.Row.Item))
        {
            return;
        }

        var lane = _lanes[(int)item.Row.Lane];
        LaneIndex.Displace(item);
        lane.Count(item, -1);
        ref var left = ref System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrNullRef(_messages, item.Row.QueueId);
        if (--left == 0)
        {
            _messages.Remove(item.Row.QueueId);
        }
    }

    /// <summary>Gives it the place that its state asks for.</summary>
    public void Replace(IndexedItem item, QueueRowState state)
    {
        var lane = _lanes[(int)item.Row.Lane];
        LaneIndex.Displace(item);
        lane.Count(item, -1);
        item.State = state;
        lane.Count(item, 1);
        lane.Place(item);
    }
}

/// <summary>An item in memory.</summary>
internal sealed class IndexedItem(QueueRow row, DestinationIndex destination)
{
    public QueueRow Row => row;

    public DestinationIndex Destination => destination;

    public QueueRowState State { get; set; } = row.State;

    public ItemPlace Place { get; set; }

    public int Version { get; set; }

    /// <summary>An operator wants it tried now.</summary>
    public bool IsUrgent { get; set; }

    /// <summary>Counts leases; one that holds has this number.</summary>
    public long Token { get; set; }

    /// <summary>Until when the lease holds.</summary>
    public DateTimeOffset LeasedUntil { get; set; }
}

internal enum ItemPlace
{
    None,
    Ready,
    Waiting,
    Leased,
    Held,
}

/// <summary>One virtual queue.</summary>
internal sealed class LaneIndex(QueueLane lane)
{
    private readonly Dictionary<string, DestinationIndex> _destinations = new(StringComparer.Ordinal);
    private readonly Queue<DestinationIndex> _turns = new();
    private readonly Queue<(IndexedItem Item, int Version)> _urgent = new();
    private readonly PriorityQueue<(IndexedItem Item, int Version), long> _waiting = new();
    private readonly PriorityQueue<(IndexedItem Item, int Version), long> _alarms = new();

    public QueueLane Lane => lane;

    public int Items { get; private set; }

    public int Held { get; private set; }

    public long Octets { get; private set; }

    /// <summary>When something is due: the least value where it is already.</summary>
    public DateTimeOffset? NextDue(IReadOnlySet<string> leftOut)
    {
        while (_waiting.TryPeek(out var next, out _) && next.Version != next.Item.Version)
        {
            _waiting.Dequeue();
        }

        while (_alarms.TryPeek(out var next, out _) && next.Version != next.Item.Version)
        {
            _alarms.Dequeue();
        }

        if (_turns.Any(destination => destination.Ready > 0 && !leftOut.Contains(destination.Name))
            || _urgent.Any(next => next.Version == next.Item.Version && !leftOut.Contains(next.Item.Row.Destination)))
        {
            return DateTimeOffset.MinValue;
        }

        var due = _waiting.TryPeek(out _, out var waiting) ? waiting : long.MaxValue;
        due = Math.Min(due, _alarms.TryPeek(out _, out var alarm) ? alarm : long.MaxValue);
        return due == long.MaxValue ? null : new DateTimeOffset(due, TimeSpan.Zero);
    }

    public DestinationIndex Destination(string name)
    {
        if (!_destinations.TryGetValue(name, out var destination))
        {
            _destinations[name] = destination = new DestinationIndex(name);
        }

        return destination;
    }

    public void Count(IndexedItem item, int sign)
    {
        Items += sign;
        Held += item.State.IsHeld ? sign : 0;
        Octets += sign * item.Row.Size;
        item.Destination.Items += sign;
        if (item.Destination.Items == 0)
        {
            // A place in the turns may be left; it goes with its next turn.
            _destinations.Remove(item.Destination.Name);
        }
        else if (sign > 0 && item.Destination.Items == 1)
        {
            _destinations[item.Destination.Name] = item.Destination;
        }
    }

    public static void Displace(IndexedItem item)
    {
        item.Version++;
        item.Destination.Ready -= item.Place == ItemPlace.Ready ? 1 : 0;
        item.Place = ItemPlace.None;
    }

    /// <summary>Into the line of time, or of those that are held. What is due moves on when somebody asks.</summary>
    public void Place(IndexedItem item)
    {
        if (item.State.IsHeld)
        {
            item.Place = ItemPlace.Held;
            return;
        }

        item.Place = ItemPlace.Waiting;
        _waiting.Enqueue((item, item.Version), item.State.NextAttempt.UtcTicks);
        if (item.State.Alarm is { } alarm)
        {
            _alarms.Enqueue((item, item.Version), alarm.UtcTicks);
        }

        if (item.IsUrgent)
        {
            _urgent.Enqueue((item, item.Version));
        }
    }

    /// <summary>Into a worker's hands; due again when the lease ends.</summary>
    public void Lease(IndexedItem item, DateTimeOffset until)
    {
        Displace(item);
        item.Place = ItemPlace.Leased;
        item.LeasedUntil = until;
        _waiting.Enqueue((item, item.Version), until.UtcTicks);
    }

    /// <summary>Whatever is due stands in the lines of its destination afterwards.</summary>
    public void Promote(DateTimeOffset now)
    {
        while (_waiting.TryPeek(out var next, out var due) && (due <= now.UtcTicks || next.Version != next.Item.Version))
        {
            _waiting.Dequeue();
            var item = next.Item;
            if (next.Version != item.Version)
            {
                continue;
            }

            if (item.Place == ItemPlace.Leased)
            {
                // Lost: whoever had it can't complete it any more.
                item.Token++;
                item.Version++;
                if (item.State.Alarm is { } alarm)
                {
                    _alarms.Enqueue((item, item.Version), alarm.UtcTicks);
                }
            }

            // Its alarm stays where it is.
            item.Place = ItemPlace.Ready;
            if (item.Destination.Line(item))
            {
                _turns.Enqueue(item.Destination);
            }
        }
    }

    public IndexedItem? TakeAlarm(DateTimeOffset now)
    {
        while (_alarms.TryPeek(out var next, out var due) && (due <= now.UtcTicks || next.Version != next.Item.Version))
        {
            _alarms.Dequeue();
            if (next.Version == next.Item.Version && next.Item.Place is ItemPlace.Ready or ItemPlace.Waiting)
            {
                return next.Item;
            }
        }

        return null;
    }

    public IndexedItem? TakeUrgent(IReadOnlySet<string> full)
    {
        for (var left = _urgent.Count; left > 0; left--)
        {
            var next = _urgent.Dequeue();
            if (next.Version != next.Item.Version)
            {
                continue;
            }

            if (!full.Contains(next.Item.Row.Destination))
            {
                return next.Item;
            }

            _urgent.Enqueue(next);
        }

        return null;
    }

    /// <summary>Up to <paramref name="max"/> ready items, one of each destination after the other; <paramref name="room"/> is how many one may have.</summary>
    public IEnumerable<IndexedItem> TakeReady(int max, Func<string, int> room)
    {
        var taken = new Dictionary<DestinationIndex, int>();
        for (var passed = 0; max > 0 && passed < _turns.Count;)
        {
            var destination = _turns.Dequeue();
            if (destination.Ready == 0)
            {
                destination.HasTurn = false;
                destination.Forget();
                continue;
            }

            var had = taken.GetValueOrDefault(destination);
            if (had >= room(destination.Name))
            {
                _turns.Enqueue(destination);
                passed++;
                continue;
            }

            passed = 0;
            taken[destination] = had + 1;
            max--;
            var item = destination.Next();
            _turns.Enqueue(destination);
            yield return item;
        }
    }
}

/// <summary>The lines of one destination.</summary>
internal sealed class DestinationIndex(string name)
{
    // The highest priority first.
    private readonly SortedList<int, Lines> _priorities = [];

    public string Name => name;

    public int Items { get; set; }

    /// <summary>How many items stand in the lines, void places not counted.</summary>
    public int Ready { get; set; }

    public bool HasTurn { get; set; }

    /// <summary>At the end of its sender's line. True where the destination has to be given a turn.</summary>
    public bool Line(IndexedItem item)
    {
        if (!_priorities.TryGetValue(-item.Row.Priority, out var lines))
        {
            _priorities.Add(-item.Row.Priority, lines = new Lines());
        }

        lines.Add(item);
        Ready++;
        var needsTurn = !HasTurn;
        HasTurn = true;
        return needsTurn;
    }

    /// <summary>The next item, which keeps its place until it is leased.</summary>
    public IndexedItem Next()
    {
        while (true)
        {
            var lines = _priorities.Values[0];
            if (lines.Next() is { } item)
            {
                return item;
            }

            _priorities.RemoveAt(0);
        }
    }

    /// <summary>Nothing is ready: void places go.</summary>
    public void Forget() => _priorities.Clear();

    private sealed class Lines
    {
        private readonly Dictionary<string, Queue<(IndexedItem Item, int Version)>> _senders = new(StringComparer.Ordinal);
        private readonly Queue<Queue<(IndexedItem Item, int Version)>> _turns = new();
        private readonly Dictionary<Queue<(IndexedItem Item, int Version)>, string> _names = [];

        public void Add(IndexedItem item)
        {
            if (!_senders.TryGetValue(item.Row.Sender, out var line))
            {
                _senders[item.Row.Sender] = line = new Queue<(IndexedItem, int)>();
                _names[line] = item.Row.Sender;
                _turns.Enqueue(line);
            }

            line.Enqueue((item, item.Version));
        }

        public IndexedItem? Next()
        {
            while (_turns.TryDequeue(out var line))
            {
                var found = default(IndexedItem);
                while (found is null && line.TryDequeue(out var next))
                {
                    found = next.Version == next.Item.Version ? next.Item : null;
                }

                if (line.Count == 0)
                {
                    _senders.Remove(_names[line]);
                    _names.Remove(line);
                }
                else
                {
                    _turns.Enqueue(line);
                }

                if (found is not null)
                {
                    return found;
                }
            }

            return null;
        }
    }
}

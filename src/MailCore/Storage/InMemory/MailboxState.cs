using System.Collections.Immutable;

namespace MailCore.Storage.InMemory;

/// <summary>A UID that left, and when.</summary>
internal readonly record struct Tombstone(long ModSeq, uint Uid);

/// <summary>Rows that left together, readable until their time is over.</summary>
internal sealed record Grave(DateTimeOffset Expires, RowBlock Rows);

/// <summary>
/// One mailbox at one moment. Immutable once published; a transaction forks it, alters the fork and publishes that. See
/// <see cref="AppendLog{T}"/> for why forks may share arrays.
/// </summary>
internal sealed class MailboxState
{
    private const ulong Seen = (ulong)SystemFlags.Seen;
    private const ulong Deleted = (ulong)SystemFlags.Deleted;

    private readonly long _transaction;
    private AppendLog<RowBlock> _full;
    private bool _ownsFull;
    private RowBlock? _tail;
    private AppendLog<Tombstone> _tombstones;
    private AppendLog<Grave> _graves;
    private long _unseen;
    private long _deleted;
    private MailboxInfo? _info;

    public MailboxState(MailboxId id, string name, uint uidValidity, long transaction)
    {
        (Id, Name, UidValidity, _transaction) = (id, name, uidValidity, transaction);
    }

    private MailboxState(MailboxState from, long transaction)
    {
        _transaction = transaction;
        (Id, Name, UidValidity, UidNext) = (from.Id, from.Name, from.UidValidity, from.UidNext);
        (HighestModSeq, InfoModSeq, OldestKept, RecentFrom) = (from.HighestModSeq, from.InfoModSeq, from.OldestKept, from.RecentFrom);
        (Messages, Bytes, _unseen, _deleted) = (from.Messages, from.Bytes, from._unseen, from._deleted);
        (Keywords, SpecialUse, Acl, Metadata) = (from.Keywords, from.SpecialUse, from.Acl, from.Metadata);
        (_full, _tail, _tombstones, _graves) = (from._full, from._tail, from._tombstones, from._graves);
    }

    public MailboxId Id { get; }

    public string Name { get; set; }

    public uint UidValidity { get; set; }

    /// <summary>One past the last UID there can be when all are used up.</summary>
    public long UidNext { get; private set; } = 1;

    public long HighestModSeq { get; set; }

    /// <summary>When name, keywords or attributes last changed.</summary>
    public long InfoModSeq { get; set; }

    /// <summary>Tombstones up to this ModSeq may be missing.</summary>
    public long OldestKept { get; private set; }

    public long RecentFrom { get; set; } = 1;

    public long Messages { get; private set; }

    public long Bytes { get; private set; }

    public ImmutableArray<string> Keywords { get; set; } = [];

    public string? SpecialUse { get; set; }

    public IReadOnlyList<AclEntry> Acl { get; set; } = [];

    public ImmutableSortedDictionary<string, byte[]> Metadata { get; set; } = AccountState.NoMetadata;

    public ReadOnlySpan<Grave> Graves => _graves.Items;

    public int BlockCount => _full.Count + (_tail is null ? 0 : 1);

    public MailboxInfo Info => _info ??= new MailboxInfo(
        Id, Name, UidValidity, ToUid(UidNext), new ModSeq(HighestModSeq), Messages, _unseen, _deleted, Bytes, ToUid(RecentFrom), Keywords)
    {
        SpecialUse = SpecialUse,
        Acl = Acl,
    };

    public RowBlock Block(int index) => index < _full.Count ? _full.Items[index] : _tail!;

    public MailboxState Fork(long transaction) => _transaction == transaction ? this : new MailboxState(this, transaction);

    /// <summary>False when there is no such row.</summary>
    public bool TryFind(uint uid, out int block, out int row)
    {
        int low = 0, high = BlockCount - 1;
        while (low <= high)
        {
            var middle = (low + high) / 2;
            if (Block(middle).FirstUid <= uid)
            {
                low = middle + 1;
            }
            else
            {
                high = middle - 1;
            }
        }

        block = high;
        row = high < 0 ? -1 : Block(high).Find(uid);
        return row >= 0;
    }

    /// <summary>The rows of a UID that left, when they are still readable.</summary>
    public RowBlock? FindGrave(uint uid, out int row)
    {
        foreach (var grave in _graves.Items)
        {
            if (uid >= grave.Rows.FirstUid && uid <= grave.Rows.LastUid && (row = grave.Rows.Find(uid)) >= 0)
            {
                return grave.Rows;
            }
        }

        row = -1;
        return null;
    }

    /// <summary>Adds UIDs that left after <paramref name="since"/> until there are <paramref name="limit"/>.</summary>
    public void CollectVanished(long since, List<uint> into, int limit)
    {
        var items = _tombstones.Items;
        for (var i = items.Length - 1; i >= 0 && items[i].ModSeq > since && into.Count < limit; i--)
        {
            into.Add(items[i].Uid);
        }
    }

    public void Add(MailboxRow row, in RowDetails details)
    {
        if (_tail is { Count: RowBlock.Capacity })
        {
            _full = _full.Add(_tail);
            _tail = null;
        }

        // Small mailboxes are many, so the first block starts small.
        _tail = _tail?.Fork(_transaction) ?? new RowBlock(_transaction, _full.Count == 0 ? 8 : RowBlock.Capacity / 4);
        _tail.Add(row, details);
        UidNext = (long)row.Uid.Value + 1;
        HighestModSeq = row.ModSeq.Value;
        Count(row, 1);
    }

    public void SetFlags(int block, int row, ulong flags, long modSeq)
    {
        var fork = ForkBlock(block);
        Count(fork.Row(row), -1);
        fork.SetFlags(row, flags, modSeq);
        Count(fork.Row(row), 1);
        HighestModSeq = modSeq;
    }

    public void SetSummary(int block, int row, byte[]? summary) => ForkBlock(block).SetSummary(row, summary);

    /// <summary>
    /// Removes those of the UIDs (ascending) that exist and, with <paramref name="onlyDeleted"/>, carry \Deleted; returns them.
    /// </summary>
    public List<uint> Remove(ReadOnlySpan<uint> uids, bool onlyDeleted, long modSeq, DateTimeOffset readableUntil, int tombstonesKept)
    {
        var removed = new List<uint>();
        var blocks = new List<RowBlock>();
        var graves = new List<Grave>();
        List<int> gone = [];
        for (var i = 0; i < BlockCount; i++)
        {
            var block = Block(i);
            gone.Clear();
            while (!uids.IsEmpty && uids[0] <= block.LastUid)
            {
                var row = block.Find(uids[0]);
                if (row >= 0 && (!onlyDeleted || (block.Row(row).FlagWord & Deleted) != 0))
                {
                    gone.Add(row);
                    removed.Add(uids[0]);
                    Count(block.Row(row), -1);
                }

                uids = uids[1..];
            }

            if (gone.Count > 0)
            {
                graves.Add(new Grave(readableUntil, Select(block, gone)));
                block = Select(block, Others(gone, block.Count));
            }

            Keep(block, gone.Count > 0, blocks);
        }

        if (removed.Count > 0)
        {
            _tail = blocks.Count > 0 ? blocks[^1] : null;
            _full = default(AppendLog<RowBlock>).Add(blocks.Count > 0 ? [.. blocks[..^1]] : []);
            _ownsFull = true;
            _graves = _graves.Add([.. graves]);
            Bury(removed, modSeq, tombstonesKept);
            HighestModSeq = modSeq;
        }

        return removed;
    }

    /// <summary>Drops graves whose time is over, and lets go of their content.</summary>
    public void Sweep(DateTimeOffset now, List<MemoryContent> released)
    {
        var kept = new List<Grave>();
        foreach (var grave in _graves.Items)
        {
            if (grave.Expires > now)
            {
                kept.Add(grave);
            }
            else
            {
                CollectContents(grave.Rows, released);
            }
        }

        _graves = default(AppendLog<Grave>).Add([.. kept]);
    }

    /// <summary>All content claimed by rows and graves.</summary>
    public void CollectContents(List<MemoryContent> into)
    {
        for (var i = 0; i < BlockCount; i++)
        {
            CollectContents(Block(i), into);
        }

        foreach (var grave in _graves.Items)
        {
            CollectContents(grave.Rows, into);
        }
    }

    private static void CollectContents(RowBlock rows, List<MemoryContent> into)
    {
        for (var row = 0; row < rows.Count; row++)
        {
            into.Add(rows.Content(row));
        }
    }

    private static Uid ToUid(long uid) => new((uint)Math.Min(uid, uint.MaxValue));

    private static List<int> Others(List<int> gone, int count)
    {
        var others = new List<int>(count - gone.Count);
        for (int row = 0, at = 0; row < count; row++)
        {
            if (at < gone.Count && gone[at] == row)
            {
                at++;
            }
            else
            {
                others.Add(row);
            }
        }

        return others;
    }

    private RowBlock Select(RowBlock from, List<int> rows)
    {
        var block = new RowBlock(_transaction, rows.Count);
        block.AddRows(from, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(rows));
        return block;
    }

    // Blocks thinned out are joined with the one before, so that their number stays in proportion to the rows.
    private void Keep(RowBlock block, bool thinned, List<RowBlock> blocks)
    {
        if (block.Count == 0)
        {
            return;
        }

        if (thinned && blocks.Count > 0 && block.Count + blocks[^1].Count <= RowBlock.Capacity / 2)
        {
            var joined = new RowBlock(_transaction, block.Count + blocks[^1].Count);
            joined.AddRows(blocks[^1], Enumerable.Range(0, blocks[^1].Count).ToArray());
            joined.AddRows(block, Enumerable.Range(0, block.Count).ToArray());
            blocks[^1] = joined;
        }
        else
        {
            blocks.Add(block);
        }
    }

    private RowBlock ForkBlock(int index)
    {
        if (index == _full.Count)
        {
            return _tail = _tail!.Fork(_transaction);
        }

        if (!_ownsFull)
        {
            _full = default(AppendLog<RowBlock>).Add(_full.Items);
            _ownsFull = true;
        }

        return _full.Set(index, _full.Items[index].Fork(_transaction));
    }

    private void Bury(List<uint> removed, long modSeq, int kept)
    {
        _tombstones = _tombstones.Add([.. removed.Select(uid => new Tombstone(modSeq, uid))]);
        if (_tombstones.Count > kept)
        {
            // Down to three quarters, so that this is rare.
            var drop = _tombstones.Count - (kept / 4 * 3);
            OldestKept = _tombstones.Items[drop - 1].ModSeq;
            _tombstones = _tombstones.DropFirst(drop);
        }
    }

    private void Count(MailboxRow row, int by)
    {
        Messages += by;
        Bytes += by * (long)row.Size;
        _unseen += (row.FlagWord & Seen) == 0 ? by : 0;
        _deleted += (row.FlagWord & Deleted) != 0 ? by : 0;
    }
}

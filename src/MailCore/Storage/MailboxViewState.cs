namespace MailCore.Storage;

/// <summary>One row of a mailbox.</summary>
/// <param name="Uid">Its UID.</param>
/// <param name="FlagWord">System flags in the low eight bits; bit 8 + i is keyword i of <see cref="MailboxInfo.Keywords"/>.</param>
/// <param name="ModSeq">Of its last change.</param>
/// <param name="Size">Octets, the prefix included.</param>
public readonly record struct MailboxRow(Uid Uid, ulong FlagWord, ModSeq ModSeq, uint Size)
{
    /// <summary>Without keywords.</summary>
    public SystemFlags Flags => (SystemFlags)(byte)FlagWord;
}

/// <summary>How a row differs between two states.</summary>
public enum RowChangeKind
{
    /// <summary>In the older state only.</summary>
    Vanished,

    /// <summary>In both, with other flags.</summary>
    Changed,

    /// <summary>In the newer state only.</summary>
    Added,
}

/// <summary>A row that differs between two states.</summary>
/// <param name="Kind">In what way.</param>
/// <param name="Uid">Which row.</param>
/// <param name="OldRank">Its place in the older state, from 0; -1 when added.</param>
/// <param name="NewRank">Its place in the newer state, from 0; -1 when vanished.</param>
public readonly record struct MailboxRowChange(RowChangeKind Kind, Uid Uid, int OldRank, int NewRank);

/// <summary>
/// A mailbox as of one ModSeq; immutable. Rows stand in UID order and are addressed by rank, from 0. States share the segments
/// in which they do not differ.
/// </summary>
public sealed class MailboxViewState
{
    internal MailboxViewState(ModSeq asOf, MailboxInfo info, RowSegments rows, bool isRemoved = false) =>
        (AsOf, Info, Rows, IsRemoved) = (asOf, info, rows, isRemoved);

    /// <summary>Every change of the account up to this one is in it.</summary>
    public ModSeq AsOf { get; }

    /// <summary>Name, counters, keywords. <see cref="MailboxInfo.RecentFrom"/> may lag: claims have no ModSeq.</summary>
    public MailboxInfo Info { get; }

    /// <summary>The mailbox is gone; the rows are the last ones known.</summary>
    public bool IsRemoved { get; }

    /// <summary>Rows.</summary>
    public int Count => Rows.Count;

    /// <summary>The rows as columns, in order; for loops over all of them.</summary>
    public ReadOnlySpan<ColumnSegment> Segments => Rows.Segments;

    internal RowSegments Rows { get; }

    /// <summary>The row at a rank.</summary>
    public MailboxRow this[int rank] => Rows[rank];

    /// <summary>The rank of the row with this UID, or -1.</summary>
    public int IndexOf(Uid uid)
    {
        var rank = Rows.LowerBound(uid.Value);
        return rank < Count && Rows[rank].Uid == uid ? rank : -1;
    }

    /// <summary>The rank of the first row with this UID or a higher one; <see cref="Count"/> when there is none.</summary>
    public int LowerBound(Uid uid) => Rows.LowerBound(uid.Value);

    /// <summary>The UID at a rank; cheaper than the whole row.</summary>
    public Uid UidAt(int rank) => Rows.UidAt(rank);

    /// <summary>The UIDs of the set that exist here, ascending.</summary>
    public Uid[] Intersect(UidSet uids)
    {
        ArgumentNullException.ThrowIfNull(uids);
        var found = new List<Uid>();
        foreach (var range in uids.Ranges)
        {
            for (var rank = LowerBound(range.First); rank < Count && UidAt(rank) is var uid && uid <= range.Last; rank++)
            {
                found.Add(uid);
            }
        }

        return [.. found];
    }

    /// <summary>The rows from rank <paramref name="start"/> on, <paramref name="count"/> at the most.</summary>
    public IEnumerable<MailboxRow> Range(int start, int count)
    {
        for (var end = Math.Min((long)start + count, Count); start < end; start++)
        {
            yield return Rows[start];
        }
    }

    /// <summary>
    /// What differs from an older state of the same view, in UID order. Costs in proportion to the segments that differ; order the
    /// arguments the wrong way and additions come out as vanished.
    /// </summary>
    public IEnumerable<MailboxRowChange> ChangesFrom(MailboxViewState older)
    {
        ArgumentNullException.ThrowIfNull(older);
        return RowSegments.Compare(older.Rows, Rows);
    }

    internal ColumnSegment SegmentAt(int rank, out int row) => Rows.SegmentAt(rank, out row);

    internal static MailboxViewState Missing(MailboxId id) =>
        new(default, new MailboxInfo(id, "", 0, new Uid(1), default, 0, 0, 0, 0, new Uid(1), []), RowSegments.Empty, isRemoved: true);

    internal MailboxViewState AsRemoved(ModSeq asOf) => new(asOf, Info, Rows, isRemoved: true);

    internal MailboxViewState With(ModSeq asOf) => new(asOf, Info, Rows);

    internal MailboxViewState With(ModSeq asOf, MailboxDelta delta) => new(asOf, delta.Info, Rows.Patch(delta.Changed, delta.Vanished));
}

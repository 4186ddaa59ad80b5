namespace MailCore.Storage;

/// <summary>
/// Rows in UID order as immutable segments. A change copies the segments it touches and the list of them: with segments of 1,024
/// rows that is about 30 KB for a mailbox of a million.
/// </summary>
internal sealed class RowSegments
{
    public const int Capacity = 1024;

    private readonly ColumnSegment[] _segments;

    // _starts[i] is the rank of segment i's first row; one more entry holds the count.
    private readonly int[] _starts;

    private RowSegments(ColumnSegment[] segments, int[] starts) => (_segments, _starts) = (segments, starts);

    public static RowSegments Empty { get; } = new([], [0]);

    public int Count => _starts[^1];

    public ReadOnlySpan<ColumnSegment> Segments => _segments;

    public MailboxRow this[int rank]
    {
        get
        {
            var segment = _segments[Locate(rank, out var row)];
            return new MailboxRow(new Uid(segment.Uids[row]), segment.Flags[row], new ModSeq(segment.ModSeqs[row]), segment.Sizes[row]);
        }
    }

    public static RowSegments From(IReadOnlyList<ColumnSegment> segments, RowSegments? basis = null)
    {
        if (segments.Count == 0)
        {
            return Empty;
        }

        var starts = new int[segments.Count + 1];
        for (var i = 0; i < segments.Count; i++)
        {
            starts[i + 1] = starts[i] + segments[i].Count;
        }

        // A change of flags moves no row.
        return new RowSegments([.. segments], basis is not null && basis._starts.AsSpan().SequenceEqual(starts) ? basis._starts : starts);
    }

    /// <summary>Takes a load's segments, or those of <paramref name="known"/> where they say the same, so that comparing stays cheap.</summary>
    public static async ValueTask<RowSegments> LoadAsync(IAsyncEnumerable<ColumnSegment> load, RowSegments? known)
    {
        var segments = new List<ColumnSegment>();
        using var writer = new SegmentWriter(segments);
        await foreach (var segment in load)
        {
            writer.Add(segment);
        }

        writer.Flush();
        if (known is not null)
        {
            for (var i = 0; i < segments.Count; i++)
            {
                segments[i] = known.Same(segments[i]) ?? segments[i];
            }
        }

        return From(segments);
    }

    /// <summary>The segment that holds a rank, and the row's place in it.</summary>
    public ColumnSegment SegmentAt(int rank, out int row) => _segments[Locate(rank, out row)];

    public Uid UidAt(int rank) => new(_segments[Locate(rank, out var row)].Uids[row]);

    public int LowerBound(uint uid)
    {
        // The last segment that starts at or before the UID holds it, if any does.
        var at = SegmentOf(uid);
        if (at < 0)
        {
            return 0;
        }

        var row = Array.BinarySearch(_segments[at].Uids, uid);
        return _starts[at] + (row < 0 ? ~row : row);
    }

    /// <summary>Puts rows in place of those with their UIDs, adds those that are new and takes out those that vanished.</summary>
    public RowSegments Patch(ColumnSegment changed, ReadOnlySpan<uint> vanished)
    {
        if (changed.Count == 0 && vanished.IsEmpty)
        {
            return this;
        }

        var segments = new List<ColumnSegment>(_segments.Length + 2);
        using var writer = new SegmentWriter(segments);
        var patch = new RowPatch(changed, vanished);
        for (var i = 0; i < _segments.Length; i++)
        {
            // Rows below the first UID of the next segment belong to this one.
            patch.Apply(_segments[i], i + 1 < _segments.Length ? _segments[i + 1].Uids[0] : null, writer);
        }

        if (_segments.Length == 0)
        {
            patch.Apply(ColumnSegment.Empty, null, writer);
        }

        writer.Flush();
        return From(segments, this);
    }

    public static IEnumerable<MailboxRowChange> Compare(RowSegments older, RowSegments newer)
    {
        int oldAt = 0, newAt = 0, oldRow = 0, newRow = 0;
        while (oldAt < older._segments.Length || newAt < newer._segments.Length)
        {
            var was = oldAt < older._segments.Length ? older._segments[oldAt] : null;
            var now = newAt < newer._segments.Length ? newer._segments[newAt] : null;
            if (oldRow == 0 && newRow == 0 && ReferenceEquals(was, now))
            {
                oldAt++;
                newAt++;
                continue;
            }

            var order = was is null ? 1 : now is null ? -1 : was.Uids[oldRow].CompareTo(now.Uids[newRow]);
            if (order < 0)
            {
                yield return new MailboxRowChange(RowChangeKind.Vanished, new Uid(was!.Uids[oldRow]), older._starts[oldAt] + oldRow, -1);
            }
            else if (order > 0)
            {
                yield return new MailboxRowChange(RowChangeKind.Added, new Uid(now!.Uids[newRow]), -1, newer._starts[newAt] + newRow);
            }
            else if (was!.ModSeqs[oldRow] != now!.ModSeqs[newRow])
            {
                yield return new MailboxRowChange(
                    RowChangeKind.Changed, new Uid(now.Uids[newRow]), older._starts[oldAt] + oldRow, newer._starts[newAt] + newRow);
            }

            if (order <= 0 && ++oldRow == was!.Count)
            {
                oldAt++;
                oldRow = 0;
            }

            if (order >= 0 && ++newRow == now!.Count)
            {
                newAt++;
                newRow = 0;
            }
        }
    }

    private int Locate(int rank, out int row)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rank);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(rank, Count);
        var at = Array.BinarySearch(_starts, rank);
        at = at < 0 ? ~at - 1 : at;
        row = rank - _starts[at];
        return at;
    }

    private int SegmentOf(uint uid)
    {
        int low = 0, high = _segments.Length - 1;
        while (low <= high)
        {
            var middle = (low + high) / 2;
            if (_segments[middle].Uids[0] <= uid)
            {
                low = middle + 1;
            }
            else
            {
                high = middle - 1;
            }
        }

        return high;
    }

    private ColumnSegment? Same(ColumnSegment loaded)
    {
        var at = SegmentOf(loaded.Uids[0]);
        return at >= 0 && _segments[at] is var mine
            && mine.Uids.AsSpan().SequenceEqual(loaded.Uids) && mine.ModSeqs.AsSpan().SequenceEqual(loaded.ModSeqs)
            && mine.Flags.AsSpan().SequenceEqual(loaded.Flags) ? mine : null;
    }
}

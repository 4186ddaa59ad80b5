namespace MailCore.Storage;

/// <summary>Changes in UID order, consumed segment by segment.</summary>
internal ref struct RowPatch(ColumnSegment changed, ReadOnlySpan<uint> vanished)
{
    private readonly ReadOnlySpan<uint> _vanished = vanished;
    private int _changedAt;
    private int _vanishedAt;

    /// <summary>Writes the segment with all changes below <paramref name="before"/> (null: all that are left).</summary>
    public void Apply(ColumnSegment segment, uint? before, SegmentWriter writer)
    {
        var changedTo = Bound(changed.Uids, _changedAt, before);
        var vanishedTo = Bound(_vanished, _vanishedAt, before);
        if (changedTo == _changedAt && vanishedTo == _vanishedAt)
        {
            writer.Add(segment);
            return;
        }

        if (vanishedTo == _vanishedAt && TryReplace(segment, changedTo) is { } replaced)
        {
            writer.Add(replaced);
        }
        else if (vanishedTo == _vanishedAt && segment.Count >= RowSegments.Capacity && changed.Uids[_changedAt] > segment.Uids[^1])
        {
            // New rows behind a full segment: nothing of it needs copying.
            writer.Add(segment);
            writer.Add(changed, _changedAt, changedTo);
        }
        else
        {
            Merge(segment, changedTo, vanishedTo, writer);
        }

        _changedAt = changedTo;
        _vanishedAt = vanishedTo;
    }

    private static int Bound(ReadOnlySpan<uint> uids, int from, uint? before)
    {
        if (before is not { } limit)
        {
            return uids.Length;
        }

        while (from < uids.Length && uids[from] < limit)
        {
            from++;
        }

        return from;
    }

    // When no row comes or goes, UIDs and sizes are shared with the older segment.
    private readonly ColumnSegment? TryReplace(ColumnSegment segment, int changedTo)
    {
        for (var i = _changedAt; i < changedTo; i++)
        {
            if (Array.BinarySearch(segment.Uids, changed.Uids[i]) < 0)
            {
                return null;
            }
        }

        var flags = segment.Flags.AsSpan().ToArray();
        var modSeqs = segment.ModSeqs.AsSpan().ToArray();
        for (var i = _changedAt; i < changedTo; i++)
        {
            var row = Array.BinarySearch(segment.Uids, changed.Uids[i]);
            flags[row] = changed.Flags[i];
            modSeqs[row] = changed.ModSeqs[i];
        }

        return new ColumnSegment(segment.Uids, flags, modSeqs, segment.Sizes);
    }

    private readonly void Merge(ColumnSegment segment, int changedTo, int vanishedTo, SegmentWriter writer)
    {
        var gone = _vanished[_vanishedAt..vanishedTo];
        var row = 0;
        for (var i = _changedAt; i < changedTo || row < segment.Count;)
        {
            var fromPatch = i < changedTo && (row == segment.Count || changed.Uids[i] <= segment.Uids[row]);
            var uid = fromPatch ? changed.Uids[i] : segment.Uids[row];
            if (fromPatch && row < segment.Count && segment.Uids[row] == uid)
            {
                row++;
            }

            if (gone.BinarySearch(uid) < 0)
            {
                writer.AddRow(fromPatch ? changed : segment, fromPatch ? i : row);
            }

            if (fromPatch)
            {
                i++;
            }
            else
            {
                row++;
            }
        }
    }
}

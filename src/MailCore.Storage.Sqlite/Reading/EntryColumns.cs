using MailCore.Storage.Sqlite.Database;

namespace MailCore.Storage.Sqlite.Reading;

/// <summary>Entries as packed columns. What is returned is made once, at its final size: a million rows are 24 MB and nothing more.</summary>
internal static class EntryColumns
{
    private static readonly Sql SelectAll = new("SELECT uid, flags, modseq, size FROM entry WHERE mailbox = ?1 ORDER BY uid");

    private static readonly Sql SelectChanged = new("""
        SELECT entry.uid, entry.flags, entry.modseq, entry.size
        FROM entry INDEXED BY entry_modseq WHERE mailbox = ?1 AND modseq > ?2 LIMIT ?3
        """);

    private static readonly Sql SelectVanished = new("SELECT uid FROM expunged INDEXED BY expunged_modseq WHERE mailbox = ?1 AND modseq > ?2 LIMIT ?3");

    /// <summary>All entries, <paramref name="count"/> of them, in segments.</summary>
    public static ColumnSegment[] ReadAll(StoreConnection db, long mailbox, long count, CancellationToken cancellationToken)
    {
        const int Rows = StorageLimits.RowsPerSegment;
        var segments = new ColumnSegment[(count + Rows - 1) / Rows];
        using var row = db.Use(SelectAll).With(mailbox);
        for (var i = 0; i < segments.Length; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            segments[i] = ReadSegment(row, (int)Math.Min(Rows, count - ((long)i * Rows)));
        }

        return segments;
    }

    /// <summary>Entries altered after <paramref name="since"/> in UID order; null when there are more than <paramref name="limit"/>.</summary>
    public static ColumnSegment? ReadChanged(StoreConnection db, long mailbox, long since, int limit)
    {
        var changed = new List<(uint Uid, ulong Flags, long ModSeq, uint Size)>();
        using (var row = db.Use(SelectChanged).With(mailbox).With(since).With(limit + 1L))
        {
            while (row.Step())
            {
                changed.Add(((uint)row.Int64(0), (ulong)row.Int64(1), row.Int64(2), (uint)row.Int64(3)));
            }
        }

        if (changed.Count > limit)
        {
            return null;
        }

        if (changed.Count == 0)
        {
            return ColumnSegment.Empty;
        }

        changed.Sort(static (a, b) => a.Uid.CompareTo(b.Uid));
        var segment = NewSegment(changed.Count);
        for (var i = 0; i < changed.Count; i++)
        {
            (segment.Uids[i], segment.Flags[i], segment.ModSeqs[i], segment.Sizes[i]) = changed[i];
        }

        return segment;
    }

    /// <summary>UIDs expunged after <paramref name="since"/>, ascending; null when there are more than <paramref name="limit"/>.</summary>
    public static uint[]? ReadVanished(StoreConnection db, long mailbox, long since, int limit)
    {
        var vanished = new List<uint>();
        using var row = db.Use(SelectVanished).With(mailbox).With(since).With(limit + 1L);
        while (row.Step())
        {
            vanished.Add((uint)row.Int64(0));
        }

        vanished.Sort();
        return vanished.Count > limit ? null : [.. vanished];
    }

    private static ColumnSegment ReadSegment(Statement row, int count)
    {
        var segment = NewSegment(count);
        var (uids, flags, modSeqs, sizes) = segment;
        for (var i = 0; i < uids.Length; i++)
        {
            if (!row.Step())
            {
                throw new SqliteStoreException("A mailbox holds fewer messages than it counts.");
            }

            uids[i] = (uint)row.Int64(0);
            flags[i] = (ulong)row.Int64(1);
            modSeqs[i] = row.Int64(2);
            sizes[i] = (uint)row.Int64(3);
        }

        return segment;
    }

    private static ColumnSegment NewSegment(int count) => new(new uint[count], new ulong[count], new long[count], new uint[count]);
}

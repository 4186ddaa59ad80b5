namespace MailCore.Imap.Sorting;

/// <summary>Keys of very many messages by ascending UIDs, in three arrays: no object for any of them.</summary>
/// <remarks>Threading: one caller at a time; a <see cref="View"/> stays as it is whatever is added later.</remarks>
internal sealed class KeyRows
{
    private const int Least = 256;
    private const int UsualOctets = 64;

    private uint[] _uids = [];
    private int[] _ends = [];
    private byte[] _octets = [];

    public int Count { get; private set; }

    /// <summary>Octets of memory.</summary>
    public long Size => (8L * _uids.Length) + _octets.Length;

    /// <summary>What there is now.</summary>
    public View Rows => new(_uids, _ends, _octets, Count);

    private int Used => Count == 0 ? 0 : _ends[Count - 1];

    /// <summary>Room for the key of the next message; <see cref="Add"/> says how much of it was taken.</summary>
    public Span<byte> Reserve(int octets)
    {
        if (_octets.Length - Used < octets)
        {
            Array.Resize(ref _octets, Math.Max(checked(Used + octets), (int)Math.Clamp(2L * _octets.Length, Least, Array.MaxLength)));
        }

        return _octets.AsSpan(Used, octets);
    }

    /// <summary>Adds a message, whose UID is higher than those before, with the key that was written.</summary>
    public void Add(uint uid, int written)
    {
        var end = Used + written;
        if (Count == _uids.Length)
        {
            Resize(Math.Max(Least, 2 * Count));
        }

        (_uids[Count], _ends[Count]) = (uid, end);
        Count++;
    }

    public void Clear() => Count = 0;

    /// <summary>Adds others, if all their UIDs are higher than those here.</summary>
    /// <param name="others">Which.</param>
    /// <param name="expected">Rows that will be here soon, or 0: arrays are not made larger again and again on the way.</param>
    public bool TryAppend(KeyRows others, int expected)
    {
        var rows = others.Rows;
        if (rows.Count == 0 || (Count > 0 && rows.UidAt(0) <= _uids[Count - 1]))
        {
            return rows.Count == 0;
        }

        var count = Count + rows.Count;
        var used = checked(Used + others.Used);
        // A few more than there are: messages come.
        var most = (int)Math.Clamp(expected + (expected / 16L), count, Array.MaxLength);
        if (count > _uids.Length)
        {
            Resize(Math.Max(most, Grown(Count, count)));
        }

        if (used > _octets.Length)
        {
            // As long as those so far; but a few long ones do not make all of them so.
            var more = (most - count) * Math.Min((long)used / count, UsualOctets);
            Array.Resize(ref _octets, (int)Math.Min(Math.Max(used + more, Grown(Used, used)), Array.MaxLength));
        }

        others._uids.AsSpan(0, rows.Count).CopyTo(_uids.AsSpan(Count));
        others._octets.AsSpan(0, others.Used).CopyTo(_octets.AsSpan(Used));
        var before = Used;
        for (var i = 0; i < rows.Count; i++)
        {
            _ends[Count + i] = before + others._ends[i];
        }

        Count = count;
        return true;
    }

    /// <summary>All rows of both; where both have a message they have the same key.</summary>
    public static KeyRows Merge(KeyRows a, KeyRows b)
    {
        var merged = new KeyRows();
        merged.Resize(a.Count + b.Count);
        merged.Reserve(checked(a.Used + b.Used));
        var (left, right) = (a.Rows, b.Rows);
        int i = 0, j = 0;
        while (i < left.Count || j < right.Count)
        {
            var takesLeft = j == right.Count || (i < left.Count && left.UidAt(i) <= right.UidAt(j));
            var uid = takesLeft ? left.UidAt(i) : right.UidAt(j);
            var key = takesLeft ? left[i] : right[j];
            key.CopyTo(merged.Reserve(key.Length));
            merged.Add(uid, key.Length);
            i += i < left.Count && left.UidAt(i) == uid ? 1 : 0;
            j += j < right.Count && right.UidAt(j) == uid ? 1 : 0;
        }

        return merged;
    }

    // What is added to will be added to again.
    private static int Grown(int before, int now) => before == 0 ? now : (int)Math.Min(now + (now / 2L), Array.MaxLength);

    private void Resize(int count)
    {
        Array.Resize(ref _uids, count);
        Array.Resize(ref _ends, count);
    }

    /// <summary>Rows as they were once.</summary>
    internal readonly struct View(uint[] uids, int[] ends, byte[] octets, int count)
    {
        public int Count => count;

        public ReadOnlySpan<byte> this[int row]
        {
            get
            {
                var start = row == 0 ? 0 : ends[row - 1];
                return octets.AsSpan(start, ends[row] - start);
            }
        }

        public uint UidAt(int row) => uids[row];

        /// <summary>Goes on to a UID that is not lower than those asked for before; says whether it is there.</summary>
        public bool TrySeek(uint uid, ref int row)
        {
            if (row < count && uids[row] < uid)
            {
                // The next one most of the time.
                row++;
                if (row < count && uids[row] < uid)
                {
                    var found = Array.BinarySearch(uids, row, count - row, uid);
                    row = found < 0 ? ~found : found;
                }
            }

            return row < count && uids[row] == uid;
        }
    }
}

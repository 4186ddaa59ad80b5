using MailCore.Imap.View;
using MailCore.Storage;

namespace MailCore.Imap.Search;

/// <summary>
/// Neighbouring messages of a client as columns: those of the view where they stand, or, where departed ones are between them, a copy
/// in room that is used again.
/// </summary>
internal sealed class MessageBlock(SelectedMailbox mailbox)
{
    private const int Rows = 1024;

    /// <summary>Of a bitmap with a bit for each row.</summary>
    public const int Words = Rows / 64;

    private ColumnSegment _segment = ColumnSegment.Empty;
    private ColumnSegment? _copy;
    private int _start;

    /// <summary>The number of the first message.</summary>
    public int First { get; private set; }

    public int Count { get; private set; }

    public ReadOnlySpan<uint> Uids => _segment.Uids.AsSpan(_start, Count);

    public ReadOnlySpan<ulong> Flags => _segment.Flags.AsSpan(_start, Count);

    public ReadOnlySpan<long> ModSeqs => _segment.ModSeqs.AsSpan(_start, Count);

    public ReadOnlySpan<uint> Sizes => _segment.Sizes.AsSpan(_start, Count);

    public NumberedMessage this[int row] => ReferenceEquals(_segment, _copy)
        ? mailbox.Numbers[First + row]
        : new(First + row, new Uid(Uids[row]), Flags[row], new ModSeq(ModSeqs[row]), Sizes[row], IsDeparted: false);

    /// <summary>Goes to the messages from one number on, as many as are at hand and not behind <paramref name="last"/>.</summary>
    public void MoveTo(int first, int last)
    {
        First = first;
        if (mailbox.Numbers.Departed.IsEmpty)
        {
            _segment = mailbox.State.SegmentAt(first - 1, out _start);
            Count = Math.Min(Math.Min(_segment.Count - _start, Rows), last - first + 1);
            return;
        }

        _segment = _copy ??= new ColumnSegment(new uint[Rows], new ulong[Rows], new long[Rows], new uint[Rows]);
        _start = 0;
        Count = Math.Min(Rows, last - first + 1);
        for (var row = 0; row < Count; row++)
        {
            var message = mailbox.Numbers[first + row];
            (_copy.Uids[row], _copy.Flags[row], _copy.ModSeqs[row], _copy.Sizes[row]) = (message.Uid.Value, message.FlagWord, message.ModSeq.Value, message.Size);
        }
    }

    /// <summary>The rows whose UIDs are in the set, as bits.</summary>
    public void Where(UidSet set, Span<ulong> bits)
    {
        bits.Clear();
        var uids = Uids;
        var row = 0;
        foreach (var range in set.Ranges[FirstFrom(set.Ranges, uids[0])..])
        {
            while (row < uids.Length && uids[row] < range.First.Value)
            {
                row++;
            }

            for (; row < uids.Length && uids[row] <= range.Last.Value; row++)
            {
                bits[row / 64] |= 1UL << (row % 64);
            }

            if (row == uids.Length)
            {
                break;
            }
        }
    }

    // The first range that does not end before the UID.
    private static int FirstFrom(ReadOnlySpan<UidRange> ranges, uint uid)
    {
        int low = 0, high = ranges.Length;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (ranges[middle].Last.Value < uid)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }
}

using System.Runtime.InteropServices;

namespace MailCore.Imap.Wire;

/// <summary>From one message number to another, both included; from 1.</summary>
internal readonly record struct SequenceRange(int First, int Last)
{
    public int Count => Last - First + 1;
}

/// <summary>Message numbers of one session as ascending ranges that neither touch nor overlap; immutable.</summary>
internal sealed class SequenceSet
{
    private readonly SequenceRange[] _ranges;

    private SequenceSet(SequenceRange[] ranges, bool isDescending = false) => (_ranges, IsDescending) = (ranges, isDescending);

    /// <summary>Whether the numbers, not the ranges, go from the last to the first.</summary>
    public bool IsDescending { get; }

    public static SequenceSet Empty { get; } = new([]);

    public ReadOnlySpan<SequenceRange> Ranges => _ranges;

    public int Count
    {
        get
        {
            var count = 0;
            foreach (var range in _ranges)
            {
                count += range.Count;
            }

            return count;
        }
    }

    public bool IsEmpty => _ranges.Length == 0;

    /// <summary>The ranges given, each upward, in any order; overlaps are joined. Sorts the list.</summary>
    public static SequenceSet From(List<SequenceRange> ranges)
    {
        ranges.Sort(static (a, b) => a.First.CompareTo(b.First));
        var kept = 0;
        for (var i = 0; i < ranges.Count; i++)
        {
            if (kept > 0 && ranges[i].First <= ranges[kept - 1].Last + 1)
            {
                if (ranges[i].Last > ranges[kept - 1].Last)
                {
                    ranges[kept - 1] = ranges[kept - 1] with { Last = ranges[i].Last };
                }
            }
            else
            {
                ranges[kept++] = ranges[i];
            }
        }

        return kept == 0 ? Empty : new SequenceSet([.. CollectionsMarshal.AsSpan(ranges)[..kept]]);
    }

    /// <summary>The numbers on a page of all of them.</summary>
    public SequenceSet Page(PageRange page)
    {
        // Places from the first on, from 1.
        var (low, high) = page.IsFromEnd ? (Count - (long)page.High + 1, Count - (long)page.Low + 1) : (page.Low, page.High);
        var cut = new List<SequenceRange>();
        var place = 1L;
        foreach (var range in _ranges)
        {
            var from = Math.Max(low, place);
            var to = Math.Min(high, place + range.Count - 1);
            if (from <= to)
            {
                cut.Add(new SequenceRange(range.First + (int)(from - place), range.First + (int)(to - place)));
            }

            place += range.Count;
        }

        return From(cut);
    }

    /// <summary>The last so many, from the last to the first; there are more.</summary>
    public SequenceSet Last(int count) => new(Page(new PageRange(1, (uint)count, IsFromEnd: true))._ranges, isDescending: true);

    public SequenceSet Ascending() => IsDescending ? new SequenceSet(_ranges) : this;

    public bool Contains(int sequence)
    {
        int low = 0, high = _ranges.Length - 1;
        while (low <= high)
        {
            var middle = (low + high) / 2;
            if (sequence < _ranges[middle].First)
            {
                high = middle - 1;
            }
            else if (sequence > _ranges[middle].Last)
            {
                low = middle + 1;
            }
            else
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Every number, ascending unless <see cref="IsDescending"/>.</summary>
    public Enumerator GetEnumerator() => new(_ranges, IsDescending);

    internal struct Enumerator(SequenceRange[] ranges, bool isDescending)
    {
        private readonly int _step = isDescending ? -1 : 1;
        private int _range = isDescending ? ranges.Length - 1 : 0;
        private int _left;

        public int Current { get; private set; }

        public bool MoveNext()
        {
            if (_left > 0)
            {
                _left--;
                Current += _step;
                return true;
            }

            if ((uint)_range >= (uint)ranges.Length)
            {
                return false;
            }

            var range = ranges[_range];
            _range += _step;
            _left = range.Count - 1;
            Current = _step > 0 ? range.First : range.Last;
            return true;
        }
    }
}

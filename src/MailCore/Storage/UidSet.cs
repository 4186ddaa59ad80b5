using System.Collections;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace MailCore.Storage;

/// <summary>From one UID to another, both included.</summary>
public readonly record struct UidRange(Uid First, Uid Last)
{
    /// <summary>UIDs in it.</summary>
    public long Count => (long)Last.Value - First.Value + 1;
}

/// <summary>
/// UIDs as ascending ranges that neither touch nor overlap; immutable. Its text form is the uid-set of RFC 4315 ("1:3,5"):
/// no '*', which means something only to a session with a mailbox open.
/// </summary>
public sealed class UidSet : IEnumerable<Uid>
{
    private readonly UidRange[] _ranges;

    private UidSet(UidRange[] ranges) => _ranges = ranges;

    /// <summary>No UIDs.</summary>
    public static UidSet Empty { get; } = new([]);

    /// <summary>Every UID there can be.</summary>
    public static UidSet All { get; } = new([new UidRange(new Uid(1), new Uid(uint.MaxValue))]);

    /// <summary>The ranges, ascending.</summary>
    public ReadOnlySpan<UidRange> Ranges => _ranges;

    /// <summary>Whether there is no UID in it.</summary>
    public bool IsEmpty => _ranges.Length == 0;

    /// <summary>UIDs in it; up to 4,294,967,295.</summary>
    public long Count
    {
        get
        {
            var count = 0L;
            foreach (var range in _ranges)
            {
                count += range.Count;
            }

            return count;
        }
    }

    /// <summary>The UIDs given, in any order, repeated ones once. UID 0 is refused with <see cref="ArgumentException"/>.</summary>
    public static UidSet From(IEnumerable<Uid> uids)
    {
        ArgumentNullException.ThrowIfNull(uids);
        return FromRanges(uids.Select(static uid => new UidRange(uid, uid)));
    }

    /// <summary>The ranges given, in any order and direction, overlaps joined. UID 0 is refused with <see cref="ArgumentException"/>.</summary>
    public static UidSet FromRanges(IEnumerable<UidRange> ranges)
    {
        ArgumentNullException.ThrowIfNull(ranges);
        var sorted = new List<UidRange>();
        foreach (var range in ranges)
        {
            var upward = range.First <= range.Last ? range : new UidRange(range.Last, range.First);
            if (upward.First.Value == 0)
            {
                throw new ArgumentException("There is no UID 0.", nameof(ranges));
            }

            sorted.Add(upward);
        }

        sorted.Sort(static (a, b) => a.First.CompareTo(b.First));
        var kept = 0;
        for (var i = 0; i < sorted.Count; i++)
        {
            if (kept > 0 && (long)sorted[i].First.Value <= (long)sorted[kept - 1].Last.Value + 1)
            {
                if (sorted[i].Last > sorted[kept - 1].Last)
                {
                    sorted[kept - 1] = new UidRange(sorted[kept - 1].First, sorted[i].Last);
                }
            }
            else
            {
                sorted[kept++] = sorted[i];
            }
        }

        return kept == 0 ? Empty : new UidSet([.. CollectionsMarshal.AsSpan(sorted)[..kept]]);
    }

    /// <summary>Parses or throws <see cref="FormatException"/>.</summary>
    public static UidSet Parse(string text) =>
        TryParse(text, out var set) ? set : throw new FormatException("This is not a UID set.");

    /// <summary>Reads "1:3,5"; reversed ranges are understood, 0 and '*' are not, and at least one UID is needed.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out UidSet set)
    {
        set = Empty;
        var ranges = new List<UidRange>();
        foreach (var part in text.Split(','))
        {
            var item = text[part];
            var colon = item.IndexOf(':');
            if (!TryUid(colon < 0 ? item : item[..colon], out var first) || !TryUid(colon < 0 ? item : item[(colon + 1)..], out var last))
            {
                return false;
            }

            ranges.Add(new UidRange(first, last));
        }

        set = FromRanges(ranges);
        return true;
    }

    /// <summary>Whether the UID is in it.</summary>
    public bool Contains(Uid uid)
    {
        var low = 0;
        var high = _ranges.Length - 1;
        while (low <= high)
        {
            var middle = (low + high) / 2;
            if (uid < _ranges[middle].First)
            {
                high = middle - 1;
            }
            else if (uid > _ranges[middle].Last)
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

    /// <summary>The part of the set from <paramref name="first"/> to <paramref name="last"/>, both included.</summary>
    public UidSet Within(Uid first, Uid last)
    {
        var cut = new List<UidRange>();
        foreach (var range in _ranges)
        {
            var from = range.First > first ? range.First : first;
            var to = range.Last < last ? range.Last : last;
            if (from <= to)
            {
                cut.Add(new UidRange(from, to));
            }
        }

        return cut.Count == 0 ? Empty : new UidSet([.. cut]);
    }

    /// <summary>Every UID, ascending. A set can hold four thousand million: cut it with <see cref="Within"/> first.</summary>
    public IEnumerator<Uid> GetEnumerator()
    {
        foreach (var range in _ranges)
        {
            for (long uid = range.First.Value; uid <= range.Last.Value; uid++)
            {
                yield return new Uid((uint)uid);
            }
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>"1:3,5"; empty for the empty set.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        foreach (var range in _ranges)
        {
            if (text.Length > 0)
            {
                text.Append(',');
            }

            text.Append(CultureInfo.InvariantCulture, $"{range.First.Value}");
            if (range.Last != range.First)
            {
                text.Append(CultureInfo.InvariantCulture, $":{range.Last.Value}");
            }
        }

        return text.ToString();
    }

    private static bool TryUid(ReadOnlySpan<char> text, out Uid uid)
    {
        // nz-number: no sign, no space, no leading zero.
        var valid = uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value != 0 && text[0] != '0';
        uid = new Uid(value);
        return valid;
    }
}

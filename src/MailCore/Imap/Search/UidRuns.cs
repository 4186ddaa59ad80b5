using MailCore.Storage;

namespace MailCore.Imap.Search;

/// <summary>UIDs that come and go, as ascending ranges.</summary>
internal sealed class UidRuns
{
    private readonly List<UidRange> _runs = [];

    public int RunCount => _runs.Count;

    public UidSet ToSet() => UidSet.FromRanges(_runs);

    /// <summary>Adds a UID behind all others; next to the last one by number, it shares its range, as what is missing in between never comes.</summary>
    public void Append(Uid uid, bool isNext)
    {
        if (isNext && _runs.Count > 0)
        {
            _runs[^1] = _runs[^1] with { Last = uid };
        }
        else
        {
            _runs.Add(new UidRange(uid, uid));
        }
    }

    public bool Contains(Uid uid) => Find(uid) >= 0;

    /// <summary>False when it was there.</summary>
    public bool Add(Uid uid)
    {
        var at = Find(uid);
        if (at >= 0)
        {
            return false;
        }

        at = ~at;
        var run = new UidRange(uid, uid);
        if (at < _runs.Count && _runs[at].First.Value - 1 == uid.Value)
        {
            run = run with { Last = _runs[at].Last };
            _runs.RemoveAt(at);
        }

        if (at > 0 && _runs[at - 1].Last.Value + 1 == uid.Value)
        {
            _runs[at - 1] = _runs[at - 1] with { Last = run.Last };
        }
        else
        {
            _runs.Insert(at, run);
        }

        return true;
    }

    /// <summary>False when it was not there.</summary>
    public bool Remove(Uid uid)
    {
        var at = Find(uid);
        if (at < 0)
        {
            return false;
        }

        var (first, last) = _runs[at];
        _runs.RemoveAt(at);
        if (uid < last)
        {
            _runs.Insert(at, new UidRange(new Uid(uid.Value + 1), last));
        }

        if (first < uid)
        {
            _runs.Insert(at, new UidRange(first, new Uid(uid.Value - 1)));
        }

        return true;
    }

    // The run that holds the UID, or the complement of the place where it belongs.
    private int Find(Uid uid)
    {
        int low = 0, high = _runs.Count - 1;
        while (low <= high)
        {
            var middle = (low + high) / 2;
            if (uid < _runs[middle].First)
            {
                high = middle - 1;
            }
            else if (uid > _runs[middle].Last)
            {
                low = middle + 1;
            }
            else
            {
                return middle;
            }
        }

        return ~low;
    }
}

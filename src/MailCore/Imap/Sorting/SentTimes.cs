using System.Runtime.CompilerServices;
using MailCore.Storage;

namespace MailCore.Imap.Sorting;

/// <summary>
/// When the messages of a mailbox were sent, as far as anybody has sorted by it: it never changes, and finding out means reading every
/// summary. 12 octets for each message, as long as the view is in use.
/// </summary>
/// <remarks>Threading: what is known is replaced as a whole; of two sessions that add at once one may lose what it found.</remarks>
internal sealed class SentTimes
{
    private volatile Known _known = new([], []);

    /// <summary>Looks messages up, whose UIDs ascend.</summary>
    public Lookup Begin() => new(_known);

    /// <summary>Adds messages that are not known, by ascending UIDs.</summary>
    public void Add(List<(uint Uid, long Ticks)> found)
    {
        if (found.Count == 0)
        {
            return;
        }

        var (uids, ticks) = _known;
        var merged = new Known(new uint[uids.Length + found.Count], new long[uids.Length + found.Count]);
        int old = 0, next = 0, count = 0;
        while (old < uids.Length || next < found.Count)
        {
            var takesOld = next == found.Count || (old < uids.Length && uids[old] < found[next].Uid);
            if (!takesOld && old < uids.Length && uids[old] == found[next].Uid)
            {
                // Another session was faster.
                old++;
            }

            (merged.Uids[count], merged.Ticks[count]) = takesOld ? (uids[old], ticks[old]) : found[next];
            old += takesOld ? 1 : 0;
            next += takesOld ? 0 : 1;
            count++;
        }

        _known = count == merged.Uids.Length ? merged : new Known(merged.Uids[..count], merged.Ticks[..count]);
    }

    internal sealed record Known(uint[] Uids, long[] Ticks);

    internal sealed class Lookup(Known known)
    {
        private int _next;

        public bool TryGet(Uid uid, out long ticks)
        {
            while (_next < known.Uids.Length && known.Uids[_next] < uid.Value)
            {
                _next++;
            }

            var isKnown = _next < known.Uids.Length && known.Uids[_next] == uid.Value;
            ticks = isKnown ? known.Ticks[_next] : 0;
            return isKnown;
        }
    }
}

/// <summary>One <see cref="SentTimes"/> for each mailbox that sessions have open.</summary>
internal sealed class SentTimeCache
{
    private readonly ConditionalWeakTable<MailboxView, SentTimes> _times = [];

    public SentTimes Of(MailboxView view) => _times.GetOrCreateValue(view);
}

using MailCore.Imap.Wire;
using MailCore.Storage;

namespace MailCore.Imap.View;

/// <summary>Flags that this session altered itself, so that the client need not be told what it knows.</summary>
/// <param name="Uids">Messages named, ascending.</param>
/// <param name="Mode">How.</param>
/// <param name="Bits">System flags and keywords as a flag word of the newer state.</param>
/// <param name="IsSilent">
/// The client reckons the new flags itself and is told only of those that came out otherwise; else each of the messages is
/// reported by the command and none here.
/// </param>
internal sealed record OwnChange(Uid[] Uids, FlagMode Mode, ulong Bits, bool IsSilent)
{
    /// <summary>What the client takes the flags to be now.</summary>
    public ulong Apply(ulong before) => Mode switch
    {
        FlagMode.Add => before | Bits,
        FlagMode.Remove => before & ~Bits,
        _ => Bits,
    };

    public bool Names(Uid uid) => Array.BinarySearch(Uids, uid) >= 0;
}

/// <summary>How a client may be told of changes at one moment.</summary>
/// <param name="MayExpunge">Message numbers may change their meaning (RFC 3501 7.4.1).</param>
/// <param name="TellsModSeqs">A change of a ModSeq alone is told too (RFC 7162 3.1).</param>
/// <param name="Own">What the session changed itself.</param>
internal sealed record UpdateRules(bool MayExpunge, bool TellsModSeqs = false, OwnChange? Own = null)
{
    public static UpdateRules Withhold { get; } = new(MayExpunge: false);

    public static UpdateRules All { get; } = new(MayExpunge: true);
}

/// <summary>
/// One session's idea of the mailbox it has selected: message numbers, what is \Recent for it, and what its client has not been
/// told. Pure: no I/O, no time, one thread.
/// </summary>
internal sealed class SelectedMailbox(MailboxViewState state)
{
    /// <summary>
    /// Messages that may have left unannounced. Past it the session goes on with the rows it knows until EXPUNGE may be sent:
    /// stale for a command, never wrong.
    /// </summary>
    public const int MaxDeparted = 4096;

    private readonly List<UidRange> _recent = [];

    /// <summary>What the client's message numbers mean now.</summary>
    public MessageNumbers Numbers { get; private set; } = new(state);

    public MailboxViewState State => Numbers.State;

    public int Count => Numbers.Count;

    /// <summary>
    /// Up to this one the client has been told everything. Behind the state's while expunges are owed: a client that kept a later
    /// one would never hear of them (RFC 7162 3.2).
    /// </summary>
    public ModSeq ToldModSeq { get; private set; } = state.Info.HighestModSeq;

    /// <summary>Expunges are owed that could not be told yet.</summary>
    public bool OwesExpunges { get; private set; }

    /// <summary>Messages of the client's count that are \Recent for this session.</summary>
    public int RecentCount
    {
        get
        {
            var count = 0;
            foreach (var range in _recent)
            {
                foreach (var (first, last) in Numbers.Ranges(UidSet.FromRanges([range])))
                {
                    count += last - first + 1;
                }
            }

            return count;
        }
    }

    /// <summary>What '$' stands for (RFC 5182): UIDs, so that no expunge makes it mean other messages.</summary>
    public UidSet Saved { get; set; } = UidSet.Empty;

    /// <summary>Makes the UIDs \Recent for this session, to its end (RFC 3501 2.3.2).</summary>
    public void AddRecent(Uid from, Uid to)
    {
        if (_recent is [.., var last] && from.Value <= last.Last.Value + 1L)
        {
            _recent[^1] = new UidRange(last.First, to > last.Last ? to : last.Last);
        }
        else
        {
            _recent.Add(new UidRange(from, to));
        }
    }

    public bool IsRecent(Uid uid)
    {
        int low = 0, high = _recent.Count - 1;
        while (low <= high)
        {
            var middle = (low + high) / 2;
            if (uid < _recent[middle].First)
            {
                high = middle - 1;
            }
            else if (uid > _recent[middle].Last)
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

    /// <summary>
    /// The messages that the client means. UIDs it can't know of are left out, and so are those of '$' that are gone; false when it
    /// used a message number that it has not been told of, unless <paramref name="cuts"/> says that it is no message then.
    /// </summary>
    public bool TryResolve(NumberSet numbers, bool areUids, out SequenceSet set, bool cuts = false)
    {
        if (!areUids && !numbers.IsSaved)
        {
            return numbers.TryResolve(Count, out set, cuts);
        }

        var ranges = new List<SequenceRange>();
        foreach (var (first, last) in Numbers.Ranges(ResolveUids(numbers)))
        {
            ranges.Add(new SequenceRange(first, last));
        }

        set = SequenceSet.From(ranges);
        return true;
    }

    /// <summary>The UIDs that the client means, whether there are such messages or not.</summary>
    /// <param name="numbers">As the client wrote them.</param>
    /// <param name="isOpen">Whether a range up to '*' goes on to messages that come later.</param>
    public UidSet ResolveUids(NumberSet numbers, bool isOpen = false) => numbers.IsSaved ? Saved : numbers.ResolveUids(Numbers.LastUid, isOpen);

    /// <summary>The UIDs of messages, ascending; departed ones are left out and counted.</summary>
    public Uid[] UidsOf(SequenceSet set, out int departed)
    {
        var uids = new List<Uid>(set.Count);
        departed = 0;
        foreach (var sequence in set.Ascending())
        {
            var message = Numbers[sequence];
            if (message.IsDeparted)
            {
                departed++;
            }
            else
            {
                uids.Add(message.Uid);
            }
        }

        return [.. uids];
    }

    /// <summary>
    /// Goes on to a newer state and says what the client must be told of, all of it before the command ends.
    /// </summary>
    public MailboxUpdate Update(MailboxViewState newer, UpdateRules rules)
    {
        var before = Numbers;
        if (ReferenceEquals(newer, before.State) && (!rules.MayExpunge || before.Departed.IsEmpty))
        {
            return MailboxUpdate.Nothing;
        }

        if ((rules.MayExpunge ? new MessageNumbers(newer) : before.Keeping(newer, MaxDeparted)) is not { } after)
        {
            OwesExpunges = true;
            return MailboxUpdate.Nothing;
        }

        Numbers = after;
        OwesExpunges = !after.Departed.IsEmpty;
        if (!OwesExpunges)
        {
            ToldModSeq = newer.Info.HighestModSeq;
        }

        return new MailboxUpdate(before, after, rules);
    }
}

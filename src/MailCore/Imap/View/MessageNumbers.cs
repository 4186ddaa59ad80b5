using MailCore.Storage;

namespace MailCore.Imap.View;

/// <summary>A message as one session numbers it.</summary>
/// <param name="Sequence">From 1.</param>
/// <param name="Uid">Its UID.</param>
/// <param name="FlagWord">As in <see cref="MailboxRow"/>; of a departed message, as they were last.</param>
/// <param name="ModSeq">Of its last change that the session knows of.</param>
/// <param name="Size">Octets.</param>
/// <param name="IsDeparted">Expunged, and the client has not been told.</param>
internal readonly record struct NumberedMessage(int Sequence, Uid Uid, ulong FlagWord, ModSeq ModSeq, uint Size, bool IsDeparted)
{
    public NumberedMessage(int sequence, MailboxRow row, bool isDeparted)
        : this(sequence, row.Uid, row.FlagWord, row.ModSeq, row.Size, isDeparted)
    {
    }
}

/// <summary>
/// What one client's message numbers mean: the rows of a state, with those in between that have departed since and still have
/// their number. Immutable; the rows are shared with all sessions, so that a session costs what has departed and no more.
/// </summary>
internal sealed class MessageNumbers
{
    private readonly MailboxRow[] _departed;

    public MessageNumbers(MailboxViewState state)
        : this(state, [])
    {
    }

    private MessageNumbers(MailboxViewState state, MailboxRow[] departed) => (State, _departed) = (state, departed);

    public MailboxViewState State { get; }

    /// <summary>EXISTS as the client counts.</summary>
    public int Count => State.Count + _departed.Length;

    /// <summary>Messages that have left and not been announced, ascending.</summary>
    public ReadOnlySpan<MailboxRow> Departed => _departed;

    public Uid? LastUid => Count == 0 ? null : UidAt(Count);

    public NumberedMessage this[int sequence]
    {
        get
        {
            var row = Find(sequence, out var isDeparted);
            return new NumberedMessage(sequence, row, isDeparted);
        }
    }

    public Uid UidAt(int sequence)
    {
        var rank = sequence - 1;
        if (_departed.Length == 0)
        {
            return State.UidAt(rank);
        }

        return Find(sequence, out _).Uid;
    }

    /// <summary>The number of the message with this UID, or 0.</summary>
    public int SequenceOf(Uid uid)
    {
        var sequence = LowerBound(uid);
        return sequence <= Count && UidAt(sequence) == uid ? sequence : 0;
    }

    /// <summary>The number of the first message with this UID or a higher one; one more than <see cref="Count"/> when there is none.</summary>
    public int LowerBound(Uid uid) => State.LowerBound(uid) + DepartedBefore(uid) + 1;

    /// <summary>The number of the message at a rank of <see cref="State"/>.</summary>
    public int SequenceAt(int rank, Uid uid) => rank + DepartedBefore(uid) + 1;

    /// <summary>The numbers of the UIDs that the client knows of.</summary>
    public IEnumerable<(int First, int Last)> Ranges(UidSet uids)
    {
        for (var i = 0; i < uids.Ranges.Length; i++)
        {
            var range = uids.Ranges[i];
            var first = LowerBound(range.First);
            var last = range.Last.Value == uint.MaxValue ? Count : LowerBound(new Uid(range.Last.Value + 1)) - 1;
            if (first <= last)
            {
                yield return (first, last);
            }
        }
    }

    /// <summary>
    /// The same numbers over a newer state: what left it keeps its number, what is new comes behind. Null when more than
    /// <paramref name="limit"/> messages would have to be remembered.
    /// </summary>
    public MessageNumbers? Keeping(MailboxViewState newer, int limit)
    {
        var left = new List<MailboxRow>();
        foreach (var change in newer.ChangesFrom(State))
        {
            if (change.Kind == RowChangeKind.Vanished)
            {
                if (_departed.Length + left.Count == limit)
                {
                    return null;
                }

                left.Add(State[change.OldRank]);
            }
        }

        if (left.Count == 0)
        {
            return new MessageNumbers(newer, _departed);
        }

        left.AddRange(_departed);
        left.Sort(static (a, b) => a.Uid.CompareTo(b.Uid));
        return new MessageNumbers(newer, [.. left]);
    }

    /// <summary>
    /// Numbers that EXPUNGE responses carry on the way to <paramref name="newer"/>, in order: each counts what those before it
    /// have moved down.
    /// </summary>
    public IEnumerable<int> ExpungesTo(MailboxViewState newer)
    {
        var told = 0;
        var next = 0;
        foreach (var change in newer.ChangesFrom(State))
        {
            if (change.Kind != RowChangeKind.Vanished)
            {
                continue;
            }

            for (; next < _departed.Length && _departed[next].Uid < change.Uid; next++, told++)
            {
                yield return State.LowerBound(_departed[next].Uid) + next + 1 - told;
            }

            yield return change.OldRank + next + 1 - told;
            told++;
        }

        for (; next < _departed.Length; next++, told++)
        {
            yield return State.LowerBound(_departed[next].Uid) + next + 1 - told;
        }
    }

    /// <summary>The UIDs of the messages that leave on the way to <paramref name="newer"/>, ascending: each of them the client counts.</summary>
    public IEnumerable<Uid> VanishedTo(MailboxViewState newer)
    {
        var next = 0;
        foreach (var change in newer.ChangesFrom(State))
        {
            if (change.Kind != RowChangeKind.Vanished)
            {
                continue;
            }

            for (; next < _departed.Length && _departed[next].Uid < change.Uid; next++)
            {
                yield return _departed[next].Uid;
            }

            yield return change.Uid;
        }

        for (; next < _departed.Length; next++)
        {
            yield return _departed[next].Uid;
        }
    }

    private MailboxRow Find(int sequence, out bool isDeparted)
    {
        var rank = sequence - 1;
        int low = 0, high = _departed.Length;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (middle + State.LowerBound(_departed[middle].Uid) < rank)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        isDeparted = low < _departed.Length && low + State.LowerBound(_departed[low].Uid) == rank;
        return isDeparted ? _departed[low] : State[rank - low];
    }

    private int DepartedBefore(Uid uid)
    {
        int low = 0, high = _departed.Length;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (_departed[middle].Uid < uid)
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

using MailCore.Storage;

namespace MailCore.Imap.View;

/// <summary>Message numbers and the UIDs they had when the client left, pairwise and ascending (RFC 7162 3.2.5.2).</summary>
/// <param name="Sequences">Message numbers; as many as there are <paramref name="Uids"/>.</param>
/// <param name="Uids">Their UIDs.</param>
internal sealed record SequenceMatches(UidSet Sequences, UidSet Uids)
{
    public static SequenceMatches None { get; } = new(UidSet.Empty, UidSet.Empty);

    /// <summary>
    /// The last of the UIDs that still has its number: nothing at or before it has left since. UID 0 when there is none.
    /// </summary>
    public Uid LastIntact(MailboxViewState state)
    {
        var intact = default(Uid);
        using var uids = Uids.GetEnumerator();
        foreach (var sequence in Sequences)
        {
            if (!uids.MoveNext() || sequence.Value > state.Count || state.UidAt((int)sequence.Value - 1) != uids.Current)
            {
                break;
            }

            intact = uids.Current;
        }

        return intact;
    }
}

/// <summary>What a client knew of a mailbox when it left it (RFC 7162 3.2.5).</summary>
/// <param name="UidValidity">Of another, nothing that it knew counts.</param>
/// <param name="Since">It knows of every change up to this one.</param>
/// <param name="Known">UIDs it wants to hear of.</param>
/// <param name="Matches">Helps where the store's history does not reach back so far.</param>
internal sealed record ResyncRequest(uint UidValidity, ModSeq Since, UidSet Known, SequenceMatches Matches)
{
    /// <summary>
    /// The UIDs for VANISHED (EARLIER): of those known, the ones that are not there.
    /// </summary>
    /// <param name="state">The mailbox as it is shown to the client.</param>
    /// <param name="history">
    /// What left after <see cref="Since"/>, perhaps some of it later than <paramref name="state"/>; null when that is not known any
    /// more. Then every UID without a message is told, which is more than left and never less.
    /// </param>
    public UidSet Vanished(MailboxViewState state, IReadOnlyList<Uid>? history)
    {
        if (state.Info.UidNext.Value <= 1)
        {
            return UidSet.Empty;
        }

        var intact = Matches.LastIntact(state);
        var last = new Uid(state.Info.UidNext.Value - 1);
        if (intact >= last)
        {
            return UidSet.Empty;
        }

        var known = Known.Within(new Uid(intact.Value + 1), last);
        return history is null
            ? UidSet.FromRanges(Holes(state, known))
            : UidSet.From(history.Where(uid => known.Contains(uid) && state.IndexOf(uid) < 0));
    }

    private static IEnumerable<UidRange> Holes(MailboxViewState state, UidSet known)
    {
        for (var i = 0; i < known.Ranges.Length; i++)
        {
            var range = known.Ranges[i];
            var next = (long)range.First.Value;
            for (var rank = state.LowerBound(range.First); rank < state.Count && state.UidAt(rank) is var uid && uid <= range.Last; rank++)
            {
                if (uid.Value > next)
                {
                    yield return new UidRange(new Uid((uint)next), new Uid(uid.Value - 1));
                }

                next = uid.Value + 1L;
            }

            if (next <= range.Last.Value)
            {
                yield return new UidRange(new Uid((uint)next), range.Last);
            }
        }
    }
}

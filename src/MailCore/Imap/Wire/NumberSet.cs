using MailCore.Storage;

namespace MailCore.Imap.Wire;

/// <summary>
/// A sequence-set as the client wrote it (RFC 3501 9): numbers, ranges and '*', not yet said whether of messages or of UIDs, nor
/// what '*' is.
/// </summary>
internal sealed class NumberSet(NumberRange[] ranges)
{
    /// <summary>'$': what the last SEARCH with SAVE found (RFC 5182).</summary>
    public static NumberSet Saved { get; } = new([]);

    public bool IsSaved => ReferenceEquals(this, Saved);

    /// <summary>In the order written.</summary>
    public ReadOnlySpan<NumberRange> Ranges => ranges;

    /// <summary>One number, or "*".</summary>
    public bool IsSingle => ranges is [var (first, last)] && first == last;

    /// <summary>
    /// The message numbers meant, of a client that knows of <paramref name="exists"/> messages. A range up to '*' is cut to them;
    /// any other number past the end makes this false (RFC 9051 6.4 asks for BAD), unless <paramref name="cuts"/> leaves it out.
    /// </summary>
    public bool TryResolve(int exists, out SequenceSet set, bool cuts = false)
    {
        var resolved = new List<SequenceRange>(ranges.Length);
        set = SequenceSet.Empty;
        foreach (var range in ranges)
        {
            if (range.HasStar)
            {
                var from = Math.Min(range.First == NumberRange.Star ? range.Last : range.First, (uint)exists);
                if (exists > 0)
                {
                    resolved.Add(new SequenceRange(from == NumberRange.Star ? exists : (int)from, exists));
                }
            }
            else if (Math.Max(range.First, range.Last) > exists && !cuts)
            {
                return false;
            }
            else if (Math.Min(range.First, range.Last) is var first && first <= exists)
            {
                resolved.Add(new SequenceRange((int)first, (int)Math.Min(Math.Max(range.First, range.Last), (uint)exists)));
            }
        }

        set = SequenceSet.From(resolved);
        return true;
    }

    /// <summary>The UIDs meant, where the highest is <paramref name="last"/>; null in an empty mailbox, where '*' is nothing.</summary>
    public UidSet ResolveUids(Uid? last, bool isOpen = false)
    {
        var resolved = new List<UidRange>(ranges.Length);
        foreach (var range in ranges)
        {
            if (!range.HasStar)
            {
                resolved.Add(new UidRange(new Uid(range.First), new Uid(range.Last)));
            }
            else if (last is { } star)
            {
                var from = range.First == NumberRange.Star ? range.Last : range.First;
                var first = from == NumberRange.Star ? star : new Uid(from);
                resolved.Add(new UidRange(first, isOpen && range.First != range.Last ? new Uid(uint.MaxValue) : star));
                if (isOpen && first > star)
                {
                    // RFC 3501 6.4.8: the last message is always meant.
                    resolved.Add(new UidRange(star, star));
                }
            }
        }

        return UidSet.FromRanges(resolved);
    }
}

/// <summary>From one number to another, in either direction; <see cref="Star"/> is the highest in use.</summary>
internal readonly record struct NumberRange(uint First, uint Last)
{
    /// <summary>Stands for '*'; no message has this number.</summary>
    public const uint Star = 0;

    public bool HasStar => First == Star || Last == Star;
}

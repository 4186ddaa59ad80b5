using MailCore.Imap.View;
using MailCore.Imap.Wire;
using MailCore.Storage;

namespace MailCore.Imap.Search;

/// <summary>
/// The criteria of one search, simplified and made ready for a mailbox as the client sees it. What they mean stays the same when the
/// mailbox changes: message numbers are kept as UIDs, and a range of UIDs up to '*' has no end.
/// </summary>
internal sealed class SearchPlan
{
    private readonly SelectedMailbox _mailbox;
    private readonly bool _cutsNumbers;
    private readonly List<(string Text, bool InHeader)> _contents = [];
    private bool _isValid = true;

    private SearchPlan(SearchKey key, SelectedMailbox mailbox, bool cutsNumbers)
    {
        _mailbox = mailbox;
        _cutsNumbers = cutsNumbers;
        Root = Compile(key);
        Scope = ScopeOf(key);
        Candidates = new UidSet?[_contents.Count];
    }

    public SearchNode Root { get; }

    /// <summary>Outside of these no message can match; null when nothing is known. Holds until the mailbox's numbers change.</summary>
    public SequenceSet? Scope { get; }

    /// <summary>Where to look.</summary>
    public SequenceSet ScopeIn(SelectedMailbox messages) => Scope ?? SequenceSet.From(messages.Count == 0 ? [] : [new SequenceRange(1, messages.Count)]);

    /// <summary>Texts to look for in a message, by <see cref="SearchNode.Content.Index"/>; some in the header too.</summary>
    public IReadOnlyList<(string Text, bool InHeader)> Contents => _contents;

    /// <summary>By <see cref="SearchNode.Content.Index"/>: the only messages that may hold the text; null when nothing is known.</summary>
    public UidSet?[] Candidates { get; }

    /// <summary>When the search begins.</summary>
    public DateTimeOffset Now { get; set; }

    /// <summary>Whether MODSEQ is among the criteria, so that the highest found is to be told.</summary>
    public bool NamesModSeq { get; private set; }

    /// <summary>False when a message number is used that the client has not been told of.</summary>
    public static bool TryMake(SearchKey key, SelectedMailbox mailbox, out SearchPlan plan) => TryMake(key, mailbox, cutsNumbers: false, out plan);

    /// <inheritdoc cref="TryMake(SearchKey, SelectedMailbox, out SearchPlan)"/>
    /// <param name="key">The criteria.</param>
    /// <param name="mailbox">What numbers mean.</param>
    /// <param name="cutsNumbers">Such a number is no message instead.</param>
    /// <param name="plan">The plan.</param>
    public static bool TryMake(SearchKey key, SelectedMailbox mailbox, bool cutsNumbers, out SearchPlan plan)
    {
        plan = new SearchPlan(key, mailbox, cutsNumbers);
        return plan._isValid;
    }

    private SearchNode Compile(SearchKey key) => key switch
    {
        SearchKey.And and => Simplifier.All(and.Keys.Select(Compile)),
        SearchKey.Or or => Simplifier.Any([Compile(or.First), Compile(or.Second)]),
        SearchKey.Not not => Simplifier.Not(Compile(not.Key)),
        SearchKey.Flag flag => new ColumnNode.Flags((ulong)flag.Value, (ulong)flag.Value),
        SearchKey.Keyword keyword => KeywordBit(keyword.Name) is > 0 and var bit ? new ColumnNode.Flags(bit, bit) : new ColumnNode.Keyword(this, keyword.Name),
        SearchKey.Recent => new ColumnNode.Recent(_mailbox),
        SearchKey.Sequence sequence => new ColumnNode.Uids(UidsOf(sequence.Numbers)),
        SearchKey.Uids uids => new ColumnNode.Uids(_mailbox.ResolveUids(uids.Numbers, isOpen: true)),
        SearchKey.ModSeq modSeq => ModSeqs(modSeq.From),
        SearchKey.Larger larger => new ColumnNode.Size(larger.Octets, long.MaxValue),
        SearchKey.Smaller smaller => new ColumnNode.Size(-1, smaller.Octets),
        SearchKey.InternalDate date => new SearchNode.Day(date.Relation, date.Day, SearchNode.Day.Source.Internal),
        SearchKey.SaveDate date => new SearchNode.Day(date.Relation, date.Day, SearchNode.Day.Source.Saved),
        SearchKey.Within within => new SearchNode.Within(this, within.Seconds, within.IsYounger),
        SearchKey.SentDate date => new SearchNode.Day(date.Relation, date.Day, SearchNode.Day.Source.Sent),
        SearchKey.EmailId id => new SearchNode.EmailId(id.Value),
        SearchKey.Header header => new HeaderNode(header.Field, header.Content),
        SearchKey.Body body => Content(body.Content, inHeader: false),
        SearchKey.Fuzzy fuzzy => Compile(FuzzyKeys.Loosen(fuzzy.Key)),
        SearchKey.Text text => Content(text.Content, inHeader: true),
        _ => throw new InvalidOperationException($"No plan for {key.GetType().Name}."),
    };

    private ColumnNode.Changed ModSeqs(ModSeq from)
    {
        NamesModSeq = true;
        return new ColumnNode.Changed(from);
    }

    /// <summary>Of a flag word; 0 for a keyword that the mailbox does not have, as far as the client knows.</summary>
    public ulong KeywordBit(string name)
    {
        var keywords = _mailbox.State.Info.Keywords;
        for (var i = 0; i < keywords.Count; i++)
        {
            if (keywords[i].Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                return 1UL << (8 + i);
            }
        }

        return 0;
    }

    private UidSet UidsOf(NumberSet numbers)
    {
        if (numbers.IsSaved)
        {
            return _mailbox.Saved;
        }

        var ranges = new List<UidRange>();
        foreach (var range in Resolve(numbers, areUids: false).Ranges)
        {
            // What is missing in between is never used again.
            ranges.Add(new UidRange(_mailbox.Numbers.UidAt(range.First), _mailbox.Numbers.UidAt(range.Last)));
        }

        return UidSet.FromRanges(ranges);
    }

    private SequenceSet Resolve(NumberSet numbers, bool areUids)
    {
        _isValid &= _mailbox.TryResolve(numbers, areUids, out var set, _cutsNumbers);
        return set;
    }

    private SearchNode.Content Content(string text, bool inHeader)
    {
        _contents.Add((text, inHeader));
        return new SearchNode.Content(this, _contents.Count - 1);
    }

    private SequenceSet? ScopeOf(SearchKey key) => key switch
    {
        SearchKey.Sequence sequence => Resolve(sequence.Numbers, areUids: false),
        SearchKey.Uids uids => Resolve(uids.Numbers, areUids: true),
        SearchKey.Fuzzy fuzzy => ScopeOf(fuzzy.Key),
        SearchKey.And and => and.Keys.Select(ScopeOf).FirstOrDefault(static scope => scope is not null),
        _ => null,
    };
}

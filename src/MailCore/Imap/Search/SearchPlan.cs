using MailCore.Imap.View;
using MailCore.Imap.Wire;
using MailCore.Storage;

namespace MailCore.Imap.Search;

/// <summary>The criteria of one SEARCH, made ready for the mailbox as the client sees it.</summary>
internal sealed class SearchPlan
{
    private readonly SelectedMailbox _mailbox;
    private readonly List<(string Text, bool InHeader)> _contents = [];
    private bool _isValid = true;

    private SearchPlan(SearchKey key, SelectedMailbox mailbox)
    {
        _mailbox = mailbox;
        Root = Compile(key);
        Scope = ScopeOf(key);
    }

    public SearchNode Root { get; }

    /// <summary>Outside of these no message can match; null when nothing is known.</summary>
    public SequenceSet? Scope { get; }

    /// <summary>Texts to look for in a message, by <see cref="SearchNode.Content.Index"/>; some in the header too.</summary>
    public IReadOnlyList<(string Text, bool InHeader)> Contents => _contents;

    /// <summary>Whether MODSEQ is among the criteria, so that the highest found is to be told.</summary>
    public bool NamesModSeq { get; private set; }

    /// <summary>False when a message number is used that the client has not been told of.</summary>
    public static bool TryMake(SearchKey key, SelectedMailbox mailbox, out SearchPlan plan)
    {
        plan = new SearchPlan(key, mailbox);
        return plan._isValid;
    }

    private SearchNode Compile(SearchKey key) => key switch
    {
        SearchKey.And and => new SearchNode.Group([.. and.Keys.Select(Compile)], all: true),
        SearchKey.Or or => new SearchNode.Group([Compile(or.First), Compile(or.Second)], all: false),
        SearchKey.Not not => new SearchNode.Not(Compile(not.Key)),
        SearchKey.Flag flag => Bits((ulong)flag.Value),
        SearchKey.Keyword keyword => Bits(KeywordBit(keyword.Name)),
        SearchKey.Recent => new SearchNode.Columns(static subject => subject.IsRecent),
        SearchKey.Sequence sequence => new SearchNode.Numbers(Resolve(sequence.Numbers, areUids: false)),
        SearchKey.Uids uids => new SearchNode.Numbers(Resolve(uids.Numbers, areUids: true)),
        SearchKey.ModSeq modSeq => ModSeqs(modSeq.From),
        SearchKey.Larger larger => new SearchNode.Columns(subject => subject.Message.Size > larger.Octets),
        SearchKey.Smaller smaller => new SearchNode.Columns(subject => subject.Message.Size < smaller.Octets),
        SearchKey.InternalDate date => new SearchNode.Day(date.Relation, date.Day, SearchCost.Row, static subject => subject.Row!.InternalDate),
        SearchKey.SaveDate date => new SearchNode.Day(date.Relation, date.Day, SearchCost.Row, static subject => subject.Row!.SaveDate),
        SearchKey.SentDate date => new SearchNode.Day(date.Relation, date.Day, SearchCost.Summary, static subject => subject.Summary!.Envelope.SentDate),
        SearchKey.EmailId id => new SearchNode.Rows(subject => subject.Row!.EmailId.Value == id.Value),
        SearchKey.Header header => new HeaderNode(header.Field, header.Content),
        SearchKey.Body body => Content(body.Content, inHeader: false),
        SearchKey.Text text => Content(text.Content, inHeader: true),
        _ => throw new InvalidOperationException($"No plan for {key.GetType().Name}."),
    };

    private SearchNode.Columns ModSeqs(ModSeq from)
    {
        NamesModSeq = true;
        return new SearchNode.Columns(subject => subject.Message.ModSeq >= from);
    }

    private static SearchNode.Columns Bits(ulong bits) => new(subject => (subject.Message.FlagWord & bits) != 0);

    private ulong KeywordBit(string name)
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

    private SequenceSet Resolve(NumberSet numbers, bool areUids)
    {
        _isValid &= _mailbox.TryResolve(numbers, areUids, out var set);
        return set;
    }

    private SearchNode.Content Content(string text, bool inHeader)
    {
        _contents.Add((text, inHeader));
        return new SearchNode.Content(_contents.Count - 1);
    }

    private SequenceSet? ScopeOf(SearchKey key) => key switch
    {
        SearchKey.Sequence sequence => Resolve(sequence.Numbers, areUids: false),
        SearchKey.Uids uids => Resolve(uids.Numbers, areUids: true),
        SearchKey.And and => and.Keys.Select(ScopeOf).FirstOrDefault(static scope => scope is not null),
        _ => null,
    };
}

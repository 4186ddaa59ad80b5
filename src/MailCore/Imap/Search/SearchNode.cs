using MailCore.Imap.View;
using MailCore.Imap.Wire;
using MailCore.Mime;
using MailCore.Storage;

namespace MailCore.Imap.Search;

/// <summary>What must be known of a message to answer a criterion; each costs more than the one before it.</summary>
internal enum SearchCost
{
    /// <summary>The columns of the view.</summary>
    Columns,

    /// <summary>The store's row.</summary>
    Row,

    /// <summary>The summary.</summary>
    Summary,

    /// <summary>The header block.</summary>
    Header,

    /// <summary>The whole message.</summary>
    Body,
}

/// <summary>A message as far as it is known.</summary>
internal sealed class SearchSubject
{
    public SearchCost Known { get; set; }

    public NumberedMessage Message { get; set; }

    public bool IsRecent { get; set; }

    public MessageRow? Row { get; set; }

    public MessageSummary? Summary { get; set; }

    public ReadOnlyMemory<byte> Header { get; set; }

    /// <summary>By <see cref="SearchNode.Content.Index"/>.</summary>
    public bool[] Found { get; set; } = [];

    /// <summary>By <see cref="SearchNode.Content.Index"/>: the only messages that may hold the text; null when nothing is known.</summary>
    public IReadOnlyList<UidSet?> Candidates { get; set; } = [];
}

/// <summary>A criterion made ready for one mailbox.</summary>
internal abstract class SearchNode(SearchCost cost)
{
    public SearchCost Cost { get; } = cost;

    /// <summary>Null while too little is known.</summary>
    public bool? Evaluate(SearchSubject subject) => subject.Known >= Cost || IsCompound ? Test(subject) : null;

    protected virtual bool IsCompound => false;

    protected abstract bool? Test(SearchSubject subject);

    /// <summary>All or any of several; the cheapest are asked first.</summary>
    internal sealed class Group(IReadOnlyList<SearchNode> nodes, bool all) : SearchNode(nodes.Count == 0 ? SearchCost.Columns : nodes.Max(static node => node.Cost))
    {
        private readonly SearchNode[] _nodes = [.. nodes.OrderBy(static node => node.Cost)];

        protected override bool IsCompound => true;

        protected override bool? Test(SearchSubject subject)
        {
            bool? result = all;
            foreach (var node in _nodes)
            {
                switch (node.Evaluate(subject))
                {
                    case null:
                        result = null;
                        break;
                    case var value when value != all:
                        return !all;
                }
            }

            return result;
        }
    }

    internal sealed class Not(SearchNode node) : SearchNode(node.Cost)
    {
        protected override bool IsCompound => true;

        protected override bool? Test(SearchSubject subject) => !node.Evaluate(subject);
    }

    internal sealed class Columns(Func<SearchSubject, bool> test) : SearchNode(SearchCost.Columns)
    {
        protected override bool? Test(SearchSubject subject) => test(subject);
    }

    /// <summary>Message numbers or UIDs, both as message numbers.</summary>
    internal sealed class Numbers(SequenceSet set) : SearchNode(SearchCost.Columns)
    {
        public SequenceSet Set { get; } = set;

        protected override bool? Test(SearchSubject subject) => Set.Contains(subject.Message.Sequence);
    }

    internal sealed class Rows(Func<SearchSubject, bool> test) : SearchNode(SearchCost.Row)
    {
        protected override bool? Test(SearchSubject subject) => test(subject);
    }

    internal sealed class Day(DayRelation relation, DateOnly day, SearchCost cost, Func<SearchSubject, DateTimeOffset?> dateOf) : SearchNode(cost)
    {
        protected override bool? Test(SearchSubject subject)
        {
            // RFC 3501 6.4.4: disregarding time and zone, so the day is the one that was written.
            if (dateOf(subject) is not { } date)
            {
                return false;
            }

            var order = DateOnly.FromDateTime(date.DateTime).CompareTo(day);
            return relation switch
            {
                DayRelation.Before => order < 0,
                DayRelation.On => order == 0,
                _ => order >= 0,
            };
        }
    }

    /// <summary>Text that only reading the message can find; an index may know where it is in vain.</summary>
    internal sealed class Content(int index) : SearchNode(SearchCost.Body)
    {
        public int Index { get; } = index;

        protected override bool IsCompound => true;

        protected override bool? Test(SearchSubject subject) =>
            subject.Candidates[Index] is { } candidates && !candidates.Contains(subject.Message.Uid) ? false
            : subject.Known >= Cost ? subject.Found[Index]
            : null;
    }
}

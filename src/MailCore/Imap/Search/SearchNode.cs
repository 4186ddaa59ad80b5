using MailCore.Imap.Wire;
using MailCore.Mime;
using MailCore.Storage;

namespace MailCore.Imap.Search;

/// <summary>A criterion made ready for one mailbox; immutable but for <see cref="SearchPlan.Now"/> and what an index said.</summary>
internal abstract class SearchNode(SearchCost cost)
{
    public SearchCost Cost { get; } = cost;

    /// <summary>What <see cref="SearchCost.Row"/> and <see cref="SearchCost.Summary"/> need of the row.</summary>
    public virtual MessageFields Fields => Cost == SearchCost.Summary ? MessageFields.Summary : MessageFields.None;

    /// <summary>Null while too little is known.</summary>
    public bool? Evaluate(in SearchSubject subject) => subject.Known >= Cost || IsCompound ? Test(subject) : null;

    /// <summary>
    /// Asks for all rows of a block at once what the columns alone can tell. A bit is a row, from the lowest on; bits behind the last
    /// row mean nothing.
    /// </summary>
    /// <param name="block">The rows.</param>
    /// <param name="certain">Becomes those that match for sure.</param>
    /// <param name="possible">Becomes those, and the ones of which too little is known.</param>
    public virtual void Narrow(MessageBlock block, Span<ulong> certain, Span<ulong> possible)
    {
        certain.Clear();
        possible.Fill(ulong.MaxValue);
    }

    protected virtual bool IsCompound => false;

    protected abstract bool? Test(in SearchSubject subject);

    /// <summary>Every message, or none.</summary>
    internal sealed class Constant(bool value) : SearchNode(SearchCost.Columns)
    {
        public static Constant True { get; } = new(true);

        public static Constant False { get; } = new(false);

        public static Constant Of(bool value) => value ? True : False;

        public override void Narrow(MessageBlock block, Span<ulong> certain, Span<ulong> possible)
        {
            certain.Fill(value ? ulong.MaxValue : 0);
            possible.Fill(value ? ulong.MaxValue : 0);
        }

        protected override bool? Test(in SearchSubject subject) => value;
    }

    /// <summary>All or any of several, which stand in the order of their cost.</summary>
    internal sealed class Group(SearchNode[] nodes, bool all) : SearchNode(nodes.Max(static node => node.Cost))
    {
        public IReadOnlyList<SearchNode> Nodes => nodes;

        public bool IsAll => all;

        public override MessageFields Fields => nodes.Aggregate(MessageFields.None, static (fields, node) => fields | node.Fields);

        public override void Narrow(MessageBlock block, Span<ulong> certain, Span<ulong> possible)
        {
            Constant.Of(all).Narrow(block, certain, possible);
            Span<ulong> certainOfOne = stackalloc ulong[MessageBlock.Words];
            Span<ulong> possibleOfOne = stackalloc ulong[MessageBlock.Words];
            foreach (var node in nodes)
            {
                node.Narrow(block, certainOfOne, possibleOfOne);
                Join(certain, certainOfOne);
                Join(possible, possibleOfOne);
            }
        }

        protected override bool IsCompound => true;

        protected override bool? Test(in SearchSubject subject)
        {
            bool? result = all;
            foreach (var node in nodes)
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

        private void Join(Span<ulong> into, ReadOnlySpan<ulong> with)
        {
            for (var i = 0; i < into.Length; i++)
            {
                into[i] = all ? into[i] & with[i] : into[i] | with[i];
            }
        }
    }

    internal sealed class Not(SearchNode node) : SearchNode(node.Cost)
    {
        public SearchNode Inner => node;

        public override MessageFields Fields => node.Fields;

        public override void Narrow(MessageBlock block, Span<ulong> certain, Span<ulong> possible)
        {
            node.Narrow(block, possible, certain);
            for (var i = 0; i < certain.Length; i++)
            {
                (certain[i], possible[i]) = (~certain[i], ~possible[i]);
            }
        }

        protected override bool IsCompound => true;

        protected override bool? Test(in SearchSubject subject) => !node.Evaluate(subject);
    }

    /// <summary>The day of a date, disregarding time and zone, so that the day is the one that was written (RFC 3501 6.4.4).</summary>
    internal sealed class Day(DayRelation relation, DateOnly day, Day.Source source) : SearchNode(source == Day.Source.Sent ? SearchCost.Summary : SearchCost.Row)
    {
        internal enum Source
        {
            Internal,
            Saved,
            Sent,
        }

        public override MessageFields Fields => source == Source.Sent ? MessageFields.Summary : MessageFields.Dates;

        protected override bool? Test(in SearchSubject subject) => source switch
        {
            Source.Internal => Matches(subject.InternalDate),
            Source.Saved => Matches(subject.SaveDate),
            _ => EnvelopeView.TryOpen(subject.Summary, out var envelope)
                && envelope.TryGet(EnvelopeFields.Date, out var text) && MailDate.TryParse(text, out var date) && Matches(date),
        };

        private bool Matches(DateTimeOffset date)
        {
            var order = DateOnly.FromDateTime(date.DateTime).CompareTo(day);
            return relation switch
            {
                DayRelation.Before => order < 0,
                DayRelation.On => order == 0,
                _ => order >= 0,
            };
        }
    }

    /// <summary>The internal date by its age when the search begins (RFC 5032).</summary>
    internal sealed class Within(SearchPlan plan, long seconds, bool isYounger) : SearchNode(SearchCost.Row)
    {
        public override MessageFields Fields => MessageFields.Dates;

        protected override bool? Test(in SearchSubject subject)
        {
            // To the second, which is what internal dates are told in; exactly as old is both.
            var age = plan.Now.ToUnixTimeSeconds() - subject.InternalDate.ToUnixTimeSeconds();
            return isYounger ? age <= seconds : age >= seconds;
        }
    }

    internal sealed class EmailId(string value) : SearchNode(SearchCost.Row)
    {
        public override MessageFields Fields => MessageFields.EmailId;

        protected override bool? Test(in SearchSubject subject) => subject.EmailId == value;
    }

    /// <summary>Text that only reading the message can find; an index may know where it is in vain.</summary>
    internal sealed class Content(SearchPlan plan, int index) : SearchNode(SearchCost.Body)
    {
        public int Index { get; } = index;

        private UidSet? Candidates => plan.Candidates[Index];

        public override void Narrow(MessageBlock block, Span<ulong> certain, Span<ulong> possible)
        {
            certain.Clear();
            if (Candidates is { } candidates)
            {
                block.Where(candidates, possible);
            }
            else
            {
                possible.Fill(ulong.MaxValue);
            }
        }

        protected override bool IsCompound => true;

        protected override bool? Test(in SearchSubject subject) =>
            Candidates is { } candidates && !candidates.Contains(subject.Message.Uid) ? false
            : subject.Known >= Cost ? subject.Found[Index]
            : null;
    }
}

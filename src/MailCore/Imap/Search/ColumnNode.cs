using System.Runtime.Intrinsics;
using MailCore.Imap.View;
using MailCore.Storage;

namespace MailCore.Imap.Search;

/// <summary>A criterion that the columns of the view answer.</summary>
internal abstract class ColumnNode() : SearchNode(SearchCost.Columns)
{
    public override void Narrow(MessageBlock block, Span<ulong> certain, Span<ulong> possible)
    {
        Mark(block, certain);
        certain.CopyTo(possible);
    }

    protected abstract void Mark(MessageBlock block, Span<ulong> bits);

    /// <summary>Flags that must be set and others that must not be, in one comparison.</summary>
    internal sealed class Flags(ulong mask, ulong value) : ColumnNode
    {
        public ulong Mask => mask;

        public ulong Value => value;

        protected override bool? Test(in SearchSubject subject) => (subject.Message.FlagWord & mask) == value;

        protected override void Mark(MessageBlock block, Span<ulong> bits)
        {
            bits.Clear();
            var words = block.Flags;
            var row = 0;
            if (Vector256.IsHardwareAccelerated)
            {
                var masks = Vector256.Create(mask);
                var values = Vector256.Create(value);
                for (; row <= words.Length - Vector256<ulong>.Count; row += Vector256<ulong>.Count)
                {
                    var matches = Vector256.Equals(Vector256.Create(words[row..]) & masks, values);
                    bits[row / 64] |= (ulong)matches.ExtractMostSignificantBits() << (row % 64);
                }
            }

            for (; row < words.Length; row++)
            {
                bits[row / 64] |= (words[row] & mask) == value ? 1UL << (row % 64) : 0;
            }
        }
    }

    /// <summary>A keyword that the mailbox did not have when the plan was made; it may come.</summary>
    internal sealed class Keyword(SearchPlan plan, string name) : ColumnNode
    {
        protected override bool? Test(in SearchSubject subject) => (subject.Message.FlagWord & plan.KeywordBit(name)) != 0;

        protected override void Mark(MessageBlock block, Span<ulong> bits)
        {
            bits.Clear();
            if (plan.KeywordBit(name) is > 0 and var bit)
            {
                new Flags(bit, bit).Mark(block, bits);
            }
        }
    }

    /// <summary>Message numbers or UIDs. Both are kept as UIDs, so that no expunge makes them mean other messages.</summary>
    internal sealed class Uids(UidSet set) : ColumnNode
    {
        protected override bool? Test(in SearchSubject subject) => set.Contains(subject.Message.Uid);

        protected override void Mark(MessageBlock block, Span<ulong> bits) => block.Where(set, bits);
    }

    internal sealed class Recent(SelectedMailbox mailbox) : ColumnNode
    {
        protected override bool? Test(in SearchSubject subject) => mailbox.IsRecent(subject.Message.Uid);

        protected override void Mark(MessageBlock block, Span<ulong> bits)
        {
            bits.Clear();
            for (var row = 0; row < block.Count; row++)
            {
                bits[row / 64] |= mailbox.IsRecent(new Uid(block.Uids[row])) ? 1UL << (row % 64) : 0;
            }
        }
    }

    /// <summary>Larger than <paramref name="least"/> and smaller than <paramref name="most"/>.</summary>
    internal sealed class Size(long least, long most) : ColumnNode
    {
        protected override bool? Test(in SearchSubject subject) => subject.Message.Size > least && subject.Message.Size < most;

        protected override void Mark(MessageBlock block, Span<ulong> bits)
        {
            bits.Clear();
            var sizes = block.Sizes;
            for (var row = 0; row < sizes.Length; row++)
            {
                bits[row / 64] |= sizes[row] > least && sizes[row] < most ? 1UL << (row % 64) : 0;
            }
        }
    }

    /// <summary>Changed by a ModSeq or a later one.</summary>
    internal sealed class Changed(ModSeq from) : ColumnNode
    {
        protected override bool? Test(in SearchSubject subject) => subject.Message.ModSeq >= from;

        protected override void Mark(MessageBlock block, Span<ulong> bits)
        {
            bits.Clear();
            var modSeqs = block.ModSeqs;
            for (var row = 0; row < modSeqs.Length; row++)
            {
                bits[row / 64] |= modSeqs[row] >= from.Value ? 1UL << (row % 64) : 0;
            }
        }
    }
}

using System.Runtime.InteropServices;
using MailCore.Imap.Sorting;

namespace MailCore.Imap.Threads;

/// <summary>
/// REFERENCES (RFC 5256 3): answers below what they answer, threads about the same subject joined. And REFS, as
/// draft-ietf-morg-inthread has it and Dovecot announces it: without subjects, the thread with the newest message last.
/// </summary>
/// <remarks>Nodes are message identifiers while messages are linked; then they are messages, and behind them places without one.</remarks>
internal sealed class ReferenceThreads(KeyedMessages messages, bool usesSubjects) : MessageThreads(messages)
{
    private const int None = -1;

    private readonly int _references = messages.PlaceOf(KeyKind.References);
    private readonly ParentForest _forest = new();

    // By the number of an identifier: its node, if it stands in one of these messages.
    private readonly RentedList<int> _known = RentedList<int>.Of(messages.IdCount, None);

    // By node: its message, or none.
    private readonly RentedList<int> _messages = new();

    // By message.
    private readonly RentedList<int> _nodes = new();

    /// <summary>Octets of memory.</summary>
    public long Size => _forest.Size + (4L * (_known.Capacity + _messages.Capacity + _nodes.Capacity));

    /// <summary>Steps in which links between messages were made.</summary>
    public long Steps => _forest.Steps;

    public override bool Advance(int count)
    {
        for (var end = Math.Min(Count, (long)_nodes.Count + count); _nodes.Count < end;)
        {
            var key = MemoryMarshal.Cast<byte, int>(Messages.KeyOf(_references, _nodes.Count));
            var message = NodeOfMessage(key[0]);
            Link(message, key[1..]);
        }

        return _nodes.Count == Count;
    }

    public override ThreadTree Build()
    {
        using var order = InOrderOfTime();
        using var parents = RentedList<int>.Of(Count, None);
        using var missing = RentedList<int>.Of(Count, None);
        Prune(parents, missing);
        if (usesSubjects)
        {
            SubjectMerge.Run(Messages, order.Order, parents);
        }

        var tree = ThreadTree.From(parents.Span, order.Order);
        if (!usesSubjects)
        {
            SortByNewest(tree, parents, missing, order.Order);
        }

        return tree;
    }

    protected override void Dispose(bool disposing)
    {
        _forest.Dispose();
        _known.Dispose();
        _messages.Dispose();
        _nodes.Dispose();
        base.Dispose(disposing);
    }

    // A message without an identifier, or with one that another has already, is nobody's parent.
    private int NodeOfMessage(int id)
    {
        var node = id == None ? None : NodeOf(id);
        if (node == None || _messages[node] != None)
        {
            node = NewNode();
        }

        _messages[node] = _nodes.Count;
        _nodes.Add(node);
        return node;
    }

    private int NodeOf(int id)
    {
        if (_known[id] == None)
        {
            _known[id] = NewNode();
        }

        return _known[id];
    }

    private int NewNode()
    {
        _messages.Add(None);
        return _forest.Add();
    }

    // Step 1. Of those that a message refers to the last one is its parent.
    private void Link(int message, ReadOnlySpan<int> references)
    {
        var last = None;
        foreach (var id in references)
        {
            var next = NodeOf(id);
            if (last != None && _forest.ParentOf(next) == None)
            {
                _forest.TryLink(next, last);
            }

            last = next;
        }

        // 1.B: what others took for the parent is not, if the message says otherwise.
        var before = _forest.ParentOf(message);
        if (before != None && before != last)
        {
            _forest.Cut(message);
            before = None;
        }

        if (before == None && last != None)
        {
            _forest.TryLink(message, last);
        }
    }

    /// <summary>Steps 2 and 3: the parents of messages, without places that have no message but at the top of several.</summary>
    /// <param name="parents">Of each message; becomes longer by the places.</param>
    /// <param name="missing">Of each root the topmost node above it for which there is no message, or none; becomes as long.</param>
    private void Prune(RentedList<int> parents, RentedList<int> missing)
    {
        // Of a node without a message: what its children hang at, a message or, below zero, the topmost place (as ~node).
        using var anchors = RentedList<int>.Of(_forest.Count, int.MaxValue);
        using var childCounts = RentedList<int>.Of(_forest.Count, 0);
        for (var i = 0; i < Count; i++)
        {
            var above = _forest.ParentOf(_nodes[i]);
            parents[i] = above == None ? int.MaxValue : AnchorOf(above, anchors);
            if (parents[i] < 0)
            {
                childCounts[~parents[i]]++;
            }
        }

        var places = anchors;
        for (var node = 0; node < childCounts.Count; node++)
        {
            places[node] = None;
            if (childCounts[node] > 1)
            {
                places[node] = parents.Count;
                parents.Add(None);
                missing.Add(node);
            }
        }

        for (var i = 0; i < Count; i++)
        {
            if (parents[i] < 0)
            {
                missing[i] = ~parents[i];
                parents[i] = places[~parents[i]];
            }
            else if (parents[i] == int.MaxValue)
            {
                parents[i] = None;
            }
        }
    }

    private int AnchorOf(int node, RentedList<int> anchors)
    {
        var end = node;
        var anchor = int.MaxValue;
        while (anchor == int.MaxValue)
        {
            anchor = _messages[end] != None ? _messages[end]
                : anchors[end] != int.MaxValue ? anchors[end]
                : _forest.ParentOf(end) == None ? ~end
                : int.MaxValue;
            end = anchor == int.MaxValue ? _forest.ParentOf(end) : end;
        }

        // The way is not gone twice.
        for (; node != end; node = _forest.ParentOf(node))
        {
            anchors[node] = anchor;
        }

        return anchor;
    }

    // By the time of the newest message. The draft says no more; where it is the same Dovecot has threads first whose beginning is missing,
    // in the order in which it was named, and then goes by the numbers of the first messages.
    private void SortByNewest(ThreadTree tree, RentedList<int> parents, RentedList<int> missing, ReadOnlySpan<int> order)
    {
        var sent = Messages.PlaceOf(KeyKind.Sent);
        using var roots = RentedList<int>.Of(parents.Count, None);
        using var times = RentedList<int>.Of(parents.Count, 0);
        var time = 0;
        for (var place = 0; place < order.Length; place++)
        {
            time += place > 0 && !Messages.KeyOf(sent, order[place]).SequenceEqual(Messages.KeyOf(sent, order[place - 1])) ? 1 : 0;
            times[RootOf(order[place], parents, roots)] = time;
        }

        using var keys = new RentedList<ulong>();
        foreach (var root in tree.Roots.Span)
        {
            keys.Add(((ulong)times[root] << 32) | (uint)(missing[root] == None ? _forest.Count + root : missing[root]));
        }

        keys.Span.Sort(tree.Roots.Span);
    }

    private static int RootOf(int node, RentedList<int> parents, RentedList<int> roots)
    {
        var end = node;
        while (roots[end] == None && parents[end] != None)
        {
            end = parents[end];
        }

        var root = roots[end] == None ? end : roots[end];
        roots[end] = root;
        for (; node != end; node = parents[node])
        {
            roots[node] = root;
        }

        return root;
    }
}

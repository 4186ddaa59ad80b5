using System.Buffers;
using MailCore.Imap.Sorting;
using MailCore.Mime;

namespace MailCore.Imap.Threads;

/// <summary>
/// REFERENCES (RFC 5256 3): answers below what they answer, threads about the same subject joined. And REFS, as
/// draft-ietf-morg-inthread has it and Dovecot announces it: without subjects, the thread with the newest message last.
/// </summary>
/// <remarks>Nodes are message identifiers while messages are added; then they are messages, and behind them places without one.</remarks>
internal sealed class ReferenceThreads(bool usesSubjects) : MessageThreads
{
    /// <summary>Octets of References that count, the last ones: the nearest ancestors. Else a sender could fill the memory.</summary>
    internal const int MaxReferences = 16 * 1024;

    private const int None = -1;

    private readonly MessageIdTable _ids = new();
    private readonly ParentForest _forest = new();
    private readonly TextColumn _subjects = new();

    // By identifier: its message, or none.
    private readonly List<int> _messages = [];

    // By message.
    private readonly List<int> _nodes = [];
    private readonly List<bool> _areReplies = [];

    public override long Size => base.Size + _ids.Size + _forest.Size + _subjects.Size + (4L * (_messages.Capacity + _nodes.Capacity)) + _areReplies.Capacity;

    /// <summary>Steps in which links between messages were made.</summary>
    public long Steps => _forest.Steps;

    public override ThreadTree Build()
    {
        var order = InOrderOfTime();
        var parents = Prune();
        if (usesSubjects)
        {
            parents = new SubjectMerge(_subjects, _areReplies, order).Merge(parents);
        }

        var tree = ThreadTree.From(parents, order);
        if (!usesSubjects)
        {
            SortByNewest(tree, parents, order);
        }

        return tree;
    }

    protected override void Add(EnvelopeView envelope)
    {
        envelope.TryGet(EnvelopeFields.MessageId, out var messageId);
        envelope.TryGet(EnvelopeFields.References, out var references);
        references = references[Math.Max(0, references.Length - MaxReferences)..];
        envelope.TryGet(EnvelopeFields.InReplyTo, out var inReplyTo);
        var longest = Math.Max(messageId.Length, Math.Max(references.Length, inReplyTo.Length));
        byte[]? rented = null;
        var room = longest <= 1024 ? stackalloc byte[longest] : (rented = ArrayPool<byte>.Shared.Rent(longest));
        var message = NodeOf(messageId, room);
        LinkReferences(message, references, inReplyTo, room);
        if (rented is not null)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }

        if (usesSubjects)
        {
            envelope.TryGet(EnvelopeFields.Subject, out var subject);
            _areReplies.Add(_subjects.AddSubject(subject));
        }
    }

    // A message without an identifier, or with one that another has already, is nobody's parent.
    private int NodeOf(ReadOnlySpan<byte> messageId, Span<byte> room)
    {
        var node = new MessageIdReader(messageId, room).TryNext(out var id) ? Node(_ids.NumberOf(id)) : None;
        if (node == None || _messages[node] != None)
        {
            node = Node(_ids.NewNumber());
        }

        _messages[node] = _nodes.Count;
        _nodes.Add(node);
        return node;
    }

    private int Node(int number)
    {
        if (number == _forest.Count)
        {
            _forest.Add();
            _messages.Add(None);
        }

        return number;
    }

    // Step 1.
    private void LinkReferences(int message, ReadOnlySpan<byte> references, ReadOnlySpan<byte> inReplyTo, Span<byte> room)
    {
        var last = None;
        for (var reader = new MessageIdReader(references, room); reader.TryNext(out var id);)
        {
            var next = Node(_ids.NumberOf(id));
            if (last != None && _forest.ParentOf(next) == None)
            {
                _forest.TryLink(next, last);
            }

            last = next;
        }

        if (last == None && new MessageIdReader(inReplyTo, room).TryNext(out var answered))
        {
            last = Node(_ids.NumberOf(answered));
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
    private int[] Prune()
    {
        // Of a node without a message: what its children hang at, a message or, below zero, the topmost place (as ~node).
        var anchors = new int[_forest.Count];
        Array.Fill(anchors, int.MaxValue);
        var parents = new int[Count];
        var childCounts = new int[_forest.Count];
        for (var i = 0; i < parents.Length; i++)
        {
            var above = _forest.ParentOf(_nodes[i]);
            parents[i] = above == None ? int.MaxValue : AnchorOf(above, anchors);
            if (parents[i] < 0)
            {
                childCounts[~parents[i]]++;
            }
        }

        var placeCount = 0;
        var places = anchors;
        for (var node = 0; node < childCounts.Length; node++)
        {
            places[node] = childCounts[node] > 1 ? Count + placeCount++ : None;
        }

        for (var i = 0; i < parents.Length; i++)
        {
            parents[i] = parents[i] == int.MaxValue ? None : parents[i] < 0 ? places[~parents[i]] : parents[i];
        }

        Array.Resize(ref parents, Count + placeCount);
        parents.AsSpan(Count).Fill(None);
        return parents;
    }

    private int AnchorOf(int node, int[] anchors)
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

    private static void SortByNewest(ThreadTree tree, int[] parents, int[] order)
    {
        var roots = new int[parents.Length];
        Array.Fill(roots, None);
        var newest = new int[parents.Length];
        for (var place = 0; place < order.Length; place++)
        {
            newest[RootOf(order[place], parents, roots)] = place;
        }

        tree.Roots.AsSpan().Sort((a, b) => newest[a].CompareTo(newest[b]));
    }

    private static int RootOf(int node, int[] parents, int[] roots)
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

using MailCore.Imap.Sorting;

namespace MailCore.Imap.Threads;

/// <summary>
/// Who is whose parent, with the guarantee that nobody becomes its own ancestor. Each change takes log n steps on average, however
/// deep the trees are and in whatever order they grow: beside the parents stands a link/cut tree, whose paths are splay trees.
/// </summary>
internal sealed class ParentForest : IDisposable
{
    private const int None = -1;

    private readonly RentedList<Node> _nodes = new();

    public int Count => _nodes.Count;

    /// <summary>Steps taken so far.</summary>
    public long Steps { get; private set; }

    /// <summary>Octets of memory.</summary>
    public long Size => 20L * _nodes.Capacity;

    /// <summary>Adds a node that hangs at none; they are counted from 0 on.</summary>
    public int Add()
    {
        _nodes.Add(new Node { Parent = None, ChildCount = 0, Left = None, Right = None, Up = None });
        return Count - 1;
    }

    /// <summary>-1 for none.</summary>
    public int ParentOf(int node) => _nodes[node].Parent;

    /// <summary>Makes a node without a parent the child of another; does nothing where that would close a circle.</summary>
    public bool TryLink(int child, int parent)
    {
        // Who has no children is nobody's ancestor.
        if (child == parent || (_nodes[child].ChildCount > 0 && RootOf(parent) == child))
        {
            return false;
        }

        Access(child);
        Of(child).Up = parent;
        Of(child).Parent = parent;
        Of(parent).ChildCount++;
        return true;
    }

    public void Cut(int child)
    {
        Access(child);
        Of(Of(child).Left).Up = None;
        Of(child).Left = None;
        Of(Of(child).Parent).ChildCount--;
        Of(child).Parent = None;
    }

    public void Dispose() => _nodes.Dispose();

    private int RootOf(int node)
    {
        Access(node);
        while (Of(node).Left != None)
        {
            Steps++;
            node = Of(node).Left;
        }

        Splay(node);
        return node;
    }

    private ref Node Of(int node) => ref _nodes[node];

    // Makes the way from the root to the node one splay tree, with the node at its top.
    private void Access(int node)
    {
        var below = None;
        for (var top = node; top != None; top = Of(top).Up)
        {
            Splay(top);
            Of(top).Right = below;
            below = top;
        }

        Splay(node);
    }

    private bool IsTop(int node) => Of(node).Up is var up && (up == None || (Of(up).Left != node && Of(up).Right != node));

    private void Splay(int node)
    {
        while (!IsTop(node))
        {
            var up = Of(node).Up;
            if (!IsTop(up))
            {
                var isStraight = (Of(up).Left == node) == (Of(Of(up).Up).Left == up);
                Rotate(isStraight ? up : node);
            }

            Rotate(node);
        }
    }

    private void Rotate(int node)
    {
        Steps++;
        var up = Of(node).Up;
        var above = Of(up).Up;
        if (!IsTop(up))
        {
            _ = Of(above).Left == up ? Of(above).Left = node : Of(above).Right = node;
        }

        var isLeft = Of(up).Left == node;
        var inner = isLeft ? Of(node).Right : Of(node).Left;
        _ = isLeft ? Of(up).Left = inner : Of(up).Right = inner;
        _ = isLeft ? Of(node).Right = up : Of(node).Left = up;
        if (inner != None)
        {
            Of(inner).Up = up;
        }

        Of(up).Up = node;
        Of(node).Up = above;
    }

    private struct Node
    {
        public int Parent;
        public int ChildCount;
        public int Left;
        public int Right;
        public int Up;
    }
}

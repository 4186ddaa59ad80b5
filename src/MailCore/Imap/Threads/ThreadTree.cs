namespace MailCore.Imap.Threads;

/// <summary>Messages in threads. A node past the messages is a place without a message, which only roots may be.</summary>
internal sealed class ThreadTree
{
    private readonly int[] _firstChild;
    private readonly int[] _nextSibling;

    private ThreadTree(int nodeCount)
    {
        _firstChild = new int[nodeCount];
        _nextSibling = new int[nodeCount];
        Array.Fill(_firstChild, -1);
        Array.Fill(_nextSibling, -1);
    }

    /// <summary>In their order.</summary>
    public int[] Roots { get; private set; } = [];

    /// <summary>-1 for none.</summary>
    public int FirstChildOf(int node) => _firstChild[node];

    /// <summary>-1 for none.</summary>
    public int NextSiblingOf(int node) => _nextSibling[node];

    /// <param name="parents">Of each node, -1 for roots.</param>
    /// <param name="order">
    /// The messages in the order in which siblings, and threads by their roots, are to stand; a root without a message stands where
    /// its first child would.
    /// </param>
    public static ThreadTree From(ReadOnlySpan<int> parents, ReadOnlySpan<int> order)
    {
        var tree = new ThreadTree(parents.Length);
        var lastChild = new int[parents.Length];
        Array.Fill(lastChild, -1);
        var roots = new List<int>();
        foreach (var message in order)
        {
            var parent = parents[message];
            if (parent < 0)
            {
                roots.Add(message);
                continue;
            }

            if (lastChild[parent] < 0)
            {
                tree._firstChild[parent] = message;
                if (parent >= order.Length)
                {
                    roots.Add(parent);
                }
            }
            else
            {
                tree._nextSibling[lastChild[parent]] = message;
            }

            lastChild[parent] = message;
        }

        tree.Roots = [.. roots];
        return tree;
    }
}

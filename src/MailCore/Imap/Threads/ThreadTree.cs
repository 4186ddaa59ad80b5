using MailCore.Imap.Sorting;

namespace MailCore.Imap.Threads;

/// <summary>Messages in threads. A node past the messages is a place without a message, which only roots may be.</summary>
internal sealed class ThreadTree : IDisposable
{
    private const int None = -1;

    private readonly RentedList<int> _firstChild;
    private readonly RentedList<int> _nextSibling;

    private ThreadTree(int nodeCount)
    {
        _firstChild = RentedList<int>.Of(nodeCount, None);
        _nextSibling = RentedList<int>.Of(nodeCount, None);
    }

    /// <summary>In their order.</summary>
    public RentedList<int> Roots { get; } = new();

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
        using var lastChild = RentedList<int>.Of(parents.Length, None);
        foreach (var message in order)
        {
            var parent = parents[message];
            if (parent < 0)
            {
                tree.Roots.Add(message);
                continue;
            }

            if (lastChild[parent] < 0)
            {
                tree._firstChild[parent] = message;
                if (parent >= order.Length)
                {
                    tree.Roots.Add(parent);
                }
            }
            else
            {
                tree._nextSibling[lastChild[parent]] = message;
            }

            lastChild[parent] = message;
        }

        return tree;
    }

    public void Dispose()
    {
        _firstChild.Dispose();
        _nextSibling.Dispose();
        Roots.Dispose();
    }
}

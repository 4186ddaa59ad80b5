using MailCore.Imap.Sorting;

namespace MailCore.Imap.Threads;

/// <summary>Step 5 of REFERENCES (RFC 5256 3): joins the threads that are about the same.</summary>
internal static class SubjectMerge
{
    private const int None = -1;

    /// <param name="messages">With their subjects.</param>
    /// <param name="order">The messages by time.</param>
    /// <param name="parents">Of each node; altered. There may be more places without a message then.</param>
    public static void Run(KeyedMessages messages, ReadOnlySpan<int> order, RentedList<int> parents)
    {
        using var firsts = RentedList<int>.Of(parents.Count, None);
        using var roots = Roots(order, parents, firsts);
        using var table = new SubjectTable(messages, roots.Count);
        Populate(table, roots, firsts, order.Length);
        // Of a place without a message: the one its children went to.
        var mergedInto = new Dictionary<int, int>();
        foreach (var root in roots.Span)
        {
            var first = firsts[root];
            if (table.SubjectOf(first).IsEmpty)
            {
                continue;
            }

            ref var other = ref table.NodeOf(first, out _);
            if (other == root)
            {
                continue;
            }

            if (other >= order.Length)
            {
                // Both are places, or the message goes below the other's children's place.
                _ = root >= order.Length ? mergedInto[root] = other : parents[root] = other;
            }
            else if (table.IsReply(root) && !table.IsReply(other))
            {
                parents[root] = other;
            }
            else
            {
                var place = parents.Count;
                parents.Add(None);
                parents[root] = parents[other] = place;
                other = place;
            }
        }

        for (var message = 0; message < order.Length && mergedInto.Count > 0; message++)
        {
            parents[message] = mergedInto.GetValueOrDefault(parents[message], parents[message]);
        }
    }

    // Step 4: the roots in order, and the first message of each.
    private static RentedList<int> Roots(ReadOnlySpan<int> order, RentedList<int> parents, RentedList<int> firsts)
    {
        var roots = new RentedList<int>();
        foreach (var message in order)
        {
            var root = parents[message] == None ? message : parents[message];
            if (firsts[root] == None && (parents[message] == None || root >= order.Length))
            {
                roots.Add(root);
                firsts[root] = message;
            }
        }

        return roots;
    }

    // 5.B: for each subject the thread to which others are joined.
    private static void Populate(SubjectTable table, RentedList<int> roots, RentedList<int> firsts, int messageCount)
    {
        foreach (var root in roots.Span)
        {
            var first = firsts[root];
            if (table.SubjectOf(first).IsEmpty)
            {
                continue;
            }

            ref var other = ref table.NodeOf(first, out var isNew);
            if (isNew || (other < messageCount && (root >= messageCount || (table.IsReply(other) && !table.IsReply(root)))))
            {
                other = root;
            }
        }
    }
}

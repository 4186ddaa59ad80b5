using MailCore.Imap.Sorting;

namespace MailCore.Imap.Threads;

/// <summary>Step 5 of REFERENCES (RFC 5256 3): joins the threads that are about the same.</summary>
/// <param name="subjects">The base subjects of the messages.</param>
/// <param name="areReplies">Whether each is a reply or a forwarded message.</param>
/// <param name="order">The messages by time.</param>
internal sealed class SubjectMerge(TextColumn subjects, List<bool> areReplies, int[] order)
{
    private const int None = -1;

    private readonly int _messageCount = order.Length;

    /// <summary>Gives back the new parents; there may be more places without a message.</summary>
    public int[] Merge(int[] parents)
    {
        var (roots, firsts) = Roots(parents);
        var table = Populate(roots, firsts);
        var result = new List<int>(parents);
        // Of a place without a message: the one its children went to.
        var mergedInto = new Dictionary<int, int>();
        foreach (var root in roots)
        {
            var first = firsts[root];
            if (subjects[first].IsEmpty || table[first] is var other && other == root)
            {
                continue;
            }

            if (IsPlace(other))
            {
                // Both are places, or the message goes below the other's children's place.
                _ = IsPlace(root) ? mergedInto[root] = other : result[root] = other;
            }
            else if (areReplies[root] && !areReplies[other])
            {
                result[root] = other;
            }
            else
            {
                var place = result.Count;
                result.Add(None);
                result[root] = result[other] = place;
                table[first] = place;
            }
        }

        for (var message = 0; message < _messageCount && mergedInto.Count > 0; message++)
        {
            result[message] = mergedInto.GetValueOrDefault(result[message], result[message]);
        }

        return [.. result];
    }

    private bool IsPlace(int node) => node >= _messageCount;

    // Step 4: the roots in order, and the first message of each.
    private (List<int> Roots, int[] Firsts) Roots(int[] parents)
    {
        var roots = new List<int>();
        var firsts = new int[parents.Length];
        Array.Fill(firsts, None);
        foreach (var message in order)
        {
            var root = parents[message] == None ? message : parents[message];
            if (firsts[root] == None && (parents[message] == None || IsPlace(root)))
            {
                roots.Add(root);
                firsts[root] = message;
            }
        }

        return (roots, firsts);
    }

    // 5.B: for each subject the thread to which others are joined.
    private Dictionary<int, int> Populate(List<int> roots, int[] firsts)
    {
        var table = new Dictionary<int, int>(new TextColumnComparer(subjects));
        foreach (var root in roots)
        {
            var first = firsts[root];
            if (subjects[first].IsEmpty || table.TryAdd(first, root))
            {
                continue;
            }

            var other = table[first];
            if (!IsPlace(other) && (IsPlace(root) || (areReplies[other] && !areReplies[root])))
            {
                table[first] = root;
            }
        }

        return table;
    }
}

namespace MailCore.Imap.Sorting;

/// <summary>Sorts by numbers, without a comparison that is a call; mail mostly arrives in order.</summary>
internal static class NumberOrder
{
    /// <summary>Orders <paramref name="items"/> by their keys and, where those are the same, by themselves; both arrays are altered.</summary>
    public static void Sort(long[] keys, int[] items)
    {
        if (IsSorted(keys, items))
        {
            return;
        }

        Array.Sort(keys, items);
        for (int first = 0, next; first < keys.Length; first = next)
        {
            for (next = first + 1; next < keys.Length && keys[next] == keys[first]; next++)
            {
            }

            items.AsSpan(first..next).Sort();
        }
    }

    private static bool IsSorted(long[] keys, int[] items)
    {
        for (var i = 1; i < keys.Length; i++)
        {
            if (keys[i - 1] > keys[i] || (keys[i - 1] == keys[i] && items[i - 1] > items[i]))
            {
                return false;
            }
        }

        return true;
    }
}

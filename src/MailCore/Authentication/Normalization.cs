namespace MailCore.Authentication;

/// <summary>Normalisation form KC of Unicode 3.2 (UAX 15).</summary>
internal static class Normalization
{
    // The Hangul syllables are computed (Unicode 3.12).
    private const int SBase = 0xAC00, LBase = 0x1100, VBase = 0x1161, TBase = 0x11A7, LCount = 19, VCount = 21, TCount = 28;

    public static List<int> ToKc(List<int> text)
    {
        var tables = PreparationTables.Instance;
        var points = new List<int>(text.Count);
        foreach (var point in text)
        {
            Decompose(point, points, tables);
        }

        Order(points, tables);
        Compose(points, tables);
        return points;
    }

    private static void Decompose(int point, List<int> into, PreparationTables tables)
    {
        var syllable = point - SBase;
        if (syllable is >= 0 and < LCount * VCount * TCount)
        {
            into.Add(LBase + (syllable / (VCount * TCount)));
            into.Add(VBase + (syllable % (VCount * TCount) / TCount));
            if (syllable % TCount > 0)
            {
                into.Add(TBase + (syllable % TCount));
            }
        }
        else if (tables.Decompositions.TryGetValue(point, out var parts))
        {
            into.AddRange(parts);
        }
        else
        {
            into.Add(point);
        }
    }

    // Combining marks, by class, those of one class in the order they came: insertion sort within each run. Names are short, but a
    // client chooses them; 255 marks are 32,000 steps.
    private static void Order(List<int> points, PreparationTables tables)
    {
        for (var i = 1; i < points.Count; i++)
        {
            var (point, rank) = (points[i], tables.CombiningClass(points[i]));
            var at = i;
            for (; rank > 0 && at > 0 && tables.CombiningClass(points[at - 1]) > rank; at--)
            {
                points[at] = points[at - 1];
            }

            points[at] = point;
        }
    }

    private static void Compose(List<int> points, PreparationTables tables)
    {
        var (starter, kept, lastClass) = (-1, 0, 0);
        for (var i = 0; i < points.Count; i++)
        {
            var rank = tables.CombiningClass(points[i]);
            var isAdjacent = starter >= 0 && starter == kept - 1;
            // Blocked by a mark of the same or a higher class, or by a starter in between.
            if (starter >= 0 && (isAdjacent || (rank != 0 && lastClass < rank)) && TryCompose(points[starter], points[i], tables, out var composite))
            {
                points[starter] = composite;
                continue;
            }

            points[kept++] = points[i];
            if (rank == 0)
            {
                starter = kept - 1;
            }

            lastClass = rank;
        }

        points.RemoveRange(kept, points.Count - kept);
    }

    private static bool TryCompose(int first, int second, PreparationTables tables, out int composite)
    {
        if (first - LBase is >= 0 and < LCount && second - VBase is >= 0 and < VCount)
        {
            composite = SBase + ((((first - LBase) * VCount) + (second - VBase)) * TCount);
            return true;
        }

        if (first - SBase is >= 0 and < LCount * VCount * TCount && (first - SBase) % TCount == 0 && second - TBase is > 0 and < TCount)
        {
            composite = first + (second - TBase);
            return true;
        }

        return tables.Compositions.TryGetValue((first, second), out composite);
    }
}

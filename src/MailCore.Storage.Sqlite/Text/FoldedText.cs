using System.Text;

namespace MailCore.Storage.Sqlite.Text;

/// <summary>
/// Text as the index has it: two texts that are the same without regard to case, as engines compare them, are the same here, and FTS5
/// needs no rules of its own for that.
/// </summary>
internal static class FoldedText
{
    private const int TrigramLength = 3;
    private const int MaxTrigrams = 64;

    public static void Append(StringBuilder folded, ReadOnlySpan<char> text)
    {
        foreach (var rune in text.EnumerateRunes())
        {
            // FTS5 takes NUL for the end.
            folded.Append(rune.Value == 0 ? '\uFFFD' : Rune.ToUpperInvariant(rune));
        }
    }

    /// <summary>What to ask FTS5, or null for a text too short to be found in trigrams.</summary>
    public static string? Query(string text, MessageTextScope scope)
    {
        var folded = new StringBuilder();
        Append(folded, text);
        Rune[] runes = [.. folded.ToString().EnumerateRunes()];
        if (runes.Length < TrigramLength)
        {
            return null;
        }

        var trigrams = new HashSet<string>();
        for (var i = 0; i + TrigramLength <= runes.Length && trigrams.Count < MaxTrigrams; i++)
        {
            trigrams.Add(string.Concat(runes[i..(i + TrigramLength)]).Replace("\"", "\"\"", StringComparison.Ordinal));
        }

        var query = string.Join(" AND ", trigrams.Select(static trigram => $"\"{trigram}\""));
        return scope == MessageTextScope.Body ? $"body : ({query})" : query;
    }
}

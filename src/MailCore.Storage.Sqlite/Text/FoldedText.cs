using System.Buffers;
using System.Text;

namespace MailCore.Storage.Sqlite.Text;

/// <summary>
/// Text as the index has it: two texts that are the same as engines compare them (<see cref="MessageText.Prepare"/>) are the same here,
/// and FTS5 needs no rules of its own for that.
/// </summary>
internal static class FoldedText
{
    private const int TrigramLength = 3;
    private const int MaxTrigrams = 64;

    /// <summary>What FTS5 is to keep or to look for, of text that has been prepared: it takes NUL for the end.</summary>
    public static string Of(ReadOnlySpan<char> prepared) => new string(prepared).Replace('\0', '\uFFFD');

    /// <summary>What to ask FTS5, or null for a text too short to be found in trigrams.</summary>
    public static string? Query(string text, MessageTextScope scope)
    {
        var prepared = new ArrayBufferWriter<char>();
        MessageText.Prepare(text, prepared);
        Rune[] runes = [.. Of(prepared.WrittenSpan).EnumerateRunes()];
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

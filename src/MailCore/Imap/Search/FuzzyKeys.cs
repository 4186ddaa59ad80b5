using MailCore.Imap.Wire;

namespace MailCore.Imap.Search;

/// <summary>
/// What FUZZY means here (RFC 6203 leaves it to the server): a text matches where all of its words do, anywhere and in any order. Other
/// keys match as without it.
/// </summary>
internal static class FuzzyKeys
{
    /// <summary>What a message scores that matches word for word, and one that does not.</summary>
    public const int ExactScore = 100;

    public const int NearScore = 50;

    public static bool IsIn(SearchKey key) => key.Any(static one => one is SearchKey.Fuzzy);

    /// <summary>The key as it is meant within FUZZY.</summary>
    public static SearchKey Loosen(SearchKey key) => key.Replace(static one => one switch
    {
        SearchKey.Text text => Words(text.Content, static word => new SearchKey.Text(word)),
        SearchKey.Body body => Words(body.Content, static word => new SearchKey.Body(word)),
        SearchKey.Header header => Words(header.Content, word => new SearchKey.Header(header.Field, word)),
        _ => null,
    });

    /// <summary>The same without FUZZY.</summary>
    public static SearchKey Exactly(SearchKey key) => key.Replace(static one => one is SearchKey.Fuzzy fuzzy ? Exactly(fuzzy.Key) : null);

    private static SearchKey.And? Words(string text, Func<string, SearchKey> keyOf)
    {
        var words = new List<SearchKey>();
        var start = -1;
        for (var i = 0; i <= text.Length; i++)
        {
            var isWord = i < text.Length && (char.IsLetterOrDigit(text[i]) || char.IsSurrogate(text[i]) || char.GetUnicodeCategory(text[i]) == System.Globalization.UnicodeCategory.NonSpacingMark);
            if (isWord)
            {
                start = start < 0 ? i : start;
            }
            else if (start >= 0)
            {
                words.Add(keyOf(text[start..i]));
                start = -1;
            }
        }

        return words.Count == 0 ? null : new SearchKey.And(words);
    }
}

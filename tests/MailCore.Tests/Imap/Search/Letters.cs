using System.Text;

namespace MailCore.Tests.Imap.Search;

/// <summary>Letters with what i;unicode-casemap makes of them, written down from RFC 5051 and Unicode's charts, not reckoned.</summary>
internal static class Letters
{
    private static readonly Dictionary<string, string[]> ByPrepared = new()
    {
        ["A"] = ["a", "A", "\uFF41", "\uFF21", "\U0001D400"],
        ["B"] = ["b", "B", "\uFF42"],
        ["I"] = ["i", "I", "ı"],
        ["K"] = ["k", "K", "\u212A"],
        ["S"] = ["s", "S", "ſ"],
        ["Z"] = ["z", "Z"],
        ["a"] = ["\u00AA", "\U0001D41A"],
        ["2"] = ["2", "²"],
        [" "] = [" ", "\u00A0"],
        ["-"] = ["-"],
        ["E\u0301"] = ["é", "É", "e\u0301", "E\u0301"],
        ["O\u0308"] = ["ö", "Ö", "o\u0308"],
        ["U\u0308"] = ["ü", "Ü"],
        ["A\u030A"] = ["å", "Å", "\u212B"],
        ["S\u030C"] = ["š", "Š"],
        ["Ł"] = ["ł", "Ł"],
        ["ß"] = ["ß"],
        ["\u1E9E"] = ["\u1E9E"],
        ["fi"] = ["ﬁ"],
        ["Dz\u030C"] = ["ǆ", "Ǆ", "ǅ"],
        ["I\u0307"] = ["İ"],
        ["Σ"] = ["σ", "ς", "Σ"],
        ["Α\u0301"] = ["ά", "Ά"],
        ["Ω"] = ["ω", "Ω", "\u2126"],
        ["П"] = ["п", "П"],
        ["И\u0306"] = ["й", "Й"],
        ["Е\u0308"] = ["ё", "Ё"],
        ["ა"] = ["ა"],
        ["\u30AB\u3099"] = ["ガ", "ｶﾞ"],
        ["日"] = ["日"],
        ["\u1100\u1161"] = ["가"],
        ["\u1100\u1161\u11A8"] = ["각"],
        ["𐐀"] = ["𐐨", "𐐀"],
        ["🎉"] = ["🎉"],
    };

    private static readonly Dictionary<string, string> Prepared =
        ByPrepared.SelectMany(static pair => pair.Value.Select(letter => (letter, pair.Key))).ToDictionary(static pair => pair.letter, static pair => pair.Key);

    /// <summary>Those that a charset has.</summary>
    public static string[] Of(Encoding charset) => [.. Prepared.Keys.Where(letter => Has(charset, letter))];

    public static string Prepare(IEnumerable<string> letters) => string.Concat(letters.Select(static letter => Prepared[letter]));

    /// <summary>Another letter that compares as the same, or the same.</summary>
    public static string Other(string letter, Random random) => ByPrepared[Prepared[letter]] is var same ? same[random.Next(same.Length)] : "";

    private static bool Has(Encoding charset, string letter)
    {
        try
        {
            return charset.GetString(charset.GetBytes(letter)) == letter;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}

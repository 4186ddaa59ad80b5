using System.Text;

namespace MailCore.Authentication;

/// <summary>
/// SASLprep (RFC 4013): user names and passwords in the one form in which they are compared. It follows Unicode 3.2, as the RFC
/// does, by tables of its own: the framework does not normalise in applications that run without its culture data. Code points that
/// Unicode 3.2 had not assigned are allowed, as in queries.
/// </summary>
internal static class SaslPrep
{
    /// <summary>The prepared form, or null for what must not occur in names and passwords.</summary>
    public static string? Prepare(string text)
    {
        if (IsPlainAscii(text))
        {
            return text;
        }

        if (!TryMap(text, out var mapped))
        {
            return null;
        }

        var normal = Normalization.ToKc(mapped);
        var tables = PreparationTables.Instance;
        var (hasRight, hasLeft) = (false, false);
        foreach (var point in normal)
        {
            if (tables.Prohibited.Contains(point))
            {
                return null;
            }

            hasRight |= tables.RightToLeft.Contains(point);
            hasLeft |= tables.LeftToRight.Contains(point);
        }

        // RFC 3454 6
        if (hasRight && (hasLeft || !tables.RightToLeft.Contains(normal[0]) || !tables.RightToLeft.Contains(normal[^1])))
        {
            return null;
        }

        var result = new StringBuilder(normal.Count);
        foreach (var point in normal)
        {
            result.Append(char.ConvertFromUtf32(point));
        }

        return result.ToString();
    }

    /// <summary>For passwords: what can't be prepared is taken as it is, as it was when such passwords were set.</summary>
    public static string PrepareOrKeep(string text) => Prepare(text) is { Length: > 0 } prepared ? prepared : text;

    private static bool IsPlainAscii(string text) => !text.AsSpan().ContainsAnyExceptInRange(' ', '~');

    // RFC 4013 2.1. False where the text is no Unicode.
    private static bool TryMap(string text, out List<int> mapped)
    {
        mapped = new List<int>(text.Length);
        var tables = PreparationTables.Instance;
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsSurrogate(text[i]) && !(i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1])))
            {
                return false;
            }

            var point = char.ConvertToUtf32(text, i);
            i += point > 0xFFFF ? 1 : 0;
            if (!tables.MappedToNothing.Contains(point))
            {
                mapped.Add(tables.MappedToSpace.Contains(point) ? ' ' : point);
            }
        }

        return true;
    }
}

using System.Buffers;
using System.Net;
using System.Text;

namespace MailCore.Mime;

/// <summary>The readable text of HTML, roughly: enough for a preview.</summary>
internal static class HtmlText
{
    private static readonly string[] Inline = ["a", "abbr", "b", "em", "font", "i", "s", "small", "span", "strong", "sub", "sup", "u"];
    private static readonly string[] Hidden = ["style", "script", "title"];

    private static readonly SearchValues<char> NameCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789");

    /// <summary>The text without tags and with character references resolved; ends early behind <paramref name="wanted"/> characters.</summary>
    public static string Read(ReadOnlySpan<char> html, int wanted)
    {
        var text = new StringBuilder();
        for (var seen = 0; !html.IsEmpty && seen < wanted;)
        {
            var tag = html.IndexOf('<');
            var before = tag < 0 ? html : html[..tag];
            text.Append(before);
            seen += before.Trim().Length;
            html = tag < 0 ? default : SkipTag(html[tag..], text);
        }

        return WebUtility.HtmlDecode(text.ToString());
    }

    private static ReadOnlySpan<char> SkipTag(ReadOnlySpan<char> html, StringBuilder text)
    {
        if (html.StartsWith("<!--"))
            return After(html, "-->");

        var closing = html.StartsWith("</");
        var name = Name(html[(closing ? 2 : 1)..]);
        if (name.IsEmpty && !closing && !html.StartsWith("<!") && !html.StartsWith("<?"))
        {
            text.Append('<');
            return html[1..];
        }

        if (Find(Inline, name) is null)
            text.Append(' ');

        if (!closing && Find(Hidden, name) is { } hidden)
            html = After(html, $"</{hidden}");

        return After(html, ">");
    }

    private static ReadOnlySpan<char> Name(ReadOnlySpan<char> tag)
    {
        var end = tag.IndexOfAnyExcept(NameCharacters);
        return end < 0 ? tag : tag[..end];
    }

    private static string? Find(string[] names, ReadOnlySpan<char> name)
    {
        foreach (var candidate in names)
        {
            if (name.Equals(candidate, StringComparison.OrdinalIgnoreCase))
                return candidate;
        }

        return null;
    }

    private static ReadOnlySpan<char> After(ReadOnlySpan<char> html, string end)
    {
        var at = html.IndexOf(end, StringComparison.OrdinalIgnoreCase);
        return at < 0 ? default : html[(at + end.Length)..];
    }
}

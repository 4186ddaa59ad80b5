using System.Buffers;
using System.Net;

namespace MailCore.AspNetCore.MailInbox;

/// <summary>A piece of an HTML text on its way out.</summary>
/// <param name="Text">To be written as it is.</param>
/// <param name="ContentId">Names the image whose data: URL comes behind the text; null for none.</param>
internal readonly record struct HtmlPiece(ReadOnlyMemory<char> Text, string? ContentId);

/// <summary>
/// Cuts an HTML text where it shows images of its own message (cid:, RFC 2392), and leaves out the tags that reach out by themselves.
/// What it takes for a tag or an attribute may differ from what a browser does with broken markup: nothing depends on that, since the
/// document is shown in a sandbox that runs and loads nothing.
/// </summary>
internal sealed class HtmlPieces
{
    private const string Scheme = "cid:";

    private static readonly SearchValues<char> EndsUrl = SearchValues.Create("\"') \t\r\n\f");

    private readonly string _html;
    private readonly List<HtmlPiece> _pieces = [];

    // Everything before it has been taken.
    private int _taken;

    private HtmlPieces(string html) => _html = html;

    public static List<HtmlPiece> Of(string html)
    {
        var pieces = new HtmlPieces(html);
        pieces.Run();
        return pieces._pieces;
    }

    private void Run()
    {
        var at = 0;
        while (_html.AsSpan(at).IndexOf('<') is >= 0 and var open)
        {
            at = Markup(at + open);
        }

        Take(_html.Length);
    }

    // Returns where the markup that begins here ends.
    private int Markup(int open)
    {
        var rest = _html.AsSpan(open);
        if (rest.StartsWith("<!--"))
        {
            return After(open + 4, rest[4..].StartsWith(">") || rest[4..].StartsWith("->") ? ">" : "-->");
        }

        if (rest.Length > 1 && rest[1] is '!' or '?')
        {
            return After(open, ">");
        }

        var isEnd = rest.StartsWith("</");
        var name = open + (isEnd ? 2 : 1);
        return name < _html.Length && char.IsAsciiLetter(_html[name]) ? Tag(open, name, isEnd) : open + 1;
    }

    private int Tag(int open, int nameAt, bool isEnd)
    {
        var nameEnd = nameAt;
        while (nameEnd < _html.Length && !IsSpace(_html[nameEnd]) && _html[nameEnd] is not ('>' or '/'))
        {
            nameEnd++;
        }

        var name = _html[nameAt..nameEnd].ToLowerInvariant();
        // They can ask other hosts for something without being shown: look up a name, connect, go elsewhere, move what is relative.
        var isLeftOut = !isEnd && name is "base" or "link" or "meta";
        if (isLeftOut)
        {
            Take(open);
        }

        var at = nameEnd;
        while (NextAttribute(ref at, out var attribute))
        {
            if (!isLeftOut && !isEnd)
            {
                Rewrite(attribute);
            }
        }

        if (isLeftOut)
        {
            _taken = at;
            return at;
        }

        return isEnd ? at : RawText(name, at);
    }

    /// <summary>An attribute's name, and its value with the quotes around it.</summary>
    private readonly ref struct HtmlAttribute(ReadOnlySpan<char> name, int start, int end, ReadOnlySpan<char> value)
    {
        public ReadOnlySpan<char> Name { get; } = name;

        public int Start { get; } = start;

        public int End { get; } = end;

        public ReadOnlySpan<char> Value { get; } = value;
    }

    // False at the end of the tag, which is passed over.
    private bool NextAttribute(ref int at, out HtmlAttribute attribute)
    {
        attribute = default;
        while (at < _html.Length && (IsSpace(_html[at]) || _html[at] == '/'))
        {
            at++;
        }

        if (at == _html.Length || _html[at] == '>')
        {
            at = Math.Min(at + 1, _html.Length);
            return false;
        }

        var name = at++;
        while (at < _html.Length && !IsSpace(_html[at]) && _html[at] is not ('>' or '/' or '='))
        {
            at++;
        }

        var nameEnd = at;
        while (at < _html.Length && IsSpace(_html[at]))
        {
            at++;
        }

        if (at == _html.Length || _html[at] != '=')
        {
            attribute = new HtmlAttribute(_html.AsSpan(name..nameEnd), nameEnd, nameEnd, default);
            return true;
        }

        at++;
        while (at < _html.Length && IsSpace(_html[at]))
        {
            at++;
        }

        var (start, end) = ValueAt(at);
        at = end;
        attribute = new HtmlAttribute(_html.AsSpan(name..nameEnd), start, end, Unquote(_html.AsSpan(start..end)));
        return true;
    }

    // A value may lack its last quote, at the end of the text.
    private static ReadOnlySpan<char> Unquote(ReadOnlySpan<char> value) =>
        value is not (['"', ..] or ['\'', ..]) ? value
        : value.Length > 1 && value[^1] == value[0] ? value[1..^1]
        : value[1..];

    private (int Start, int End) ValueAt(int start)
    {
        if (start < _html.Length && _html[start] is '"' or '\'')
        {
            var close = _html.IndexOf(_html[start], start + 1);
            return (start, close < 0 ? _html.Length : close + 1);
        }

        var end = start;
        while (end < _html.Length && !IsSpace(_html[end]) && _html[end] != '>')
        {
            end++;
        }

        return (start, end);
    }

    private void Rewrite(HtmlAttribute attribute)
    {
        if (attribute.Name.Equals("src", StringComparison.OrdinalIgnoreCase) || attribute.Name.Equals("background", StringComparison.OrdinalIgnoreCase))
        {
            var url = WebUtility.HtmlDecode(attribute.Value.ToString()).Trim();
            if (url.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
            {
                Take(attribute.Start);
                Add("\"", ContentIdOf(url.AsSpan(Scheme.Length)));
                Add("\"", null);
                _taken = attribute.End;
            }
        }
        else if (attribute.Name.Equals("style", StringComparison.OrdinalIgnoreCase) && attribute.Value.Contains(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            var style = WebUtility.HtmlDecode(attribute.Value.ToString());
            Take(attribute.Start);
            Add("\"", null);
            Style(style, static text => WebUtility.HtmlEncode(text));
            Add("\"", null);
            _taken = attribute.End;
        }
    }

    // What stands behind some tags is no markup up to their end.
    private int RawText(string name, int at)
    {
        if (name is not ("style" or "script" or "textarea" or "title" or "xmp" or "iframe" or "noembed" or "noframes" or "plaintext"))
        {
            return at;
        }

        var end = name == "plaintext" ? -1 : _html.IndexOf("</" + name, at, StringComparison.OrdinalIgnoreCase);
        end = end < 0 ? _html.Length : end;
        if (name == "style" && _html.AsSpan(at..end).Contains(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            Take(at);
            Style(_html[at..end], static text => text);
            _taken = end;
        }

        return end;
    }

    // url(cid:...), with quotes or without. A data: URL needs no escaping in any of them.
    private void Style(string css, Func<string, string> encode)
    {
        var (taken, at) = (0, 0);
        while (css.IndexOf("url(", at, StringComparison.OrdinalIgnoreCase) is >= 0 and var url)
        {
            at = url + 4;
            while (at < css.Length && (IsSpace(css[at]) || css[at] is '"' or '\''))
            {
                at++;
            }

            if (!css.AsSpan(at).StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
            {
                continue;
            }

            var end = css.AsSpan(at).IndexOfAny(EndsUrl);
            end = end < 0 ? css.Length : at + end;
            Add(encode(css[taken..at]), ContentIdOf(css.AsSpan(at + Scheme.Length, end - at - Scheme.Length)));
            (taken, at) = (end, end);
        }

        Add(encode(css[taken..]), null);
    }

    private static string ContentIdOf(ReadOnlySpan<char> url) => Uri.UnescapeDataString(url.ToString());

    private int After(int from, string end) => _html.IndexOf(end, from, StringComparison.Ordinal) is >= 0 and var at ? at + end.Length : _html.Length;

    private void Take(int end)
    {
        if (end > _taken)
        {
            _pieces.Add(new HtmlPiece(_html.AsMemory(_taken..end), null));
            _taken = end;
        }
    }

    private void Add(string text, string? contentId) => _pieces.Add(new HtmlPiece(text.AsMemory(), contentId));

    private static bool IsSpace(char c) => c is ' ' or '\t' or '\r' or '\n' or '\f';
}

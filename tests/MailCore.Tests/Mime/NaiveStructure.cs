namespace MailCore.Tests.Mime;

/// <summary>
/// A second, slow opinion on where parts begin and end: a list of lines, recursion, strings. Understands only headers of the forms
/// that <see cref="RandomMessages.Structured"/> writes, and no limits.
/// </summary>
internal sealed class NaiveStructure
{
    private readonly List<(int Start, string Text)> _lines = [];
    private readonly List<string> _found = [];
    private readonly int _length;
    private int _line;
    private bool _headerCut;

    private NaiveStructure(string message)
    {
        _length = message.Length;
        for (var start = 0; start < message.Length;)
        {
            var feed = message.IndexOf('\n', start);
            var end = feed < 0 ? message.Length : feed + 1;
            _lines.Add((start, message[start..end]));
            start = end;
        }
    }

    private bool AtEnd => _line == _lines.Count;

    private int Here => AtEnd ? _length : _lines[_line].Start;

    /// <summary>One text for each part, in preorder: path, type, header's and body's offset and length.</summary>
    public static List<string> Describe(string message)
    {
        var naive = new NaiveStructure(message);
        naive.Part("", false, []);
        return naive._found;
    }

    /// <summary>Reads a part up to a delimiter of any of <paramref name="boundaries"/> (innermost last); returns where it ends.</summary>
    private int Part(string path, bool digest, string[] boundaries)
    {
        var header = Here;
        var (type, boundary) = Header(boundaries) ?? (digest ? "message/rfc822" : "text/plain", null);
        var body = Here;

        // A delimiter of the parts around it ended the header: the part's own boundary comes too late.
        boundary = Delimiter(boundaries) is null || !_headerCut ? boundary : null;
        var place = _found.Count;
        _found.Add("");
        int end;
        if (type == "message/rfc822")
        {
            end = Part(Below(path, "r"), false, boundaries);
        }
        else if (boundary is not null)
        {
            end = Multipart(path, type == "multipart/digest", [.. boundaries, boundary]);
            type = _found.Count == place + 1 ? "text/plain" : type;
        }
        else
        {
            end = Text(body, boundaries);
            type = type.StartsWith("multipart/", StringComparison.Ordinal) ? "text/plain" : type;
        }

        _found[place] = $"{path} {type} {header}+{body - header} {body}+{end - body}";
        return end;
    }

    private (string Type, string? Boundary)? Header(string[] boundaries)
    {
        (string, string?)? content = null;
        _headerCut = true;
        while (!AtEnd && Delimiter(boundaries) is null)
        {
            var text = _lines[_line++].Text;
            if (text is "\n" or "\r\n")
            {
                _headerCut = false;
                break;
            }

            if (content is null && text.StartsWith("Content-Type: ", StringComparison.Ordinal))
            {
                var fields = text["Content-Type: ".Length..].TrimEnd('\r', '\n').Split("; boundary=");
                content = (fields[0], fields.Length > 1 ? fields[1] : null);
            }
        }

        return content;
    }

    private int Multipart(string path, bool digest, string[] boundaries)
    {
        var body = Here;
        var end = Text(body, boundaries);
        for (var number = 1; Delimiter(boundaries) is { } delimiter && delimiter.Level == boundaries.Length - 1; number++)
        {
            _line++;
            if (delimiter.Closes)
                return Text(body, boundaries[..^1]);

            end = Part(Below(path, $"{number}"), digest, boundaries);
        }

        return end;
    }

    /// <summary>Passes over lines that are no delimiters; returns where a part ends whose body began at <paramref name="body"/>.</summary>
    private int Text(int body, string[] boundaries)
    {
        while (!AtEnd && Delimiter(boundaries) is null)
            _line++;

        if (AtEnd)
            return _length;

        var before = _line == 0 ? "" : _lines[_line - 1].Text;
        return Math.Max(body, Here - (before.EndsWith("\r\n", StringComparison.Ordinal) ? 2 : 1));
    }

    private (int Level, bool Closes)? Delimiter(string[] boundaries)
    {
        if (AtEnd || !_lines[_line].Text.StartsWith("--", StringComparison.Ordinal))
            return null;

        var text = _lines[_line].Text[2..];
        var best = -1;
        for (var level = 0; level < boundaries.Length; level++)
        {
            if (text.StartsWith(boundaries[level], StringComparison.Ordinal) && (best < 0 || boundaries[level].Length >= boundaries[best].Length))
                best = level;
        }

        return best < 0 ? null : (best, text[boundaries[best].Length..].StartsWith("--", StringComparison.Ordinal));
    }

    private static string Below(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";
}

using System.Globalization;
using System.Text.RegularExpressions;

namespace MailCore.Testing;

/// <summary>Reads the format of docs/testing.md.</summary>
internal sealed partial class ScriptParser(string text, string file)
{
    private readonly string[] _lines = text.ReplaceLineEndings("\n").Split('\n');
    private readonly List<KeyValuePair<string, string>> _headers = [];
    private readonly List<ScriptStep> _steps = [];
    private int _at;

    public ProtocolScript Parse()
    {
        for (_at = 0; _at < _lines.Length; _at++)
        {
            var line = _lines[_at];
            if (line.Length == 0)
            {
                continue;
            }

            try
            {
                if (line[0] == '#')
                {
                    Comment(line);
                }
                else
                {
                    Step(line);
                }
            }
            catch (Exception error) when (error is FormatException or ArgumentException)
            {
                throw Failure(error.Message);
            }
        }

        CheckSkips();
        return new ProtocolScript(file, _headers, _steps);
    }

    [GeneratedRegex(@"^# ?(?<key>[a-z-]+): ?(?<value>.*)$")]
    private static partial Regex HeaderLine { get; }

    [GeneratedRegex(@"^((?<session>[A-Z]) )?(?<word>CLOSE|COMPRESS|DROP|STARTTLS)$")]
    private static partial Regex ControlLine { get; }

    [GeneratedRegex(@"^((?<c>C)|(?<s>S)|(?<session>[ABD-RT-Z]))(?<mark>[:><~*{])( (?<rest>.*))?$")]
    private static partial Regex DialogLine { get; }

    private int Number => _at + 1;

    private void Comment(string line)
    {
        if (HeaderLine.Match(line) is { Success: true } header)
        {
            _headers.Add(new(header.Groups["key"].Value, header.Groups["value"].Value));
        }
    }

    private void Step(string line)
    {
        if (ControlLine.Match(line) is { Success: true } control)
        {
            _steps.Add(new ControlStep(Number, control.Groups["session"] is { Success: true } named ? named.Value : "C", control.Groups["word"].Value));
            return;
        }

        if (DialogLine.Match(line) is not { Success: true } match)
        {
            throw new FormatException("A line of no known form.");
        }

        var (mark, rest) = (match.Groups["mark"].Value[0], match.Groups["rest"].Value);
        var session = match.Groups["session"] is { Success: true } group ? group.Value : "C";
        var (isClient, isServer) = (match.Groups["c"].Success, match.Groups["s"].Success);
        _ = (mark, isClient, isServer) switch
        {
            (':', true, _) or ('>', false, false) => Send(session, rest),
            (':', _, true) or ('<', false, false) => Expect(session, rest),
            ('~', false, _) => Add(new MatchStep(Number, session, new Regex($"^(?:{rest})$", RegexOptions.CultureInvariant | RegexOptions.Singleline))),
            ('*', false, _) => Add(new SkipStep(Number, session, rest)),
            ('{', _, true) => Block(line => Expect(session, line)),
            ('{', _, false) => Octets(session, match.Groups["rest"].Success ? rest : null),
            _ => throw new FormatException("A line of no known form."),
        };
    }

    private bool Add(ScriptStep step)
    {
        _steps.Add(step);
        return true;
    }

    private bool Send(string session, string line)
    {
        ScriptText.Unescape(line, out _);
        return Add(new SendStep(Number, session, line));
    }

    private bool Expect(string session, string line)
    {
        ScriptText.Unescape(line, out var isContinued);
        return isContinued ? throw new FormatException("An expected line is a whole line.") : Add(new ExpectStep(Number, session, line));
    }

    private bool Block(Func<string, bool> line)
    {
        var opened = Number;
        while (++_at < _lines.Length && _lines[_at] != "}")
        {
            line(_lines[_at]);
        }

        return _at < _lines.Length ? true : throw new FormatException($"The block opened in line {opened} has no end.");
    }

    private bool Octets(string session, string? rest)
    {
        if (rest is null)
        {
            return Block(line => Send(session, line));
        }

        if (!rest.EndsWith(" }", StringComparison.Ordinal))
        {
            throw new FormatException("Octets end in \" }\".");
        }

        var content = rest[..^2];
        if (content.Split(' ', 3) is ["repeat", var count, var what])
        {
            ScriptText.Unescape(what, out _);
            return Add(new RepeatStep(Number, session, int.Parse(count, NumberStyles.None, CultureInfo.InvariantCulture), what));
        }

        return content.Split(' ') is ["base64", var encoded]
            ? Add(new OctetsStep(Number, session, Convert.FromBase64String(encoded)))
            : Send(session, content + "\\c");
    }

    private void CheckSkips()
    {
        for (var i = 0; i < _steps.Count; i++)
        {
            if (_steps[i] is not SkipStep skip)
            {
                continue;
            }

            var next = i + 1 < _steps.Count ? _steps[i + 1] : null;
            if (next is not (SkipStep or ExpectStep or MatchStep or ControlStep { Word: "CLOSE" }) || next.Session != skip.Session)
            {
                _at = skip.Line - 1;
                throw Failure("Skipped lines need an expectation of the same session behind them.");
            }
        }
    }

    private ScriptFailureException Failure(string reason) =>
        new($"{file}:{Number}: {reason}{Environment.NewLine}  {(_at < _lines.Length ? _lines[_at] : "")}");
}

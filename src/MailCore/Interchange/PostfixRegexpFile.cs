using MailCore.Storage;

namespace MailCore.Interchange;

/// <summary>
/// Postfix's table of aliases by regular expression, docker-mailserver's <c>postfix-regexp.cf</c>: /expression/ with the flag i or none, white
/// space, and targets, in which $1 or ${1} is a group. The first line that matches counts.
/// </summary>
/// <remarks>
/// Expressions run in time proportional to the address, so what needs to go back in it is refused: look-arounds and back-references. So
/// are POSIX classes such as [[:digit:]], which mean something else here, and blocks of if and endif.
/// </remarks>
public static class PostfixRegexpFile
{
    private static readonly char[] Separators = [',', ' ', '\t'];

    /// <summary>Reads a file.</summary>
    /// <exception cref="FormatException">A line can't be used. The message names file and line.</exception>
    public static async Task<IReadOnlyList<MailAlias>> ReadAsync(string file, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(file);
        return Parse(await File.ReadAllLinesAsync(file, cancellationToken).ConfigureAwait(false), file);
    }

    internal static List<MailAlias> Parse(IEnumerable<string> lines, string file)
    {
        var aliases = new List<MailAlias>();
        var known = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (number, text) in PostfixLines.Read(lines, file))
        {
            var (expression, words) = Cut(text, file, number);
            var targets = words.Split(Separators, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            if (!MailAlias.TryParse(expression, targets, out var alias, out var problem))
            {
                throw PostfixLines.Bad(file, number, problem);
            }

            // A later line of the same expression never matches.
            if (known.Add(alias.Name))
            {
                aliases.Add(alias);
            }
        }

        return aliases;
    }

    private static (string Expression, string Targets) Cut(string text, string file, int number)
    {
        var delimiter = text[0];
        if (delimiter == '!' || char.IsLetterOrDigit(delimiter))
        {
            throw PostfixLines.Bad(file, number, "only lines as '/expression/ target' can be imported, without if, endif and !.");
        }

        var end = 1;
        while (end < text.Length && text[end] != delimiter)
        {
            end += text[end] == '\\' ? 2 : 1;
        }

        if (end >= text.Length)
        {
            throw PostfixLines.Bad(file, number, $"the expression has no end; '{delimiter}' is missing.");
        }

        var body = text[1..end];
        if (body.Contains("[:", StringComparison.Ordinal))
        {
            throw PostfixLines.Bad(file, number, "POSIX classes are not known here; write [0-9] for [[:digit:]], [a-z] for [[:alpha:]].");
        }

        var behind = text[(end + 1)..];
        var space = behind.AsSpan().IndexOfAny(' ', '\t');
        var flags = space < 0 ? behind : behind[..space];
        if (flags is not ("" or "i"))
        {
            throw PostfixLines.Bad(file, number, $"flags '{flags}' are not known; case counts with i, as in Postfix, and not without it.");
        }

        // Another delimiter than / leaves slashes bare.
        body = delimiter == '/' ? body : body.Replace("/", "\\/", StringComparison.Ordinal);
        return ($"/{body}/{(flags == "i" ? "c" : "")}", space < 0 ? "" : behind[space..]);
    }
}

using System.Text;
using MailCore.Messaging;
using MailCore.Storage;

namespace MailCore.Interchange;

/// <summary>
/// The system's aliases, docker-mailserver's <c>postfix-aliases.cf</c> (aliases(5)): a local name, a colon, and targets separated by commas.
/// Names without a domain are those of the domain given.
/// </summary>
/// <remarks>Commands, files and :include: are refused: mail is not a way to run programs here.</remarks>
public static class PostfixAliasesFile
{
    /// <summary>Reads a file.</summary>
    /// <param name="file">Its path.</param>
    /// <param name="domain">Whose local names these are.</param>
    /// <param name="cancellationToken">Gives up reading.</param>
    /// <exception cref="FormatException">A line can't be used. The message names file and line.</exception>
    public static async Task<IReadOnlyList<MailAlias>> ReadAsync(string file, string domain, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(file);
        if (!EmailAddress.IsDomain(domain))
        {
            throw new FormatException($"'{domain}' is not a mail domain.");
        }

        return Parse(await File.ReadAllLinesAsync(file, cancellationToken).ConfigureAwait(false), file, domain);
    }

    internal static List<MailAlias> Parse(IEnumerable<string> lines, string file, string domain)
    {
        var aliases = new List<MailAlias>();
        foreach (var (number, text) in PostfixLines.Read(lines, file))
        {
            var words = Split(text, file, number);
            if (words.Count < 2)
            {
                throw PostfixLines.Bad(file, number, "expected a name, a colon and at least one target.");
            }

            foreach (var word in words)
            {
                if (word.StartsWith('|') || word.StartsWith('/') || word.StartsWith(':'))
                {
                    throw PostfixLines.Bad(file, number, $"'{word}': commands, files and :include: can't be imported.");
                }
            }

            if (!MailAlias.TryParse(Qualify(words[0], domain), [.. words.Skip(1).Select(word => Qualify(word, domain))], out var alias, out var problem))
            {
                throw PostfixLines.Bad(file, number, problem);
            }

            aliases.Add(alias);
        }

        return aliases;
    }

    private static string Qualify(string name, string domain) => name.Contains('@', StringComparison.Ordinal) ? name : $"{name}@{domain}";

    /// <summary>The name, then the targets; quotes keep separators together.</summary>
    private static List<string> Split(string text, string file, int number)
    {
        var words = new List<string>();
        var word = new StringBuilder();
        var isQuoted = false;
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (c == '"')
            {
                isQuoted = !isQuoted;
            }
            else if (!isQuoted && (c == ',' || (c == ':' && words.Count == 0)))
            {
                // ":include:" is one word.
                words.Add(word.ToString().Trim());
                word.Clear();
                i += Math.Max(0, text.AsSpan(i + 1).IndexOfAnyExcept(' ', '\t'));
            }
            else
            {
                word.Append(c);
            }
        }

        words.Add(word.ToString().Trim());
        words.RemoveAll(static target => target.Length == 0);
        return isQuoted ? throw PostfixLines.Bad(file, number, "a quote has no end.") : words;
    }
}

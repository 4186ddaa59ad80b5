using MailCore.Messaging;
using MailCore.Storage;

namespace MailCore.Interchange;

/// <summary>
/// Postfix's table of virtual aliases, docker-mailserver's <c>postfix-virtual.cf</c>: a name, white space, and targets separated by commas
/// or white space. A name is an address or, as a catch-all, @example.org. Several lines of one name add up.
/// </summary>
/// <remarks>Postfix lets a catch-all take the mail of mailboxes that exist; here what exists comes first.</remarks>
public static class PostfixVirtualFile
{
    private static readonly char[] Separators = [',', ' ', '\t'];

    /// <summary>Reads a file.</summary>
    /// <exception cref="FormatException">A line is no alias. The message names file and line.</exception>
    public static async Task<IReadOnlyList<MailAlias>> ReadAsync(string file, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(file);
        return Parse(await File.ReadAllLinesAsync(file, cancellationToken).ConfigureAwait(false), file);
    }

    internal static List<MailAlias> Parse(IEnumerable<string> lines, string file)
    {
        var targets = new Dictionary<string, List<string>>(StringComparer.OrdinalIgnoreCase);
        var last = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase);
        foreach (var (number, text) in PostfixLines.Read(lines, file))
        {
            var words = text.Split(Separators, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            if (words.Length == 0)
            {
                throw PostfixLines.Bad(file, number, "expected a name and its targets.");
            }

            if (!words[0].Contains('@', StringComparison.Ordinal))
            {
                // "example.org anything" only says that the domain is one of aliases, which its aliases say as well.
                if (words.Length > 1 && words[0].Contains('.', StringComparison.Ordinal) && EmailAddress.IsDomain(words[0]))
                {
                    continue;
                }

                throw PostfixLines.Bad(file, number, $"'{words[0]}' has no domain; write it as {words[0]}@example.org.");
            }

            if (!targets.TryGetValue(words[0], out var of))
            {
                targets[words[0]] = of = [];
            }

            of.AddRange(words[1..]);
            last[words[0]] = number;
        }

        return [.. targets.Select(pair => MailAlias.TryParse(pair.Key, pair.Value, out var alias, out var problem)
            ? alias
            : throw PostfixLines.Bad(file, last[pair.Key], problem))];
    }
}

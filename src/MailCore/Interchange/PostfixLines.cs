namespace MailCore.Interchange;

/// <summary>
/// The lines of a Postfix table: empty lines and those that begin with # mean nothing, a line that begins with white space goes on with the
/// one before (postmap(1)).
/// </summary>
internal static class PostfixLines
{
    /// <summary>Characters of a logical line at the most.</summary>
    public const int MaxLine = 1_000_000;

    /// <summary>Logical lines with the number of their first line, from 1.</summary>
    public static IEnumerable<(int Number, string Text)> Read(IEnumerable<string> lines, string file)
    {
        var pending = "";
        var first = 0;
        foreach (var (index, line) in lines.Index())
        {
            var text = line.Trim();
            if (text.Length == 0 || text[0] == '#')
            {
                continue;
            }

            if (!char.IsWhiteSpace(line[0]) || pending.Length == 0)
            {
                if (pending.Length > 0)
                {
                    yield return (first, pending);
                }

                (first, pending) = (index + 1, text);
            }
            else
            {
                pending = $"{pending} {text}";
            }

            if (pending.Length > MaxLine)
            {
                throw Bad(file, first, $"it has more than {MaxLine} characters.");
            }
        }

        if (pending.Length > 0)
        {
            yield return (first, pending);
        }
    }

    public static FormatException Bad(string file, int line, string why) => new($"{file}, line {line}: {why}");
}

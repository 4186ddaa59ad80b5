using MailCore.Tests.Scripts;

namespace MailCore.Tests.Docs;

/// <summary>README.md or a page of docs.</summary>
internal sealed record DocsPage(string Path, string Text)
{
    public static string Root { get; } = System.IO.Path.GetFullPath(System.IO.Path.Combine(ScriptFiles.Root, "../.."));

    public static IReadOnlyList<DocsPage> All { get; } = [.. Find().Order(StringComparer.Ordinal).Select(Read)];

    public IReadOnlyList<Fence> Fences { get; } = [.. Split(Path, Text)];

    public static DocsPage Read(string path) => new(path, File.ReadAllText(System.IO.Path.Combine(Root, path)));

    public override string ToString() => Path;

    /// <summary>Takes away the indentation that all lines have.</summary>
    public static string Unindent(List<string> lines)
    {
        var indent = lines.Where(static line => line.Length > 0).Select(static line => line.Length - line.TrimStart().Length).DefaultIfEmpty().Min();
        return string.Join('\n', lines.Select(line => line.Length == 0 ? line : line[indent..]));
    }

    private static IEnumerable<string> Find()
    {
        yield return "README.md";
        foreach (var folder in new[] { "docs", "src" })
        {
            foreach (var file in Directory.EnumerateFiles(System.IO.Path.Combine(Root, folder), "*.md", SearchOption.AllDirectories))
            {
                yield return System.IO.Path.GetRelativePath(Root, file);
            }
        }
    }

    private static IEnumerable<Fence> Split(string path, string text)
    {
        Fence? open = null;
        var lines = new List<string>();
        foreach (var (index, line) in text.Split('\n').Index())
        {
            if (!line.TrimStart().StartsWith("```", StringComparison.Ordinal))
            {
                lines.Add(line);
            }
            else if (open is null)
            {
                open = new Fence(path, index + 2, line.Trim().TrimStart('`'), "");
                lines.Clear();
            }
            else
            {
                yield return open with { Text = Unindent(lines) };
                open = null;
            }
        }
    }
}

/// <summary>A block of code in a page.</summary>
/// <param name="Page">The page's path below the root.</param>
/// <param name="Line">The number of its first line in the page.</param>
/// <param name="Language">What stands behind the three ticks.</param>
/// <param name="Text">Its lines, without common indentation.</param>
internal sealed record Fence(string Page, int Line, string Language, string Text)
{
    public override string ToString() => $"{Page}:{Line}";
}

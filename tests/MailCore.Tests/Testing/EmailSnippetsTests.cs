using NUnit.Framework;

namespace MailCore.Tests.Testing;

public sealed class EmailSnippetsTests
{
    [Test]
    public void Every_snippet_of_the_page_is_compiled_and_run()
    {
        var root = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(root.FullName, "MailCore.sln")))
        {
            root = root.Parent ?? throw new InvalidOperationException("The repository is not above the tests.");
        }

        var regions = Blocks(Path.Combine(root.FullName, "tests/MailCore.Tests/Testing/EmailSnippets.cs"), "#region", "#endregion");
        var fences = Blocks(Path.Combine(root.FullName, "docs/testing-email.md"), "```csharp", "```");

        Assert.That(fences, Is.EquivalentTo(regions));
        Assert.That(fences, Has.Count.GreaterThan(10));
    }

    private static List<string> Blocks(string file, string begin, string end)
    {
        var blocks = new List<string>();
        List<string>? block = null;
        foreach (var line in File.ReadLines(file))
        {
            var text = line.TrimStart();
            if (block is null)
            {
                block = text.StartsWith(begin, StringComparison.Ordinal) ? [] : null;
            }
            else if (text.StartsWith(end, StringComparison.Ordinal))
            {
                var indent = block.Where(static line => line.Length > 0).Min(static line => line.Length - line.TrimStart().Length);
                blocks.Add(string.Join('\n', block.Select(line => line.Length == 0 ? line : line[indent..])));
                block = null;
            }
            else
            {
                block.Add(line);
            }
        }

        return blocks;
    }
}

using MailCore.Tests.Docs;
using NUnit.Framework;

namespace MailCore.Tests.Testing;

public sealed class EmailSnippetsTests
{
    [Test]
    public void Every_snippet_of_the_page_is_run()
    {
        var regions = Regions(File.ReadLines(Path.Combine(DocsPage.Root, "tests/MailCore.Tests/Testing/EmailSnippets.cs")));
        var fences = DocsPage.Read("docs/testing-email.md").Fences.Where(static fence => fence.Language == "csharp").Select(static fence => fence.Text).ToList();

        Assert.That(fences, Is.EquivalentTo(regions));
        Assert.That(fences, Has.Count.GreaterThan(10));
    }

    private static List<string> Regions(IEnumerable<string> lines)
    {
        var regions = new List<string>();
        List<string>? region = null;
        foreach (var line in lines)
        {
            var text = line.TrimStart();
            if (region is null)
            {
                region = text.StartsWith("#region", StringComparison.Ordinal) ? [] : null;
            }
            else if (text.StartsWith("#endregion", StringComparison.Ordinal))
            {
                regions.Add(DocsPage.Unindent(region));
                region = null;
            }
            else
            {
                region.Add(line);
            }
        }

        return regions;
    }
}

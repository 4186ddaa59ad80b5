using System.Text;
using System.Text.RegularExpressions;
using MailCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;

namespace MailCore.Tests.Docs;

/// <summary>What README.md and the pages of docs show is so. A page is found by itself; docs/testing.md tells how snippets are compiled.</summary>
[Parallelizable(ParallelScope.Children)]
internal sealed partial class DocsCoverageTests
{
    private static IReadOnlyList<DocsPage> Pages => DocsPage.All;

    [TestCaseSource(nameof(Pages))]
    public void Every_snippet_compiles(DocsPage page)
    {
        var compiler = new SnippetCompiler(page.Path);

        AssertNone(page.Fences.Where(static fence => fence.Language == "csharp").SelectMany(compiler.Compile));
    }

    [Test]
    public void A_snippet_that_breaks_is_told_by_page_and_line()
    {
        var page = new DocsPage("docs/page.md", "Text\n\n  ```csharp\n  var port = 25;\n  mail.ListenSmpt(port);\n\n  string none = null;\n  ```\n");

        var problems = new SnippetCompiler(page.Path).Compile(page.Fences.Single());

        Assert.That(problems, Has.Count.EqualTo(2));
        Assert.That(problems[0], Does.StartWith("docs/page.md:5: CS1061").And.Contain("ListenSmpt"));
        Assert.That(problems[1], Does.StartWith("docs/page.md:7: CS8600"));
    }

    [Test]
    public void A_snippet_knows_types_that_its_page_declared_before_and_nothing_internal()
    {
        var page = new DocsPage("docs/page.md", "```csharp\nsealed class Mine;\n```\n```csharp\n_ = new Mine();\n```\n```csharp\n_ = new MailCore.Hosting.MailServerSettingsKeys();\n```\n");
        var compiler = new SnippetCompiler(page.Path);

        var problems = page.Fences.Select(compiler.Compile).ToList();

        Assert.That(problems[..2], Has.All.Empty);
        Assert.That(problems[2], Has.Some.Contains("CS0122"));
    }

    [TestCaseSource(nameof(Pages))]
    public void Every_configuration_shown_is_one_that_the_server_takes(DocsPage page)
    {
        foreach (var fence in page.Fences.Where(static fence => fence.Language is "json" or "jsonc"))
        {
            var configuration = new ConfigurationBuilder().AddJsonStream(new MemoryStream(Encoding.UTF8.GetBytes(fence.Text))).Build();
            var mail = new MailServerBuilder(new ServiceCollection());
            mail.Apply(MailServerSettings.Read(configuration.GetSection("Mail")));

            Assert.That(mail.Problems, Is.Empty, fence.ToString());
        }
    }

    [TestCaseSource(nameof(Pages))]
    public void Every_setting_named_is_one(DocsPage page)
    {
        var problems = new List<string>();
        foreach (Match match in Settings().Matches(page.Text))
        {
            var key = Index().Replace(match.Groups["key"].Value.Replace("__", ":", StringComparison.Ordinal), ":0");
            var configuration = new ConfigurationBuilder().AddInMemoryCollection([new(key, null)]).Build();
            problems.AddRange(MailServerSettingsKeys.FindUnknown(configuration.GetSection("Mail")).Select(problem => $"{page}: {problem}"));
        }

        AssertNone(problems);
    }

    [TestCaseSource(nameof(Pages))]
    public void Every_link_leads_somewhere(DocsPage page)
    {
        var folder = Path.GetDirectoryName(Path.Combine(DocsPage.Root, page.Path))!;
        AssertNone(Links().Matches(page.Text).Select(static match => match.Groups["to"].Value)
            .Where(static to => !to.Contains("://", StringComparison.Ordinal))
            .Where(to => !Exists(Path.GetFullPath(Path.Combine(folder, to.Split('#')[0])), page, to))
            .Select(to => $"{page}: nothing is at {to}"));
    }

    private static bool Exists(string target, DocsPage page, string link)
    {
        var text = link.StartsWith('#') ? page.Text : File.Exists(target) && link.Contains('#') ? File.ReadAllText(target) : null;
        return text is null ? Path.Exists(target) : Headings().Matches(text).Any(heading => Anchor(heading.Groups["text"].Value) == link.Split('#')[1]);
    }

    // As GitHub makes them.
    private static string Anchor(string heading) => NotInAnchors().Replace(heading.Trim().ToLowerInvariant(), "").Replace(' ', '-');

    private static void AssertNone(IEnumerable<string> problems)
    {
        var found = problems.ToList();
        Assert.That(found, Is.Empty, string.Join('\n', found));
    }

    [GeneratedRegex(@"\b(?<key>Mail(?:(?::|__)[A-Za-z0-9]+(?:\.[A-Za-z0-9]+)*)+)")]
    private static partial Regex Settings();

    [GeneratedRegex(":(?:N|[0-9]+)(?=:|$)")]
    private static partial Regex Index();

    [GeneratedRegex(@"\]\((?<to>[^)\s]+)\)")]
    private static partial Regex Links();

    [GeneratedRegex(@"^#{1,6} (?<text>.+)$", RegexOptions.Multiline)]
    private static partial Regex Headings();

    [GeneratedRegex(@"[^\p{L}\p{N} _-]")]
    private static partial Regex NotInAnchors();
}

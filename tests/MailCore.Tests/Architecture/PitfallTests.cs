using System.Text.RegularExpressions;
using MailCore.Tests.Scripts;
using NUnit.Framework;

namespace MailCore.Tests.Architecture;

/// <summary>docs/pitfalls.md names tests; each must be there.</summary>
internal sealed partial class PitfallTests
{
    [Test]
    public void Every_name_on_the_page_is_a_test_or_a_script()
    {
        var tests = Path.GetFullPath(Path.Combine(ScriptFiles.Root, ".."));
        var names = Names().Matches(File.ReadAllText(Path.Combine(tests, "..", "docs", "pitfalls.md"))).Select(static match => match.Groups[1].Value).ToHashSet();
        var sources = Directory.EnumerateDirectories(tests, "MailCore.*")
            .SelectMany(static project => Directory.EnumerateFiles(project, "*Tests.cs", SearchOption.AllDirectories))
            .Select(File.ReadAllText);
        var methods = sources.SelectMany(static source => Methods().Matches(source)).Select(static match => match.Groups[1].Value).ToHashSet();

        Assert.That(names, Has.Count.GreaterThan(100));
        Assert.That(names.Where(name => name.Contains('/') ? !File.Exists(Path.Combine(ScriptFiles.Root, name + ".txt")) : !methods.Contains(name)), Is.Empty);
    }

    // Names of tests and scripts have an underscore or a slash; other words in code type on that page do not.
    [GeneratedRegex(@"`(\w+[_/][\w/-]+)`")]
    private static partial Regex Names();

    [GeneratedRegex(@"public (?:async )?(?:Task|void) (\w+)\(")]
    private static partial Regex Methods();
}

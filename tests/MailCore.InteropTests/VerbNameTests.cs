using System.Text.RegularExpressions;
using MailCore.InteropTests.Server;
using NUnit.Framework;

namespace MailCore.InteropTests;

/// <summary>The sample has the verbs that the docs name.</summary>
internal sealed partial class VerbNameTests
{
    [Test]
    public async Task Every_verb_in_the_docs_is_in_its_help()
    {
        var pages = Directory.EnumerateFiles(Path.Combine(SourceTree.Root, "docs"), "*.md").Append(Path.Combine(SourceTree.Root, "README.md"));
        var named = pages.SelectMany(static page => Named().Matches(File.ReadAllText(page)).Select(match => (Page: Path.GetFileName(page), Verb: match.Groups["verb"].Value))).Distinct().ToList();
        var help = await HelpAsync();

        Assert.That(named, Has.Count.GreaterThan(5));
        Assert.That(named.Where(name => !help.Contains($"  MailServer {name.Verb} ", StringComparison.Ordinal)), Is.Empty);
    }

    private static async Task<string> HelpAsync()
    {
        await using var process = ChildProcess.Start(SourceTree.Program("samples/MailServer"), ["--help"], SourceTree.Root);
        Assert.That(await process.WaitForExitAsync(), Is.Zero);
        return process.Output;
    }

    // At the begin of a line or of code in a sentence; behind "dotnet run ... --" too. Options are not verbs.
    [GeneratedRegex(@"(?:^(?:\$ |sudo )?|`|/)MailServer (?<verb>[a-z]+)\b|samples/MailServer -- (?<verb>[a-z]+)\b", RegexOptions.Multiline)]
    private static partial Regex Named();
}

using MailCore.Tests.Docs;
using NUnit.Framework;

namespace MailCore.Tests.Architecture;

/// <summary>src/PACKAGE/PublicApi.txt lists what a package shows. A change of it is meant, or it is a mistake; here it is seen.</summary>
internal sealed class PublicApiTests
{
    private const string Accept = "MAILCORE_ACCEPT_API";

    private static IEnumerable<string> Packages => Directory.EnumerateFiles(Path.Combine(DocsPage.Root, "src"), "*.csproj", SearchOption.AllDirectories)
        .Select(static file => Path.GetFileNameWithoutExtension(file)).Order(StringComparer.Ordinal);

    [TestCaseSource(nameof(Packages))]
    public void The_public_api_is_what_is_listed(string package)
    {
        var file = Path.Combine(DocsPage.Root, "src", package, "PublicApi.txt");
        var current = ApiListing.Of(package);
        if (Environment.GetEnvironmentVariable(Accept) == "1")
        {
            File.WriteAllText(file, current);
        }

        var listed = File.Exists(file) ? File.ReadAllText(file) : "";

        Assert.That(current == listed, $"""
            The public API of {package} is not what src/{package}/PublicApi.txt lists:
            {string.Join('\n', Differences(listed, current).Take(40))}
            If that is meant, run
              {Accept}=1 dotnet test tests/MailCore.Tests --filter PublicApi
            and commit the file with the change (and a line in CHANGELOG.md). After a merge conflict in it: take either side, and do the same.
            """);
    }

    // A type's line and a member's under it say where they are.
    private static IEnumerable<string> Differences(string listed, string current)
    {
        var (before, after) = (Members(listed).ToHashSet(), Members(current).ToHashSet());
        return Members(listed).Where(line => !after.Contains(line)).Select(static line => "- " + line)
            .Concat(Members(current).Where(line => !before.Contains(line)).Select(static line => "+ " + line));
    }

    private static IEnumerable<string> Members(string text)
    {
        var type = "";
        foreach (var line in text.Split('\n').Where(static line => line.Length > 0))
        {
            if (line.StartsWith("    ", StringComparison.Ordinal))
            {
                yield return $"{type} | {line.Trim()}";
            }
            else
            {
                yield return type = line;
            }
        }
    }
}

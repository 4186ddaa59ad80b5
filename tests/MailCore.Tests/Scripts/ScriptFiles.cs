using MailCore.Testing;

namespace MailCore.Tests.Scripts;

/// <summary>Where the scripts are, and what they cover.</summary>
internal static class ScriptFiles
{
    public static string Root { get; } = Path.Combine(FindRepository(), "tests", "scripts");

    public static IEnumerable<string> Of(string protocol) =>
        Directory.Exists(Path.Combine(Root, protocol)) ? Directory.EnumerateFiles(Path.Combine(Root, protocol), "*.txt").Order(StringComparer.Ordinal) : [];

    public static IEnumerable<string> Protocols() => Directory.CreateDirectory(Root).EnumerateDirectories().Select(folder => folder.Name).Order(StringComparer.Ordinal);

    /// <summary>What an announced name lacks: "STLS refusal" when no script of the protocol covers it.</summary>
    public static IReadOnlyList<string> Uncovered(string protocol, IEnumerable<string> announced)
    {
        var covered = Of(protocol).SelectMany(path => ProtocolScript.Load(path).Covers).ToHashSet();
        return [.. announced
            .SelectMany(name => new[] { new ScriptCoverage(name, IsRefusal: false), new ScriptCoverage(name, IsRefusal: true) })
            .Where(needed => !covered.Contains(needed))
            .Select(needed => $"{needed.Name} {(needed.IsRefusal ? "refusal" : "effect")}")];
    }

    private static string FindRepository()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "MailCore.sln")))
            {
                return folder.FullName;
            }
        }

        throw new DirectoryNotFoundException("MailCore.sln is in no folder above the tests.");
    }
}

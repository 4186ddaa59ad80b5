using MailCore.InteropTests.Server;

namespace MailCore.InteropTests.Packages;

/// <summary>
/// The release build, made once for all tests, in folders of its own: what is built, restored and tested elsewhere stays as it is. A
/// second run builds only what changed.
/// </summary>
internal static class ReleaseBuild
{
    private static readonly string Folder = Path.Combine(SourceTree.Root, "artifacts", "release");
    private static readonly Lazy<Task<string>> Packed = new(MakePackagesAsync);
    private static readonly Lazy<Task<string>> Published = new(MakeApplianceAsync);

    /// <summary>The names of the packages there are to be.</summary>
    public static IReadOnlyList<string> Packages { get; } =
        [.. Directory.EnumerateFiles(Path.Combine(SourceTree.Root, "src"), "*.csproj", SearchOption.AllDirectories).Select(static file => Path.GetFileNameWithoutExtension(file)).Order(StringComparer.Ordinal)];

    /// <summary>The version of all packages, from the one place where it stands.</summary>
    public static string Version { get; } = System.Xml.Linq.XDocument.Load(Path.Combine(SourceTree.Root, "Directory.Build.props")).Descendants("Version").Single().Value;

    /// <summary>A folder with the packages and their symbols, as docs/packages.md makes them.</summary>
    public static Task<string> PackAsync() => Packed.Value;

    /// <summary>A folder with samples/MailServer, published as its page says.</summary>
    public static Task<string> PublishAsync() => Published.Value;

    private static async Task<string> MakePackagesAsync()
    {
        var feed = NewFolder("feed");
        await DotnetCommand.RunAsync(SourceTree.Root, "pack", "src/MailCore.Packages.slnf", "-c", "Release", "--artifacts-path", Folder, "-o", feed, "-warnaserror");
        return feed;
    }

    private static async Task<string> MakeApplianceAsync()
    {
        // Both compile the same projects.
        await PackAsync();
        var output = NewFolder("appliance");
        await DotnetCommand.RunAsync(SourceTree.Root, "publish", "samples/MailServer", "-p:PublishProfile=SingleFile", "--artifacts-path", Folder, "-o", output, "-warnaserror");
        return output;
    }

    private static string NewFolder(string name)
    {
        var folder = Path.Combine(Folder, name);
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);

        return folder;
    }
}

using NUnit.Framework;

namespace MailCore.InteropTests.Server;

/// <summary>Where things are.</summary>
internal static class SourceTree
{
    public static string Root { get; } = FindRoot();

    private static string Configuration { get; } = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;

    /// <summary>A program of this solution as it was built together with the tests.</summary>
    public static string Program(string project)
    {
        var path = Path.Combine(Root, project, "bin", Configuration, "net10.0", Path.GetFileName(project) + ".dll");
        return File.Exists(path) ? path : throw new FileNotFoundException($"{path} has not been built.", path);
    }

    /// <summary>A new folder below the test run's work directory.</summary>
    public static string NewFolder() =>
        Directory.CreateDirectory(Path.Combine(TestContext.CurrentContext.WorkDirectory, "interop", Guid.NewGuid().ToString("n")[..12])).FullName;

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "MailCore.sln")))
                return folder.FullName;
        }

        throw new DirectoryNotFoundException("MailCore.sln was not found above the test's folder.");
    }
}

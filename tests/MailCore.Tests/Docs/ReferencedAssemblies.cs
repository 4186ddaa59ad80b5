using Microsoft.CodeAnalysis;

namespace MailCore.Tests.Docs;

/// <summary>For compilations: what hosts can reference, which is every package, ASP.NET and NUnit; not the tests' own types.</summary>
internal static class ReferencedAssemblies
{
    public static IReadOnlyList<PortableExecutableReference> All { get; } =
    [
        .. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(static file => Path.GetFileNameWithoutExtension(file) is not "MailCore.Tests")
            .Select(static file => MetadataReference.CreateFromFile(file)),
    ];
}

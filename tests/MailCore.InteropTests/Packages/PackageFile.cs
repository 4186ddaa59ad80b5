using System.IO.Compression;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Xml.Linq;

namespace MailCore.InteropTests.Packages;

/// <summary>A package as it was made: the .nupkg, and the .snupkg beside it.</summary>
internal sealed class PackageFile : IDisposable
{
    private readonly ZipArchive _package;
    private readonly ZipArchive _symbols;
    private readonly XElement _metadata;

    private PackageFile(string path)
    {
        Id = Path.GetFileName(path)[..^$".{ReleaseBuild.Version}.nupkg".Length];
        _package = ZipFile.OpenRead(path);
        _symbols = ZipFile.OpenRead(Path.ChangeExtension(path, ".snupkg"));
        var manifest = XDocument.Parse(Text(Id + ".nuspec"));
        _metadata = manifest.Root!.Elements().Single();
    }

    public string Id { get; }

    /// <summary>Files, but for those of the container's format.</summary>
    public IEnumerable<string> Files => _package.Entries.Select(static entry => entry.FullName)
        .Where(static name => name != "[Content_Types].xml" && !name.StartsWith("_rels/", StringComparison.Ordinal) && !name.StartsWith("package/", StringComparison.Ordinal));

    /// <summary>The manifest's dependencies, as "id version".</summary>
    public IEnumerable<string> Dependencies => Elements("dependency").Select(static element => $"{element.Attribute("id")!.Value} {element.Attribute("version")!.Value}");

    public static async Task<PackageFile> OpenAsync(string id) => new(Path.Combine(await ReleaseBuild.PackAsync(), $"{id}.{ReleaseBuild.Version}.nupkg"));

    public string? Metadata(string name) => Elements(name).SingleOrDefault()?.Value;

    public string? Repository(string attribute) => Elements("repository").Single().Attribute(attribute)?.Value;

    public string Text(string file)
    {
        using var reader = new StreamReader(_package.GetEntry(file)!.Open());
        return reader.ReadToEnd();
    }

    public byte[] Octets(string file) => Read(_package, file);

    public PEReader OpenAssembly() => new(new MemoryStream(Octets($"lib/net10.0/{Id}.dll")));

    public MetadataReaderProvider OpenSymbols() => MetadataReaderProvider.FromPortablePdbStream(new MemoryStream(Read(_symbols, $"lib/net10.0/{Id}.pdb")));

    public void Dispose()
    {
        _package.Dispose();
        _symbols.Dispose();
    }

    private static byte[] Read(ZipArchive archive, string file)
    {
        using var octets = new MemoryStream();
        using var stream = archive.GetEntry(file)!.Open();
        stream.CopyTo(octets);
        return octets.ToArray();
    }

    private IEnumerable<XElement> Elements(string name) => _metadata.Descendants().Where(element => element.Name.LocalName == name);
}

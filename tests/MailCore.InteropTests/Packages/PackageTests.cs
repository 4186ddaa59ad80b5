using System.Buffers.Binary;
using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using MailCore.InteropTests.Server;
using NUnit.Framework;

namespace MailCore.InteropTests.Packages;

/// <summary>What `dotnet pack` makes, opened.</summary>
[TestFixtureSource(typeof(ReleaseBuild), nameof(ReleaseBuild.Packages))]
internal sealed partial class PackageTests(string id)
{
    private static readonly Guid EmbeddedSource = new("0E8A571B-6926-466E-B4AD-8AB04611F5FE");
    private static readonly Guid SourceLink = new("CC110556-A091-4D38-9FEC-25AB9A351A6A");

    private PackageFile _package = null!;

    [OneTimeSetUp]
    public async Task Pack() => _package = await PackageFile.OpenAsync(id);

    [OneTimeTearDown]
    public void Close() => _package?.Dispose();

    [Test]
    public void It_holds_the_library_its_documentation_readme_and_icon_and_nothing_else()
    {
        Assert.That(_package.Files, Is.EquivalentTo(new[] { $"{id}.nuspec", "README.md", "icon.png", $"lib/net10.0/{id}.dll", $"lib/net10.0/{id}.xml" }));
    }

    [Test]
    public void Its_manifest_says_what_a_gallery_shows()
    {
        Assert.That(_package.Metadata("id"), Is.EqualTo(id));
        Assert.That(_package.Metadata("version"), Is.EqualTo(ReleaseBuild.Version).And.Match(@"^\d+\.\d+\.\d+(-[a-z]+\.\d+)?$"));
        Assert.That(_package.Metadata("license"), Is.EqualTo("MIT"));
        Assert.That(_package.Metadata("authors"), Is.EqualTo("The MailCore authors"));
        Assert.That(_package.Metadata("description"), Has.Length.InRange(40, 300));
        Assert.That(_package.Metadata("tags")!.Split(' '), Is.SupersetOf(new[] { "email", "smtp", "imap" }).And.Unique);
        Assert.That(_package.Metadata("readme"), Is.EqualTo("README.md"));
        Assert.That(_package.Metadata("icon"), Is.EqualTo("icon.png"));
        Assert.That(_package.Metadata("projectUrl"), Is.Null.Or.StartsWith("https://"));
        Assert.That(_package.Repository("url"), Is.Null.Or.StartsWith("https://"));
        Assert.That(_package.Repository("commit"), Does.Match("^[0-9a-f]{40}$"));
    }

    // A gallery shows the page by itself: what it links to must stand elsewhere.
    [Test]
    public void Its_readme_names_it_and_stands_by_itself()
    {
        var text = _package.Text("README.md");

        Assert.That(text, Does.StartWith($"# {id}\n"));
        Assert.That(text, Does.Contain("```csharp"));
        Assert.That(Links().Matches(text).Select(static link => link.Groups[1].Value), Has.All.StartsWith("https://"));
    }

    [Test]
    public void Its_icon_is_small()
    {
        var octets = _package.Octets("icon.png");

        Assert.That(octets, Has.Length.LessThan(10_000));
        Assert.That(octets[..8], Is.EqualTo(new byte[] { 0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10 }));
        Assert.That(BinaryPrimitives.ReadInt32BigEndian(octets.AsSpan(16)), Is.EqualTo(128));
        Assert.That(BinaryPrimitives.ReadInt32BigEndian(octets.AsSpan(20)), Is.EqualTo(128));
    }

    [Test]
    public void It_depends_on_what_its_project_names_from_the_versions_of_the_one_place()
    {
        var project = XDocument.Load(Path.Combine(SourceTree.Root, "src", id, id + ".csproj"));
        var versions = XDocument.Load(Path.Combine(SourceTree.Root, "Directory.Packages.props")).Descendants("PackageVersion")
            .ToDictionary(static element => element.Attribute("Include")!.Value, static element => element.Attribute("Version")!.Value);
        var own = Includes(project, "ProjectReference").Select(static path => $"{Path.GetFileNameWithoutExtension(path)} {ReleaseBuild.Version}");
        var others = Includes(project, "PackageReference").Select(name => $"{name} {versions[name]}");

        Assert.That(_package.Dependencies, Is.EquivalentTo(own.Concat(others)));
    }

    [Test]
    public void Its_documentation_covers_the_public_types()
    {
        var documented = XDocument.Parse(_package.Text($"lib/net10.0/{id}.xml")).Descendants("member").Select(static member => member.Attribute("name")!.Value).ToHashSet();
        using var assembly = _package.OpenAssembly();
        var metadata = assembly.GetMetadataReader();
        var types = metadata.TypeDefinitions.Select(metadata.GetTypeDefinition)
            .Where(static type => (type.Attributes & TypeAttributes.VisibilityMask) == TypeAttributes.Public)
            .Select(type => $"T:{metadata.GetString(type.Namespace)}.{metadata.GetString(type.Name)}").ToList();

        Assert.That(types, Is.Not.Empty);
        Assert.That(types, Is.SubsetOf(documented));
    }

    [Test]
    public void It_is_an_optimized_deterministic_build_of_this_version()
    {
        using var assembly = _package.OpenAssembly();
        var attributes = Attributes(assembly.GetMetadataReader());

        Assert.That(assembly.ReadDebugDirectory().Select(static entry => entry.Type), Does.Contain(DebugDirectoryEntryType.Reproducible));
        Assert.That(attributes["AssemblyInformationalVersionAttribute"], Has.Some.StartsWith($"{ReleaseBuild.Version}+{_package.Repository("commit")}"));
        Assert.That(attributes["AssemblyConfigurationAttribute"], Is.EqualTo(new[] { "Release" }));
        Assert.That(attributes.GetValueOrDefault("AssemblyMetadataAttribute", []).Contains("IsTrimmable"), Is.EqualTo(id != "MailCore.Testing.NUnit"));
    }

    [Test]
    public void Its_symbols_belong_to_it_and_lead_to_every_source()
    {
        using var assembly = _package.OpenAssembly();
        using var symbols = _package.OpenSymbols();
        var reader = symbols.GetMetadataReader();
        var link = Information(reader, EntityHandle.ModuleDefinition).Where(found => found.Kind == SourceLink).Select(static found => System.Text.Encoding.UTF8.GetString(found.Value)).SingleOrDefault();

        Assert.That(new BlobContentId(reader.DebugMetadataHeader!.Id).Guid, Is.EqualTo(CodeView(assembly).Guid));
        Assert.That(link, Is.Null.Or.Contains("https://"));
        foreach (var handle in reader.Documents)
        {
            var name = reader.GetString(reader.GetDocument(handle).Name);
            Assert.That(name, Does.StartWith("/_"), "no folder of this machine");
            Assert.That(link is not null || Information(reader, handle).Any(static found => found.Kind == EmbeddedSource), name);
        }

        Assert.That(CodeView(assembly).Path, Does.Not.Contain(SourceTree.Root));
    }

    private static CodeViewDebugDirectoryData CodeView(PEReader assembly) =>
        assembly.ReadCodeViewDebugDirectoryData(assembly.ReadDebugDirectory().Single(static entry => entry.Type == DebugDirectoryEntryType.CodeView));

    private static IEnumerable<(Guid Kind, byte[] Value)> Information(MetadataReader reader, EntityHandle of) => reader.GetCustomDebugInformation(of)
        .Select(reader.GetCustomDebugInformation).Select(found => (reader.GetGuid(found.Kind), reader.GetBlobBytes(found.Value)));

    // The first argument of each, by the attribute's name; all of those that are looked at here take a string.
    private static Dictionary<string, List<string>> Attributes(MetadataReader reader)
    {
        var found = new Dictionary<string, List<string>>();
        foreach (var attribute in reader.GetAssemblyDefinition().GetCustomAttributes().Select(reader.GetCustomAttribute))
        {
            var type = reader.GetTypeReference((TypeReferenceHandle)reader.GetMemberReference((MemberReferenceHandle)attribute.Constructor).Parent);
            var value = reader.GetBlobReader(attribute.Value);
            value.ReadUInt16();
            var name = reader.GetString(type.Name);
            if (name is "AssemblyInformationalVersionAttribute" or "AssemblyConfigurationAttribute" or "AssemblyMetadataAttribute")
            {
                found.TryAdd(name, []);
                found[name].Add(value.ReadSerializedString() ?? "");
            }
        }

        return found;
    }

    private static IEnumerable<string> Includes(XDocument project, string name) =>
        project.Descendants(name).Where(static element => element.Attribute("PrivateAssets") is null).Select(static element => element.Attribute("Include")!.Value);

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Links();
}

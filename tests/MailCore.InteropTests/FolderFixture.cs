using MailCore.InteropTests.Server;
using NUnit.Framework;

namespace MailCore.InteropTests;

/// <summary>A folder for each test, which goes with it.</summary>
internal abstract class FolderFixture
{
    protected string Folder { get; private set; } = "";

    [SetUp]
    public void MakeFolder() => Folder = SourceTree.NewFolder();

    [TearDown]
    public void RemoveFolder() => Directory.Delete(Folder, recursive: true);
}

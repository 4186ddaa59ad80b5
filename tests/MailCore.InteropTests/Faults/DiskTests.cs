using MailCore.InteropTests.Server;
using MailCore.InteropTests.Tools;
using NUnit.Framework;

namespace MailCore.InteropTests.Faults;

/// <summary>A file system of its own that is full, or can't be written. Mounting one needs root.</summary>
internal sealed class DiskTests
{
    private static readonly ClientTool Mount = new("mount", "mount");
    private static readonly ClientTool Unmount = new("umount", "mount");

    private string _folder = "";

    private string Data => Path.Combine(_folder, "data");

    [SetUp]
    public async Task MountAsync()
    {
        _folder = SourceTree.NewFolder();
        var mounted = await Mount.RunAsync(["-t", "tmpfs", "-o", "size=3m", "tmpfs", _folder]);
        if (mounted.ExitCode == 0)
            return;

        Directory.Delete(_folder);
        Assert.Ignore($"No file system can be mounted here (this needs root): {mounted.Errors}");
    }

    [TearDown]
    public async Task UnmountAsync()
    {
        if (!Directory.Exists(_folder))
            return;

        await Unmount.RunAsync([_folder]);
        Directory.Delete(_folder, recursive: true);
    }

    [Test]
    [Property("Fact", "a tmpfs of 3 MB: the error says that the disk is full, all that was acknowledged is there, and with more room the rest comes in once")]
    public async Task A_full_disk_is_named_and_loses_nothing_acknowledged()
    {
        var full = await StoreHost.RunAsync("fill", Data, "300");

        Assert.That(full.Lines[^1], Does.StartWith("FAILED").And.Match("disk is full|No space left"));
        Assert.That(full.Acknowledged, Is.Not.Empty);
        (await Mount.RunAsync(["-o", "remount,size=40m", _folder])).Succeeded();
        Assert.That(await StoreHost.ListAsync(Data), Is.Unique.And.EquivalentTo(StoreHost.Expected(full.Acknowledged)));

        Assert.That((await StoreHost.RunAsync("fill", Data, "300")).IsDone, Is.True);
        Assert.That(await StoreHost.ListAsync(Data), Is.EquivalentTo(StoreHost.Expected(Enumerable.Range(0, 300).Select(static number => $"m.{number}"))));
    }

    [Test]
    [Property("Fact", "a file system mounted read-only: the error names the folder and what to do, and nothing in it changes")]
    public async Task A_read_only_folder_is_named()
    {
        await StoreHost.RunAsync("fill", Data, "10");
        (await Mount.RunAsync(["-o", "remount,ro", _folder])).Succeeded();

        var refused = await StoreHost.RunAsync("fill", Data, "20");

        Assert.That(refused.Lines, Has.Length.EqualTo(1));
        Assert.That(refused.Lines[0], Does.StartWith("FAILED SqliteStoreException").And.Contain(Data).And.Contain("can't be written").And.Contain("Let the user"));
        (await Mount.RunAsync(["-o", "remount,rw", _folder])).Succeeded();
        Assert.That((await StoreHost.RunAsync("fill", Data, "20")).IsDone, Is.True);
    }
}

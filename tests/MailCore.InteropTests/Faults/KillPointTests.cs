using System.IO.Compression;
using MailCore.InteropTests.Server;
using MailCore.InteropTests.Tools;
using NUnit.Framework;

namespace MailCore.InteropTests.Faults;

/// <summary>
/// kill -9 at chosen points of the store's work. strace does it, at the system call that the point is: so the library has no hook for
/// it, and a process that was killed was killed there. What was not answered is sent again, as a queue does, with the same delivery key.
/// </summary>
internal sealed class KillPointTests
{
    private const int Count = 250;

    private string _folder = "";

    private string Data => Path.Combine(_folder, "data");

    [SetUp]
    public async Task RequireStraceAsync()
    {
        _folder = SourceTree.NewFolder();
        await ClientTool.Strace.RequireAsync("-f", "-qq", "-o", "/dev/null", "-e", "inject=fsync:signal=KILL:when=1000", "true");
    }

    [TearDown]
    public void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    // The fourth message is the first that is large, and its file the seventh object.
    [TestCase("after-stage", "messages/0000000000000/0000000000000007", "fsync", 1)]
    [TestCase("before-commit", "mail.db-wal", "pwrite64", 30)]
    [TestCase("before-flush", "mail.db-wal", "fsync", 6)]
    [TestCase("after-commit-before-reply", "../answers", "write,pwrite64", 3)]
    [TestCase("mid-checkpoint", "mail.db", "pwrite64", 4)]
    [Property("Fact", "after the restart each message is there once for each account, octet for octet, whether it was answered before the kill or sent again")]
    public async Task A_kill_there_loses_nothing_and_doubles_nothing(string point, string path, string call, int which)
    {
        var killed = await KillAsync(path, call, which, "fill", Data, $"{Count}", $"answers={Path.Combine(_folder, "answers")}");
        TestContext.Out.WriteLine($"{point}: {killed.Acknowledged.Length} answered before the kill.");
        Assert.That(killed.IsDone, Is.False, point);

        var held = await StoreHost.ListAsync(Data);
        Assert.That(held, Is.Unique.And.SupersetOf(StoreHost.Expected(killed.Acknowledged)));
        if (point == "after-commit-before-reply")
            Assert.That(held, Has.Count.GreaterThan(StoreHost.Expected(killed.Acknowledged).Count()), "The unanswered one was committed.");

        var again = await StoreHost.RunAsync("fill", Data, $"{Count}");
        Assert.That(again.IsDone, Is.True, again.Text);
        Assert.That(await StoreHost.ListAsync(Data), Is.EquivalentTo(StoreHost.Expected(Enumerable.Range(0, Count).Select(static number => $"m.{number}"))));
        var files = Directory.GetFiles(Path.Combine(Data, "messages"), "*", SearchOption.AllDirectories);
        Assert.That(files, Has.Length.EqualTo(Count / 10), "No file is left over.");
    }

    [TestCase("pwrite64", 1)]
    [TestCase("pwrite64", 3)]
    [TestCase("fsync", 1)]
    [TestCase("fsync", 2)]
    [Property("Fact", "a folder of schema 1, killed while it is brought up to date, opens afterwards with each of its messages whole")]
    public async Task A_kill_in_mid_migration_is_made_up_for_at_the_next_opening(string call, int which)
    {
        await ZipFile.ExtractToDirectoryAsync(Path.Combine(SourceTree.Root, "tests/MailCore.Tests/Sqlite/Fixtures/schema1.zip"), Data);

        var killed = await KillAsync("mail.db-wal", call, which, "fill", Data, "1");
        Assert.That(killed.Lines, Does.Not.Contain("OPEN"), "It was killed later than in the migration.");

        Assert.That(await StoreHost.ListAsync(Data), Is.EquivalentTo(StoreHost.Expected(Enumerable.Range(0, 25).Select(static number => $"v1.{number}"))));
        Assert.That((await StoreHost.RunAsync("fill", Data, "10")).IsDone, Is.True);
    }

    private async Task<StoreRun> KillAsync(string path, string call, int which, params string[] words)
    {
        var at = Path.GetFullPath(Path.Combine(Data, path));
        var run = await StoreHost.TraceAsync(["-o", "/dev/null", "-P", at, "-e", $"trace={call}", "-e", $"inject={call}:signal=KILL:when={which}"], words);
        Assert.That(run.ExitCode, Is.EqualTo(128 + 9), $"The point was not reached: {run.Text}");
        return run;
    }
}

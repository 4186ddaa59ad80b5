using System.Globalization;
using MailCore.InteropTests.Server;
using NUnit.Framework;

namespace MailCore.InteropTests.Faults;

/// <summary>
/// kill -9 at random moments of the store's work under four drivers. Each round sends again what was not answered, with the same
/// delivery keys. <see cref="KillTests"/> does the same to a whole server, less often.
/// </summary>
internal sealed class RandomKillTests
{
    private string _folder = "";

    /// <summary>How often the store is killed.</summary>
    public static int Count => int.Parse(Environment.GetEnvironmentVariable("MAILCORE_KILL_COUNT") ?? "20", CultureInfo.InvariantCulture);

    [SetUp]
    public void MakeFolder() => _folder = SourceTree.NewFolder();

    [TearDown]
    public void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    [Property("Fact", "a second process lists the folder after the kills: every answered message is there once for each account, every other at most once, all octets right")]
    public async Task What_was_acknowledged_survives_kills_at_random_moments_once()
    {
        var data = Path.Combine(_folder, "data");
        var random = new Random(20260101);
        var answered = new HashSet<string>();
        for (var round = 1; round <= Count; round++)
        {
            await FillUntilKilledAsync(data, answered, random.Next(1, 60));
            if (round % 5 == 0 || round == Count)
                Assert.That(await StoreHost.ListAsync(data), Is.Unique.And.SupersetOf(StoreHost.Expected(answered)), $"After {round} kills.");
        }

        TestContext.Out.WriteLine($"{answered.Count} answered, {Count} kills.");
        var end = answered.Count + 50;
        Assert.That((await StoreHost.RunAsync("fill", data, $"{end}")).IsDone, Is.True);
        Assert.That(await StoreHost.ListAsync(data), Is.Unique.And.SupersetOf(StoreHost.Expected(Enumerable.Range(0, end).Select(static number => $"m.{number}"))));
    }

    private async Task FillUntilKilledAsync(string data, HashSet<string> answered, int answers)
    {
        var first = Enumerable.Range(0, int.MaxValue).First(number => !answered.Contains($"m.{number}"));
        await using var host = ChildProcess.Start(StoreHost.Program, ["fill", data, "1000000", "drivers=4", $"from={first}"], _folder);
        await host.WaitForOutputAsync(output => Answers(output).Skip(answers).Any());
        await host.KillAsync();
        answered.UnionWith(Answers(host.Output));
    }

    private static IEnumerable<string> Answers(string output) =>
        output.Split('\n').Where(static line => line.StartsWith("ACK ", StringComparison.Ordinal) && line.Split(' ').Length == 3).Select(static line => line.Split(' ')[1]);
}

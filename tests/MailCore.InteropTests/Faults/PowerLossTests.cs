using System.Globalization;
using System.Text;
using MailCore.InteropTests.Server;
using MailCore.InteropTests.Tools;
using MailCore.InteropTests.Trace;
using NUnit.Framework;

namespace MailCore.InteropTests.Faults;

/// <summary>
/// A power cut at many moments of a run: from the run's system calls the folder is made as the medium had it, without anything that
/// was not flushed. It must open and hold every message that had been acknowledged by then.
/// </summary>
internal sealed class PowerLossTests
{
    private const int Messages = 220;
    private const int Cuts = 40;

    private string _folder = "";

    private string Log => Path.Combine(_folder, "strace.log");

    private string Data => Path.Combine(_folder, "data");

    [SetUp]
    public async Task RequireStraceAsync()
    {
        _folder = SourceTree.NewFolder();
        await ClientTool.Strace.RequireAsync("-o", "/dev/null", "true");
    }

    [TearDown]
    public void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    [Property("Fact", "the folder, rebuilt from flushed writes alone at 40 moments, half of them with some of the others, holds what was acknowledged")]
    public async Task What_was_acknowledged_survives_a_power_cut_at_any_moment()
    {
        var lost = await FindLossesAsync("flush=yes");
        Assert.That(lost, Is.Empty);
    }

    [Test]
    [Property("Fact", "the same judgement over a run that flushes nothing finds acknowledged messages missing")]
    public async Task Without_flushes_the_same_test_finds_losses()
    {
        var lost = await FindLossesAsync("flush=no");
        Assert.That(lost, Is.Not.Empty);
    }

    private async Task<List<string>> FindLossesAsync(string flush)
    {
        var run = await StoreHost.TraceAsync(
            ["-y", "-xx", "-s", "200000", "-o", Log, "-e", "trace=openat,write,writev,pwrite64,pwritev,pwritev2,ftruncate,fallocate,fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,rmdir"],
            "fill", Data, $"{Messages}", "drivers=4", flush);
        Assert.That(run.IsDone, Is.True, run.Text);

        var calls = SystemCall.Parse(File.ReadLines(Log));
        var answers = Answers(calls).ToList();
        Assert.That(answers, Has.Count.EqualTo(Messages));

        var lost = new List<string>();
        var cuts = Cut(calls, answers);
        var list = await StoreHost.RunAsync(["list", .. cuts.Select(static cut => cut.Folder)]);
        var held = list.Lines.ToLookup(static line => line.Split(' ')[0]);
        foreach (var (folder, line) in cuts)
        {
            var name = Path.GetFileName(folder);
            var missing = StoreHost.Expected(answers.Where(answer => answer.Line <= line).Select(static answer => answer.Name)).Select(expected => $"{name} {expected}").Except(held[name]).ToList();
            lost.AddRange(missing);
            if (!held[name].Contains($"{name} END") || held[name].Any(static found => found.Contains("DAMAGED", StringComparison.Ordinal)))
                lost.Add(string.Join('\n', held[name].Where(static found => found.Contains("DAMAGED", StringComparison.Ordinal) || found.Contains("FAILED", StringComparison.Ordinal)).Prepend($"{name} did not open whole:")));
        }

        return lost;
    }

    private List<(string Folder, int Line)> Cut(List<SystemCall> calls, List<(string Name, int Line)> answers)
    {
        var random = new Random(20260101);
        var lines = Enumerable.Range(0, Cuts).Select(i => i % 2 == 0 ? answers[random.Next(answers.Count)].Line : random.Next(answers[0].Line, calls[^1].End)).Order().ToList();
        var replay = new FolderReplay(Data);
        using var steps = FolderReplay.Steps(calls).GetEnumerator();
        var more = steps.MoveNext();
        var made = new List<(string, int)>();
        foreach (var (number, line) in lines.Index())
        {
            for (; more && steps.Current.Line <= line; more = steps.MoveNext())
                steps.Current.Apply(replay);

            var folder = Path.Combine(_folder, string.Create(CultureInfo.InvariantCulture, $"cut{number}"));
            replay.WriteTo(folder, number % 2 == 0 ? null : random);
            made.Add((folder, line));
        }

        return made;
    }

    private static IEnumerable<(string Name, int Line)> Answers(List<SystemCall> calls) =>
        from call in calls
        where call.Name == "write" && call.Text.Contains(Hex("ACK "), StringComparison.Ordinal)
        let text = FolderReplay.Plain(call.Text.Split('"')[1])
        from line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries)
        where line.StartsWith("ACK ", StringComparison.Ordinal)
        select (line.Split(' ')[1], call.Begin);

    private static string Hex(string text) => string.Concat(Encoding.ASCII.GetBytes(text).Select(static octet => string.Create(CultureInfo.InvariantCulture, $"\\x{octet:x2}")));
}

using System.Text;
using System.Text.RegularExpressions;
using MailCore.InteropTests.Server;
using MailCore.InteropTests.Wire;
using NUnit.Framework;

namespace MailCore.InteropTests;

/// <summary>kill -9 of a server that takes mail and passes it on at the same time.</summary>
internal sealed partial class RelayKillTests : FolderFixture
{
    private const int Rounds = 4;
    private readonly Dictionary<string, bool> _sent = [];

    [Test]
    [Property("Fact", "FETCH BODY[] by hand at the next server: every message answered with 250 is there, and nothing is there twice but what was on its way at a kill")]
    public async Task What_was_answered_reaches_the_next_server_over_kill_9()
    {
        await using var next = await SampleServer.StartAsync("bob@example.net");
        var random = new Random(20261127);
        for (var round = 1; round <= Rounds; round++)
        {
            await using var server = await StartAsync(next.Smtp);
            await DriveUntilKilledAsync(server, round, answers: random.Next(20, 60));
        }

        await using var last = await StartAsync(next.Smtp);
        var found = await WaitForAllAsync(next);

        var answered = _sent.Where(static pair => pair.Value).Select(static pair => pair.Key).ToList();
        Assert.That(answered.Except(found), Is.Empty, "Answered and lost.");
        Assert.That(found.Except(_sent.Keys), Is.Empty, "Never sent.");
        // 20 connections at most were at work at each kill.
        Assert.That(found.Count - found.Distinct().Count(), Is.LessThanOrEqualTo(Rounds * 4 * 20));
        TestContext.Out.WriteLine($"{answered.Count} answered, {found.Count - found.Distinct().Count()} twice, {Rounds} kills");
        Assert.That(last.Process.Output, Does.Not.Contain("repair"));
    }

    private Task<SampleServer> StartAsync(int next) => SampleServer.StartAsync(new SampleSetUp
    {
        Folder = Folder,
        Accounts = ["anna@example.org"],
        Arguments =
        [
            "--Mail:AllowSubmissionFrom:0=127.0.0.0/8", "--Mail:Relay:Enabled=true", "--Mail:Relay:MinimumDelay=00:00:01", "--Mail:Relay:MaximumDelay=00:00:02",
            $"--Mail:Relay:SmartHosts:0:Host=[127.0.0.1]:{next}", "--Mail:Relay:SmartHosts:0:Tls=None", "--Mail:HostName=mx.example.org", "--Logging:LogLevel:Default=Warning",
        ],
    });

    private async Task DriveUntilKilledAsync(SampleServer server, int round, int answers)
    {
        await using var smtp = await RawSmtp.ConnectAsync(server.Smtp);
        for (var i = 0; i < answers; i++)
        {
            var name = $"{round}.{i}";
            _sent[name] = false;
            Assert.That(await smtp.DeliverAsync("anna@example.org", "bob@example.net", new MemoryStream(Make(name))), Does.StartWith("250"));
            _sent[name] = true;
        }

        await server.Process.KillAsync();
    }

    private async Task<List<string>> WaitForAllAsync(SampleServer next)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var found = new List<string>();
            await using (var imap = await RawImap.ConnectAsync(next.Imaps, "bob@example.net", SampleServer.Password))
            {
                foreach (var stored in await imap.FetchAllAsync())
                {
                    var name = Name().Match(Encoding.ASCII.GetString(stored)).Groups[1].Value;
                    Assert.That(stored.AsSpan().EndsWith(Make(name)), name);
                    found.Add(name);
                }
            }

            if (_sent.Where(static pair => pair.Value).All(pair => found.Contains(pair.Key)) || TimeProvider.System.GetElapsedTime(started) > TimeSpan.FromMinutes(1))
            {
                return found;
            }

            await Task.Delay(200);
        }
    }

    // Small ones, and ones in files.
    private static byte[] Make(string name) =>
        Encoding.ASCII.GetBytes($"Subject: kill {name}.\r\n\r\n{string.Concat(Enumerable.Range(0, name.EndsWith('7') ? 1_500 : 10).Select(line => $"{name} line {line} {new string('k', 60)}\r\n"))}");

    [GeneratedRegex(@"Subject: kill ([\d.]+)\.\r\n")]
    private static partial Regex Name();
}

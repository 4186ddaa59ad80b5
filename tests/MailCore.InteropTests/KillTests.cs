using System.Collections.Concurrent;
using System.Text;
using System.Text.RegularExpressions;
using MailCore.InteropTests.Server;
using MailCore.InteropTests.Wire;
using NUnit.Framework;

namespace MailCore.InteropTests;

/// <summary>kill -9 under load, again and again on the same folder. The driver never sends a message twice.</summary>
internal sealed partial class KillTests : FolderFixture
{
    private const string Account = "bob@example.org";
    private readonly ConcurrentDictionary<string, bool> _sent = [];

    [Test]
    [Property("Fact", "FETCH BODY[] by hand after the restart: octets, and how often each message is there")]
    public async Task What_was_answered_survives_kill_9_whole_and_once()
    {
        // Starting the server takes most of the time; RandomKillTests makes up the number.
        var rounds = Math.Max(3, Faults.RandomKillTests.Count / 10);
        var random = new Random(20260101);
        for (var round = 1; round <= rounds; round++)
        {
            await using (var server = await StartAsync())
            {
                await VerifyAsync(server);
                await LoadUntilKilledAsync(server, round, answersBeforeKill: random.Next(30, 90));
            }
        }

        await using var last = await StartAsync();
        await VerifyAsync(last);
        Assert.That(last.Process.Output, Does.Not.Contain("warn: MailCore.Storage").And.Not.Contain("repair"));
        TestContext.Out.WriteLine($"{_sent.Count(static pair => pair.Value)} answered, {_sent.Count(static pair => !pair.Value)} in doubt, {rounds} kills");
    }

    private Task<SampleServer> StartAsync() => SampleServer.StartAsync(new SampleSetUp { Folder = Folder, Accounts = [Account], Arguments = ["--Logging:LogLevel:Default=Warning"] });

    private async Task LoadUntilKilledAsync(SampleServer server, int round, int answersBeforeKill)
    {
        var answers = 0;
        var enough = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var drivers = new[] { "smtp", "smtp", "lmtp", "append" }.Select((way, driver) => Task.Run(() => DriveAsync(server, way, $"{round}.{driver}", () =>
        {
            if (Interlocked.Increment(ref answers) == answersBeforeKill)
                enough.SetResult();
        }))).ToArray();

        await Task.WhenAny(enough.Task, Task.WhenAll(drivers)).WaitAsync(TimeSpan.FromMinutes(1));
        await server.Process.KillAsync();
        await Task.WhenAll(drivers);
        Assert.That(answers, Is.GreaterThanOrEqualTo(answersBeforeKill), "A driver ended before the kill.");
    }

    private async Task DriveAsync(SampleServer server, string way, string driver, Action answered)
    {
        try
        {
            if (way == "append")
            {
                await using var imap = await RawImap.ConnectAsync(server.Imaps, Account, SampleServer.Password);
                await RepeatAsync(driver, message => imap.AppendAsync("INBOX", message.Length, new MemoryStream(message)), answered);
            }
            else
            {
                await using var smtp = way == "smtp" ? await RawSmtp.ConnectAsync(server.Smtp) : await RawSmtp.ConnectAsync(server.Lmtp, "LHLO driver.example");
                await RepeatAsync(driver, async message => Assert.That(await smtp.DeliverAsync("", Account, new MemoryStream(message)), Does.StartWith("250")), answered);
            }
        }
        catch (IOException)
        {
            // Killed.
        }
    }

    private async Task RepeatAsync(string driver, Func<byte[], Task> send, Action answered)
    {
        for (var i = 0; ; i++)
        {
            var name = $"{driver}.{i}";
            _sent[name] = false;
            await send(Make(name));
            _sent[name] = true;
            answered();
        }
    }

    private async Task VerifyAsync(SampleServer server)
    {
        await using var imap = await RawImap.ConnectAsync(server.Imaps, Account, SampleServer.Password);
        var found = new HashSet<string>();
        foreach (var stored in await imap.FetchAllAsync())
        {
            var name = Name().Match(Encoding.ASCII.GetString(stored)).Groups[1].Value;
            StoredMessage.AssertCarries(stored, Make(name), name);
            Assert.That(found.Add(name), $"{name} is there twice.");
            Assert.That(_sent.ContainsKey(name), $"{name} was never sent.");
        }

        Assert.That(_sent.Where(static pair => pair.Value).Select(static pair => pair.Key).Except(found), Is.Empty, "Answered and lost.");
    }

    // Small ones, ones that just fit into the database, and ones in files.
    private static byte[] Make(string name)
    {
        var lines = (name.Sum(static c => c) % 5) switch { 0 => 2_500, 1 => 350, _ => 10 };
        return Encoding.ASCII.GetBytes($"Subject: kill {name}.\r\n\r\n{string.Concat(Enumerable.Range(0, lines).Select(line => $"{name} line {line} {new string('k', 60)}\r\n"))}");
    }

    [GeneratedRegex(@"Subject: kill ([\d.]+)\.\r\n")]
    private static partial Regex Name();
}

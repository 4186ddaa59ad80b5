using System.Globalization;
using MailCore.InteropTests.Server;
using NUnit.Framework;

namespace MailCore.InteropTests;

/// <summary>What a session costs that waits in IDLE: the growth of the server's process, the clients being in another.</summary>
internal sealed class IdleSessionTests : FolderFixture
{
    // Of the nightly run, which lets the runtime collect when it likes; a short run asks for what is held.
    private const int ManySessions = 10_000;

    [TestCase("plain", 25)]
    [TestCase("tls", 60)]
    [Property("Fact", "VmRSS of the server's process before and with the sessions, each of which then answers DONE; its pool's threads")]
    public async Task A_session_in_idle_takes_few_kilobytes_and_no_thread(string security, int kilobytes)
    {
        var count = int.Parse(Environment.GetEnvironmentVariable("MAILCORE_IDLE_SESSIONS") ?? "1000", CultureInfo.InvariantCulture);
        await using var server = Start("idle", $"{count}");
        await server.WaitForOutputAsync(static output => output.Contains("imaps=", StringComparison.Ordinal));
        var port = Said(server)[security == "tls" ? "imaps" : "imap"];
        await RunClientsAsync(20, port, security, static () => Task.CompletedTask);
        var before = await AskAsync(server, "collect");

        await RunClientsAsync(count, port, security, async () =>
        {
            if (count >= ManySessions)
                await Task.Delay(TimeSpan.FromSeconds(60));

            var after = await AskAsync(server, count >= ManySessions ? "memory" : "collect");
            Assert.That(after.Sessions, Is.EqualTo(count));
            Assert.That(after.Threads, Is.LessThan(50));
            TestContext.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{(after.Resident - before.Resident) / 1024.0 / count:F1} KB for each of {count} sessions, {after.Threads} threads"));
            Assert.That((after.Resident - before.Resident) / 1024.0 / count, Is.LessThan(kilobytes));
        });
    }

    private async Task RunClientsAsync(int count, string port, string security, Func<Task> whileIdle)
    {
        await using var clients = Start("idle-clients", $"{count}", port, security);
        await clients.WaitForOutputAsync(static output => output.Contains("idle=", StringComparison.Ordinal), TimeSpan.FromMinutes(5));
        await whileIdle();
        await clients.SendLineAsync("end");
        await clients.WaitForOutputAsync(static output => output.Contains("answered=", StringComparison.Ordinal));
        Assert.That(Said(clients)["answered"], Is.EqualTo($"{count}"));
    }

    private ChildProcess Start(string scenario, params string[] arguments) =>
        ChildProcess.Start(SourceTree.Program("tests/MailCore.LimitHost"), [scenario, Folder, .. arguments], Folder);

    private static async Task<(int Sessions, int Threads, long Resident)> AskAsync(ChildProcess server, string how)
    {
        var asked = server.Output.Split('\n').Count(static line => line.StartsWith("resident-bytes", StringComparison.Ordinal));
        await server.SendLineAsync(how);
        await server.WaitForOutputAsync(output => output.Split('\n').Count(static line => line.StartsWith("resident-bytes", StringComparison.Ordinal)) > asked);
        var said = Said(server);
        return (
            int.Parse(said["sessions"], CultureInfo.InvariantCulture),
            int.Parse(said["threads"], CultureInfo.InvariantCulture),
            long.Parse(said["resident-bytes"], CultureInfo.InvariantCulture));
    }

    private static Dictionary<string, string> Said(ChildProcess process) => process.Output.Split('\n').Select(static line => line.Split('=', 2))
        .Where(static pair => pair.Length == 2).GroupBy(static pair => pair[0]).ToDictionary(static group => group.Key, static group => group.Last()[1]);
}

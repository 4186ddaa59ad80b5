using System.Text;
using MailCore.InteropTests.Server;
using MailCore.InteropTests.Tools;
using MailCore.InteropTests.Trace;
using MailCore.InteropTests.Wire;
using NUnit.Framework;

namespace MailCore.InteropTests;

/// <summary>
/// kill -9 leaves the page cache alone, so it can't tell whether anything was flushed. Here the server runs under strace: the order
/// of its system calls shows what would survive a power cut.
/// </summary>
internal sealed class DurabilityTests
{
    private const string Account = "bob@example.org";
    private const int Small = 10;
    private const int Large = 3_000;

    private string _folder = "";

    private string Log => Path.Combine(_folder, "strace.log");

    private string DataFolder => Path.Combine(_folder, "data");

    [SetUp]
    public async Task RequireStraceAsync()
    {
        _folder = SourceTree.NewFolder();
        await ClientTool.Strace.RequireAsync("-o", "/dev/null", "true");
    }

    [TearDown]
    public void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    [TestCase("smtp", Small, "mail.db-wal")]
    [TestCase("smtp", Large, "messages")]
    [TestCase("lmtp", Small, "mail.db-wal")]
    [TestCase("lmtp", Large, "messages")]
    [TestCase("append", Small, "mail.db-wal")]
    [TestCase("append", Large, "messages")]
    [Property("Fact", "between a message's last write and its positive answer lie the flushes of each file that holds it and of a new file's folder, in the order of system calls")]
    public async Task Nothing_is_answered_before_it_is_on_stable_storage(string way, int lines, string expectedHolder)
    {
        var marker = $"MARK-{Guid.NewGuid():n}";
        var message = Encoding.ASCII.GetBytes($"Subject: durable\r\n\r\n{string.Concat(Enumerable.Repeat(marker + "\r\n", lines))}");

        await DeliverUnderTraceAsync(way, message);

        var calls = SystemCall.Parse(File.ReadLines(Log));
        var begin = calls.First(call => IsPart(call)).Begin;
        var positive = way == "append" ? "t2 OK" : "\"250 2.";
        var answer = calls.First(call => call.IsSend && call.Begin > begin && call.Text.Contains(positive, StringComparison.Ordinal));
        var before = calls.Where(call => call.Begin < answer.Begin).ToList();
        var holders = before.Where(IsPart).Select(static call => call.Path!).ToHashSet();

        Assert.That(holders, Has.Some.Contains(expectedHolder).And.All.StartsWith(DataFolder), "The files that the message was written to.");
        Assert.That(before.Count(call => call.Name.StartsWith("mkdir", StringComparison.Ordinal) && call.Text.Contains($"\"{DataFolder}\"", StringComparison.Ordinal)), Is.EqualTo(1));
        foreach (var holder in holders)
        {
            AssertFlushed(holder, before, answer);
            AssertNamed(holder, before, answer);
        }

        // Nobody else used the server, so what else was written since belongs to this message, too.
        foreach (var path in before.Where(call => call.IsWrite && call.Begin >= begin && call.Path!.StartsWith(DataFolder, StringComparison.Ordinal)).Select(static call => call.Path!).Distinct())
            AssertFlushed(path, before, answer);

        bool IsPart(SystemCall call) => call.IsWrite && !call.IsSend && call.Text.Contains(marker, StringComparison.Ordinal);
    }

    private static void AssertFlushed(string path, List<SystemCall> before, SystemCall answer)
    {
        var written = before.Last(call => call.IsWrite && call.Path == path);
        Assert.That(
            before.Any(call => call.IsFlush && call.Path == path && call.Begin > written.End && call.End < answer.Begin), Is.True,
            $"{path} was written at line {written.End} of the trace and answered for at line {answer.Begin} without a flush between.");
    }

    // A name is in its folder's own data, and so on upwards for folders that were made while we watched.
    private static void AssertNamed(string path, List<SystemCall> before, SystemCall answer)
    {
        var about = before.Where(call => call.Succeeded && (call.Path == path || call.Text.Contains($"\"{path}\"", StringComparison.Ordinal))).ToList();
        var gone = about.LastOrDefault(static call => call.Name.StartsWith("unlink", StringComparison.Ordinal))?.End ?? -1;
        var made = about.Find(call => call.Begin > gone && (call.Name.StartsWith("mkdir", StringComparison.Ordinal) || (call.Name == "openat" && call.Text.Contains("O_CREAT", StringComparison.Ordinal))));
        var named = about.LastOrDefault(static call => call.Name.StartsWith("rename", StringComparison.Ordinal)) ?? made;
        Assert.That(named, Is.Not.Null, $"{path} was not made while the server was watched.");
        var folder = Path.GetDirectoryName(path)!;
        Assert.That(
            before.Any(call => call.IsFlush && call.Path == folder && call.Begin > named.End && call.End < answer.Begin), Is.True,
            $"{folder} was not flushed after {path} appeared in it at line {named.End} of the trace and before the answer at line {answer.Begin}.");
        if (before.Any(call => call.Name.StartsWith("mkdir", StringComparison.Ordinal) && call.Text.Contains($"\"{folder}\"", StringComparison.Ordinal)))
            AssertNamed(folder, before, answer);
    }

    private async Task DeliverUnderTraceAsync(string way, byte[] message)
    {
        await using var server = await SampleServer.StartAsync(new SampleSetUp
        {
            Folder = _folder,
            Accounts = [Account],
            AllRoles = false,
            Arguments = [
                .. SampleServer.ListenerArguments("Smtp", "Lmtp", "Imap"), "--Mail:Listeners:2:Tls=None", "--Mail:Listeners:2:AllowCleartextAuthentication=true"],
            Wrapper = [
                "strace", "-D", "-f", "-y", "-q", "-s", "40000", "-o", Log,
                "-e", "trace=openat,write,writev,pwrite64,pwritev,pwritev2,fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,sendto,sendmsg"],
        });
        if (way == "append")
        {
            await using var imap = await RawImap.ConnectAsync(server.Imap, Account, SampleServer.Password, mailbox: null, tls: false);
            await imap.AppendAsync("INBOX", message.Length, new MemoryStream(message));
        }
        else
        {
            await using var smtp = way == "smtp" ? await RawSmtp.ConnectAsync(server.Smtp) : await RawSmtp.ConnectAsync(server.Lmtp, "LHLO driver.example");
            Assert.That(await smtp.DeliverAsync("", Account, new MemoryStream(message)), Does.StartWith("250 2."));
        }

        Assert.That(await server.StopAsync(), Is.Zero);
        await WaitForEndOfLogAsync(server.Process.Id);
    }

    // strace runs beside the server and writes its last words after the server's end.
    private async Task WaitForEndOfLogAsync(int process)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (!File.ReadLines(Log).Any(line => line.StartsWith($"{process} ", StringComparison.Ordinal) && line.Contains("+++ exited with", StringComparison.Ordinal)))
            await Task.Delay(100, timeout.Token);
    }
}

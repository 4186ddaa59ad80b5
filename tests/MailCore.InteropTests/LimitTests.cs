using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using MailCore.InteropTests.Server;
using MailCore.InteropTests.Wire;
using MailCore.Tests.Corpus;
using NUnit.Framework;

namespace MailCore.InteropTests;

/// <summary>What memory large things take: of the sample, and of a host whose managed heap is limited to 150 MB.</summary>
internal sealed class LimitTests : FolderFixture
{
    private const int LimitMegabytes = 150;

    [Test]
    [Property("Fact", "VmHWM of the server's process, then a session by hand that counts the messages")]
    public async Task A_thousand_connections_in_data_with_1_MB_each_stay_under_200_MB()
    {
        const int Count = 1_000;
        await using var server = await SampleServer.StartAsync("bob@example.org");
        var line = Encoding.ASCII.GetBytes(new string('x', 998) + "\r\n");
        var megabyte = Enumerable.Repeat(line, 1_049).SelectMany(static octets => octets).ToArray();
        var sessions = new List<RawSmtp>();
        try
        {
            foreach (var batch in Enumerable.Range(0, Count).Chunk(50))
            {
                sessions.AddRange(await Task.WhenAll(batch.Select(async _ =>
                {
                    var smtp = await RawSmtp.ConnectAsync(server.Smtp);
                    await smtp.BeginAsync("sender@example.com", "bob@example.org");
                    Assert.That(await smtp.SendAsync("DATA"), Does.StartWith("354"));
                    await smtp.WriteAsync("Subject: large\r\n\r\n");
                    await smtp.SendContentAsync(new MemoryStream(megabyte));
                    return smtp;
                })));
            }

            var inData = server.Process.ReadMemory("VmRSS") / 1024;
            foreach (var batch in sessions.Chunk(50))
                Assert.That(await Task.WhenAll(batch.Select(static smtp => smtp.EndContentAsync())), Has.All.StartsWith("250"));

            var peak = server.Process.ReadMemory("VmHWM") / 1024;
            TestContext.Out.WriteLine($"{inData} MB while all were in DATA, {peak} MB at most");
            Assert.That(peak, Is.LessThan(200));
        }
        finally
        {
            foreach (var smtp in sessions)
                await smtp.DisposeAsync();
        }

        await using var imap = await RawImap.ConnectAsync(server.Imaps, "bob@example.org", SampleServer.Password);
        Assert.That(await imap.CountAsync(), Is.EqualTo(Count));
    }

    [Test]
    [Property("Fact", "the process reports its own VmHWM; the heap's limit is the runtime's")]
    public async Task A_mailbox_of_a_million_rows_fits_into_150_MB()
    {
        var rows = Amount("MAILCORE_LIMIT_ROWS", 1_000_000);

        var said = await RunAsync("rows", rows);

        Assert.That(said["rows"], Is.EqualTo($"{rows}"));
        Assert.That((said["flagged"], said["expunged"], said["rows-after"]), Is.EqualTo(("1000", "1000", $"{rows - 1000}")));
        Assert.That(said["last"], Is.EqualTo($"Subject: number {((rows - 1) % 1000) + 1}"));
        AssertLimited(said);
    }

    [Test]
    [Property("Fact", "the hash of what is read equals that of what was written; the runtime counts what was allocated")]
    public async Task A_message_of_1_GB_goes_in_and_out_with_less_than_10_MB_allocated_in_all()
    {
        var said = await RunAsync("message", Amount("MAILCORE_LIMIT_OCTETS", 1024 * 1024 * 1024));

        Assert.That(said["same"], Is.EqualTo("True"));
        Assert.That(long.Parse(said["allocated-in"], CultureInfo.InvariantCulture) + long.Parse(said["allocated-out"], CultureInfo.InvariantCulture), Is.LessThan(10_000_000));
        AssertLimited(said);
    }

    [Test]
    [Property("Fact", "each account's INBOX is read and has its message")]
    public async Task Ten_thousand_accounts_fit_into_150_MB()
    {
        var accounts = Amount("MAILCORE_LIMIT_ACCOUNTS", 10_000);

        var said = await RunAsync("accounts", accounts);

        Assert.That((said["accounts"], said["delivered"], said["read"]), Is.EqualTo(($"{accounts}", $"{accounts}", $"{accounts}")));
        AssertLimited(said);
    }

    [Test]
    [Property("Fact", "the hash of the octets fetched by IMAP equals that of the octets sent by LMTP; the runtime counts what was allocated")]
    public async Task A_message_of_1_GB_goes_through_the_protocols_within_150_MB()
    {
        var message = MessageCorpus.Attachment(Amount("MAILCORE_LIMIT_OCTETS", 1024 * 1024 * 1024));
        await using var host = ChildProcess.Start(SourceTree.Program("tests/MailCore.LimitHost"), ["serve", Folder, $"{message.Length}"], Folder, Limited());
        await host.WaitForOutputAsync(static output => output.Contains("imap=", StringComparison.Ordinal));
        var ports = Parse(host.Output);

        await using (var lmtp = await RawSmtp.ConnectAsync(int.Parse(ports["lmtp"], CultureInfo.InvariantCulture), "LHLO driver.example"))
        await using (var input = message.Open())
            Assert.That(await lmtp.DeliverAsync("sender@example.com", "bob@example.org", input), Does.StartWith("250"));

        await using var imap = await RawImap.ConnectAsync(int.Parse(ports["imap"], CultureInfo.InvariantCulture), "bob@example.org", "secret", tls: false);
        var (length, hash) = await imap.FetchHashAsync(1, message.Length);
        await using var original = message.Open();
        Assert.That(hash, Is.EqualTo(await SHA256.HashDataAsync(original)));
        Assert.That(length, Is.GreaterThan(message.Length));

        await host.SendLineAsync("report");
        await host.WaitForOutputAsync(static output => output.Contains("allocated=", StringComparison.Ordinal));
        AssertLimited(Parse(host.Output));
    }

    [Test]
    [Property("Fact", "the server's log says that it could not accept, and sessions by hand work as soon as there are descriptors again")]
    public async Task Accepting_without_file_descriptors_backs_off_and_recovers()
    {
        await using var server = await SampleServer.StartAsync(new SampleSetUp
        {
            Accounts = ["bob@example.org"],
            Wrapper = ["/bin/sh", "-c", "ulimit -n 350; exec \"$@\"", "sh"],
        });
        var clients = new List<System.Net.Sockets.TcpClient>();
        try
        {
            for (var i = 0; i < 500 && !server.Process.Output.Contains("can't accept connections for now", StringComparison.Ordinal); i++)
            {
                var client = new System.Net.Sockets.TcpClient();
                clients.Add(client);
                await client.ConnectAsync(System.Net.IPAddress.Loopback, server.Smtp);
            }

            await server.Process.WaitForOutputAsync(static output => output.Contains("can't accept connections for now", StringComparison.Ordinal));
        }
        finally
        {
            clients.ForEach(static client => client.Dispose());
        }

        await using (var smtp = await RawSmtp.ConnectAsync(server.Smtp))
            Assert.That(await smtp.DeliverAsync("sender@example.com", "bob@example.org", new MemoryStream("Subject: x\r\n"u8.ToArray())), Does.StartWith("250"));

        await using var imap = await RawImap.ConnectAsync(server.Imaps, "bob@example.org", SampleServer.Password);
        Assert.That(await imap.CountAsync(), Is.EqualTo(1));
    }

    [TestCase("DATA")]
    [TestCase("BDAT")]
    [Property("Fact", "VmRSS of the server's process, and its heap after a collection, when 100 MB have gone through and when 1 GB has")]
    public async Task Memory_after_1_GB_streamed_is_what_it_was_after_100_MB(string verb)
    {
        var line = Encoding.ASCII.GetBytes(new string('x', 998) + "\r\n");
        var megabyte = Enumerable.Repeat(line, 1_000).SelectMany(static octets => octets).ToArray();
        // What the runtime compiles anew meanwhile would count as well.
        await using var host = ChildProcess.Start(
            SourceTree.Program("tests/MailCore.LimitHost"), ["sink", Folder, $"{100_000_000}"], Folder, new() { ["DOTNET_TieredCompilation"] = "0" });
        await host.WaitForOutputAsync(static output => output.Contains("smtp=", StringComparison.Ordinal));
        await using var smtp = await RawSmtp.ConnectAsync(int.Parse(Parse(host.Output)["smtp"], CultureInfo.InvariantCulture));

        await SendAsync(10);
        var (before, heapBefore) = await MeasureAsync(1);
        await SendAsync(90);
        var (after, heapAfter) = await MeasureAsync(2);

        TestContext.Out.WriteLine($"{before} kB resident after 100 MB, {after} kB after 1 GB; heap {heapBefore}, {heapAfter}");
        Assert.That(after - before, Is.LessThanOrEqualTo(2 * 1024));
        Assert.That(heapAfter - heapBefore, Is.LessThanOrEqualTo(512 * 1024));

        // Messages of 10 MB, the last megabyte by itself.
        async Task SendAsync(int messages)
        {
            for (var i = 0; i < messages; i++)
            {
                await smtp.BeginAsync("sender@example.com", "bob@example.org");
                await smtp.WriteAsync(verb == "DATA" ? "DATA\r\n" : "BDAT 9000000\r\n");
                if (verb == "DATA")
                    Assert.That(await smtp.ReadReplyAsync(), Does.StartWith("354"));

                for (var part = 0; part < 9; part++)
                    await smtp.WriteAsync(megabyte);

                if (verb == "BDAT")
                {
                    Assert.That(await smtp.ReadReplyAsync(), Does.StartWith("250"));
                    await smtp.WriteAsync("BDAT 1000000 LAST\r\n");
                }

                await smtp.WriteAsync(megabyte);
                Assert.That(verb == "DATA" ? await smtp.EndContentAsync() : await smtp.ReadReplyAsync(), Does.StartWith("250"));
            }
        }

        async Task<(int Resident, long Heap)> MeasureAsync(int report)
        {
            await host.SendLineAsync("report");
            await host.WaitForOutputAsync(output => output.Split("heap=").Length > report);
            return (host.ReadMemory("VmRSS"), long.Parse(Parse(host.Output)["heap"], CultureInfo.InvariantCulture));
        }
    }

    private static long Amount(string variable, long usual) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? long.Parse(text, CultureInfo.InvariantCulture) : usual;

    private static Dictionary<string, string> Limited() => new() { ["DOTNET_GCHeapHardLimit"] = $"0x{LimitMegabytes * 1024 * 1024:x}" };

    private static void AssertLimited(Dictionary<string, string> said)
    {
        TestContext.Out.WriteLine(string.Join(", ", said.Select(static pair => $"{pair.Key}={pair.Value}")));
        Assert.That(said["heap-limit-mb"], Is.EqualTo($"{LimitMegabytes}"), "The limit was not in force.");
        Assert.That(int.Parse(said["peak-mb"], CultureInfo.InvariantCulture), Is.LessThan(LimitMegabytes));
    }

    private static Dictionary<string, string> Parse(string output) => output.Split('\n').Select(static line => line.Split('=', 2))
        .Where(static pair => pair.Length == 2).GroupBy(static pair => pair[0]).ToDictionary(static group => group.Key, static group => group.Last()[1]);

    private async Task<Dictionary<string, string>> RunAsync(string scenario, long size)
    {
        await using var host = ChildProcess.Start(SourceTree.Program("tests/MailCore.LimitHost"), [scenario, Folder, $"{size}"], Folder, Limited());
        Assert.That(await host.WaitForExitAsync(TimeSpan.FromMinutes(5)), Is.Zero, host.Output);
        return Parse(host.Output);
    }
}

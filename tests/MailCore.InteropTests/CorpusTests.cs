using System.Security.Cryptography;
using MailCore.InteropTests.Server;
using MailCore.InteropTests.Tools;
using MailCore.InteropTests.Wire;
using MailCore.Tests.Corpus;
using NUnit.Framework;

namespace MailCore.InteropTests;

/// <summary>Every message of the corpus goes in by every way that can carry it, and comes out the same by every way.</summary>
internal sealed class CorpusTests : SampleFixture
{
    private const string Fact = "octets in equal octets out, behind the trace headers of a delivery";
    private readonly Dictionary<string, (string Account, List<CorpusMessage> Messages)> _filled = [];

    protected override int Accounts => 3;

    protected override string[] Arguments => ["--Mail:MaxMessageSize=60000000"];

    [TestCase("smtp")]
    [TestCase("lmtp")]
    [TestCase("append")]
    [Property("Fact", Fact)]
    public async Task By_imap_spoken_by_hand(string way)
    {
        var (account, messages) = await FillAsync(way);
        await using var imap = await OpenImapAsync(account);
        for (var i = 0; i < messages.Count; i++)
            AssertSame(await imap.FetchAsync(i + 1), messages[i], way);
    }

    [TestCase("smtp")]
    [TestCase("lmtp")]
    [TestCase("append")]
    [Property("Fact", Fact)]
    public async Task By_pop3_spoken_by_hand(string way)
    {
        var (account, messages) = await FillAsync(way);
        await using var pop3 = await OpenPop3Async(account);
        for (var i = 0; i < messages.Count; i++)
        {
            if (SurvivesLines(messages[i]))
                AssertSame(await pop3.ReadLinesAsync($"RETR {i + 1}"), messages[i], way, endsLine: true);
        }
    }

    [TestCase("smtp")]
    [TestCase("lmtp")]
    [TestCase("append")]
    [Property("Fact", Fact)]
    public async Task By_imaplib(string way)
    {
        ClientTool.Python.Require();
        var (account, messages) = await FillAsync(way);
        var folder = NewFolder("imaplib", way);

        (await PythonScript.RunAsync("imap_client.py", $"{Server.Imaps}", account, SampleServer.Password, "fetch-all", folder)).Succeeded();

        await AssertSameAsync(folder, messages, way);
    }

    [TestCase("smtp")]
    [TestCase("lmtp")]
    [Property("Fact", Fact)]
    public async Task By_poplib(string way)
    {
        ClientTool.Python.Require();
        var (account, messages) = await FillAsync(way);
        var folder = NewFolder("poplib", way);

        (await PythonScript.RunAsync("pop3_client.py", $"{Server.Pop3s}", "tls", account, SampleServer.Password, "fetch-all", folder)).Succeeded();

        await AssertSameAsync(folder, messages, way);
    }

    [TestCase("smtp")]
    [TestCase("lmtp")]
    [TestCase("append")]
    [Property("Fact", Fact)]
    public async Task By_curl_imaps(string way)
    {
        ClientTool.Curl.Require();
        var (account, messages) = await FillAsync(way);
        var folder = NewFolder("curl", way);

        (await ClientTool.Curl.RunAsync([
            "-sSk", "--max-time", "55", "--user", $"{account}:{SampleServer.Password}", "--output", $"{folder}/#1",
            "--url", $"imaps://127.0.0.1:{Server.Imaps}/INBOX;MAILINDEX=[1-{messages.Count}]"])).Succeeded();

        // curl makes no file of no octets.
        foreach (var (index, message) in messages.Index().Where(pair => pair.Item.Length == 0 && !File.Exists(Path.Combine(folder, $"{pair.Index + 1}"))))
            await File.WriteAllBytesAsync(Path.Combine(folder, $"{index + 1}"), []);

        await AssertSameAsync(folder, messages, way);
    }

    [TestCase("smtp")]
    [TestCase("lmtp")]
    [TestCase("append")]
    [Property("Fact", "the hashes of the last 50 MB fetched by IMAP and retrieved by POP3 equal that of what went in")]
    public async Task A_message_of_50_MB(string way)
    {
        var (account, _) = await FillAsync(way);
        var large = MessageCorpus.Large();
        await SendAsync(way, account, [large]);
        byte[] expected;
        await using (var original = large.Open())
            expected = await SHA256.HashDataAsync(original);

        await using var imap = await OpenImapAsync(account);
        var last = await imap.CountAsync();
        Assert.That((await imap.FetchHashAsync(last, large.Length)).Hash, Is.EqualTo(expected));

        await using (var pop3 = await OpenPop3Async(account))
        {
            var file = Path.Combine(Server.Folder, $"{way}.large");
            await using var retrieved = new FileStream(file, new FileStreamOptions { Access = FileAccess.ReadWrite, Mode = FileMode.Create, Options = FileOptions.DeleteOnClose });
            await pop3.ReadLinesAsync($"RETR {last}", retrieved);
            retrieved.Position = retrieved.Length - large.Length;
            Assert.That(await SHA256.HashDataAsync(retrieved), Is.EqualTo(expected));
        }

        await imap.SendAsync($@"STORE {last} +FLAGS.SILENT (\Deleted)");
        await imap.SendAsync("EXPUNGE");
    }

    private async Task<(string Account, List<CorpusMessage> Messages)> FillAsync(string way)
    {
        if (!_filled.TryGetValue(way, out var filled))
        {
            var messages = MessageCorpus.All.Where(message => Carries(way, message)).ToList();
            Assert.That(messages, Has.Count.GreaterThan(25));
            _filled[way] = filled = (NewAccount(), messages);
            await SendAsync(way, filled.Account, messages);
        }

        return filled;
    }

    private async Task SendAsync(string way, string account, List<CorpusMessage> messages)
    {
        if (way == "append")
        {
            await using var imap = await OpenImapAsync(account);
            foreach (var message in messages)
            {
                await using var octets = message.Open();
                await imap.AppendAsync("INBOX", message.Length, octets);
            }

            return;
        }

        await using var smtp = await RawSmtp.ConnectAsync(way == "smtp" ? Server.Smtp : Server.Lmtp, way == "smtp" ? "EHLO driver.example" : "LHLO driver.example");
        foreach (var message in messages)
        {
            await using var octets = message.Open();
            Assert.That(await smtp.DeliverAsync("sender@example.com", account, octets), Does.StartWith("250"), message.Name);
        }
    }

    // DATA needs whole lines; lines may be longer than RFC 5321 has them. No literal may hold NUL (RFC 9051 9).
    private static bool Carries(string way, CorpusMessage message) => way == "append" ? !message.ReadAll().Contains((byte)0) : SurvivesLines(message) && (message.Length == 0 || message.ReadAll() is [.., (byte)'\r', (byte)'\n']);

    private static bool SurvivesLines(CorpusMessage message)
    {
        var octets = message.ReadAll();
        return !octets.Contains((byte)0) && !octets.Where((octet, index) =>
            (octet == '\n' && (index == 0 || octets[index - 1] != '\r')) || (octet == '\r' && (index + 1 == octets.Length || octets[index + 1] != '\n'))).Any();
    }

    private string NewFolder(string client, string way) => Directory.CreateDirectory(Path.Combine(Server.Folder, $"{client}-{way}")).FullName;

    private static async Task AssertSameAsync(string folder, List<CorpusMessage> messages, string way)
    {
        for (var i = 0; i < messages.Count; i++)
            AssertSame(await File.ReadAllBytesAsync(Path.Combine(folder, $"{i + 1}")), messages[i], way);
    }

    private static void AssertSame(byte[] came, CorpusMessage message, string way, bool endsLine = false)
    {
        var sent = message.ReadAll();
        // RFC 1939 3: what POP3 sends ends with a line's end.
        if (endsLine && sent is not [.., (byte)'\r', (byte)'\n'] && sent.Length > 0)
            sent = [.. sent, (byte)'\r', (byte)'\n'];

        if (way == "append")
            Assert.That(came.AsSpan().SequenceEqual(sent), Is.True, $"{message.Name}: {came.Length} octets came out, {sent.Length} went in.");
        else
            StoredMessage.AssertCarries(came, sent, message.Name);
    }
}

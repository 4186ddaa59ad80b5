using System.Text;
using System.Text.Json;
using MailCore.InteropTests.Server;
using MailCore.InteropTests.Tools;
using MailCore.InteropTests.Wire;
using NUnit.Framework;

namespace MailCore.InteropTests;

/// <summary>Quotas that a verb sets beside the running server, metadata, and what clients are told unasked.</summary>
internal sealed class QuotaTests : SampleFixture
{
    protected override int Accounts => 2;

    [Test]
    [Property("Fact", "the quota verb counts what imaplib appended; the database's own shell has the octets of the metadata; a session by hand has the catenated octets")]
    public async Task Imaplib_meets_a_quota_keeps_metadata_and_is_told_of_changes_without_a_command()
    {
        ClientTool.Python.Require();
        var account = NewAccount();
        Assert.That(await RunVerbAsync("quota", "set", account, "--octets", "10240", "--messages", "100"), Does.Contain(account));

        var result = await PythonScript.RunAsync("imap_quota_client.py", $"{Server.Imaps}", account, SampleServer.Password);

        result.Succeeded();
        var said = JsonDocument.Parse(result.Text).RootElement;
        Assert.Multiple(() =>
        {
            Assert.That(Answer(said, "capabilities"), Is.EqualTo("QUOTA QUOTA=RES-STORAGE METADATA NOTIFY CATENATE"));
            Assert.That(Answer(said, "quotaroot"), Is.EqualTo($"INBOX {account} {account} (STORAGE 0 10 MESSAGE 0 100)"));
            Assert.That(Answer(said, "getquota"), Is.EqualTo($"OK {account} (STORAGE 0 10 MESSAGE 0 100)"));
            Assert.That(Answer(said, "setquota"), Does.StartWith("NO [NOPERM]"));
            Assert.That(Answer(said, "small"), Does.StartWith("OK [APPENDUID"));
            Assert.That(Answer(said, "large"), Does.StartWith("NO [OVERQUOTA]"));
            Assert.That(Answer(said, "setmetadata"), Does.StartWith("OK"));
            Assert.That(Answer(said, "getmetadata"), Is.EqualTo("OK INBOX (/private/comment \"mine \\\"quoted\\\"\" /shared/vendor/x NIL)"));
            Assert.That(Answer(said, "told"), Does.Match("^2 2 \\(UID 2 ENVELOPE \\(NIL \"told\" "));
            Assert.That(Answer(said, "renamed"), Is.EqualTo("(\\HasNoChildren) \"/\" Play (\"OLDNAME\" (Work))"));
            Assert.That(Answer(said, "metadata"), Is.EqualTo("Play /private/comment"));
            Assert.That(Answer(said, "catenated"), Does.StartWith("OK [APPENDUID"));
        });
        Assert.That(await RunVerbAsync("quota", "show", account), Does.Match(@"^3 messages of 100, \d+ octets of 10,240"));
        var stored = await PythonScript.RunAsync("sqlite_metadata.py", Path.Combine(Server.DataFolder, "mail.db"));
        Assert.That(stored.Text.Split('\n'), Does.Contain($"/private/comment {Convert.ToHexString("mine \"quoted\""u8)}"));
        await using var play = await OpenImapAsync(account, "Play");
        Assert.That(Encoding.ASCII.GetString((await play.FetchAllAsync()).Single()), Is.EqualTo("Subject: small\r\n\r\nx\r\n"));

        // Full: LMTP says so, and the message is not there.
        await RunVerbAsync("quota", "set", account, "--messages", "3");
        await using (var lmtp = await RawSmtp.ConnectAsync(Server.Lmtp, "LHLO driver.example"))
        {
            Assert.That(await lmtp.SendAsync("MAIL FROM:<sender@example.com>"), Does.StartWith("250"));
            Assert.That(await lmtp.SendAsync($"RCPT TO:<{account}>"), Does.StartWith("452 4.2.2"));
        }

        await using var inbox = await OpenImapAsync(account);
        Assert.That(await inbox.FetchAllAsync(), Has.Count.EqualTo(2));
    }

    [Test]
    [Property("Fact", "the quota verb has the numbers that imapflow was told; a session by hand finds the one message that fits")]
    public async Task Imapflow_reads_the_quota_and_is_refused_what_does_not_fit()
    {
        NodeScript.Require("imapflow");
        var account = NewAccount();
        await RunVerbAsync("quota", "set", account, "--octets", "10240", "--messages", "7");

        await using var client = NodeScript.Start("imapflow_quota.cjs", Server.Folder, $"{Server.Imaps}", account, SampleServer.Password);
        Assert.That(await client.WaitForExitAsync(TimeSpan.FromMinutes(1)), Is.Zero, client.Output);

        var said = JsonDocument.Parse(client.Output.Split('\n').Single(static line => line.StartsWith('{'))).RootElement;
        Assert.That(said.GetProperty("capable").GetBoolean());
        var quota = said.GetProperty("quota");
        Assert.That((quota.GetProperty("quotaRoot").GetString(), quota.GetProperty("storage").GetProperty("limit").GetInt64()), Is.EqualTo((account, 10240L)));
        Assert.That((said.GetProperty("appended").GetBoolean(), said.GetProperty("code").GetString()), Is.EqualTo((true, "OVERQUOTA")));
        Assert.That(said.GetProperty("after").ToString(), Does.Contain("\"usage\":1"));
        Assert.That(await RunVerbAsync("quota", "show", account), Does.Match(@"^1 messages of 7, \d+ octets of 10,240"));
        await using var inbox = await OpenImapAsync(account);
        Assert.That(Encoding.ASCII.GetString((await inbox.FetchAllAsync()).Single()), Is.EqualTo("Subject: fits\r\n\r\nx\r\n"));
    }

    private static string Answer(JsonElement said, string name) => string.Join(' ', said.GetProperty(name).EnumerateArray().Select(static line => line.GetString()));

    private async Task<string> RunVerbAsync(params string[] words)
    {
        await using var process = ChildProcess.Start(SourceTree.Program("samples/MailServer"), words, Server.Folder);
        Assert.That(await process.WaitForExitAsync(), Is.Zero, process.Output);
        return process.Output;
    }
}

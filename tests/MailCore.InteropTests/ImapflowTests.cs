using System.Text;
using System.Text.Json;
using MailCore.InteropTests.Server;
using MailCore.InteropTests.Tools;
using MailCore.InteropTests.Wire;
using NUnit.Framework;

namespace MailCore.InteropTests;

internal sealed class ImapflowTests : SampleFixture
{
    private const string Message = """
        From: a@example.com
        Subject: parts
        MIME-Version: 1.0
        Content-Type: multipart/mixed; boundary=b

        --b

        text
        --b
        Content-Type: application/octet-stream
        Content-Transfer-Encoding: base64

        AAECAwQ=
        --b--

        """;

    protected override int Accounts => 1;

    [Test]
    [Property("Fact", "the commands that imapflow sent; a session by hand has the octets with NULs, the move and the flags")]
    public async Task Compresses_identifies_itself_lists_uses_decodes_and_waits_in_idle()
    {
        NodeScript.Require("imapflow");
        var account = NewAccount();
        await using (var imap = await OpenImapAsync(account))
            await imap.SendAsync("CREATE Sent (USE (\\Sent))");

        await DeliverAsync(account, Encoding.ASCII.GetBytes(Message.ReplaceLineEndings("\r\n")));
        await using var client = NodeScript.Start("imapflow_client.cjs", Server.Folder, $"{Server.Imaps}", account, SampleServer.Password);
        await client.WaitForOutputAsync(static output => output.Split('\n').Contains("idle"));
        await DeliverAsync(account, StoredMessage.Make("while idle"));
        Assert.That(await client.WaitForExitAsync(TimeSpan.FromMinutes(1)), Is.Zero, client.Output);

        var said = JsonDocument.Parse(client.Output.Split('\n').Single(static line => line.StartsWith('{'))).RootElement;
        var sent = said.GetProperty("sent").EnumerateArray().Select(static line => line.GetString()!).ToList();
        Assert.That(said.GetProperty("id").GetProperty("name").GetString(), Is.EqualTo("MailCore"));
        Assert.That(said.GetProperty("enabled").ToString(), Does.Contain("CONDSTORE"));
        Assert.That(said.GetProperty("modseq").GetBoolean(), Is.True);
        Assert.That(said.GetProperty("compressed").GetBoolean(), Is.True);
        Assert.That(sent, Has.Some.EqualTo("COMPRESS DEFLATE").And.Some.StartsWith("ID (").And.Some.Contains("BINARY.PEEK[2]").And.Some.Contains("RETURN (SPECIAL-USE"));
        Assert.That(said.GetProperty("specialUse").ToString(), Does.Contain(@"Sent \\Sent"));
        Assert.That(said.GetProperty("attachment").GetString(), Is.EqualTo("AAECAwQ="));
        Assert.That(said.GetProperty("structure").ToString(), Does.Contain("2 application/octet-stream base64"));
        Assert.That((said.GetProperty("binary").GetBoolean(), said.GetProperty("same").GetBoolean(), said.GetProperty("emailId").GetBoolean()), Is.EqualTo((true, true, true)));
        Assert.That(said.GetProperty("told").GetInt32(), Is.EqualTo(3));
        await using var raw = await OpenImapAsync(account);
        Assert.That(await raw.FlagsAsync(), Is.EqualTo(new[] { @"Work \Seen", "", "" }));
        await raw.SendAsync("SELECT Post");
        Assert.That((await raw.FetchAllAsync()).Single().AsSpan()[^7..].ToArray(), Is.EqualTo(new byte[] { 0, 1, 2, 0, 255, 13, 10 }));
        Assert.That(await raw.FlagsAsync(), Is.EqualTo(new[] { @"\Flagged" }));
    }
}

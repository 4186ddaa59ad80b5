using MailCore.InteropTests.Server;
using MailCore.InteropTests.Tools;
using MailCore.InteropTests.Wire;
using NUnit.Framework;

namespace MailCore.InteropTests;

internal sealed class NodemailerTests : SampleFixture
{
    // Where .ci/run puts it.
    private static readonly string Modules = Path.Combine(SourceTree.Root, "artifacts", "npm", "node_modules");

    protected override int Accounts => 6;

    [SetUp]
    public void RequireNodemailer()
    {
        ClientTool.Node.Require();
        if (!Directory.Exists(Path.Combine(Modules, "nodemailer")))
            ClientTool.Miss("nodemailer is missing; run 'npm install --prefix artifacts/npm nodemailer@7'.");
    }

    [TestCase("plain", " with ESMTP ")]
    [TestCase("starttls", " with ESMTPS ")]
    [Property("Fact", "the file that nodemailer was given is what FETCH BODY[] ends with, and the trace header names the protocol")]
    public async Task Transfers(string security, string protocol)
    {
        var (account, message) = (NewAccount(), StoredMessage.Make("nodemailer"));

        await SendAsync(message, $"{Server.Smtp}", security, "-", "sender@example.com", account);

        await using var imap = await OpenImapAsync(account);
        Assert.That(StoredMessage.AssertCarries(await imap.FetchAsync(1), message), Does.Contain(protocol));
    }

    [TestCase("starttls")]
    [TestCase("tls")]
    [Property("Fact", "POP3 RETR ends with the octets of the file, and the trace header says ESMTPSA")]
    public async Task Submits(string security)
    {
        var (account, message) = (NewAccount(), StoredMessage.Make("nodemailer submission"));
        var port = security == "tls" ? Server.Submissions : Server.Submission;

        await SendAsync(message, $"{port}", security, $"{account}:{SampleServer.Password}", account, account);

        await using var pop3 = await OpenPop3Async(account);
        Assert.That(StoredMessage.AssertCarries(await pop3.ReadLinesAsync("RETR 1"), message), Does.Contain(" with ESMTPSA "));
    }

    [Test]
    [Property("Fact", "the mailbox of the recipient that was taken holds the octets of the file, and nodemailer tells which was not and why")]
    public async Task Speaks_lmtp_and_is_told_of_a_recipient_that_is_refused()
    {
        var (account, message) = (NewAccount(), StoredMessage.Make("nodemailer lmtp"));

        var result = await SendAsync(message, $"{Server.Lmtp}", "lmtp", "-", "sender@example.com", $"nobody@example.org,{account}");

        Assert.That(result.Text, Does.Contain("rejected nobody@example.org 550").And.Contain($"accepted {account}"));
        await using var imap = await OpenImapAsync(account);
        StoredMessage.AssertCarries(await imap.FetchAsync(1), message);
    }

    private async Task<ClientResult> SendAsync(byte[] message, params string[] arguments)
    {
        var file = Path.Combine(Server.Folder, $"{Guid.NewGuid():n}.eml");
        await File.WriteAllBytesAsync(file, message);
        return (await ClientTool.Node.RunAsync(
            [Path.Combine(SourceTree.Root, "tests", "MailCore.InteropTests", "clients", "nodemailer_client.cjs"), Modules, .. arguments, file])).Succeeded();
    }
}

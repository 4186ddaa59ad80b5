using MailCore.InteropTests.Server;
using MailCore.InteropTests.Tools;
using MailCore.InteropTests.Wire;
using NUnit.Framework;

namespace MailCore.InteropTests;

internal sealed class MsmtpTests : SampleFixture
{
    protected override int Accounts => 6;

    [SetUp]
    public void RequireMsmtp() => ClientTool.Msmtp.Require();

    [TestCase("off", " with ESMTP ")]
    [TestCase("on", " with ESMTPS ")]
    [Property("Fact", "FETCH BODY[] ends with the octets that msmtp was given, and the trace header names the protocol")]
    public async Task Transfers(string tls, string protocol)
    {
        var (account, message) = (NewAccount(), StoredMessage.Make("msmtp"));

        await MsmtpAsync(message, $"--port={Server.Smtp}", $"--tls={tls}", "--from=sender@example.com", account);

        await using var imap = await OpenImapAsync(account);
        Assert.That(StoredMessage.AssertCarries(await imap.FetchAsync(1), message), Does.Contain(protocol).And.Contain("from client.example"));
    }

    [TestCase("on")]
    [TestCase("off")]
    [Property("Fact", "the stored trace header says ESMTPSA, and POP3 gives the octets sent")]
    public async Task Submits(string startTls)
    {
        var (account, message) = (NewAccount(), StoredMessage.Make("msmtp submission"));
        var port = startTls == "on" ? Server.Submission : Server.Submissions;

        await MsmtpAsync(message, $"--port={port}", "--tls=on", $"--tls-starttls={startTls}", "--auth=plain", $"--user={account}",
            $"--passwordeval=echo '{SampleServer.Password}'", $"--from={account}", account);

        await using var pop3 = await OpenPop3Async(account);
        Assert.That(StoredMessage.AssertCarries(await pop3.ReadLinesAsync("RETR 1"), message), Does.Contain(" with ESMTPSA "));
    }

    [Test]
    [Property("Fact", "both mailboxes hold the octets sent")]
    public async Task Speaks_lmtp_to_several_recipients()
    {
        var (one, two, message) = (NewAccount(), NewAccount(), StoredMessage.Make("msmtp lmtp"));

        await MsmtpAsync(message, $"--port={Server.Lmtp}", "--protocol=lmtp", "--from=sender@example.com", one, two);

        foreach (var account in new[] { one, two })
        {
            await using var imap = await OpenImapAsync(account);
            Assert.That(StoredMessage.AssertCarries(await imap.FetchAsync(1), message), Does.Contain(" with LMTP "));
        }
    }

    private static async Task MsmtpAsync(byte[] message, params string[] arguments) => (await ClientTool.Msmtp.RunAsync(
        ["--file=/dev/null", "--host=127.0.0.1", "--domain=client.example", "--tls-certcheck=off", .. arguments],
        System.Text.Encoding.UTF8.GetBytes(System.Text.Encoding.UTF8.GetString(message).Replace("\r\n", "\n", StringComparison.Ordinal)))).Succeeded();
}

using System.Text;
using MailCore.InteropTests.Server;
using MailCore.InteropTests.Tools;
using MailCore.InteropTests.Wire;
using NUnit.Framework;

namespace MailCore.InteropTests;

internal sealed class SwaksTests : SampleFixture
{
    protected override int Accounts => 8;

    [SetUp]
    public void RequireSwaks() => ClientTool.Swaks.Require();

    [Test]
    [Property("Fact", "FETCH BODY[] ends with the octets that swaks was given")]
    public async Task Transfer_stores_the_data()
    {
        var (account, message) = (NewAccount(), StoredMessage.Make("swaks"));

        await SwaksAsync(message, "--port", $"{Server.Smtp}", "--from", "sender@example.com", "--to", account);

        await using var imap = await OpenImapAsync(account);
        StoredMessage.AssertCarries(await imap.FetchAsync(1), message);
    }

    [Test]
    [Property("Fact", "the stored trace header says ESMTPS")]
    public async Task Transfer_with_starttls_stores_the_data()
    {
        var (account, message) = (NewAccount(), StoredMessage.Make("swaks tls"));

        await SwaksAsync(message, "--port", $"{Server.Smtp}", "--tls", "--from", "sender@example.com", "--to", account);

        await using var imap = await OpenImapAsync(account);
        Assert.That(StoredMessage.AssertCarries(await imap.FetchAsync(1), message), Does.Contain(" with ESMTPS"));
    }

    [Test]
    [Property("Fact", "FETCH BODY[] ends with the octets that swaks was given behind one batch of commands")]
    public async Task Pipelined_commands_are_answered_in_step()
    {
        var (account, message) = (NewAccount(), StoredMessage.Make("swaks pipelining"));

        var result = await SwaksAsync(message, "--port", $"{Server.Smtp}", "--pipeline", "--from", "sender@example.com", "--to", account);

        // swaks marks what it sends without having read the reply before it.
        Assert.That(result.Text, Does.Contain(">> RCPT TO:").Or.Contain(" -> RCPT TO:").And.Contain("PIPELINING"));
        await using var imap = await OpenImapAsync(account);
        StoredMessage.AssertCarries(await imap.FetchAsync(1), message);
    }

    [TestCase("PLAIN")]
    [TestCase("LOGIN")]
    [Property("Fact", "the stored trace header says ESMTPSA, and POP3 gives the octets sent")]
    public async Task Submission_logs_in_by(string mechanism)
    {
        var (account, message) = (NewAccount(), StoredMessage.Make($"swaks {mechanism}"));
        string[] endpoint = mechanism == "PLAIN" ? ["--port", $"{Server.Submission}", "--tls"] : ["--port", $"{Server.Submissions}", "--tls-on-connect"];

        await SwaksAsync(message, [.. endpoint, "--auth", mechanism, "--auth-user", account, "--auth-password", SampleServer.Password, "--from", account, "--to", account]);

        await using var pop3 = await OpenPop3Async(account);
        Assert.That(StoredMessage.AssertCarries(await pop3.ReadLinesAsync("RETR 1"), message), Does.Contain(" with ESMTPSA"));
    }

    [Test]
    [Property("Fact", "on the wire MAIL is answered with 530 before TLS, and nothing is stored")]
    public async Task Submission_without_tls_is_refused()
    {
        var account = NewAccount();

        var result = await ClientTool.Swaks.RunAsync(
            ["--server", "127.0.0.1", "--port", $"{Server.Submission}", "--from", account, "--to", account, "--data", "-"], StoredMessage.Make("never"));

        Assert.That(result.ExitCode, Is.Not.Zero);
        Assert.That(result.Text, Does.Contain("** 530 5.7.0").And.Not.Contain("AUTH PLAIN"));
        await using var imap = await OpenImapAsync(account);
        Assert.That(await imap.CountAsync(), Is.Zero);
    }

    [Test]
    [Property("Fact", "both mailboxes hold the octets sent, though one of three recipients was refused")]
    public async Task Lmtp_delivers_to_each_recipient_that_it_took()
    {
        var (one, two, message) = (NewAccount(), NewAccount(), StoredMessage.Make("swaks lmtp"));

        var result = await SwaksAsync(message, "--protocol", "LMTP", "--port", $"{Server.Lmtp}", "--from", "sender@example.com", "--to", $"{one},nobody@example.org,{two}");

        Assert.That(result.Text, Does.Contain("550 5.1.1"));
        foreach (var account in new[] { one, two })
        {
            await using var imap = await OpenImapAsync(account);
            StoredMessage.AssertCarries(await imap.FetchAsync(1), message);
        }
    }

    // swaks writes CRLF for each LF, stuffs dots, and adds CRLF.CRLF.
    private static async Task<ClientResult> SwaksAsync(byte[] message, params string[] arguments) =>
        (await ClientTool.Swaks.RunAsync(
            ["--server", "127.0.0.1", "--helo", "client.example", .. arguments, "--data", "-"],
            Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(message)[..^2].Replace("\r\n", "\n", StringComparison.Ordinal)))).Succeeded();
}

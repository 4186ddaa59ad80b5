using System.Text;
using MailCore.InteropTests.Server;
using MailCore.InteropTests.Tools;
using MailCore.InteropTests.Wire;
using NUnit.Framework;

namespace MailCore.InteropTests;

/// <summary>What swaks speaks beyond plain SMTP: XCLIENT and the PROXY protocol.</summary>
internal sealed class SwaksExtensionTests : SampleFixture
{
    protected override int Accounts => 6;

    protected override string[] Arguments =>
    [
        .. Listener(8, "Smtp"), "--Mail:Listeners:8:XClientFrom:0=127.0.0.1",
        .. Listener(9, "Smtp"), "--Mail:Listeners:9:ProxyFrom:0=127.0.0.0/8",
        .. Listener(10, "Submission"), "--Mail:Listeners:10:XClientFrom:0=127.0.0.1",
    ];

    [SetUp]
    public void RequireSwaks() => ClientTool.Swaks.Require();

    [TestCase("192.0.2.7", "[192.0.2.7]")]
    [TestCase("IPV6:2001:db8::7", "[IPv6:2001:db8::7]")]
    [Property("Fact", "the stored trace header names the address that XCLIENT told, and TLS")]
    public async Task Xclient_tells_the_address_that_is_traced(string address, string traced)
    {
        var (account, message) = (NewAccount(), StoredMessage.Make("xclient"));

        await SwaksAsync(message, "--port", $"{Server.Port("smtp-2")}", "--tls", "--from", "sender@example.com", "--to", account,
            "--xclient-addr", address, "--xclient-name", "mail.example.net", "--xclient-helo", "inner.example");

        await using var imap = await OpenImapAsync(account);
        Assert.That(StoredMessage.AssertCarries(await imap.FetchAsync(1), message), Does.Contain($"from client.example ({traced})").And.Contain(" with ESMTPS "));
    }

    [Test]
    [Property("Fact", "the stored trace header says ESMTPSA, though no password was sent")]
    public async Task Xclient_tells_who_has_logged_in()
    {
        var (account, message) = (NewAccount(), StoredMessage.Make("xclient login"));

        await SwaksAsync(message, "--port", $"{Server.Port("submission-2")}", "--tls", "--from", account, "--to", account, "--xclient-login", account);

        await using var imap = await OpenImapAsync(account);
        Assert.That(StoredMessage.AssertCarries(await imap.FetchAsync(1), message), Does.Contain(" with ESMTPSA "));
    }

    [TestCase("1", "TCP4", null)]
    [TestCase("2", "AF_INET", "STREAM")]
    [Property("Fact", "the stored trace header names the address that the PROXY header told")]
    public async Task A_proxy_header_tells_the_address_that_is_traced(string version, string family, string? protocol)
    {
        var (account, message) = (NewAccount(), StoredMessage.Make("proxy"));
        string[] more = protocol is null ? [] : ["--proxy-protocol", protocol, "--proxy-command", "PROXY"];

        await SwaksAsync(message, ["--port", $"{Server.Port("smtp-3")}", "--from", "sender@example.com", "--to", account,
            "--proxy-version", version, "--proxy-family", family, .. more,
            "--proxy-source", "192.0.2.7", "--proxy-source-port", "4711", "--proxy-dest", "192.0.2.1", "--proxy-dest-port", "25"]);

        await using var imap = await OpenImapAsync(account);
        Assert.That(StoredMessage.AssertCarries(await imap.FetchAsync(1), message), Does.Contain("from client.example ([192.0.2.7])"));
    }

    [Test]
    [Property("Fact", "the server's own endpoint without ProxyFrom answers the header with 500")]
    public async Task A_proxy_header_that_nobody_asked_for_is_no_mail()
    {
        var result = await ClientTool.Swaks.RunAsync(
            ["--server", "127.0.0.1", "--port", $"{Server.Smtp}", "--from", "sender@example.com", "--to", "user1@example.org", "--data", "-",
            "--proxy-version", "1", "--proxy-family", "TCP4", "--proxy-source", "192.0.2.7", "--proxy-source-port", "4711", "--proxy-dest", "192.0.2.1", "--proxy-dest-port", "25"],
            StoredMessage.Make("never"));

        Assert.That(result.Text, Does.Contain("500 5.5.1"));
    }

    private static IEnumerable<string> Listener(int index, string role) =>
        [$"--Mail:Listeners:{index}:Role={role}", $"--Mail:Listeners:{index}:Address=127.0.0.1", $"--Mail:Listeners:{index}:Port=0"];

    private static async Task<ClientResult> SwaksAsync(byte[] message, params string[] arguments) =>
        (await ClientTool.Swaks.RunAsync(
            ["--server", "127.0.0.1", "--helo", "client.example", .. arguments, "--data", "-"],
            Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(message)[..^2].Replace("\r\n", "\n", StringComparison.Ordinal)))).Succeeded();
}

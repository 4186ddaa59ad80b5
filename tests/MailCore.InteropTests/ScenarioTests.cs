using System.Text;
using System.Text.RegularExpressions;
using MailCore.InteropTests.Server;
using MailCore.InteropTests.Tools;
using MailCore.InteropTests.Wire;
using NUnit.Framework;

namespace MailCore.InteropTests;

/// <summary>Scenario A: a stranger's mail server delivers to our user, whom a real client then reads. And mail that only passes through.</summary>
internal sealed class ScenarioTests
{
    private const string Account = "bob@example.org";

    [SetUp]
    public void RequirePostfix() => PostfixServer.Require();

    [Test]
    [Property("Fact", "curl prints the octets that Postfix was given, from the inbox by the alias and from the folder by the subaddress; Postfix bounces the unknown recipient at RCPT; 'where' tells the way by the queue id of Postfix's log and of the Received header")]
    public async Task A_strangers_postfix_delivers_to_our_user_whom_a_real_client_reads()
    {
        ClientTool.Curl.Require();
        await using var server = await SampleServer.StartAsync(new SampleSetUp
        {
            Accounts = [Account, "alice@example.org"],
            Arguments = ["--Mail:Aliases:0:Address=sales@example.org", $"--Mail:Aliases:0:Targets:0={Account}", "--Mail:Aliases:0:Targets:1=alice@example.org", "--Mail:Routing:SubaddressMailboxes=true"],
        });
        await using (var imap = await RawImap.ConnectAsync(server.Imaps, Account, SampleServer.Password))
            await imap.SendAsync("CREATE Lists");

        await using var postfix = await PostfixServer.StartAsync($"relayhost = [127.0.0.1]:{server.Smtp}", "transport_maps = inline:{ example.com=discard }");
        var message = StoredMessage.Make("scenario A");
        await GiveAsync(postfix.Port, message, "sales@example.org", "bob+lists@example.org", "nobody@example.org");

        var log = await postfix.WaitForLogAsync("to=<bob+lists@example.org>");
        Assert.That(log, Does.Contain("dsn=2.0.0, status=sent (250 2.0.0 OK queued as "));
        Assert.That(await postfix.WaitForLogAsync("to=<nobody@example.org>"), Does.Contain("dsn=5.1.1, status=bounced").And.Contain("in reply to RCPT TO"));
        foreach (var (account, mailbox) in new[] { (Account, "INBOX"), (Account, "Lists"), ("alice@example.org", "INBOX") })
        {
            var read = (await ClientTool.Curl.RunAsync(["-sSk", "--max-time", "50", "--user", $"{account}:{SampleServer.Password}", $"imaps://127.0.0.1:{server.Imaps}/{mailbox};MAILINDEX=1"])).Succeeded();
            Assert.That(read.Output.AsSpan().EndsWith(message), $"{account} {mailbox}");
            Assert.That(Encoding.UTF8.GetString(read.Output), Does.StartWith("Return-Path: <sender@example.com>\r\nDelivered-To: "));
        }

        var queueId = Regex.Match(log, "queued as (?<id>[0-9A-Z]{16})").Groups["id"].Value;
        var told = await WhereAsync(server, queueId, deliveries: 3);
        Assert.That(told, Does.Contain("Received ").And.Contain("from <sender@example.com>").And.Contain("client.example [127.0.0.1]"));
        Assert.That(told, Does.Contain("Routed      <sales@example.org> account alice@example.org").And.Contain("Routed      <bob+lists@example.org> account bob@example.org, mailbox lists"));
        Assert.That(told, Does.Contain("Delivered   <sales@example.org> to INBOX of bob@example.org").And.Contain("Delivered   <bob+lists@example.org> to Lists of bob@example.org"));
        await using var stored = await RawImap.ConnectAsync(server.Imaps, Account, SampleServer.Password);
        Assert.That(Encoding.UTF8.GetString(await stored.FetchAsync(1)), Does.Contain($" id {queueId}"));
    }

    [Test]
    [Property("Fact", "the second server's IMAP shows the octets given to the first, with the trace of both and of the Postfix in between, and one Return-Path")]
    public async Task Mail_for_a_relay_domain_is_handed_to_a_postfix_that_passes_it_on()
    {
        await using var inside = await SampleServer.StartAsync(new SampleSetUp { Accounts = ["bob@inside.example"] });
        await using var postfix = await PostfixServer.StartAsync($"relayhost = [127.0.0.1]:{inside.Smtp}");
        await using var outside = await SampleServer.StartAsync(new SampleSetUp
        {
            Accounts = [Account],
            Arguments = ["--Mail:RelayDomains:0:Name=inside.example", $"--Mail:RelayDomains:0:Via=[127.0.0.1]:{postfix.Port}"],
        });
        var message = StoredMessage.Make("handed over");
        await GiveAsync(outside.Smtp, message, "bob@inside.example", Account);

        await postfix.WaitForLogAsync("to=<bob@inside.example>");
        await using var imap = await RawImap.ConnectAsync(inside.Imaps, "bob@inside.example", SampleServer.Password);
        var stored = await imap.FetchAsync(1);
        Assert.That(stored.AsSpan().EndsWith(message));
        var trace = Encoding.UTF8.GetString(stored, 0, stored.Length - message.Length);
        Assert.That(Regex.Count(trace, "^Received: ", RegexOptions.Multiline), Is.EqualTo(3));
        Assert.That(Regex.Count(trace, "^Return-Path: ", RegexOptions.Multiline), Is.EqualTo(1));
        await using var own = await RawImap.ConnectAsync(outside.Imaps, Account, SampleServer.Password);
        Assert.That((await own.FetchAsync(1)).AsSpan().EndsWith(message));
    }

    private static async Task GiveAsync(int port, byte[] message, params string[] recipients)
    {
        await using var smtp = await RawSmtp.ConnectAsync(port);
        await smtp.SendAsync("MAIL FROM:<sender@example.com>");
        foreach (var recipient in recipients)
            Assert.That(await smtp.SendAsync($"RCPT TO:<{recipient}>"), Does.StartWith("250"));

        Assert.That(await smtp.SendAsync("DATA"), Does.StartWith("354"));
        await smtp.SendContentAsync(new MemoryStream(message));
        Assert.That(await smtp.EndContentAsync(), Does.StartWith("250"));
    }

    /// <summary>The trace is written about once a second, a message's events not always together.</summary>
    private static async Task<string> WhereAsync(SampleServer server, string queueId, int deliveries)
    {
        var told = "nothing";
        for (var i = 0; i < 60; i++)
        {
            await using var process = ChildProcess.Start(SourceTree.Program("samples/MailServer"), ["where", queueId], server.Folder);
            if (await process.WaitForExitAsync() != 0)
                continue;

            told = process.Output;
            if (told.Split('\n').Count(static line => line.Contains("  Delivered ", StringComparison.Ordinal)) >= deliveries)
                return told;
        }

        throw new TimeoutException($"Of {queueId} this is known: {told}");
    }
}

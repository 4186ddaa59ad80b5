using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using MailCore.InteropTests.Server;
using MailCore.InteropTests.Wire;
using NUnit.Framework;

namespace MailCore.InteropTests;

/// <summary>The verb "queue" beside the running server, whose next attempt of its own is five minutes away: what moves was moved by a verb.</summary>
internal sealed partial class QueueVerbTests : FolderFixture
{
    [Test]
    [Property("Fact", "the mailboxes of the next servers, by IMAP, have what each verb let go, and nothing else")]
    public async Task The_queue_is_listed_and_changed_beside_the_running_server()
    {
        var (near, far) = (FreePort(), FreePort());
        await using var server = await StartAsync(near, far);
        Assert.That(await RunAsync(0, "list"), Is.EqualTo("0 items with 0 octets.\n"));
        await SubmitAsync(server, "anna@near.example", "bert@near.example", "carl@near.example", "dora@near.example", "emil@far.example");
        await WaitForListAsync(static list => EmilRefused().IsMatch(list), "the second server was tried");
        var ids = Ids().Matches(await RunAsync(0, "list")).ToDictionary(static match => match.Groups[2].Value, static match => match.Groups[1].Value);
        Assert.That(ids, Has.Count.EqualTo(5));

        var show = await RunAsync(0, "show", ids["emil"]);
        Assert.That(show, Does.StartWith($"{ids["emil"]}, item ").And.Contain("remote lane").And.Contain("from       <bob@example.org>, ").And.Contain("to         emil@far.example"));
        Assert.That(show, Does.Contain($"by         [127.0.0.1]:{far}").And.Contain("attempts   1, next ").And.Match("last reply .*[Rr]efused"));
        Assert.That(await RunAsync(0, "list", "--to", $"[127.0.0.1]:{far}"), Does.Contain("emil@far.example").And.Contain("1 items with "));
        Assert.That(await RunAsync(0, "list", "--sender", "nobody@example.org"), Does.Contain("0 items"));

        foreach (var held in new[] { "anna", "bert", "dora" })
            Assert.That(await RunAsync(0, "hold", ids[held]), Is.EqualTo("1 items held.\n"));

        Assert.That(await RunAsync(0, "show", ids["anna"]), Does.Match("attempts   [01], held\n"));
        Assert.That(await RunAsync(0, "delete", ids["dora"]), Is.EqualTo("1 items deleted.\n"));
        Assert.That(await RunAsync(1, "show", ids["dora"]), Does.Contain("is not in the queue"));

        await using (var next = await StartNextAsync(near, "near.example", "anna", "bert", "carl", "dora"))
        {
            Assert.That(await RunAsync(0, "retry", ids["carl"]), Is.EqualTo("1 items to be tried now.\n"));
            await WaitForMailAsync(next, "carl@near.example");
            Assert.That(await RunAsync(0, "release", ids["anna"]), Is.EqualTo("1 items released.\n"));
            await RunAsync(0, "retry", "--to", $"[127.0.0.1]:{near}");
            await WaitForMailAsync(next, "anna@near.example");
            Assert.That(await CountAsync(next, "bert@near.example"), Is.Zero, "it is held");
            Assert.That(await CountAsync(next, "dora@near.example"), Is.Zero, "it was deleted");
        }

        await using (var next = await StartNextAsync(far, "far.example", "emil"))
        {
            Assert.That(await RunAsync(0, "list", "--to", "far.example"), Does.Contain("emil@far.example").And.Contain("1 items with "), "by the recipient's domain, whatever the next hop is called");
            Assert.That(await RunAsync(0, "flush", "far.example"), Is.EqualTo("1 items to be tried now.\n"));
            await WaitForMailAsync(next, "emil@far.example");
        }

        await WaitForListAsync(static list => list.Contains("\n1 items with ", StringComparison.Ordinal), "all but the held one have gone");
        Assert.That(await RunAsync(0, "list"), Does.Contain("bert@near.example").And.Contain("  held\n"));
        Assert.That(await RunAsync(0, "delete", "--all", "yes"), Is.EqualTo("1 items deleted.\n"));
    }

    [Test]
    [Property("Fact", "what 'list' shows after each verb: an item for two domains is held by either, and deleted by neither")]
    public async Task A_domain_is_named_whether_the_server_runs_or_not()
    {
        await using (var server = await StartAsync(FreePort(), FreePort(), "--Mail:Relay:SmartHosts:1:Recipients:1=else.example"))
        {
            await using (var smtp = await RawSmtp.ConnectAsync(server.Smtp))
            {
                Assert.That(await smtp.SendAsync("MAIL FROM:<bob@example.org>"), Does.StartWith("250"));
                foreach (var recipient in new[] { "one@far.example", "two@else.example" })
                    Assert.That(await smtp.SendAsync($"RCPT TO:<{recipient}>"), Does.StartWith("250"));

                Assert.That(await smtp.SendAsync("DATA"), Does.StartWith("354"));
                Assert.That(await smtp.SendAsync("Subject: both\r\n\r\n."), Does.StartWith("250"));
            }

            await SubmitAsync(server, "anna@else.example", "bert@else.example");
            Assert.That(await RunAsync(0, "hold", "--to", "else.example"), Is.EqualTo("3 items held.\n"));
            Assert.That(await RunAsync(0, "list", "--to", "far.example"), Does.Contain("two@else.example").And.Contain("  held").And.Contain("1 items with "));
            Assert.That(await RunAsync(1, "delete", "--to", "else.example"), Does.Contain("goes to other domains than else.example").And.Contain("one@far.example"));
            Assert.That(await RunAsync(0, "list"), Does.Contain("3 items with "));
            Assert.That(await server.StopAsync(), Is.Zero);
        }

        Assert.That(await RunAsync(0, "release", "--to", "ELSE.example"), Is.EqualTo("3 items released.\n"));
        Assert.That(await RunAsync(0, "list"), Does.Not.Contain("held"));
    }

    [Test]
    [Property("Fact", "the exit codes and what is said of words that mean nothing, and of mail that is not there")]
    public async Task What_is_not_there_and_what_is_not_named_is_refused()
    {
        await using var server = await StartAsync(FreePort(), FreePort());

        Assert.That(await RunAsync(1, "drop"), Does.Contain("'drop' means nothing to queue"));
        Assert.That(await RunAsync(1, "show"), Does.Contain("Say which queue-id"));
        Assert.That(await RunAsync(1, "flush"), Does.Contain("Say which destination"));
        Assert.That(await RunAsync(1, "delete"), Does.Contain("--all yes for everything"));
        Assert.That(await RunAsync(1, "show", "NOTHING"), Does.Contain("'NOTHING' is not in the queue"));
        foreach (var verb in new[] { "hold", "release", "retry", "delete" })
            Assert.That(await RunAsync(2, verb, "NOTHING"), Does.StartWith("0 items "));

        Assert.That(await RunAsync(2, "flush", "nowhere.example"), Does.StartWith("0 items "));
    }

    private Task<SampleServer> StartAsync(int near, int far, params string[] more) => SampleServer.StartAsync(new SampleSetUp
    {
        Folder = Folder,
        Accounts = ["bob@example.org"],
        Arguments =
        [
            "--Mail:HostName=mx.example.org", "--Mail:AllowSubmissionFrom:0=127.0.0.0/8", "--Mail:Relay:Enabled=true",
            $"--Mail:Relay:SmartHosts:0:Host=[127.0.0.1]:{near}", "--Mail:Relay:SmartHosts:0:Recipients:0=near.example",
            $"--Mail:Relay:SmartHosts:1:Host=[127.0.0.1]:{far}", "--Mail:Relay:SmartHosts:1:Recipients:0=far.example", .. more,
        ],
    });

    private static Task<SampleServer> StartNextAsync(int port, string domain, params string[] users) => SampleServer.StartAsync(new SampleSetUp
    {
        Accounts = [.. users.Select(user => $"{user}@{domain}")],
        Arguments = [$"--Mail:HostName=mx.{domain}", $"--Mail:Listeners:0:Port={port}"],
    });

    private static async Task SubmitAsync(SampleServer server, params string[] recipients)
    {
        await using var smtp = await RawSmtp.ConnectAsync(server.Smtp);
        foreach (var recipient in recipients)
            Assert.That(await smtp.DeliverAsync("bob@example.org", recipient, new MemoryStream(StoredMessage.Make("queued"))), Does.StartWith("250"));
    }

    private async Task WaitForListAsync(Func<string, bool> condition, string what)
    {
        var list = await RunAsync(0, "list");
        for (var i = 0; i < 100 && !condition(list); i++)
        {
            await Task.Delay(100);
            list = await RunAsync(0, "list");
        }

        Assert.That(condition(list), $"{what}: {list}");
    }

    private static async Task WaitForMailAsync(SampleServer next, string account)
    {
        for (var i = 0; i < 300 && await CountAsync(next, account) == 0; i++)
            await Task.Delay(100);

        Assert.That(await CountAsync(next, account), Is.EqualTo(1), account);
    }

    private static async Task<int> CountAsync(SampleServer next, string account)
    {
        await using var imap = await RawImap.ConnectAsync(next.Imaps, account, SampleServer.Password);
        return await imap.CountAsync();
    }

    private async Task<string> RunAsync(int code, params string[] words)
    {
        await using var process = ChildProcess.Start(SourceTree.Program("samples/MailServer"), ["queue", .. words], Folder);
        Assert.That(await process.WaitForExitAsync(), Is.EqualTo(code), process.Output);
        return process.Output + "\n";
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    [GeneratedRegex(@"^(\S+)  .*\n    to (\w+)@", RegexOptions.Multiline)]
    private static partial Regex Ids();

    [GeneratedRegex(@"emil@far\.example by .*\n    \(.*[Rr]efused")]
    private static partial Regex EmilRefused();
}

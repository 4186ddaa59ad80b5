using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using MailCore.InteropTests.Server;
using MailCore.InteropTests.Tools;
using MailCore.InteropTests.Wire;
using NUnit.Framework;

namespace MailCore.InteropTests;

/// <summary>
/// Our user submits with a real client, and a stranger's real server receives, by the sample's queue. What the user asked for is proven
/// by what comes back into the user's mailbox.
/// </summary>
internal sealed class RelayScenarioTests
{
    private const string Bob = "bob@example.org";

    [TestCase("swaks")]
    [TestCase("msmtp")]
    [Property("Fact", "the files in Postfix's Maildirs end with the octets that the client was given, and the trace says ESMTPSA and nothing of other recipients")]
    public async Task A_user_submits_and_a_stranger_s_postfix_receives(string client)
    {
        PostfixServer.Require();
        await using var postfix = await PostfixServer.StartReceivingAsync("example.net");
        await using var server = await StartAsync(postfix.Port);
        var message = StoredMessage.Make("from a user");

        await SubmitAsync(client, server, message, "anna@example.net", "bert@example.net");

        foreach (var user in new[] { "anna", "bert" })
        {
            var stored = Encoding.UTF8.GetString((await postfix.WaitForMailAsync(user)).Single()).ReplaceLineEndings("\r\n");
            Assert.That(stored, Does.EndWith(Encoding.UTF8.GetString(message)));
            Assert.That(stored, Does.Contain("from mx.example.org").And.Contain(" with ESMTPSA ").And.Contain("Return-Path: <bob@example.org>"));
            Assert.That(stored, Does.Not.Contain(user == "anna" ? "bert@" : "anna@"));
        }
    }

    [Test]
    [Property("Fact", "Exim's mailbox holds the lines that swaks was given; Exim's log says that they came by BDAT (K)")]
    public async Task A_user_submits_and_a_stranger_s_exim_receives()
    {
        EximServer.Require();
        await using var exim = await EximServer.StartAsync("example.net");
        await using var server = await StartAsync(exim.Port);
        var message = StoredMessage.Make("from a user to exim");

        await SubmitAsync("swaks", server, message, "anna@example.net");

        Assert.That(await exim.WaitForMailAsync("end\n"), Does.Contain(Encoding.UTF8.GetString(message).ReplaceLineEndings("\n")));
        Assert.That(await exim.WaitForLogAsync("<= bob@example.org"), Does.Contain(" K "));
    }

    [Test]
    [Property("Fact", "a report that Postfix makes comes back to the sample over SMTP, and has the ENVID and ORCPT that the user gave")]
    public async Task NOTIFY_SUCCESS_goes_on_to_postfix_whose_own_report_comes_back()
    {
        PostfixServer.Require();
        var port = FreePort();
        await using var postfix = await PostfixServer.StartReceivingAsync("example.net", $"transport_maps = inline:{{ example.org=smtp:[127.0.0.1]:{port} }}");
        await using var server = await StartAsync(postfix.Port, $"--Mail:Listeners:0:Port={port}");

        await SubmitAsync(server, "MAIL FROM:<bob@example.org> RET=HDRS ENVID=env+2B1", "RCPT TO:<anna@example.net> NOTIFY=SUCCESS ORCPT=rfc822;first+40example.net", "success");

        var facts = await ReadReportAsync((await WaitForInboxAsync(server, 1)).Single());
        Assert.That(facts, Does.Contain("field Reporting-MTA: dns; client.example"), "Postfix made it");
        Assert.That(facts, Does.Contain("field Original-Envelope-Id: env+1").And.Contain("Original-Recipient: rfc822;first@example.net"));
        Assert.That(facts, Does.Contain("field Action: delivered").And.Contain("field Status: 2.0.0"));
        await postfix.WaitForMailAsync("anna");
    }

    [Test]
    [Property("Fact", "Python's parser reads the report that the sample makes, and finds no defect in it; Postfix has the message")]
    public async Task NOTIFY_SUCCESS_to_a_server_without_DSN_is_reported_as_relayed()
    {
        PostfixServer.Require();
        await using var postfix = await PostfixServer.StartReceivingAsync("example.net", "smtpd_discard_ehlo_keywords = dsn");
        await using var server = await StartAsync(postfix.Port);

        await SubmitAsync(server, "MAIL FROM:<bob@example.org> RET=FULL ENVID=env1", "RCPT TO:<anna@example.net> NOTIFY=SUCCESS,FAILURE", "relayed");

        var facts = await ReadReportAsync((await WaitForInboxAsync(server, 1)).Single());
        Assert.That(facts, Does.StartWith("type multipart/report delivery-status\ndefects 0\n").And.Contain("\nauto auto-replied\n"));
        Assert.That(facts, Does.Contain("field Original-Envelope-Id: env1").And.Contain("field Reporting-MTA: dns; mx.example.org").And.Contain("field Action: relayed"));
        Assert.That(facts, Does.Contain("field Remote-MTA: dns; 127.0.0.1").And.Contain("part text/rfc822-headers\nreturned relayed"));
        await postfix.WaitForMailAsync("anna");
    }

    [TestCase("RET=FULL", "message/rfc822")]
    [TestCase("RET=HDRS", "text/rfc822-headers")]
    [Property("Fact", "Python's parser finds Postfix's reply, word for word, in the report; Postfix's log has the same refusal")]
    public async Task A_refused_recipient_is_reported_with_postfix_s_words(string wish, string type)
    {
        PostfixServer.Require();
        await using var postfix = await PostfixServer.StartReceivingAsync("example.net");
        await using var server = await StartAsync(postfix.Port);

        await SubmitAsync(server, $"MAIL FROM:<bob@example.org> {wish}", "RCPT TO:<stranger@example.net>", "failed");

        var facts = await ReadReportAsync((await WaitForInboxAsync(server, 1)).Single());
        Assert.That(facts, Does.StartWith("type multipart/report delivery-status\ndefects 0\nsubject Undelivered mail returned to sender\n"));
        Assert.That(facts, Does.Contain("field Final-Recipient: rfc822; stranger@example.net\nfield Action: failed\nfield Status: 5.1.1\n"));
        Assert.That(facts, Does.Contain(
            "field Diagnostic-Code: smtp; 550 5.1.1 <stranger@example.net>: Recipient address rejected: User unknown in virtual mailbox table"));
        Assert.That(facts, Does.Contain($"part {type}\nreturned failed"));
        await postfix.WaitForLogAsync("550 5.1.1 <stranger@example.net>");
    }

    [TestCase("swaks")]
    [TestCase("msmtp")]
    [Property("Fact", "of one submission Postfix's Maildir has the one recipient's message, and the user's INBOX, read by Python's parser, the report about the other")]
    public async Task Of_what_a_user_submits_one_part_arrives_and_the_other_comes_back(string client)
    {
        PostfixServer.Require();
        await using var postfix = await PostfixServer.StartReceivingAsync("example.net");
        await using var server = await StartAsync(postfix.Port);

        await SubmitAsync(client, server, StoredMessage.Make("half of it"), "anna@example.net", "stranger@example.net");

        Assert.That(await postfix.WaitForMailAsync("anna"), Has.Count.EqualTo(1));
        var facts = await ReadReportAsync((await WaitForInboxAsync(server, 1)).Single());
        Assert.That(facts, Does.StartWith("type multipart/report delivery-status\ndefects 0\n").And.Contain("returned half of it"));
        Assert.That(facts, Does.Contain("field Final-Recipient: rfc822; stranger@example.net\nfield Action: failed\nfield Status: 5.1.1\n").And.Not.Contain("anna@"));
    }

    [Test]
    [Property("Fact", "nobody listens there; two reports come, first of the delay and then of the failure, by the schedule that was configured")]
    public async Task A_dead_server_is_reported_as_a_delay_and_then_as_a_failure()
    {
        await using var server = await StartAsync(
            FreePort(), "--Mail:Relay:MinimumDelay=00:00:01", "--Mail:Relay:MaximumDelay=00:00:01", "--Mail:Relay:WarnAfter=00:00:02", "--Mail:Relay:Lifetime=00:00:06");

        await SubmitAsync(server, "MAIL FROM:<bob@example.org>", "RCPT TO:<anna@example.net>", "late");

        var reports = await WaitForInboxAsync(server, 2);
        var (delay, failure) = (await ReadReportAsync(reports[0]), await ReadReportAsync(reports[1]));
        Assert.That(delay, Does.Contain("field Action: delayed").And.Contain("field Status: 4.").And.Contain("field Will-Retry-Until: "));
        Assert.That(failure, Does.Contain("field Action: failed").And.Contain("Connection refused"));
    }

    [Test]
    [Property("Fact", "Postfix's log has nothing of the message before the time that it was to be held for")]
    public async Task HOLDFOR_holds_the_message_back()
    {
        PostfixServer.Require();
        await using var postfix = await PostfixServer.StartReceivingAsync("example.net");
        await using var server = await StartAsync(postfix.Port);

        var watch = Stopwatch.StartNew();
        await SubmitAsync(server, "MAIL FROM:<bob@example.org> HOLDFOR=4", "RCPT TO:<anna@example.net>", "later");
        await postfix.WaitForMailAsync("anna");

        // The server's clock started after ours, and has whole seconds.
        Assert.That(watch.Elapsed, Is.GreaterThan(TimeSpan.FromSeconds(3)));
    }

    [Test]
    [Property("Fact", "Postfix, which keeps no times of delivery, gets nothing; the sender is told at once")]
    public async Task BY_with_R_is_returned_by_a_way_that_keeps_no_times()
    {
        PostfixServer.Require();
        await using var postfix = await PostfixServer.StartReceivingAsync("example.net");
        await using var server = await StartAsync(postfix.Port);

        await SubmitAsync(server, "MAIL FROM:<bob@example.org> BY=600;R", "RCPT TO:<anna@example.net>", "in time");

        var facts = await ReadReportAsync((await WaitForInboxAsync(server, 1)).Single());
        Assert.That(facts, Does.Contain("field Action: failed\nfield Status: 5.3.3"));
        Assert.That(await postfix.WaitForLogAsync("connect from"), Is.Not.Empty);
        Assert.That(Directory.Exists(Path.Combine(postfix.MailFolder, "anna")), Is.False);
    }

    [Test]
    [Property("Fact", "Postfix's Return-Path is a sender of ours that stands for the stranger, and mail to it is taken while a forged one is not")]
    public async Task A_forwarded_stranger_is_rewritten_by_SRS()
    {
        PostfixServer.Require();
        await using var postfix = await PostfixServer.StartReceivingAsync("example.net");
        await using var server = await StartAsync(
            postfix.Port, "--Mail:Aliases:0:Address=forwarded@example.org", "--Mail:Aliases:0:Targets:0=anna@example.net", "--Mail:Relay:Srs:Domain=example.org", "--Mail:Relay:Srs:Secrets:0=a secret of some length");
        var message = StoredMessage.Make("forwarded");

        await using var smtp = await RawSmtp.ConnectAsync(server.Smtp);
        Assert.That(await smtp.DeliverAsync("sender@example.com", "forwarded@example.org", new MemoryStream(message)), Does.StartWith("250"));

        var stored = Encoding.UTF8.GetString((await postfix.WaitForMailAsync("anna")).Single()).ReplaceLineEndings("\r\n");
        var sender = System.Text.RegularExpressions.Regex.Match(stored, "^Return-Path: <(SRS0=[^=]{8}=[A-Z2-7]{2}=example\\.com=sender@example\\.org)>").Groups[1].Value;
        Assert.That(sender, Is.Not.Empty, stored);
        Assert.That(stored, Does.EndWith(Encoding.UTF8.GetString(message)));
        Assert.That(await smtp.SendAsync("MAIL FROM:<>"), Does.StartWith("250"));
        Assert.That(await smtp.SendAsync($"RCPT TO:<{sender}>"), Does.StartWith("250"));
        Assert.That(await smtp.SendAsync($"RCPT TO:<{sender.Replace("sender", "other", StringComparison.Ordinal)}>"), Does.StartWith("550 5.1.1"));
    }

    [TestCase("RELAY_HOST", "")]
    [TestCase("DEFAULT_RELAY_HOST", "")]
    [TestCase("RELAY_HOST", "--Mail:Relay:Enabled=false")]
    [Property("Fact", "Postfix's Maildir has the message, where nothing but docker-mailserver's variable said that there is a relay")]
    public async Task Docker_mailserver_s_relay_host_turns_the_relay_on(string variable, string off)
    {
        PostfixServer.Require();
        await using var postfix = await PostfixServer.StartReceivingAsync("example.net");
        Dictionary<string, string> variables = variable == "RELAY_HOST"
            ? new() { ["RELAY_HOST"] = "127.0.0.1", ["RELAY_PORT"] = $"{postfix.Port}" }
            : new() { ["DEFAULT_RELAY_HOST"] = $"[127.0.0.1]:{postfix.Port}" };
        await using var server = await SampleServer.StartAsync(new SampleSetUp
        {
            Accounts = [Bob],
            Variables = variables,
            Arguments = [.. new[] { "--Mail:HostName=mx.example.org", off }.Where(static one => one.Length > 0)],
        });

        if (off.Length > 0)
        {
            await using var smtp = await RawSmtp.ConnectAsync(server.Submissions, tls: true);
            await smtp.SendAsync("AUTH PLAIN " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"\0{Bob}\0{SampleServer.Password}")));
            await smtp.SendAsync("MAIL FROM:<bob@example.org>");
            Assert.That(await smtp.SendAsync("RCPT TO:<anna@example.net>"), Does.StartWith("5"));
            return;
        }

        await SubmitAsync(server, "MAIL FROM:<bob@example.org>", "RCPT TO:<anna@example.net>", "by the relay host");
        Assert.That(Encoding.UTF8.GetString((await postfix.WaitForMailAsync("anna")).Single()), Does.Contain("Subject: by the relay host"));
    }

    private static Task<SampleServer> StartAsync(int port, params string[] arguments) => SampleServer.StartAsync(new SampleSetUp
    {
        Accounts = [Bob],
        Arguments =
        [
            "--Mail:HostName=mx.example.org", "--Mail:Relay:Enabled=true", $"--Mail:Relay:SmartHosts:0:Host=[127.0.0.1]:{port}", "--Mail:Relay:SmartHosts:0:Recipients:0=example.net", .. arguments,
        ],
    });

    private static async Task SubmitAsync(string client, SampleServer server, byte[] message, params string[] recipients)
    {
        var lines = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(message).Replace("\r\n", "\n", StringComparison.Ordinal));
        var result = client == "swaks"
            ? await ClientTool.Swaks.RunAsync(
                ["--server", "127.0.0.1", "--port", $"{server.Submission}", "--tls", "--helo", "client.example", "--auth", "PLAIN", "--auth-user", Bob, "--auth-password", SampleServer.Password,
                    "--from", Bob, "--to", string.Join(',', recipients), "--data", "-"],
                lines[..^1])
            : await ClientTool.Msmtp.RunAsync(
                ["--file=/dev/null", "--host=127.0.0.1", "--domain=client.example", $"--port={server.Submissions}", "--tls=on", "--tls-starttls=off", "--tls-certcheck=off", "--auth=plain",
                    $"--user={Bob}", $"--passwordeval=echo '{SampleServer.Password}'", $"--from={Bob}", .. recipients],
                lines);
        result.Succeeded();
    }

    private static async Task SubmitAsync(SampleServer server, string mail, string recipient, string subject)
    {
        await using var smtp = await RawSmtp.ConnectAsync(server.Submissions, tls: true);
        Assert.That(await smtp.SendAsync("AUTH PLAIN " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"\0{Bob}\0{SampleServer.Password}"))), Does.StartWith("235"));
        Assert.That(await smtp.SendAsync(mail), Does.StartWith("250"));
        Assert.That(await smtp.SendAsync(recipient), Does.StartWith("250"));
        Assert.That(await smtp.SendAsync("DATA"), Does.StartWith("354"));
        await smtp.SendContentAsync(new MemoryStream(StoredMessage.Make(subject)));
        Assert.That(await smtp.EndContentAsync(), Does.StartWith("250"));
    }

    private static async Task<List<byte[]>> WaitForInboxAsync(SampleServer server, int count)
    {
        await using var imap = await RawImap.ConnectAsync(server.Imaps, Bob, SampleServer.Password);
        for (var i = 0; i < 1_200 && await imap.CountAsync() < count; i++)
        {
            await Task.Delay(50);
            await imap.SendAsync("NOOP");
        }

        Assert.That(await imap.CountAsync(), Is.EqualTo(count));
        return await imap.FetchAllAsync();
    }

    private static async Task<string> ReadReportAsync(byte[] message)
    {
        var result = await ClientTool.Python.RunAsync([Path.Combine(SourceTree.Root, "tests", "MailCore.InteropTests", "clients", "report_reader.py")], message);
        return result.Succeeded().Text;
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}

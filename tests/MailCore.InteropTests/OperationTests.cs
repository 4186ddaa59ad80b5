using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using MailCore.InteropTests.Server;
using MailCore.InteropTests.Tools;
using MailCore.InteropTests.Wire;
using NUnit.Framework;

namespace MailCore.InteropTests;

/// <summary>The sample as its operator meets it: read anew, asked how it does, killed and started again.</summary>
internal sealed class OperationTests : FolderFixture
{
    private const string Bob = """ "Accounts": [ { "Address": "bob@example.org", "Password": "secret" } ] """;

    private const string Overrun = """{ "Mail": { "Routing": { "OverQuotaIsPermanent": true } } }""";

    [Test]
    [Property("Fact", "RCPT by hand before and after each change; a session from before the first goes on behind the last")]
    public async Task A_changed_file_a_signal_and_the_verb_take_the_configuration_up_and_cut_nobody_off()
    {
        await WriteAsync($$"""{ "Mail": { {{Bob}} } }""");
        await using var server = await StartAsync();
        await using var session = await RawSmtp.ConnectAsync(server.Smtp);
        Assert.That(await session.SendAsync("MAIL FROM:<sender@example.com>"), Does.StartWith("250"));
        Assert.That(await RecipientAsync(session, "info@example.org"), Does.StartWith("550"));

        await WriteAsync($$"""{ "Mail": { {{Bob}}, "Aliases": [ { "Address": "info@example.org", "Targets": [ "bob@example.org" ] } ] } }""");
        await server.Process.WaitForOutputAsync(static output => output.Contains("Configuration read anew: Aliases:0:Address, Aliases:0:Targets:0", StringComparison.Ordinal));
        Assert.That(await RecipientAsync(session, "info@example.org"), Does.StartWith("250"));

        server.Process.HangUp();
        await server.Process.WaitForOutputAsync(static output => output.Contains("Reading the configuration anew: SIGHUP", StringComparison.Ordinal) && output.Contains("nothing of the configuration has changed", StringComparison.Ordinal));

        await WriteAsync($$"""{ "Mail": { {{Bob}}, "HostName": "new.example.org" } }""");
        var (code, said) = await RunAsync("reload");
        Assert.That(code, Is.EqualTo(2), said);
        Assert.That(said, Does.Contain("After a restart: HostName."));
        Assert.That(await RecipientAsync(session, "info@example.org"), Does.StartWith("550"));
        Assert.That(await session.SendAsync("RCPT TO:<bob@example.org>"), Does.StartWith("250"));
        Assert.That(await session.SendAsync("DATA"), Does.StartWith("354"));
        Assert.That(await session.SendAsync("Subject: through\r\n\r\nit all\r\n."), Does.StartWith("250"));
        await using var fresh = await WireConnection.ConnectAsync(server.Smtp);
        Assert.That(await fresh.ReadLineAsync(), Does.Not.Contain("new.example.org"));
    }

    [TestCase("""{ "Mail": { """, "appsettings.json.*Could not parse")]
    [TestCase("""{ "Mail": { "Domain": [ "example.org" ] } }""", "'Mail:Domain'.*'Domains'")]
    [TestCase("""{ "Mail": { "MaxConnections": 0 } }""", "MaxConnections is 0")]
    [TestCase("""{ "Mail": { "Listeners": { "8": { "Role": "Imaps", "Port": 0 } } } }""", "needs a certificate")]
    [TestCase("""{ "Mail": { "AccountsFile": "nowhere.cf", "MaxMessageSize": 1000 } }""", "'nowhere.cf' does not exist")]
    [Property("Fact", "logins and RCPT by hand: all is as it was; the log names the mistake and the verb's exit code is 1")]
    public async Task A_wrong_configuration_is_refused_with_words_and_the_old_one_goes_on(string json, string problem)
    {
        await WriteAsync($$"""{ "Mail": { {{Bob}} } }""");
        await using var server = await StartAsync();

        await WriteAsync(json);
        await server.Process.WaitForOutputAsync(static output => output.Contains("The old configuration goes on", StringComparison.Ordinal));

        Assert.That(server.Process.Output, Does.Match($"(?s)Can't reload: .*{problem}").And.Not.Contain("   at "));
        var (code, said) = await RunAsync("reload", $"--Mail:DataFolder={server.DataFolder}");
        Assert.That(code, Is.EqualTo(1), said);
        Assert.That(said, Does.Match($"(?s){problem}"));
        await using var imap = await RawImap.ConnectAsync(server.Imaps, "bob@example.org", "secret");
        await using var session = await RawSmtp.ConnectAsync(server.Smtp);
        Assert.That(await session.SendAsync("MAIL FROM:<sender@example.com> SIZE=20000"), Does.StartWith("250"));

        await WriteAsync($$"""{ "Mail": { {{Bob}}, "Domains": [ "new.example" ] } }""");
        await server.Process.WaitForOutputAsync(static output => output.Contains("Configuration read anew: Domains:0", StringComparison.Ordinal));
        Assert.That(await RecipientAsync(session, "x@new.example"), Does.StartWith("550 5.1.1"));
    }

    [Test]
    [Property("Fact", "a login by hand with the new password, and the debug lines that the log has from then on")]
    public async Task Passwords_account_files_and_the_logs_level_are_taken_up()
    {
        var accounts = Path.Combine(Folder, "postfix-accounts.cf");
        // "secret", by openssl passwd -6.
        const string Hash = "{SHA512-CRYPT}$6$saltstring$AIsRs/Ee56G/tC8MEHhvReZTfx8u3rXXMl6eYrjCG9ibix19DxoMBLogdTET5Ukw9Sf7eZTITsuk0Ry5qulYz.";
        await File.WriteAllTextAsync(accounts, $"anna@example.org|{Hash}\n");
        await WriteAsync($$"""{ "Mail": { {{Bob}}, "AccountsFile": "{{accounts}}" } }""");
        await using var server = await StartAsync();
        await File.AppendAllTextAsync(accounts, $"carl@example.org|{Hash}\n");

        await WriteAsync($$"""{ "Mail": { {{Bob.Replace("secret", "another-horse-93", StringComparison.Ordinal)}}, "AccountsFile": "{{accounts}}" }, "Logging": { "LogLevel": { "Default": "Debug" } } }""");
        Assert.That((await RunAsync("reload")).Code, Is.Zero);

        await (await RawImap.ConnectAsync(server.Imaps, "bob@example.org", "another-horse-93")).DisposeAsync();
        await (await RawImap.ConnectAsync(server.Imaps, "carl@example.org", "secret")).DisposeAsync();
        await using (var broken = await WireConnection.ConnectAsync(server.Submissions))
            await broken.WriteAsync("no TLS at all\r\n");

        await server.Process.WaitForOutputAsync(static output => output.Contains("dbug:", StringComparison.Ordinal));
        Assert.That(server.Process.Output, Does.Not.Contain("another-horse-93").And.Match("(?s)^((?!dbug:).)*Reading the configuration anew"), "not before");
    }

    [Test]
    [Property("Fact", "RCPT by hand for a mailbox that a verb's quota has filled, before and after the reload")]
    public async Task A_full_mailbox_is_answered_as_the_new_configuration_says()
    {
        await WriteAsync("{}");
        await RunAsync("account", "add", "bob@example.org", "--password", "secret");
        await RunAsync("quota", "set", "bob@example.org", "--messages", "0");
        await using var server = await StartAsync();
        await using var session = await RawSmtp.ConnectAsync(server.Smtp);
        await session.SendAsync("MAIL FROM:<sender@example.com>");
        Assert.That(await RecipientAsync(session, "bob@example.org"), Does.StartWith("452 4.2.2"));

        await WriteAsync(Overrun);
        var (code, said) = await RunAsync("reload");

        Assert.That(code, Is.Zero, said);
        Assert.That(await RecipientAsync(session, "bob@example.org"), Does.StartWith("552 5.2.2"));
    }

    [Test]
    [Property("Fact", "exit codes and what the verbs say, against what /proc and connections by hand show; after kill -9 the mail is there")]
    public async Task A_server_is_asked_how_it_does_killed_and_started_again()
    {
        await WriteAsync($$"""{ "Mail": { {{Bob}}, "HostName": "mx.example.org" } }""");
        var (none, said) = await RunAsync("status");
        Assert.That((none, said), Is.EqualTo((1, $"status: No server runs with the mail folder '{Path.Combine(Folder, "data")}'.")));
        Assert.That((await RunAsync("reload")).Code, Is.EqualTo(1));

        await using (var server = await StartAsync())
        {
            await using var lmtp = await RawSmtp.ConnectAsync(server.Lmtp, "LHLO driver.example");
            Assert.That(await lmtp.DeliverAsync("sender@example.com", "bob@example.org", new MemoryStream(StoredMessage.Make("kept"))), Does.StartWith("250"));
            var (ready, status) = await RunAsync("status", "--probe", "yes");
            Assert.That(ready, Is.Zero, status);
            Assert.That(status, Does.Contain($"mx.example.org: ready, process {server.Process.Id} since ").And.Match(@"\d sessions, no relay, 0 reloads"));
            Assert.That(status.Split('\n').Count(static line => line.EndsWith(": answers", StringComparison.Ordinal)), Is.EqualTo(8));
            Assert.That(status, Does.Contain($"imaps 127.0.0.1:{server.Imaps} Implicit: answers"));
            if (!OperatingSystem.IsWindows())
                Assert.That(File.GetUnixFileMode(Path.Combine(server.DataFolder, "server.status")) & (UnixFileMode)0b000_111_111, Is.EqualTo(UnixFileMode.None));

            await server.Process.KillAsync();
            var (dead, told) = await RunAsync("status");
            Assert.That(dead, Is.EqualTo(1), told);
            Assert.That(told, Does.Contain("No server runs"), "whatever it left behind");
        }

        await using (var again = await StartAsync())
        {
            Assert.That((await RunAsync("status")).Code, Is.Zero);
            await using (var imap = await RawImap.ConnectAsync(again.Imaps, "bob@example.org", "secret"))
                Assert.That(await imap.CountAsync(), Is.EqualTo(1));

            Assert.That(await again.StopAsync(), Is.Zero);
        }

        Assert.That(File.Exists(Path.Combine(Folder, "data", "server.status")), Is.False);
    }

    [Test]
    [Property("Fact", "exit codes: what check-config passes starts, and what it names does not")]
    public async Task A_configuration_is_checked_without_starting()
    {
        await WriteAsync($$"""{ "Mail": { {{Bob}} } }""");
        Assert.That(await RunAsync("check-config"), Is.EqualTo((0, "The configuration can be used.")));
        Assert.That(Directory.Exists(Path.Combine(Folder, "data")), Is.False, "nothing is made");
        foreach (var (argument, problem) in new[]
        {
            ("--Mail:Preset=Rfc8314", "needs a certificate"), ("--Mail:MaxConnections=0", "MaxConnections is 0"), ("--Mail:Certificate:File=missing.pem", "'missing.pem' does not exist"),
            ("--Mail:AccountsFile=missing.cf", "missing.cf"), ("--Mail:Relay:MaxConnections=5", "no relay to use it"), ("--Mail:Filters:Dnsbl:0=no zone", "no DNS list"),
        })
        {
            var (code, said) = await RunAsync("check-config", argument);
            Assert.That((code, said.Contains(problem, StringComparison.Ordinal)), Is.EqualTo((1, true)), said);
        }

        await using var server = await StartAsync();
        Assert.That((await RunAsync("check-config")).Code, Is.Zero, "beside the running server, too");
    }

    [Test]
    [Property("Fact", "what knot serves: the verb's exit code and words follow the zone")]
    public async Task The_records_of_a_domain_are_printed_and_compared_with_the_DNS()
    {
        string[] configured = ["--Mail:HostName=mx.good.test", "--Mail:Preset=Rfc8314"];
        var (code, records) = await RunAsync(["dns", "good.test", .. configured]);
        Assert.That(code, Is.Zero, records);
        Assert.That(records.Split('\n'), Is.SupersetOf(new[]
        {
            "good.test. IN MX 10 mx.good.test.", "good.test. IN TXT \"v=spf1 mx -all\"", "_dmarc.good.test. IN TXT \"v=DMARC1; p=none; rua=mailto:postmaster@good.test\"",
            "_submissions._tcp.good.test. IN SRV 0 1 465 mx.good.test.", "_imaps._tcp.good.test. IN SRV 0 1 993 mx.good.test.",
        }));

        DnsServers.Require();
        await using var dns = await DnsServers.StartAsync(
            ("signed.test", ""),
            ("bogus.test", ""),
            ("good.test", "@ MX 10 mx\nmx A 127.0.0.1\n@ TXT \"v=spf1 mx -all\"\n_dmarc TXT \"v=DMARC1; p=none\"\n"),
            ("bad.test", "@ MX 10 elsewhere\nelsewhere A 127.0.0.1\n"));
        string[] asked = [.. configured, $"--Mail:Relay:DnsServers:0={dns.Authority}", "--check", "yes"];
        Assert.That((await RunAsync(["dns", "good.test", .. asked])).Code, Is.Zero);
        var (wrong, said) = await RunAsync(["dns", "bad.test", .. asked]);
        Assert.That(wrong, Is.EqualTo(2), said);
        Assert.That(said, Does.Contain("MX of bad.test does not name mx.good.test").And.Contain("bad.test has no SPF record").And.Contain("_dmarc.bad.test has no DMARC record"));
    }

    [Test]
    [Property("Fact", "a tmpfs without room: exit code 1 and one line, no stack trace; with room it starts")]
    public async Task A_full_disk_at_the_start_is_named()
    {
        var mount = new ClientTool("mount", "mount");
        var disk = Directory.CreateDirectory(Path.Combine(Folder, "disk")).FullName;
        if ((await mount.RunAsync(["-t", "tmpfs", "-o", "size=64k", "tmpfs", disk])) is { ExitCode: not 0 } failed)
            Assert.Ignore($"No file system can be mounted here (this needs root): {failed.Errors}");

        try
        {
            await using (var process = ChildProcess.Start(SourceTree.Program("samples/MailServer"), [$"--Mail:DataFolder={disk}/data"], Folder))
            {
                Assert.That(await process.WaitForExitAsync(), Is.EqualTo(1), process.Output);
                Assert.That(process.Output, Does.Match("Can't start: .*(full|No space left)").And.Not.Contain("   at "));
            }

            (await mount.RunAsync(["-o", "remount,size=40m", disk])).Succeeded();
            await using var server = await SampleServer.StartAsync(new SampleSetUp { Folder = Folder, Arguments = [$"--Mail:DataFolder={disk}/data"] });
            Assert.That(await server.StopAsync(), Is.Zero);
        }
        finally
        {
            await new ClientTool("umount", "mount").RunAsync([disk]);
        }
    }

    [Test]
    [Property("Fact", "what setpriv's user may not read is named; root is told that it needs no such rights")]
    public async Task Rights_that_are_missing_or_too_many_are_told()
    {
        if (!OperatingSystem.IsLinux() || Environment.UserName != "root")
            Assert.Ignore("This needs to become somebody else.");

        var place = Directory.CreateTempSubdirectory("mailcore-rights-").FullName;
        try
        {
            File.SetUnixFileMode(place, (UnixFileMode)0b111_101_101);
            await File.WriteAllTextAsync(Path.Combine(place, "appsettings.json"), "{}");
            File.SetUnixFileMode(Path.Combine(place, "appsettings.json"), UnixFileMode.UserRead);
            var nobody = new[] { new ClientTool("setpriv", "util-linux").Find()!, "--reuid=65534", "--regid=65534", "--clear-groups" };
            await AssertRefusedAsync("appsettings.json.*denied");

            File.SetUnixFileMode(Path.Combine(place, "appsettings.json"), (UnixFileMode)0b110_100_100);
            await AssertRefusedAsync("data'? (can't be written|.*denied)");

            async Task AssertRefusedAsync(string problem)
            {
                await using var process = ChildProcess.Start(SourceTree.Program("samples/MailServer"), [], place, new() { ["HOME"] = "/tmp" }, nobody);
                Assert.That(await process.WaitForExitAsync(), Is.EqualTo(1), process.Output);
                Assert.That(process.Output, Does.Match($"(?s)Can't start: .*{problem}").And.Not.Contain("   at "));
            }
        }
        finally
        {
            Directory.Delete(place, recursive: true);
        }

        await using var root = await StartAsync();
        await root.Process.WaitForOutputAsync(static output => output.Contains("runs with all privileges, and needs none", StringComparison.Ordinal));
    }

    [Test]
    [Property("Fact", "the account that was made by hand afterwards logs in by IMAP; RCPT of the one that would have been made is refused")]
    public async Task Under_systemd_no_password_is_printed_and_no_account_made()
    {
        var name = $"mcn-{Guid.NewGuid():n}";
        using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint('\0' + name));
        await using var server = await SampleServer.StartAsync(new SampleSetUp { Folder = Folder, Variables = new() { ["NOTIFY_SOCKET"] = '@' + name } });

        Assert.That(server.Process.Output, Does.Not.Contain("Password").And.Contain("MailServer account add"));
        await using (var smtp = await RawSmtp.ConnectAsync(server.Smtp))
        {
            await smtp.SendAsync("MAIL FROM:<>");
            Assert.That(await smtp.SendAsync("RCPT TO:<user@localhost>"), Does.StartWith("550"));
        }

        Assert.That((await RunAsync("account", "add", "bob@example.org", "--password", SampleServer.Password)).Code, Is.Zero);
        await using var imap = await RawImap.ConnectAsync(server.Imaps, "bob@example.org", SampleServer.Password);
    }

    [TestCase(false)]
    [TestCase(true)]
    [Property("Fact", "the datagrams that a socket in systemd's place receives, word by word")]
    public async Task Systemd_is_told_of_start_reload_health_and_stop(bool isAbstract)
    {
        var path = Path.Combine(Path.GetTempPath(), $"mcn-{Guid.NewGuid():n}"[..15]);
        using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(isAbstract ? '\0' + path : path));
        await WriteAsync($$"""{ "Mail": { {{Bob}} } }""");
        await using var server = await SampleServer.StartAsync(new SampleSetUp
        {
            Folder = Folder,
            Variables = new() { ["NOTIFY_SOCKET"] = isAbstract ? '@' + path : path, ["WATCHDOG_USEC"] = "400000" },
        });

        var told = await ReceiveUntilAsync("WATCHDOG=1");
        Assert.That(told[0], Does.StartWith("READY=1\nSTATUS=8 endpoints, "));

        await WriteAsync($$"""{ "Mail": { {{Bob}}, "Domains": [ "new.example" ] } }""");
        told = await ReceiveUntilAsync("READY=1");
        Assert.That(told.First(static text => text.StartsWith("RELOADING", StringComparison.Ordinal)), Does.Match("^RELOADING=1\nMONOTONIC_USEC=[0-9]+$"));
        await WriteAsync("{");
        told = await ReceiveUntilAsync("READY=1");
        Assert.That(told[^1], Is.EqualTo("READY=1\nSTATUS=The new configuration was refused, the old one goes on"));

        Assert.That(await server.Process.EndAsync(PosixSignal.SIGTERM), Is.Zero);
        told = await ReceiveUntilAsync("STOPPING=1");
        Assert.That(told[^1], Does.StartWith("STOPPING=1\nSTATUS="));
        Assert.That(server.Process.Output, Does.Contain("<6>MailCore.MailServer[1001] Listening: "), "the journal gets its levels");
        if (!isAbstract)
            File.Delete(path);

        async Task<List<string>> ReceiveUntilAsync(string begin)
        {
            using var timeout = new CancellationTokenSource(TimeSpan.FromMinutes(1));
            var buffer = new byte[4096];
            var received = new List<string>();
            do
                received.Add(Encoding.UTF8.GetString(buffer, 0, await socket.ReceiveAsync(buffer, timeout.Token)));
            while (!received[^1].StartsWith(begin, StringComparison.Ordinal));

            return received;
        }
    }

    private static async Task<string> RecipientAsync(RawSmtp session, string recipient) => await session.SendAsync($"RCPT TO:<{recipient}>");

    private Task WriteAsync(string json) => File.WriteAllTextAsync(Path.Combine(Folder, "appsettings.json"), json);

    private Task<SampleServer> StartAsync() => SampleServer.StartAsync(new SampleSetUp { Folder = Folder });

    private async Task<(int Code, string Said)> RunAsync(params string[] words)
    {
        await using var process = ChildProcess.Start(SourceTree.Program("samples/MailServer"), words, Folder);
        return (await process.WaitForExitAsync(), process.Output);
    }
}

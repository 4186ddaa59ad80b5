using System.Text;
using MailCore.InteropTests.Server;
using MailCore.InteropTests.Wire;
using NUnit.Framework;

namespace MailCore.InteropTests;

/// <summary>The sample's verbs on a mail folder, beside the running server where they say so.</summary>
internal sealed class VerbTests : FolderFixture
{
    private const string Account = "bob@example.org";

    [Test]
    [Property("Fact", "a backup taken from the running server serves by IMAP what was delivered; an export's files hold the delivered octets")]
    public async Task Verbs_look_after_the_mail_folder()
    {
        var large = Encoding.ASCII.GetBytes($"Subject: large\r\n\r\n{string.Concat(Enumerable.Repeat(new string('x', 70) + "\r\n", 1_000))}");
        await using (var server = await SampleServer.StartAsync(new SampleSetUp { Folder = Folder, Accounts = [Account] }))
        {
            await using (var lmtp = await RawSmtp.ConnectAsync(server.Lmtp, "LHLO driver.example"))
            {
                foreach (var message in new[] { StoredMessage.Make("one"), StoredMessage.Make("two"), large })
                    Assert.That(await lmtp.DeliverAsync("sender@example.com", Account, new MemoryStream(message)), Does.StartWith("250"));
            }

            Assert.That(await RunAsync(0, "check"), Does.Contain("3 messages").And.Contain(" 0 problems"));
            Assert.That(await RunAsync(0, "backup", "--to", "copy"), Does.Contain("1 message files").And.Contain("100 %"));
            Assert.That(await RunAsync(0, "quota"), Does.Match(@"bob@example\.org +\d\d,\d{3} +none +3 +none\n"));
            foreach (var verb in new[] { "rebuild", "compact" })
                Assert.That(await RunAsync(1, verb), Does.Contain("in use").And.Contain("Stop").And.Contain("check, backup and quota work while the server runs"));

            Assert.That(await server.StopAsync(), Is.Zero);
        }

        Assert.That(await RunAsync(0, "rebuild"), Does.Contain("3 messages read"));
        Assert.That(await RunAsync(0, "compact"), Does.Match(@"had [\d,]+ octets and has [\d,]+"));
        Assert.That(await RunAsync(0, "export", "--account", Account, "--maildir", "Maildir"), Does.Contain("3 messages in 1 mailboxes, 0 problems"));
        Assert.That(await RunAsync(0, "export", "--account", Account, "--mbox", "mbox"), Does.Contain("3 messages"));
        Assert.That(Directory.GetFiles(Path.Combine(Folder, "Maildir", "cur")).Select(static file => File.ReadAllText(file).ReplaceLineEndings("\r\n")), Has.Some.EndsWith(Encoding.ASCII.GetString(large)));
        Assert.That(await RunAsync(0, "import", "--account", "anna@example.org", "--mbox", "mbox", "--mailbox", "Old"), Does.Contain("was made").And.Contain("3 messages in 1 mailboxes"));
        Assert.That(await RunAsync(1, "export", "--account", "nobody@example.org", "--mbox", "x"), Does.Contain("There is no account nobody@example.org"));

        await using (var restored = await SampleServer.StartAsync(new SampleSetUp { Folder = Folder, Accounts = [Account], Arguments = ["--Mail:DataFolder=copy"] }))
        await using (var imap = await RawImap.ConnectAsync(restored.Imaps, Account, SampleServer.Password))
            StoredMessage.AssertCarries((await imap.FetchAllAsync())[2], large);

        await File.WriteAllTextAsync(Directory.GetFiles(Path.Combine(Folder, "data", "messages"), "*", SearchOption.AllDirectories)[0], "damage");
        Assert.That(await RunAsync(2, "check"), Does.Contain("bob@example.org, INBOX, UID 3: it has 6 octets, and should have"));
    }

    [Test]
    [Property("Fact", "the help of every verb, and refusals of words that mean nothing")]
    public async Task Verbs_explain_themselves_and_refuse_what_they_do_not_know()
    {
        var help = await RunAsync(0, "--help");
        foreach (var verb in new[] { "check", "rebuild", "compact", "backup", "import", "export", "quota", "account", "alias", "domain", "where", "adopt" })
        {
            Assert.That(help, Does.Contain($"MailServer {verb} "));
            Assert.That(await RunAsync(0, verb, "--help"), Does.StartWith($"MailServer {verb}").And.Match("server (may run|must be stopped)"));
        }

        Assert.That(await RunAsync(1, "backup"), Does.Contain("--to is missing").Or.Contain("no mail store"));
        Assert.That(await RunAsync(1, "import", "--account", "bob@example.org"), Does.Contain("one of --maildir and --mbox"));
        Assert.That(await RunAsync(1, "import", "--account", "bob@example.org", "--maildir", "nowhere"), Does.Contain("There is no folder 'nowhere'"));
        Assert.That(await RunAsync(1, "compact"), Does.Contain("There is no mail store in"));
        Assert.That(await RunAsync(1, "check", "--deep", "yes"), Does.Contain("'--deep' means nothing to check"));
        Assert.That(await RunAsync(1, "check"), Does.Contain("There is no mail store in").And.Contain(Path.Combine(Folder, "data")));
        Assert.That(Directory.GetFileSystemEntries(Folder), Is.Empty);
    }

    [Test]
    [Property("Fact", "the running server's replies to RCPT and to logins follow each verb, and its IMAP shows what was delivered")]
    public async Task Accounts_aliases_domains_and_quotas_change_beside_the_running_server()
    {
        await RunAsync(0, "account", "add", "early@example.org", "--password", "before the first start");
        await using var server = await SampleServer.StartAsync(new SampleSetUp { Folder = Folder, Accounts = [Account] });
        await using var smtp = await RawSmtp.ConnectAsync(server.Smtp);
        await smtp.SendAsync("MAIL FROM:<sender@example.com>");
        await ExpectAsync("alice@example.org", "550 5.1.1");

        Assert.That(await RunAsync(0, "account", "add", "alice@example.org", "--password", SampleServer.Password), Does.Contain("was made"));
        await ExpectAsync("alice@example.org", "250");
        await (await RawImap.ConnectAsync(server.Imaps, "alice@example.org", SampleServer.Password)).DisposeAsync();
        await (await RawImap.ConnectAsync(server.Imaps, "early@example.org", "before the first start")).DisposeAsync();
        Assert.That(await RunAsync(1, "account", "add", "alice@example.org"), Does.Contain("is taken"));
        Assert.That(await RunAsync(0, "account", "list"), Is.EqualTo("alice@example.org\nbob@example.org\nearly@example.org\n"));
        await RunAsync(0, "account", "password", "alice@example.org", "--password", "another");
        await (await RawImap.ConnectAsync(server.Imaps, "alice@example.org", "another")).DisposeAsync();

        foreach (var (name, address) in new[] { ("sales@example.org", "sales@example.org"), ("@example.org", "anybody@example.org"), (@"/^info-\d+@new\.example$/", "info-7@new.example") })
        {
            await ExpectAsync(address, "550");
            if (name[0] == '/')
                Assert.That(await RunAsync(0, "domain", "add", "new.example"), Does.Contain("stored here"));

            Assert.That(await RunAsync(0, "alias", "add", name, "--to", "alice@example.org"), Does.Contain("leads to alice@example.org"));
            await ExpectAsync(address, "250");
            Assert.That(await RunAsync(0, "alias", "list"), Does.Contain(name));
            Assert.That(await RunAsync(0, "alias", "show", name), Does.Contain("alice@example.org"));
            await RunAsync(0, "alias", "remove", name);
            await ExpectAsync(address, "550");
        }

        Assert.That(await RunAsync(0, "domain", "add", "passed.example", "--relay", "yes", "--via", "[127.0.0.1]:9"), Does.Contain("passed on to [127.0.0.1]:9"));
        await ExpectAsync("x@passed.example", "250");
        Assert.That(await RunAsync(0, "domain", "show", "new.example"), Does.Contain("stored here"));
        await RunAsync(0, "domain", "remove", "passed.example");
        await ExpectAsync("x@passed.example", "550 5.7.1");

        await RunAsync(0, "account", "forward", "alice@example.org", "--to", Account, "--keep-copy", "no");
        Assert.That(await RunAsync(0, "account", "show", "alice@example.org"), Does.Contain($"{Account}, without a copy here").And.Contain("Password   set"));
        await using (var lmtp = await RawSmtp.ConnectAsync(server.Lmtp, "LHLO driver.example"))
            Assert.That(await lmtp.DeliverAsync("sender@example.com", "alice@example.org", new MemoryStream(StoredMessage.Make("forwarded"))), Does.StartWith("250"));

        await using (var imap = await RawImap.ConnectAsync(server.Imaps, Account, SampleServer.Password))
            Assert.That(await imap.CountAsync(), Is.EqualTo(1));

        await RunAsync(0, "quota", "set", Account, "--octets", "10");
        await ExpectWithinSecondsAsync(Account, "452 4.2.2");
        Assert.That(await RunAsync(0, "quota", "show", Account), Does.Contain("1 messages of any number").And.Contain("octets of 10"));
        await RunAsync(0, "quota", "remove", Account);
        await ExpectAsync(Account, "250");

        await RunAsync(0, "account", "sender", Account, "--as", "boss@elsewhere.example");
        await using (var submission = await RawSmtp.ConnectAsync(server.Submissions, tls: true))
        {
            var login = Convert.ToBase64String(Encoding.UTF8.GetBytes($"\0{Account}\0{SampleServer.Password}"));
            Assert.That(await submission.SendAsync($"AUTH PLAIN {login}"), Does.StartWith("235"));
            Assert.That(await submission.SendAsync("MAIL FROM:<boss@elsewhere.example>"), Does.StartWith("250"));
            await submission.SendAsync("RSET");
            Assert.That(await submission.SendAsync("MAIL FROM:<other@elsewhere.example>"), Does.StartWith("553 5.7.1"));
        }

        await RunAsync(0, "account", "remove", "alice@example.org");
        await ExpectAsync("alice@example.org", "550 5.1.1");
        Assert.That(await RunAsync(1, "account", "show", "alice@example.org"), Does.Contain("There is no account alice@example.org"));
        Assert.That(await RunAsync(1, "alias", "add", "/(/", "--to", Account), Does.Contain("is not an expression"));
        Assert.That(await RunAsync(1, "account", "drop", Account), Does.Contain("'drop' means nothing to account"));
        Assert.That(await RunAsync(2, "where", "0000000000000000"), Does.Contain("Nothing is known"));

        async Task ExpectAsync(string recipient, string reply) => Assert.That(await smtp.SendAsync($"RCPT TO:<{recipient}>"), Does.StartWith(reply), recipient);

        // An account that was found without a limit is not asked again for ten seconds.
        async Task ExpectWithinSecondsAsync(string recipient, string reply)
        {
            for (var i = 0; i < 300 && !(await smtp.SendAsync($"RCPT TO:<{recipient}>")).StartsWith(reply, StringComparison.Ordinal); i++)
                await Task.Delay(100);

            await ExpectAsync(recipient, reply);
        }
    }

    [Test]
    [Property("Fact", "the server's replies to RCPT and to logins are those that the files of docker-mailserver ask for")]
    public async Task A_docker_mailservers_files_are_taken_over()
    {
        var config = Directory.CreateDirectory(Path.Combine(Folder, "config")).FullName;
        // "secret", by openssl passwd -6.
        const string Hash = "{SHA512-CRYPT}$6$saltstring$AIsRs/Ee56G/tC8MEHhvReZTfx8u3rXXMl6eYrjCG9ibix19DxoMBLogdTET5Ukw9Sf7eZTITsuk0Ry5qulYz.";
        await File.WriteAllTextAsync(Path.Combine(config, "postfix-accounts.cf"), $"bob@example.org|{Hash}\nalice@example.org|{Hash}\n");
        await File.WriteAllTextAsync(Path.Combine(config, "postfix-virtual.cf"), "sales@example.org bob@example.org,alice@example.org\nalice@example.org alice@example.org, bob@example.org\n");
        await File.WriteAllTextAsync(Path.Combine(config, "postfix-regexp.cf"), "/^test[0-9]+@example\\.org$/ bob@example.org\n");
        await File.WriteAllTextAsync(Path.Combine(config, "postfix-aliases.cf"), "root: bob@example.org\n");
        await File.WriteAllTextAsync(Path.Combine(config, "dovecot-quotas.cf"), "alice@example.org:1K\nnobody@example.org:5G\n");
        Assert.That(await RunAsync(2, "adopt", "--config", "config"), Does.Contain("2 accounts were made, 0 were there; 4 aliases and 1 quotas were set").And.Contain("there is no account nobody@example.org"));
        Assert.That(await RunAsync(2, "adopt", "--config", "config"), Does.Contain("0 accounts were made, 2 were there"));
        Assert.That(await RunAsync(0, "quota"), Does.Match(@"alice@example\.org +0 +1,024 +0\.0 % +0 +none\n").And.Match(@"bob@example\.org +0 +none +0 +none\n"), "before there is mail");

        await using var server = await SampleServer.StartAsync(new SampleSetUp { Folder = Folder, Arguments = ["--Mail:Domains:0=example.org"] });
        await using var smtp = await RawSmtp.ConnectAsync(server.Smtp);
        await smtp.SendAsync("MAIL FROM:<sender@example.com>");
        foreach (var recipient in new[] { "sales@example.org", "test12@example.org", "root@example.org" })
            Assert.That(await smtp.SendAsync($"RCPT TO:<{recipient}>"), Does.StartWith("250"), recipient);

        Assert.That(await smtp.SendAsync("RCPT TO:<testing@example.org>"), Does.StartWith("550"));
        await using (var lmtp = await RawSmtp.ConnectAsync(server.Lmtp, "LHLO driver.example"))
        {
            var large = new MemoryStream(Encoding.ASCII.GetBytes($"Subject: large\r\n\r\n{string.Concat(Enumerable.Repeat(new string('x', 70) + "\r\n", 30))}"));
            Assert.That(await lmtp.DeliverAsync("sender@example.com", "alice@example.org", large), Does.StartWith("452 4.2.2"));
        }

        await using var imap = await RawImap.ConnectAsync(server.Imaps, Account, "secret");
        Assert.That(await imap.CountAsync(), Is.EqualTo(1), "the forward's copy is there, whatever became of the full mailbox");
        Assert.That(await RunAsync(1, "adopt", "--config", "nowhere"), Does.Contain("There is no folder 'nowhere'"));
        Assert.That(await RunAsync(1, "adopt", "--config", "."), Does.Contain("None of postfix-accounts.cf").And.Contain("docker-data/dms/config"));
        await File.AppendAllTextAsync(Path.Combine(config, "postfix-regexp.cf"), "/(?=x)/ bob@example.org\n");
        Assert.That(await RunAsync(1, "adopt", "--config", "config"), Does.Contain("postfix-regexp.cf, line 2:"));
    }

    private async Task<string> RunAsync(int code, params string[] words)
    {
        await using var process = ChildProcess.Start(SourceTree.Program("samples/MailServer"), words, Folder);
        Assert.That(await process.WaitForExitAsync(), Is.EqualTo(code), process.Output);
        return process.Output + "\n";
    }
}

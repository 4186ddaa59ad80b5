using System.Text;
using MailCore.InteropTests.Server;
using MailCore.InteropTests.Wire;
using NUnit.Framework;

namespace MailCore.InteropTests;

/// <summary>The sample's verbs on a mail folder, beside the running server where they say so.</summary>
internal sealed class VerbTests
{
    private const string Account = "bob@example.org";

    private string _folder = "";

    [SetUp]
    public void MakeFolder() => _folder = SourceTree.NewFolder();

    [TearDown]
    public void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    [Property("Fact", "a backup taken from the running server serves by IMAP what was delivered; an export's files hold the delivered octets")]
    public async Task Verbs_look_after_the_mail_folder()
    {
        var large = Encoding.ASCII.GetBytes($"Subject: large\r\n\r\n{string.Concat(Enumerable.Repeat(new string('x', 70) + "\r\n", 1_000))}");
        await using (var server = await SampleServer.StartAsync(new SampleSetUp { Folder = _folder, Accounts = [Account] }))
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
        Assert.That(Directory.GetFiles(Path.Combine(_folder, "Maildir", "cur")).Select(static file => File.ReadAllText(file).ReplaceLineEndings("\r\n")), Has.Some.EndsWith(Encoding.ASCII.GetString(large)));
        Assert.That(await RunAsync(0, "import", "--account", "anna@example.org", "--mbox", "mbox", "--mailbox", "Old"), Does.Contain("was made").And.Contain("3 messages in 1 mailboxes"));
        Assert.That(await RunAsync(1, "export", "--account", "nobody@example.org", "--mbox", "x"), Does.Contain("There is no account nobody@example.org"));

        await using (var restored = await SampleServer.StartAsync(new SampleSetUp { Folder = _folder, Accounts = [Account], Arguments = ["--Mail:DataFolder=copy"] }))
        await using (var imap = await RawImap.ConnectAsync(restored.Imaps, Account, SampleServer.Password))
            StoredMessage.AssertCarries((await imap.FetchAllAsync())[2], large);

        await File.WriteAllTextAsync(Directory.GetFiles(Path.Combine(_folder, "data", "messages"), "*", SearchOption.AllDirectories)[0], "damage");
        Assert.That(await RunAsync(2, "check"), Does.Contain("bob@example.org, INBOX, UID 3: it has 6 octets, and should have"));
    }

    [Test]
    [Property("Fact", "the help of every verb, and refusals of words that mean nothing")]
    public async Task Verbs_explain_themselves_and_refuse_what_they_do_not_know()
    {
        var help = await RunAsync(0, "--help");
        foreach (var verb in new[] { "check", "rebuild", "compact", "backup", "import", "export", "quota" })
        {
            Assert.That(help, Does.Contain($"MailServer {verb} "));
            Assert.That(await RunAsync(0, verb, "--help"), Does.StartWith($"MailServer {verb}").And.Match("server (may run|must be stopped)"));
        }

        Assert.That(await RunAsync(1, "backup"), Does.Contain("--to is missing").Or.Contain("no mail store"));
        Assert.That(await RunAsync(1, "import", "--account", "bob@example.org"), Does.Contain("one of --maildir and --mbox"));
        Assert.That(await RunAsync(1, "import", "--account", "bob@example.org", "--maildir", "nowhere"), Does.Contain("There is no folder 'nowhere'"));
        Assert.That(await RunAsync(1, "compact"), Does.Contain("There is no mail store in"));
        Assert.That(await RunAsync(1, "check", "--deep", "yes"), Does.Contain("'--deep' means nothing to check"));
        Assert.That(await RunAsync(1, "check"), Does.Contain("There is no mail store in").And.Contain(Path.Combine(_folder, "data")));
        Assert.That(Directory.GetFileSystemEntries(_folder), Is.Empty);
    }

    private async Task<string> RunAsync(int code, params string[] words)
    {
        await using var process = ChildProcess.Start(SourceTree.Program("samples/MailServer"), words, _folder);
        Assert.That(await process.WaitForExitAsync(), Is.EqualTo(code), process.Output);
        return process.Output + "\n";
    }
}

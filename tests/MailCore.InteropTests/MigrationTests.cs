using System.Text;
using MailCore.InteropTests.Server;
using MailCore.InteropTests.Tools;
using MailCore.InteropTests.Wire;
using NUnit.Framework;

namespace MailCore.InteropTests;

/// <summary>Moving mailboxes between two servers, by programs that know a master user's password and nobody else's.</summary>
internal sealed class MigrationTests
{
    private const string Master = "mover";
    private const string MasterPassword = "a password for moving";

    private string _folder = "";

    [SetUp]
    public void MakeFolder()
    {
        ClientTool.Mbsync.Require();
        _folder = SourceTree.NewFolder();
    }

    [TearDown]
    public void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    [TestCase("LOGIN", Description = "SASL's, or IMAP's command")]
    [TestCase("PLAIN")]
    [Property("Fact", "a session by hand, with the user's own password, fetches the octets and flags that Dovecot's Maildir holds, mailbox by mailbox")]
    public async Task Mbsync_moves_mailboxes_from_Dovecot_by_a_master_user(string mechanism)
    {
        DovecotServer.Require();
        var (one, two) = (StoredMessage.Make("in the inbox"), StoredMessage.Make("in a folder, read"));
        await using var dovecot = await DovecotServer.StartAsync();
        await using (var from = await RawImap.ConnectAsync(dovecot.Port, "alice", DovecotServer.Password, tls: false))
        {
            await from.SendAsync("CREATE Work");
            await from.SendAsync($"APPEND INBOX {{{one.Length}+}}\r\n{Encoding.UTF8.GetString(one)}");
            await from.SendAsync($"APPEND Work (\\Seen \\Flagged) {{{two.Length}+}}\r\n{Encoding.UTF8.GetString(two)}");
        }

        await using var server = await StartAsync("alice@example.org");
        await SyncAsync(
            server,
            $"""
            IMAPAccount from
            Host 127.0.0.1
            Port {dovecot.Port}
            User alice
            Pass "{DovecotServer.Password}"
            SSLType None
            AuthMechs LOGIN
            """,
            "alice@example.org",
            mechanism);

        await using var imap = await RawImap.ConnectAsync(server.Imaps, "alice@example.org", SampleServer.Password);
        AssertSame((await imap.FetchAllAsync()).Single(), one);
        await imap.SendAsync("SELECT Work");
        AssertSame((await imap.FetchAllAsync()).Single(), two);
        Assert.That(await imap.FlagsAsync(), Is.EqualTo(new[] { @"\Flagged \Seen" }));
        Assert.That(server.Process.Output, Does.Contain($"Master user {Master} logged in as alice@example.org by imap (").And.Not.Contain(MasterPassword));
    }

    [Test]
    [Property("Fact", "both servers' logs name master and user; a session by hand finds both users' mail on the second server, each in its own account")]
    public async Task Mbsync_moves_all_accounts_of_one_server_to_another()
    {
        string[] accounts = ["alice@example.org", "bob@example.org"];
        await using var old = await StartAsync(accounts);
        await using (var lmtp = await RawSmtp.ConnectAsync(old.Lmtp, "LHLO driver.example"))
        {
            foreach (var account in accounts)
                Assert.That(await lmtp.DeliverAsync("sender@example.com", account, new MemoryStream(StoredMessage.Make($"for {account}"))), Does.StartWith("250"));
        }

        await using var server = await StartAsync(accounts);
        foreach (var account in accounts)
        {
            await SyncAsync(
                server,
                $"""
                IMAPAccount from
                Host 127.0.0.1
                Port {old.Imaps}
                User {account}*{Master}
                Pass "{MasterPassword}"
                SSLType IMAPS
                CertificateFile {Path.Combine(old.DataFolder, "development-certificate.pem")}
                AuthMechs LOGIN
                """,
                account,
                "LOGIN");
            await using var imap = await RawImap.ConnectAsync(server.Imaps, account, SampleServer.Password);
            Assert.That(Encoding.UTF8.GetString((await imap.FetchAllAsync()).Single()), Does.Contain($"Subject: for {account}\r\n"));
            foreach (var side in new[] { old, server })
                Assert.That(side.Process.Output, Does.Contain($"Master user {Master} logged in as {account} by imap ("));
        }
    }

    [Test]
    [Property("Fact", "curl's exit codes: the master reads the mail by an authorization identity, and submits none")]
    public async Task Curl_reads_on_behalf_of_a_user_and_submits_nothing()
    {
        ClientTool.Curl.Require();
        await using var server = await StartAsync("alice@example.org");
        var message = Path.Combine(_folder, "message");
        await File.WriteAllTextAsync(message, "Subject: x\r\n\r\nx\r\n");

        var read = await ClientTool.Curl.RunAsync(["-sSk", "--url", $"imaps://127.0.0.1:{server.Imaps}/", "--user", $"{Master}:{MasterPassword}", "--sasl-authzid", "alice@example.org", "--login-options", "AUTH=PLAIN"]);
        var sent = await ClientTool.Curl.RunAsync([
            "-sSk", "--url", $"smtps://127.0.0.1:{server.Submissions}/", "--user", $"{Master}:{MasterPassword}", "--sasl-authzid", "alice@example.org", "--login-options", "AUTH=PLAIN",
            "--mail-from", "alice@example.org", "--mail-rcpt", "alice@example.org", "--upload-file", message]);

        Assert.That(read.Succeeded().Text, Does.Contain("INBOX"));
        Assert.That(sent.ExitCode, Is.EqualTo(67), sent.Errors);
    }

    private static Task<SampleServer> StartAsync(params string[] accounts) => SampleServer.StartAsync(new SampleSetUp
    {
        Accounts = accounts,
        Arguments = [$"--Mail:MasterUsers:0:Name={Master}", $"--Mail:MasterUsers:0:Password={MasterPassword}"],
    });

    // mbsync marks what it uploads with a header line of its own.
    private static void AssertSame(byte[] stored, byte[] message) =>
        Assert.That(string.Concat(Encoding.UTF8.GetString(stored).Split("\r\n").Where(static line => !line.StartsWith("X-TUID:", StringComparison.Ordinal)).Select(static line => line + "\r\n"))[..^2],
            Is.EqualTo(Encoding.UTF8.GetString(message)));

    private async Task SyncAsync(SampleServer server, string from, string account, string mechanism)
    {
        var settings = Path.Combine(_folder, "mbsyncrc");
        var state = Directory.CreateDirectory(Path.Combine(_folder, account)).FullName;
        await File.WriteAllTextAsync(settings, $"""
            {from}

            IMAPStore old
            Account from

            IMAPAccount to
            Host 127.0.0.1
            Port {server.Imaps}
            User {account}*{Master}
            Pass "{MasterPassword}"
            SSLType IMAPS
            CertificateFile {Path.Combine(server.DataFolder, "development-certificate.pem")}
            AuthMechs {mechanism}

            IMAPStore new
            Account to

            Channel all
            Far :old:
            Near :new:
            Patterns *
            Create Near
            Sync Pull
            SyncState {state}/

            """);
        (await ClientTool.Mbsync.RunAsync(["--config", settings, "--all"], surroundings: new ClientSurroundings(_folder, new() { ["HOME"] = _folder }))).Succeeded();
    }
}

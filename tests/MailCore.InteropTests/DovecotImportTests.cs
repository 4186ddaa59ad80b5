using System.Globalization;
using System.Text.RegularExpressions;
using MailCore.InteropTests.Server;
using MailCore.InteropTests.Tools;
using MailCore.InteropTests.Wire;
using NUnit.Framework;

namespace MailCore.InteropTests;

/// <summary>From Dovecot to MailCore: a Maildir that Dovecot wrote is imported, and a client that had synchronised with Dovecot goes on.</summary>
internal sealed partial class DovecotImportTests
{
    private const string Account = "bob@example.org";

    private string _folder = "";

    private string Local => Path.Combine(_folder, "mail");

    [SetUp]
    public void RequireClients()
    {
        DovecotServer.Require();
        ClientTool.Mbsync.Require();
        _folder = SourceTree.NewFolder();
        Directory.CreateDirectory(Local);
    }

    [TearDown]
    public void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    [Property("Fact", "FETCH by hand gives the same UIDs, flags, dates and octets from both servers, and mbsync with the same state changes no file and no UID map")]
    public async Task A_client_that_had_synchronised_with_dovecot_sees_nothing_change()
    {
        List<string> before;
        Dictionary<string, string> files;
        SampleSetUp setUp = new() { Folder = _folder, Accounts = [Account], Arguments = ["--Logging:LogLevel:Default=Warning"] };
        await using (var dovecot = await DovecotServer.StartAsync())
        {
            await FillAsync(dovecot.Port);
            await SyncAsync($"Port {dovecot.Port}\nSSLType None", DovecotServer.Password);
            await ChangeAsync(dovecot.Port);
            await SyncAsync($"Port {dovecot.Port}\nSSLType None", DovecotServer.Password);
            before = await DescribeAsync(dovecot.Port, DovecotServer.Password, tls: false, separator: '.');
            files = Files();
            await dovecot.StopAsync();

            var import = ChildProcess.Start(SourceTree.Program("samples/MailServer"), ["import", "--account", Account, "--maildir", dovecot.Maildir], _folder);
            await using (import)
            {
                Assert.That(await import.WaitForExitAsync(), Is.Zero, import.Output);
                Assert.That(import.Output, Does.Contain("17 messages in 3 mailboxes, 0 problems").And.Contain("100 %"));
            }
        }

        await using var server = await SampleServer.StartAsync(setUp);
        Assert.That(await DescribeAsync(server.Imaps, SampleServer.Password, tls: true, separator: '/'), Is.EqualTo(before));

        var secured = $"Port {server.Imaps}\nSSLType IMAPS\nCertificateFile {Path.Combine(server.DataFolder, "development-certificate.pem")}";
        var output = await SyncAsync(secured, SampleServer.Password);
        Assert.That(output, Does.Not.Contain("UIDVALIDITY").And.Not.Contain("Warning"));
        Assert.That(Files(), Is.EqualTo(files));

        // And it goes on: a UID that was used before would be taken for a message known already.
        await using (var imap = await RawImap.ConnectAsync(server.Imaps, Account, SampleServer.Password))
            await imap.AppendAsync("INBOX", "Subject: after\r\n\r\n".Length, new MemoryStream("Subject: after\r\n\r\n"u8.ToArray()));

        await SyncAsync(secured, SampleServer.Password);
        Assert.That(Files().Values, Has.Some.Contains("Subject: after"));
        Assert.That(Files().Keys.Where(IsMessage).Count(), Is.EqualTo(files.Keys.Where(IsMessage).Count() + 1));
    }

    private static bool IsMessage(string path) => path.Contains("/cur/", StringComparison.Ordinal) || path.Contains("/new/", StringComparison.Ordinal);

    // 20 messages, some with flags and keywords, in three mailboxes.
    private static async Task FillAsync(int port)
    {
        await using var imap = await RawImap.ConnectAsync(port, Account, DovecotServer.Password, tls: false);
        await imap.SendAsync("CREATE Work");
        await imap.SendAsync("CREATE \"Work.Entw&APw-rfe\"");
        await imap.SendAsync("SUBSCRIBE Work");
        for (var i = 0; i < 20; i++)
        {
            var message = StoredMessage.Make($"message {i}", new string('e', i * 500));
            await imap.AppendAsync(i % 4 == 3 ? "Work" : i == 10 ? "Work.Entw&APw-rfe" : "INBOX", message.Length, new MemoryStream(message));
        }

        await imap.SendAsync("NOOP");
        await imap.SendAsync(@"STORE 2:5 +FLAGS (\Seen)");
        await imap.SendAsync(@"STORE 3 +FLAGS (\Answered \Flagged)");
        await imap.SendAsync(@"STORE 4,6 +FLAGS ($Label1 Important)");
    }

    // Gaps between UIDs, and a UIDNEXT above the last message's.
    private static async Task ChangeAsync(int port)
    {
        await using var imap = await RawImap.ConnectAsync(port, Account, DovecotServer.Password, tls: false);
        await imap.SendAsync(@"STORE 1,7,14 +FLAGS (\Deleted)");
        await imap.SendAsync("EXPUNGE");
        await imap.SendAsync("SELECT Work");
        await imap.SendAsync(@"STORE 1 +FLAGS (\Draft \Seen)");
    }

    /// <summary>What IMAP says of every mailbox, as far as a client keeps it.</summary>
    private static async Task<List<string>> DescribeAsync(int port, string password, bool tls, char separator)
    {
        var lines = new List<string>();
        await using var imap = await RawImap.ConnectAsync(port, Account, password, mailbox: null, tls: tls);
        foreach (var name in new[] { "INBOX", "Work", $"Work{separator}Entw&APw-rfe" })
        {
            var status = (await imap.SendAsync($"STATUS \"{name}\" (MESSAGES UIDNEXT UIDVALIDITY UNSEEN)"))[0].Text;
            lines.Add(string.Join(' ', StatusItem().Matches(status).Select(static match => match.Value).Order(StringComparer.Ordinal)));
            await imap.SendAsync($"EXAMINE \"{name}\"");
            foreach (var line in (await imap.SendAsync("FETCH 1:* (UID FLAGS INTERNALDATE BODY.PEEK[])")).Where(static line => line.Text.Contains(" FETCH ", StringComparison.Ordinal)))
            {
                var flags = FlagList().Match(line.Text).Groups[1].Value.Split(' ', StringSplitOptions.RemoveEmptyEntries).Where(static flag => flag != @"\Recent").Order(StringComparer.Ordinal);
                var date = DateTimeOffset.ParseExact(Date().Match(line.Text).Groups[1].Value.Trim(), "d-MMM-yyyy HH:mm:ss zzz", CultureInfo.InvariantCulture);
                lines.Add($"{UidItem().Match(line.Text).Groups[1].Value} ({string.Join(' ', flags)}) {date.UtcDateTime:u} {Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(line.Content!))}");
            }
        }

        lines.Add(string.Join(' ', (await imap.SendAsync("LSUB \"\" *")).Where(static line => line.Text.StartsWith("* LSUB", StringComparison.Ordinal)).Select(static line => line.Text.Split(' ')[^1].Trim('"')).Order(StringComparer.Ordinal)));
        return lines;
    }

    private Dictionary<string, string> Files() =>
        Directory.GetFiles(Local, "*", SearchOption.AllDirectories).Where(static path => !path.EndsWith(".lock", StringComparison.Ordinal))
            .ToDictionary(path => Path.GetRelativePath(Local, path), File.ReadAllText);

    private async Task<string> SyncAsync(string connection, string password)
    {
        var settings = Path.Combine(_folder, "mbsyncrc");
        await File.WriteAllTextAsync(settings, $"""
            IMAPAccount server
            Host 127.0.0.1
            User {Account}
            Pass "{password}"
            AuthMechs LOGIN
            {connection}

            IMAPStore far
            Account server

            MaildirStore near
            Path {Local}/
            Inbox {Path.Combine(Local, "INBOX")}
            SubFolders Verbatim

            Channel all
            Far :far:
            Near :near:
            Patterns *
            Create Both
            Expunge Both
            Sync All
            SyncState *

            """);
        var run = await ClientTool.Mbsync.RunAsync(["--config", settings, "--all"], surroundings: new ClientSurroundings(_folder, new() { ["HOME"] = _folder }));
        return run.Succeeded().Text + run.Errors;
    }

    [GeneratedRegex(@"[A-Z]+ \d+")]
    private static partial Regex StatusItem();

    [GeneratedRegex(@"UID (\d+)")]
    private static partial Regex UidItem();

    [GeneratedRegex(@"FLAGS \(([^)]*)\)")]
    private static partial Regex FlagList();

    [GeneratedRegex("INTERNALDATE \"([^\"]*)\"")]
    private static partial Regex Date();
}

using System.Text;
using MailCore.InteropTests.Server;
using MailCore.InteropTests.Tools;
using MailCore.InteropTests.Wire;
using NUnit.Framework;

namespace MailCore.InteropTests;

internal sealed class MbsyncTests : SampleFixture
{
    protected override int Accounts => 4;

    [SetUp]
    public void RequireMbsync() => ClientTool.Mbsync.Require();

    [Test]
    [Property("Fact", "the maildir's files hold the octets delivered by LMTP, but for their line ends")]
    public async Task Messages_and_mailboxes_come_down()
    {
        var account = NewAccount();
        var messages = new[] { "one", "two" }.Select(static subject => StoredMessage.Make(subject)).ToArray();
        await DeliverAsync(account, messages);
        await using var imap = await OpenImapAsync(account);
        await imap.SendAsync("CREATE Work");
        await imap.SendAsync("COPY 2 Work");

        await SyncAsync(account);

        Assert.That(Local(account, "INBOX").Select(static file => file.Subject).Order(StringComparer.Ordinal), Is.EqualTo(new[] { "one", "two" }));
        Assert.That(Local(account, "Work").Select(static file => file.Subject), Is.EqualTo(new[] { "two" }));
        StoredMessage.AssertCarries(Local(account, "INBOX").Single(static file => file.Subject == "one").Octets, messages[0]);
    }

    [Test]
    [Property("Fact", "FETCH by hand gives the octets that were put into the maildir, with its flags; POP3 lists the message too")]
    public async Task Messages_and_mailboxes_go_up()
    {
        var account = NewAccount();
        var message = StoredMessage.Make("from the maildir");
        await SyncAsync(account);
        await WriteAsync(account, "INBOX", "1.local:2,FS", message);
        await WriteAsync(account, "Drafts", "2.local:2,DS", message);

        await SyncAsync(account);

        await using var imap = await OpenImapAsync(account);
        AssertSame((await imap.FetchAllAsync()).Single(), message);
        Assert.That(await imap.FlagsAsync(), Is.EqualTo(new[] { @"\Flagged \Seen" }));
        await imap.SendAsync("SELECT Drafts");
        AssertSame((await imap.FetchAllAsync()).Single(), message);
        Assert.That(await imap.FlagsAsync(), Is.EqualTo(new[] { @"\Draft \Seen" }));
        await using var pop3 = await OpenPop3Async(account);
        Assert.That(await pop3.SendAsync("STAT"), Does.StartWith("+OK 1 "));
    }

    [Test]
    [Property("Fact", "a session by hand and the maildir's file names agree on flags and on what is gone, after changes on both sides")]
    public async Task Flags_and_expunges_go_both_ways()
    {
        var account = NewAccount();
        var messages = new[] { "a", "b", "c", "d", "e" }.Select(static subject => StoredMessage.Make(subject)).ToArray();
        await DeliverAsync(account, messages);
        await SyncAsync(account);
        await using var imap = await OpenImapAsync(account);

        // On the server: a is answered, b is expunged. In the maildir: c is flagged and seen, d is deleted.
        await imap.SendAsync(@"STORE 1 +FLAGS (\Answered)");
        await imap.SendAsync(@"STORE 2 +FLAGS (\Deleted)");
        await imap.SendAsync("EXPUNGE");
        Mark(account, "c", "FS");
        Mark(account, "d", "T");
        await SyncAsync(account);

        await imap.SendAsync("SELECT INBOX");
        var left = await imap.FetchAllAsync();
        Assert.That(left, Has.Count.EqualTo(3));
        StoredMessage.AssertCarries(left[0], messages[0]);
        StoredMessage.AssertCarries(left[1], messages[2]);
        StoredMessage.AssertCarries(left[2], messages[4]);
        Assert.That(await imap.FlagsAsync(), Is.EqualTo(new[] { @"\Answered", @"\Flagged \Seen", "" }));
        Assert.That(
            Local(account, "INBOX").OrderBy(static file => file.Subject, StringComparer.Ordinal).Select(static file => $"{file.Subject} {file.Flags}"),
            Is.EqualTo(new[] { "a R", "c FS", "e " }));
    }

    [Test]
    [Property("Fact", "UIDs and flags told to a session by hand, and the maildir's file names, message by message")]
    public async Task Five_thousand_messages_stay_the_same_on_both_sides_when_both_change()
    {
        const int Count = 5_000;
        var account = NewAccount();
        await using var imap = await OpenImapAsync(account);
        await AppendManyAsync(imap, Enumerable.Range(0, Count).Select(static number => Small(number)));
        await SyncAsync(account);
        Assert.That(Local(account, "INBOX").Count(), Is.EqualTo(Count));

        // On the server every 7th is flagged, every 11th expunged, 100 are new; in the maildir every 5th is read, every 13th deleted, 100 are new.
        await imap.SendAsync("NOOP");
        await imap.SendAsync($@"UID STORE {Every(7)} +FLAGS.SILENT (\Flagged)");
        await imap.SendAsync($@"UID STORE {Every(11)} +FLAGS.SILENT (\Deleted)");
        await imap.SendAsync("EXPUNGE");
        await AppendManyAsync(imap, Enumerable.Range(Count, 100).Select(static number => Small(number)));
        foreach (var file in Local(account, "INBOX").ToList())
            ChangeLocally(account, file);

        for (var number = Count + 100; number < Count + 200; number++)
            await WriteAsync(account, "INBOX", $"{number}.local:2,", Small(number));

        await SyncAsync(account);
        await SyncAsync(account);

        var expected = Enumerable.Range(0, Count + 200).Where(static number => number >= Count || (number % 11 != 0 && number % 13 != 0))
            .ToDictionary(static number => $"m{number}", static number => number >= Count ? "" : (number % 7 == 0 ? "F" : "") + (number % 5 == 0 ? "S" : ""));
        Assert.That(Local(account, "INBOX").ToDictionary(static file => file.Subject, static file => file.Flags), Is.EquivalentTo(expected));
        await using var after = await OpenImapAsync(account);
        var subjects = (await after.FetchAllAsync()).Select(static octets => Encoding.UTF8.GetString(octets).Split("Subject: ")[1].Split('\r')[0]);
        var flags = (await after.FlagsAsync()).Select(static all => (all.Contains("Flagged", StringComparison.Ordinal) ? "F" : "") + (all.Contains("Seen", StringComparison.Ordinal) ? "S" : ""));
        Assert.That(subjects.Zip(flags).ToDictionary(static pair => pair.First, static pair => pair.Second), Is.EquivalentTo(expected));

        static string Every(int step) => string.Join(',', Enumerable.Range(0, Count).Where(number => number % step == 0).Select(static number => number + 1));
    }

    private static byte[] Small(int number) => Encoding.ASCII.GetBytes($"Subject: m{number}\r\nMessage-ID: <{number}@example.com>\r\n\r\nbody {number}\r\n");

    // In one command each hundred: MULTIAPPEND.
    private static async Task AppendManyAsync(RawImap imap, IEnumerable<byte[]> messages)
    {
        foreach (var batch in messages.Chunk(100))
            await imap.SendAsync("APPEND INBOX" + string.Concat(batch.Select(static message => $" {{{message.Length}+}}\r\n{Encoding.ASCII.GetString(message)}")));
    }

    private void ChangeLocally(string account, LocalFile file)
    {
        var number = int.Parse(file.Subject[1..], System.Globalization.CultureInfo.InvariantCulture);
        if (number % 13 == 0)
            File.Delete(file.Path);
        else if (number % 5 == 0)
            File.Move(file.Path, Path.Combine(Maildir(account, "INBOX"), "cur", Path.GetFileName(file.Path).Split(":2,")[0] + ":2,S"));
    }

    // mbsync may mark what it uploads with a header line of its own, and says so in its manual.
    private static void AssertSame(byte[] stored, byte[] message) =>
        Assert.That(string.Concat(Encoding.UTF8.GetString(stored).Split("\r\n").Where(static line => !line.StartsWith("X-TUID:", StringComparison.Ordinal)).Select(static line => line + "\r\n"))[..^2],
            Is.EqualTo(Encoding.UTF8.GetString(message)));

    private string Folder(string account) => Directory.CreateDirectory(Path.Combine(Server.Folder, account)).FullName;

    private string Maildir(string account, string mailbox) => Path.Combine(Folder(account), "mail", mailbox);

    private IEnumerable<LocalFile> Local(string account, string mailbox) =>
        new[] { "cur", "new" }.SelectMany(part => Directory.GetFiles(Path.Combine(Maildir(account, mailbox), part))).Select(LocalFile.Read);

    private async Task WriteAsync(string account, string mailbox, string name, byte[] message)
    {
        foreach (var part in new[] { "cur", "new", "tmp" })
            Directory.CreateDirectory(Path.Combine(Maildir(account, mailbox), part));

        await File.WriteAllTextAsync(Path.Combine(Maildir(account, mailbox), "cur", name), Encoding.UTF8.GetString(message).ReplaceLineEndings("\n"));
    }

    private void Mark(string account, string subject, string flags)
    {
        var path = Local(account, "INBOX").Single(file => file.Subject == subject).Path;
        var name = Path.GetFileName(path);
        var cut = name.IndexOf(":2,", StringComparison.Ordinal);
        File.Move(path, Path.Combine(Maildir(account, "INBOX"), "cur", $"{(cut < 0 ? name : name[..cut])}:2,{flags}"));
    }

    private async Task SyncAsync(string account)
    {
        var settings = Path.Combine(Folder(account), "mbsyncrc");
        Directory.CreateDirectory(Path.Combine(Folder(account), "mail"));
        await File.WriteAllTextAsync(settings, $"""
            IMAPAccount server
            Host 127.0.0.1
            Port {Server.Imaps}
            User {account}
            Pass "{SampleServer.Password}"
            SSLType IMAPS
            CertificateFile {Path.Combine(Server.DataFolder, "development-certificate.pem")}
            AuthMechs LOGIN

            IMAPStore far
            Account server

            MaildirStore near
            Path {Path.Combine(Folder(account), "mail")}/
            Inbox {Path.Combine(Folder(account), "mail", "INBOX")}
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
        (await ClientTool.Mbsync.RunAsync(["--config", settings, "--all"], surroundings: new ClientSurroundings(Folder(account), new() { ["HOME"] = Folder(account) }))).Succeeded();
    }

    private sealed record LocalFile(string Path, string Subject, string Flags, byte[] Octets)
    {
        public static LocalFile Read(string path)
        {
            var text = string.Concat(File.ReadAllText(path).Split('\n').Where(static line => !line.StartsWith("X-TUID:", StringComparison.Ordinal)).Select(static line => line + "\r\n"))[..^2];
            var cut = path.IndexOf(":2,", StringComparison.Ordinal);
            return new LocalFile(
                path,
                text.Split("\r\n").First(static line => line.StartsWith("Subject: ", StringComparison.Ordinal))["Subject: ".Length..],
                cut < 0 ? "" : path[(cut + 3)..],
                Encoding.UTF8.GetBytes(text));
        }
    }
}

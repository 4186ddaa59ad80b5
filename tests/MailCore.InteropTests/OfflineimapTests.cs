using System.Text;
using MailCore.InteropTests.Server;
using MailCore.InteropTests.Tools;
using MailCore.InteropTests.Wire;
using NUnit.Framework;

namespace MailCore.InteropTests;

internal sealed class OfflineimapTests : SampleFixture
{
    protected override int Accounts => 1;

    [Test]
    [Property("Fact", "the maildir's files hold the octets delivered by LMTP; a session by hand sees what was done in the maildir")]
    public async Task Synchronises_both_ways_compressed()
    {
        ClientTool.Offlineimap.Require();
        var account = NewAccount();
        var messages = new[] { "a", "b", "c" }.Select(static subject => StoredMessage.Make(subject)).ToArray();
        await DeliverAsync(account, messages);
        var folder = Directory.CreateDirectory(Path.Combine(Server.Folder, "offlineimap")).FullName;
        await SyncAsync(account, folder);
        Assert.That(Files(folder), Has.Count.EqualTo(3));
        Assert.That(Normal(File.ReadAllBytes(Find(folder, "b"))), Does.EndWith(Encoding.UTF8.GetString(messages[1])));

        // In the maildir: a is flagged and read, b deleted, d written. On the server: c is answered.
        var name = Find(folder, "a");
        File.Move(name, Path.Combine(folder, "mail", "INBOX", "cur", Path.GetFileName(name).Split(":2,")[0] + ":2,FS"));
        File.Delete(Find(folder, "b"));
        await File.WriteAllTextAsync(Path.Combine(folder, "mail", "INBOX", "cur", "1.local:2,S"), Normal(StoredMessage.Make("d")).ReplaceLineEndings("\n"));
        await using (var imap = await OpenImapAsync(account))
            await imap.SendAsync(@"STORE 3 +FLAGS (\Answered)");

        await SyncAsync(account, folder);

        await using var after = await OpenImapAsync(account);
        Assert.That((await after.FetchAllAsync()).Select(Subject), Is.EqualTo(new[] { "a", "c", "d" }));
        Assert.That(await after.FlagsAsync(), Is.EqualTo(new[] { @"\Flagged \Seen", @"\Answered", @"\Seen" }));
        Assert.That(Find(folder, "c"), Does.EndWith(":2,R"));
    }

    private static string Subject(byte[] octets) => Normal(octets).Split("Subject: ")[1].Split('\r')[0];

    private static string Normal(byte[] octets) => Encoding.UTF8.GetString(octets).ReplaceLineEndings("\r\n");

    private static List<string> Files(string folder) =>
        [.. new[] { "cur", "new" }.SelectMany(part => Directory.GetFiles(Path.Combine(folder, "mail", "INBOX", part)))];

    private static string Find(string folder, string subject) => Files(folder).Single(file => Subject(File.ReadAllBytes(file)) == subject);

    private async Task SyncAsync(string account, string folder)
    {
        var settings = Path.Combine(folder, "rc");
        await File.WriteAllTextAsync(settings, $"""
            [general]
            accounts = all
            metadata = {folder}/state
            socktimeout = 50
            [Account all]
            localrepository = near
            remoterepository = far
            [Repository near]
            type = Maildir
            localfolders = {folder}/mail
            [Repository far]
            type = IMAP
            remotehost = localhost
            remoteport = {Server.Imaps}
            remoteuser = {account}
            remotepass = {SampleServer.Password}
            ssl = yes
            sslcacertfile = {Path.Combine(Server.DataFolder, "development-certificate.pem")}
            usecompression = yes

            """);
        (await ClientTool.Offlineimap.RunAsync(["-o", "-u", "basic", "-c", settings], surroundings: new ClientSurroundings(folder, new() { ["HOME"] = folder }))).Succeeded();
    }
}

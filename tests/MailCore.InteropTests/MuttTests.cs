using System.Text;
using MailCore.InteropTests.Server;
using MailCore.InteropTests.Tools;
using MailCore.InteropTests.Wire;
using NUnit.Framework;

namespace MailCore.InteropTests;

internal sealed class MuttTests : SampleFixture
{
    protected override int Accounts => 3;

    [SetUp]
    public void RequireMutt() => ClientTool.Mutt.Require();

    [Test]
    [Property("Fact", "POP3 RETR shows mutt's own headers, the body, the attachment in base64 and ESMTPSA")]
    public async Task Batch_mode_submits_a_message_with_an_attachment()
    {
        var account = NewAccount();
        var attachment = Enumerable.Range(0, 3_000).Select(static i => (byte)(i * 31)).ToArray();
        await File.WriteAllBytesAsync(Path.Combine(Folder(account), "data.bin"), attachment);

        (await ClientTool.Mutt.RunAsync(
            ["-n", "-F", await WriteSettingsAsync(account), "-s", "From mutt, äöü", "-a", "data.bin", "--", account], "Hello from mutt.\n"u8.ToArray(), Surroundings(account))).Succeeded();

        await using var pop3 = await OpenPop3Async(account);
        var stored = Encoding.UTF8.GetString(await pop3.ReadLinesAsync("RETR 1"));
        Assert.That(stored, Does.Contain(" with ESMTPSA").And.Contain("User-Agent: Mutt/").And.Contain("\r\n\r\nHello from mutt.\r\n"));
        Assert.That(stored, Does.Contain("Subject: From mutt, =?utf-8?B?w6TDtsO8?=\r\n"));
        Assert.That(stored.ReplaceLineEndings(""), Does.Contain(Convert.ToBase64String(attachment)));
    }

    [Test]
    [Property("Fact", "POP3 RETR ends with the body of the draft, and the draft's own header is there")]
    public async Task A_draft_is_sent_as_it_is()
    {
        var account = NewAccount();
        await File.WriteAllTextAsync(Path.Combine(Folder(account), "draft"), $"To: {account}\nSubject: a draft\nX-Draft: kept\n\n.\n..\nthe end\n");

        (await ClientTool.Mutt.RunAsync(["-n", "-F", await WriteSettingsAsync(account), "-H", "draft"], surroundings: Surroundings(account))).Succeeded();

        await using var pop3 = await OpenPop3Async(account);
        Assert.That(Encoding.UTF8.GetString(await pop3.ReadLinesAsync("RETR 1")), Does.Contain("\r\nX-Draft: kept\r\n").And.EndsWith("\r\n\r\n.\r\n..\r\nthe end\r\n"));
    }

    [Test]
    [Property("Fact", "the piped octets end with those delivered; a session by hand sees the flags, the copy and that one is gone")]
    public async Task Imap_reading_flagging_saving_and_deleting()
    {
        var account = NewAccount();
        var messages = new[] { "first", "second", "third" }.Select(static subject => StoredMessage.Make(subject)).ToArray();
        await DeliverAsync(account, messages);
        await using var imap = await OpenImapAsync(account);
        await imap.SendAsync("CREATE Saved");
        var settings = await WriteSettingsAsync(account);

        // Pipe the first, flag it; copy the second; delete the third.
        var keys = "<first-entry><pipe-message>cat > piped<enter><flag-message><first-entry><next-entry><copy-message>=Saved<enter><last-entry><delete-message><sync-mailbox><exit>";
        (await Terminal.RunAsync($"mutt -n -F {settings} -e 'push \"{keys}\"'", Surroundings(account))).Succeeded();

        var piped = Encoding.UTF8.GetString(await File.ReadAllBytesAsync(Path.Combine(Folder(account), "piped"))).ReplaceLineEndings("\r\n");
        StoredMessage.AssertCarries(Encoding.UTF8.GetBytes(piped), messages[0]);
        Assert.That(await imap.FlagsAsync(), Has.Count.EqualTo(2).And.ItemAt(0).Contains(@"\Flagged"));
        StoredMessage.AssertCarries((await imap.FetchAllAsync())[1], messages[1]);
        await imap.SendAsync("SELECT Saved");
        StoredMessage.AssertCarries((await imap.FetchAllAsync()).Single(), messages[1]);
    }

    private string Folder(string account) => Directory.CreateDirectory(Path.Combine(Server.Folder, account)).FullName;

    private ClientSurroundings Surroundings(string account) => new(Folder(account), new() { ["HOME"] = Folder(account), ["LC_ALL"] = "C.UTF-8" });

    private async Task<string> WriteSettingsAsync(string account)
    {
        var file = Path.Combine(Folder(account), "muttrc");
        await File.WriteAllTextAsync(file, $"""
            set from="{account}" use_from=yes use_envelope_from=yes realname="A User" user_agent=yes send_charset="us-ascii:utf-8" hostname=client.example
            set certificate_file="{Path.Combine(Server.DataFolder, "development-certificate.pem")}"
            set ssl_force_tls=yes smtp_authenticators="plain" imap_authenticators="login"
            set smtp_url="smtps://{account}@127.0.0.1:{Server.Submissions}/" smtp_pass="{SampleServer.Password}"
            set imap_user="{account}" imap_pass="{SampleServer.Password}"
            set folder="imaps://127.0.0.1:{Server.Imaps}/" spoolfile="imaps://127.0.0.1:{Server.Imaps}/INBOX"
            set copy=no wait_key=no pipe_decode=no delete=yes quit=yes confirmappend=no confirmcreate=no mark_old=no header_cache="" sort=mailbox-order

            """);
        return file;
    }
}

using MailCore.InteropTests.Server;
using MailCore.InteropTests.Tools;
using MailCore.InteropTests.Wire;
using NUnit.Framework;

namespace MailCore.InteropTests;

internal sealed class ImapfilterTests : SampleFixture
{
    protected override int Accounts => 1;

    [Test]
    [Property("Fact", "a session by hand sees the mailbox, the flag, the copy, the move and the deletion")]
    public async Task Filters_a_mailbox()
    {
        ClientTool.Imapfilter.Require();
        var account = NewAccount();
        var messages = new[] { "keep", "flag", "move", "delete" }.Select(static subject => StoredMessage.Make(subject)).ToArray();
        await DeliverAsync(account, messages);
        var folder = Directory.CreateDirectory(Path.Combine(Server.Folder, "imapfilter")).FullName;
        var settings = Path.Combine(folder, "config.lua");
        await File.WriteAllTextAsync(settings, $$"""
            options.timeout = 50
            options.certificates = false
            account = IMAP { server = 'localhost', port = {{Server.Imaps}}, username = '{{account}}', password = '{{SampleServer.Password}}', ssl = 'auto' }
            account:create_mailbox('Work')
            account.INBOX:contain_subject('flag'):mark_flagged()
            account.INBOX:is_flagged():copy_messages(account.Work)
            account.INBOX:contain_subject('move'):move_messages(account.Work)
            account.INBOX:contain_subject('delete'):delete_messages()

            """);

        (await ClientTool.Imapfilter.RunAsync(
            ["-t", Path.Combine(Server.DataFolder, "development-certificate.pem"), "-c", settings],
            surroundings: new ClientSurroundings(folder, new() { ["HOME"] = folder }))).Succeeded();

        await using var imap = await OpenImapAsync(account);
        var left = await imap.FetchAllAsync();
        Assert.That(left, Has.Count.EqualTo(2));
        StoredMessage.AssertCarries(left[0], messages[0]);
        StoredMessage.AssertCarries(left[1], messages[1]);
        Assert.That(await imap.FlagsAsync(), Is.EqualTo(new[] { "", @"\Flagged" }));
        await imap.SendAsync("SELECT Work");
        var moved = await imap.FetchAllAsync();
        Assert.That(moved, Has.Count.EqualTo(2));
        StoredMessage.AssertCarries(moved[0], messages[1]);
        StoredMessage.AssertCarries(moved[1], messages[2]);
    }
}

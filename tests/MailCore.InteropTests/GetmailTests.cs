using MailCore.InteropTests.Server;
using MailCore.InteropTests.Tools;
using MailCore.InteropTests.Wire;
using NUnit.Framework;

namespace MailCore.InteropTests;

/// <summary>getmail remembers messages by their unique ids, and with the option "delete" by the dialog's end.</summary>
internal sealed class GetmailTests : SampleFixture
{
    protected override int Accounts => 2;

    [SetUp]
    public void RequireGetmail() => ClientTool.Getmail.Require();

    [Test]
    [Property("Fact", "the Maildir has the octets delivered by LMTP, but for line ends; of three visits only the one after a new delivery brings something")]
    public async Task Retrieves_each_message_once_by_its_unique_id()
    {
        var account = NewAccount();
        var first = StoredMessage.Make("first");
        await DeliverAsync(account, first);
        var folder = await WriteSettingsAsync(account, delete: false);

        await RunAsync(folder);
        await RunAsync(folder);
        Assert.That(Read(folder), Has.Count.EqualTo(1));
        StoredMessage.AssertCarries(Read(folder)[0], first);

        var second = StoredMessage.Make("second");
        await DeliverAsync(account, second);
        await RunAsync(folder);
        Assert.That(Read(folder), Has.Count.EqualTo(2));
        StoredMessage.AssertCarries(Read(folder)[1], second);
    }

    [Test]
    [Property("Fact", "a session of IMAP by hand sees the mailbox emptied")]
    public async Task Removes_what_it_has_retrieved()
    {
        var account = NewAccount();
        await DeliverAsync(account, StoredMessage.Make("to be removed"));

        await RunAsync(await WriteSettingsAsync(account, delete: true));

        await using var imap = await OpenImapAsync(account);
        Assert.That(await imap.CountAsync(), Is.Zero);
    }

    private static async Task RunAsync(string folder) =>
        (await ClientTool.Getmail.RunAsync(["--getmaildir", folder, "--rcfile", "rc"], surroundings: new ClientSurroundings(folder))).Succeeded();

    private static List<byte[]> Read(string folder) => Maildir.Read(Path.Combine(folder, "mail"));

    private async Task<string> WriteSettingsAsync(string account, bool delete)
    {
        var folder = Directory.CreateDirectory(Path.Combine(Server.Folder, account)).FullName;
        Maildir.Create(Path.Combine(folder, "mail"));
        // As root it writes into no Maildir of its own.
        await File.WriteAllTextAsync(Path.Combine(folder, "mda.sh"), $"cat > {folder}/mail/new/$(date +%s%N)\n");
        await File.WriteAllTextAsync(Path.Combine(folder, "rc"), $"""
            [retriever]
            type = SimplePOP3SSLRetriever
            server = localhost
            port = {Server.Pop3s}
            username = {account}
            password = {SampleServer.Password}
            ca_certs = {Path.Combine(Server.DataFolder, "development-certificate.pem")}

            [destination]
            type = MDA_external
            path = /bin/sh
            arguments = ("{folder}/mda.sh",)
            allow_root_commands = true

            [options]
            read_all = false
            delete = {(delete ? "true" : "false")}
            delivered_to = false
            received = false

            """);
        return folder;
    }
}

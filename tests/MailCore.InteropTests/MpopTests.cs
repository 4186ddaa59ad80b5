using MailCore.InteropTests.Server;
using MailCore.InteropTests.Tools;
using MailCore.InteropTests.Wire;
using NUnit.Framework;

namespace MailCore.InteropTests;

/// <summary>mpop pipelines its commands where CAPA lets it.</summary>
internal sealed class MpopTests : SampleFixture
{
    private const int Messages = 12;

    protected override int Accounts => 4;

    [SetUp]
    public void RequireMpop() => ClientTool.Mpop.Require();

    [TestCase(true, "plain")]
    [TestCase(false, "login")]
    [TestCase(false, "user")]
    [Property("Fact", "the Maildir has the octets delivered by LMTP, but for line ends; a session of IMAP by hand sees the mailbox emptied")]
    public async Task Retrieves_all_in_a_pipeline_and_removes_it(bool implicitTls, string login)
    {
        var account = NewAccount();
        var messages = Enumerable.Range(0, Messages).Select(static number => StoredMessage.Make($"number {number}")).ToArray();
        await DeliverAsync(account, messages);
        var folder = await WriteSettingsAsync(account, implicitTls, login);

        var run = await ClientTool.Mpop.RunAsync(["--file", Path.Combine(folder, "mpoprc"), "--debug"], surroundings: new ClientSurroundings(folder));

        run.Succeeded();
        var retrieved = Maildir.Read(Path.Combine(folder, "mail"));
        Assert.That(retrieved, Has.Count.EqualTo(Messages));
        foreach (var (octets, message) in retrieved.Zip(messages))
            StoredMessage.AssertCarries(octets, message);

        await using var imap = await OpenImapAsync(account);
        Assert.That(await imap.CountAsync(), Is.Zero);
    }

    private async Task<string> WriteSettingsAsync(string account, bool implicitTls, string login)
    {
        var folder = Directory.CreateDirectory(Path.Combine(Server.Folder, account)).FullName;
        Maildir.Create(Path.Combine(folder, "mail"));
        var settings = Path.Combine(folder, "mpoprc");
        await File.WriteAllTextAsync(settings, $"""
            account default
            host localhost
            port {(implicitTls ? Server.Pop3s : Server.Pop3)}
            user {account}
            password {SampleServer.Password}
            auth {login}
            tls on
            tls_starttls {(implicitTls ? "off" : "on")}
            tls_trust_file {Path.Combine(Server.DataFolder, "development-certificate.pem")}
            pipelining on
            received_header off
            keep off
            uidls_file {folder}/uidls
            delivery maildir {folder}/mail

            """);
        File.SetUnixFileMode(settings, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return folder;
    }
}

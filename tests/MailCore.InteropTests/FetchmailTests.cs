using System.Text;
using MailCore.InteropTests.Server;
using MailCore.InteropTests.Tools;
using MailCore.InteropTests.Wire;
using NUnit.Framework;

namespace MailCore.InteropTests;

internal sealed class FetchmailTests : SampleFixture
{
    protected override int Accounts => 4;

    [SetUp]
    public void RequireFetchmail() => ClientTool.Fetchmail.Require();

    [TestCase("IMAP", true)]
    [TestCase("IMAP", false)]
    [TestCase("POP3", true)]
    [TestCase("POP3", false)]
    [Property("Fact", "the octets given to the MDA are those delivered by LMTP, but for line ends; a session by hand sees the mailbox emptied")]
    public async Task Fetches_all_mail_and_removes_it(string protocol, bool implicitTls)
    {
        var account = NewAccount();
        var messages = new[] { "first", "second" }.Select(static subject => StoredMessage.Make(subject)).ToArray();
        await DeliverAsync(account, messages);

        var fetched = await FetchAsync(account, protocol, implicitTls);

        Assert.That(fetched, Has.Count.EqualTo(2));
        StoredMessage.AssertCarries(fetched[0], messages[0]);
        StoredMessage.AssertCarries(fetched[1], messages[1]);
        await using var imap = await OpenImapAsync(account);
        Assert.That(await imap.CountAsync(), Is.Zero);
    }

    private async Task<List<byte[]>> FetchAsync(string account, string protocol, bool implicitTls)
    {
        var folder = Directory.CreateDirectory(Path.Combine(Server.Folder, $"{account}-{protocol}")).FullName;
        var mda = Path.Combine(folder, "mda.sh");
        await File.WriteAllTextAsync(mda, $"cat > {folder}/mail-$(date +%s%N)\n");
        var port = protocol == "IMAP" ? (implicitTls ? Server.Imaps : Server.Imap) : implicitTls ? Server.Pop3s : Server.Pop3;
        var settings = Path.Combine(folder, "fetchmailrc");
        await File.WriteAllTextAsync(settings, $"""
            poll localhost protocol {protocol} port {port} timeout 50
              user "{account}" password "{SampleServer.Password}" is root here
              {(implicitTls ? "ssl" : "sslproto TLS1.2+")} sslcertck sslcertfile "{Path.Combine(Server.DataFolder, "development-certificate.pem")}"
              fetchall nokeep no rewrite no mimedecode no dropstatus
              mda "sh {mda}"

            """);
        File.SetUnixFileMode(settings, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        (await ClientTool.Fetchmail.RunAsync(
            ["--fetchmailrc", settings, "--nodetach", "--invisible", "--nosyslog"],
            surroundings: new ClientSurroundings(folder, new() { ["HOME"] = folder, ["FETCHMAILHOME"] = folder, ["LC_ALL"] = "C" }))).Succeeded();
        return [.. Directory.GetFiles(folder, "mail-*").Order(StringComparer.Ordinal)
            .Select(static file => Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(File.ReadAllBytes(file)).ReplaceLineEndings("\r\n")))];
    }
}

using System.Text;
using MailCore.InteropTests.Server;
using MailCore.InteropTests.Tools;
using MailCore.InteropTests.Wire;
using NUnit.Framework;

namespace MailCore.InteropTests;

internal sealed class FetchmailTests : SampleFixture
{
    protected override int Accounts => 5;

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

    [Test]
    [Property("Fact", "the octets given to the MDA, without another poll, are those delivered by LMTP while fetchmail waited in IDLE")]
    public async Task Idle_tells_of_new_mail_at_once()
    {
        var account = NewAccount();
        var folder = NewFolder(account);
        var settings = await WriteSettingsAsync(account, "IMAP", implicitTls: true, folder, "idle");
        await using var fetchmail = ClientTool.Fetchmail.Start([.. CommandLine(settings), "-v", "-v"], folder, Variables(folder));
        await fetchmail.WaitForOutputAsync(static output => output.Contains("IMAP< + ", StringComparison.Ordinal));
        var message = StoredMessage.Make("while idle");

        await DeliverAsync(account, message);

        await fetchmail.WaitForOutputAsync(static output => output.Contains("EXPUNGE", StringComparison.Ordinal));
        StoredMessage.AssertCarries(Read(folder).Single(), message);
    }

    private async Task<List<byte[]>> FetchAsync(string account, string protocol, bool implicitTls)
    {
        var folder = NewFolder(account);
        var settings = await WriteSettingsAsync(account, protocol, implicitTls, folder);
        (await ClientTool.Fetchmail.RunAsync(CommandLine(settings), surroundings: new ClientSurroundings(folder, Variables(folder)))).Succeeded();
        return Read(folder);
    }

    private static string[] CommandLine(string settings) => ["--fetchmailrc", settings, "--nodetach", "--invisible", "--nosyslog"];

    private static Dictionary<string, string> Variables(string folder) => new() { ["HOME"] = folder, ["FETCHMAILHOME"] = folder, ["LC_ALL"] = "C" };

    private static List<byte[]> Read(string folder) => [.. Directory.GetFiles(folder, "mail-*").Order(StringComparer.Ordinal)
        .Select(static file => Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(File.ReadAllBytes(file)).ReplaceLineEndings("\r\n")))];

    private string NewFolder(string account) => Directory.CreateDirectory(Path.Combine(Server.Folder, account)).FullName;

    private async Task<string> WriteSettingsAsync(string account, string protocol, bool implicitTls, string folder, string idle = "")
    {
        var mda = Path.Combine(folder, "mda.sh");
        await File.WriteAllTextAsync(mda, $"cat > {folder}/mail-$(date +%s%N)\n");
        var port = protocol == "IMAP" ? (implicitTls ? Server.Imaps : Server.Imap) : implicitTls ? Server.Pop3s : Server.Pop3;
        var settings = Path.Combine(folder, "fetchmailrc");
        await File.WriteAllTextAsync(settings, $"""
            poll localhost protocol {protocol} port {port} timeout 50
              user "{account}" password "{SampleServer.Password}" is root here
              {(implicitTls ? "ssl" : "sslproto TLS1.2+")} sslcertck sslcertfile "{Path.Combine(Server.DataFolder, "development-certificate.pem")}"
              fetchall nokeep no rewrite no mimedecode no dropstatus {idle}
              mda "sh {mda}"

            """);
        File.SetUnixFileMode(settings, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return settings;
    }
}

using System.Text.Json;
using MailCore.InteropTests.Server;
using MailCore.InteropTests.Tools;
using MailCore.InteropTests.Wire;
using NUnit.Framework;

namespace MailCore.InteropTests;

internal sealed class PythonTests : SampleFixture
{
    protected override int Accounts => 14;

    // The current folder is the server's own, and a long path would not fit into a socket's address.
    protected override string[] Arguments => ["--Mail:Listeners:8:Role=Lmtp", "--Mail:Listeners:8:Path=lmtp.sock"];

    [SetUp]
    public void RequirePython() => ClientTool.Python.Require();

    [TestCase("plain", "-", "ESMTP ")]
    [TestCase("starttls", "-", "ESMTPS ")]
    [Property("Fact", "FETCH BODY[] ends with the octets of the file, and the trace header names the protocol")]
    public async Task Smtplib_transfers(string security, string login, string protocol)
    {
        var (account, message) = (NewAccount(), StoredMessage.Make("smtplib"));

        await SendAsync(message, $"{Server.Smtp}", security, login, "sender@example.com", account);

        await using var imap = await OpenImapAsync(account);
        Assert.That(StoredMessage.AssertCarries(await imap.FetchAsync(1), message), Does.Contain($" with {protocol}"));
    }

    [TestCase("starttls")]
    [TestCase("tls")]
    [Property("Fact", "POP3 RETR ends with the octets of the file, and the trace header says ESMTPSA")]
    public async Task Smtplib_submits(string security)
    {
        var (account, message) = (NewAccount(), StoredMessage.Make("smtplib"));
        var port = security == "tls" ? Server.Submissions : Server.Submission;

        await SendAsync(message, $"{port}", security, $"{account}:{SampleServer.Password}", account, account, "BODY=8BITMIME");

        await using var pop3 = await OpenPop3Async(account);
        Assert.That(StoredMessage.AssertCarries(await pop3.ReadLinesAsync("RETR 1"), message), Does.Contain(" with ESMTPSA"));
    }

    [Test]
    [Property("Fact", "the mailbox of the recipient that was taken holds the octets of the file")]
    public async Task Smtplib_speaks_lmtp_and_is_told_of_each_recipient()
    {
        var (account, message) = (NewAccount(), StoredMessage.Make("lmtplib"));

        var result = await SendAsync(message, $"{Server.Lmtp}", "lmtp", "-", "sender@example.com", $"nobody@example.org,{account}");

        Assert.That(result.Text, Does.StartWith("nobody@example.org 550"));
        await using var imap = await OpenImapAsync(account);
        StoredMessage.AssertCarries(await imap.FetchAsync(1), message);
    }

    [Test]
    [Property("Fact", "FETCH BODY[] ends with the octets of the file; the socket's file is there while the server runs")]
    public async Task Smtplib_speaks_lmtp_over_a_unix_socket()
    {
        var (account, message) = (NewAccount(), StoredMessage.Make("unix socket"));
        var socket = Path.Combine(Server.Folder, "lmtp.sock");
        Assert.That(File.Exists(socket));

        await SendAsync(message, socket.Length < 100 ? socket : Path.GetRelativePath(Environment.CurrentDirectory, socket), "lmtp", "-", "sender@example.com", account);

        await using var imap = await OpenImapAsync(account);
        StoredMessage.AssertCarries(await imap.FetchAsync(1), message);
    }

    [TestCase("BODY=8BITMIME", 100)]
    [TestCase("BODY=BINARYMIME", 7)]
    [TestCase("BODY=BINARYMIME", 100_000)]
    [Property("Fact", "FETCH BODY[] ends with the octets of the file, dots at the start of lines and all")]
    public async Task Smtplib_sends_in_chunks(string body, int chunk)
    {
        var (account, message) = (NewAccount(), StoredMessage.Make("chunks"));
        var file = Path.Combine(Server.Folder, $"{Guid.NewGuid():n}.eml");
        await File.WriteAllBytesAsync(file, message);

        var result = await RunAsync("bdat_client.py", $"{Server.Smtp}", "sender@example.com", account, file, $"{chunk}", body);

        Assert.That(result.Text, Does.Contain("OK queued as"));
        await using var imap = await OpenImapAsync(account);
        StoredMessage.AssertCarries(await imap.FetchAsync(1), message);
    }

    [Test]
    [Property("Fact", "POP3 RETR gives exactly the octets of the file, and IMAP by hand the flag")]
    public async Task Imaplib_appends()
    {
        var (account, message) = (NewAccount(), StoredMessage.Make("imaplib"));
        var file = Path.Combine(Server.Folder, "imaplib.eml");
        await File.WriteAllBytesAsync(file, message);

        await RunAsync("imap_client.py", $"{Server.Imaps}", account, SampleServer.Password, "append", file);

        await using (var pop3 = await OpenPop3Async(account))
            Assert.That(await pop3.ReadLinesAsync("RETR 1"), Is.EqualTo(message));

        await using var imap = await OpenImapAsync(account);
        Assert.That(await imap.FlagsAsync(), Is.EqualTo(new[] { @"\Flagged" }));
    }

    [Test]
    [Property("Fact", "a session by hand sees the flags, the expunge and the mailboxes that imaplib left")]
    public async Task Imaplib_works_on_mailboxes()
    {
        var account = NewAccount();
        var messages = new[] { "first", "second", "third" }.Select(static subject => StoredMessage.Make(subject)).ToArray();
        await DeliverAsync(account, messages);

        var said = JsonDocument.Parse((await RunAsync("imap_client.py", $"{Server.Imaps}", account, SampleServer.Password, "tour")).Text).RootElement;

        Assert.That(said.GetProperty("list").ToString(), Is.EqualTo("""["INBOX", "Work"]"""));
        Assert.That(said.GetProperty("lsub").ToString(), Does.Contain("Work"));
        Assert.That(said.GetProperty("select").GetInt32(), Is.EqualTo(3));
        Assert.That(said.GetProperty("search").GetString(), Is.EqualTo("2"));
        Assert.That(said.GetProperty("expunged").ToString(), Is.EqualTo("""["1"]"""));
        Assert.That(said.GetProperty("uids").GetString(), Is.EqualTo("2 3"));
        Assert.That(said.GetProperty("status").GetString(), Does.Contain("MESSAGES 1 UNSEEN 0"));
        Assert.That(said.GetProperty("subject").GetString(), Is.EqualTo("Subject: second\r\n\r\n"));
        await using var imap = await OpenImapAsync(account);
        Assert.That(await imap.FlagsAsync(), Is.EqualTo(new[] { @"\Flagged \Seen", "" }));
        var left = await imap.FetchAllAsync();
        StoredMessage.AssertCarries(left[0], messages[1]);
        StoredMessage.AssertCarries(left[1], messages[2]);
        Assert.That((await imap.SendAsync("LIST \"\" *")).SkipLast(1).Select(static line => line.Text), Has.One.Items.And.One.Contains("INBOX"));
    }

    [Test]
    [Property("Fact", "zlib decodes each reply as it comes; a session by hand has the octets appended and delivered")]
    public async Task Zlib_alone_speaks_a_compressed_connection()
    {
        var account = NewAccount();
        await using var client = PythonScript.Start("zlib_client.py", Server.Folder, $"{Server.Imaps}", account, SampleServer.Password);
        await client.WaitForOutputAsync(static output => output.Split('\n').Contains("idle"));
        await DeliverAsync(account, StoredMessage.Make("while idle"));
        Assert.That(await client.WaitForExitAsync(TimeSpan.FromMinutes(1)), Is.Zero, client.Output);

        var said = JsonDocument.Parse(client.Output.Split('\n').Single(static line => line.StartsWith('{'))).RootElement;
        Assert.That((said.GetProperty("announced").GetBoolean(), said.GetProperty("again").GetBoolean(), said.GetProperty("same").GetBoolean()), Is.EqualTo((true, false, true)));
        Assert.That(said.GetProperty("pushed").GetString(), Is.EqualTo("* 2 EXISTS"));
        Assert.That((said.GetProperty("append").GetString(), said.GetProperty("logout").GetString()), Is.EqualTo(("OK", "OK")));
        await using var imap = await OpenImapAsync(account);
        Assert.That((await imap.FetchAllAsync())[0], Has.Length.EqualTo(18 + (255 * 4000) + 2));
    }

    [TestCase("tls")]
    [TestCase("stls")]
    [Property("Fact", "IMAP finds that exactly the message deleted in the end is gone, and its sizes are those that LIST told")]
    public async Task Poplib_works_on_the_mail_drop(string security)
    {
        var account = NewAccount();
        var messages = new[] { "first", "second", "third" }.Select(static subject => StoredMessage.Make(subject)).ToArray();
        await DeliverAsync(account, messages);
        int[] sizes;
        await using (var before = await OpenImapAsync(account))
            sizes = [.. (await before.FetchAllAsync()).Select(static stored => stored.Length)];

        var port = security == "tls" ? Server.Pop3s : Server.Pop3;
        var said = JsonDocument.Parse((await RunAsync("pop3_client.py", $"{port}", security, account, SampleServer.Password, "tour")).Text).RootElement;

        Assert.That(said.GetProperty("capabilities").ToString(), Does.Contain("UIDL").And.Contain("TOP"));
        Assert.That(said.GetProperty("stat").ToString(), Is.EqualTo($"[3, {sizes.Sum()}]"));
        Assert.That(said.GetProperty("list").EnumerateArray().Select(static line => line.GetString()), Is.EqualTo(sizes.Select(static (size, index) => $"{index + 1} {size}")));
        Assert.That(said.GetProperty("uidl").EnumerateArray().Select(static line => line.GetString()!.Split(' ')[1]), Is.Unique);
        Assert.That(said.GetProperty("top").EnumerateArray().Select(static line => line.GetString()).TakeLast(2), Is.EqualTo(new[] { "", ".a line that begins with a dot" }));
        Assert.That(said.GetProperty("after-dele").ToString(), Is.EqualTo($"[2, {sizes[1] + sizes[2]}]"));
        Assert.That(said.GetProperty("after-rset").ToString(), Is.EqualTo($"[3, {sizes.Sum()}]"));
        await using var imap = await OpenImapAsync(account);
        var left = await imap.FetchAllAsync();
        Assert.That(left, Has.Count.EqualTo(2));
        StoredMessage.AssertCarries(left[0], messages[0]);
        StoredMessage.AssertCarries(left[1], messages[2]);
    }

    private async Task<ClientResult> SendAsync(byte[] message, string port, string security, string login, string sender, string recipients, params string[] options)
    {
        var file = Path.Combine(Server.Folder, $"{Guid.NewGuid():n}.eml");
        await File.WriteAllBytesAsync(file, message);
        return await RunAsync("smtp_client.py", [port, security, login, sender, recipients, file, .. options]);
    }

    private static async Task<ClientResult> RunAsync(string script, params string[] arguments) => (await PythonScript.RunAsync(script, arguments)).Succeeded();
}

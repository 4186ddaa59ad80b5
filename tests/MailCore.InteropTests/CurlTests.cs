using MailCore.InteropTests.Server;
using MailCore.InteropTests.Tools;
using MailCore.InteropTests.Wire;
using NUnit.Framework;

namespace MailCore.InteropTests;

internal sealed class CurlTests : SampleFixture
{
    protected override int Accounts => 12;

    [SetUp]
    public void RequireCurl() => ClientTool.Curl.Require();

    [Test]
    [Property("Fact", "FETCH BODY[] ends with the octets that curl was given")]
    public async Task Smtp_in_cleartext_is_stored_octet_by_octet()
    {
        var (account, message) = (NewAccount(), StoredMessage.Make("curl smtp"));

        await CurlAsync(message, $"smtp://127.0.0.1:{Server.Smtp}/client.example", "--mail-from", "sender@example.com", "--mail-rcpt", account, "--upload-file", "-");

        await using var imap = await OpenImapAsync(account);
        Assert.That(StoredMessage.AssertCarries(await imap.FetchAsync(1), message), Does.Contain("from client.example").And.Contain(" with ESMTP id"));
    }

    [Test]
    [Property("Fact", "the stored trace header says ESMTPS, so TLS was really on")]
    public async Task Smtp_turns_to_tls_when_asked()
    {
        var (account, message) = (NewAccount(), StoredMessage.Make("curl smtp starttls"));

        await CurlAsync(message, $"smtp://127.0.0.1:{Server.Smtp}/client.example", "--ssl-reqd", "--mail-from", "sender@example.com", "--mail-rcpt", account, "--upload-file", "-");

        await using var imap = await OpenImapAsync(account);
        Assert.That(StoredMessage.AssertCarries(await imap.FetchAsync(1), message), Does.Contain(" with ESMTPS"));
    }

    [Test]
    [Property("Fact", "POP3 RETR ends with the octets that curl was given, and the trace header says ESMTPSA")]
    public async Task Submission_over_smtps_is_authenticated_and_stored()
    {
        var (account, message) = (NewAccount(), StoredMessage.Make("curl smtps"));

        await CurlAsync(message, $"smtps://127.0.0.1:{Server.Submissions}", "--user", $"{account}:{SampleServer.Password}", "--mail-from", account, "--mail-rcpt", account, "--upload-file", "-");

        await using var pop3 = await OpenPop3Async(account);
        Assert.That(StoredMessage.AssertCarries(await pop3.ReadLinesAsync("RETR 1"), message), Does.Contain(" with ESMTPSA"));
    }

    [Test]
    [Property("Fact", "the replies that curl prints are those of the policy: no word about who has an account")]
    public async Task Vrfy_and_expn_tell_a_stranger_nothing()
    {
        var known = await ClientTool.Curl.RunAsync(["-sS", "--max-time", "50", $"smtp://127.0.0.1:{Server.Smtp}/client.example", "--mail-rcpt", "user1@example.org"]);
        var unknown = await ClientTool.Curl.RunAsync(["-sS", "--max-time", "50", $"smtp://127.0.0.1:{Server.Smtp}/client.example", "--mail-rcpt", "nobody@example.org"]);
        var list = await ClientTool.Curl.RunAsync(["-sS", "--max-time", "50", $"smtp://127.0.0.1:{Server.Smtp}/client.example", "-X", "EXPN", "--mail-rcpt", "user1@example.org"]);

        Assert.That(known.Succeeded().Text, Is.EqualTo(unknown.Succeeded().Text).And.StartWith("252 2.0.0"));
        Assert.That(list.ExitCode, Is.Not.Zero);
    }

    [Test]
    [Property("Fact", "the mailbox of the recipient that was taken holds the octets, and the trace says UTF8SMTP with the sender's address in UTF-8")]
    public async Task An_internationalized_sender_is_stored_as_it_is()
    {
        var (account, message) = (NewAccount(), StoredMessage.Make("curl smtputf8"));

        await CurlAsync(message, $"smtp://127.0.0.1:{Server.Smtp}/client.example", "--mail-from", "sünder@example.com", "--mail-rcpt", account, "--upload-file", "-");

        await using var imap = await OpenImapAsync(account);
        Assert.That(StoredMessage.AssertCarries(await imap.FetchAsync(1), message), Does.Contain("Return-Path: <sünder@example.com>").And.Contain(" with UTF8SMTP "));
    }

    [Test]
    [Property("Fact", "nothing is stored: SEARCH ALL finds no message")]
    public async Task Submission_with_a_wrong_password_is_refused_and_leaves_nothing()
    {
        var account = NewAccount();

        var result = await ClientTool.Curl.RunAsync(
            ["-sSk", "--max-time", "50", "--url", $"smtp://127.0.0.1:{Server.Submission}", "--ssl-reqd", "--user", $"{account}:wrong", "--mail-from", account, "--mail-rcpt", account, "--upload-file", "-"],
            StoredMessage.Make("never"));

        Assert.That(result.ExitCode, Is.EqualTo(67), "CURLE_LOGIN_DENIED");
        await using var imap = await OpenImapAsync(account);
        Assert.That(await imap.CountAsync(), Is.Zero);
    }

    [Test]
    [Property("Fact", "what curl prints ends with the octets delivered by LMTP")]
    public async Task Imaps_fetches_what_was_delivered()
    {
        var (account, message) = (NewAccount(), StoredMessage.Make("curl imaps"));
        await DeliverAsync(account, StoredMessage.Make("another"), message);

        var result = await CurlAsync(null, $"imaps://127.0.0.1:{Server.Imaps}/INBOX;MAILINDEX=2", "--user", $"{account}:{SampleServer.Password}");

        StoredMessage.AssertCarries(result.Output, message);
    }

    [Test]
    [Property("Fact", "POP3 RETR gives exactly the octets that curl appended, without a prefix")]
    public async Task Imap_with_starttls_appends()
    {
        var (account, message) = (NewAccount(), StoredMessage.Make("curl append"));
        var file = Path.Combine(Server.Folder, "append.eml");
        await File.WriteAllBytesAsync(file, message);

        await CurlAsync(null, $"imap://127.0.0.1:{Server.Imap}/INBOX", "--ssl-reqd", "--user", $"{account}:{SampleServer.Password}", "--upload-file", file);

        await using var pop3 = await OpenPop3Async(account);
        Assert.That(await pop3.ReadLinesAsync("RETR 1"), Is.EqualTo(message));
    }

    [Test]
    [Property("Fact", "a second IMAP session sees one message less, and the one left is the other")]
    public async Task Imap_stores_flags_and_expunges()
    {
        var (account, kept) = (NewAccount(), StoredMessage.Make("kept"));
        await DeliverAsync(account, StoredMessage.Make("deleted"), kept);
        var url = $"imaps://127.0.0.1:{Server.Imaps}/INBOX";
        var login = $"{account}:{SampleServer.Password}";

        await CurlAsync(null, url, "--user", login, "--request", @"STORE 1 +FLAGS \Deleted");
        await using (var between = await OpenImapAsync(account))
            Assert.That(await between.FlagsAsync(), Is.EqualTo(new[] { @"\Deleted", "" }));

        await CurlAsync(null, url, "--user", login, "--request", "EXPUNGE");

        await using var imap = await OpenImapAsync(account);
        StoredMessage.AssertCarries((await imap.FetchAllAsync()).Single(), kept);
    }

    [Test]
    [Property("Fact", "what curl prints ends with the octets delivered by LMTP, dots unstuffed")]
    public async Task Pop3s_retrieves_what_was_delivered()
    {
        var (account, message) = (NewAccount(), StoredMessage.Make("curl pop3s"));
        await DeliverAsync(account, message);

        var result = await CurlAsync(null, $"pop3s://127.0.0.1:{Server.Pop3s}/1", "--user", $"{account}:{SampleServer.Password}");

        StoredMessage.AssertCarries(result.Output, message);
    }

    [Test]
    [Property("Fact", "IMAP no longer finds the message that curl deleted")]
    public async Task Pop3_with_stls_lists_and_deletes()
    {
        var (account, kept) = (NewAccount(), StoredMessage.Make("kept"));
        await DeliverAsync(account, StoredMessage.Make("deleted"), kept);
        var url = $"pop3://127.0.0.1:{Server.Pop3}/";

        var list = await CurlAsync(null, url, "--ssl-reqd", "--user", $"{account}:{SampleServer.Password}");
        await CurlAsync(null, url + "1", "--ssl-reqd", "--user", $"{account}:{SampleServer.Password}", "--request", "DELE", "--list-only");

        await using var imap = await OpenImapAsync(account);
        var left = (await imap.FetchAllAsync()).Single();
        StoredMessage.AssertCarries(left, kept);
        Assert.That(list.Text, Does.Match(@"^1 \d+\r?\n2 \d+").And.Contain($"2 {left.Length}"));
    }

    [Test]
    [Property("Fact", "the same account's mailboxes as LIST of a session by hand")]
    public async Task Imap_lists_mailboxes()
    {
        var account = NewAccount();
        await using var imap = await OpenImapAsync(account);
        await imap.SendAsync("CREATE Archive/2026");

        var result = await CurlAsync(null, $"imaps://127.0.0.1:{Server.Imaps}/", "--user", $"{account}:{SampleServer.Password}");

        var names = (await imap.SendAsync("LIST \"\" *")).SkipLast(1).Select(static line => line.Text);
        Assert.That(result.Text.Split("\r\n", StringSplitOptions.RemoveEmptyEntries), Is.EquivalentTo(names).And.Some.Contains("Archive/2026"));
    }

    private static async Task<ClientResult> CurlAsync(byte[]? input, string url, params string[] arguments) =>
        (await ClientTool.Curl.RunAsync(["-sSk", "--max-time", "50", "--url", url, .. arguments], input)).Succeeded();
}

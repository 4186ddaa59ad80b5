using System.Text;
using System.Text.Json;
using MailCore.InteropTests.Server;
using MailCore.InteropTests.Tools;
using MailCore.InteropTests.Wire;
using NUnit.Framework;

namespace MailCore.InteropTests;

/// <summary>One user's mailbox in the programs of another.</summary>
internal sealed class SharingTests : SampleFixture
{
    protected override int Accounts => 8;

    // The address in any case; the account's id is in lower case.
    protected override string[] Arguments => ["--Mail:SharedAccount=USER8@example.org"];

    [Test]
    [Property("Fact", "a session of the owner by hand finds the list, the message appended by the other and none of the moved one; the other's has the octets")]
    public async Task Imaplib_opens_a_mailbox_to_another_user_and_closes_it_again()
    {
        ClientTool.Python.Require();
        var (owner, friend) = (NewAccount(), NewAccount());
        var name = $"\"Other Users/{owner}/Work\"";

        var result = await PythonScript.RunAsync("imap_sharing_client.py", $"{Server.Imaps}", owner, friend, SampleServer.Password);

        result.Succeeded();
        var said = JsonDocument.Parse(result.Text).RootElement;
        Assert.Multiple(() =>
        {
            Assert.That(said.GetProperty("acl").GetBoolean());
            Assert.That(said.GetProperty("namespace")[1].GetString(), Is.EqualTo("((\"\" \"/\")) ((\"Other Users/\" \"/\")) ((\"Shared/\" \"/\"))"));
            Assert.That(Answer(said, "before"), Is.EqualTo("NO [NONEXISTENT] There is no such mailbox"));
            Assert.That(Answer(said, "getacl"), Is.EqualTo($"OK Work {owner} lrswikxtepacd {friend} lrs"));
            Assert.That(Answer(said, "myrights"), Is.EqualTo($"OK {name} lrs"));
            Assert.That(Answer(said, "list"), Does.EndWith($"(\\HasNoChildren) \"/\" {name}"));
            Assert.That(said.GetProperty("octets").GetString(), Is.EqualTo("Subject: shared\r\n\r\nfirst line\r\n.\r\n\u00ff\r\n"));
            foreach (var refused in new[] { "getacl_of_friend", "append_refused", "store_refused", "expunge_refused" })
                Assert.That(Answer(said, refused), Does.Contain("[NOPERM]"), refused);
            Assert.That(Answer(said, "lsub"), Does.EndWith(name));
            Assert.That(Answer(said, "after"), Does.Contain("The selected mailbox was deleted"));
        });
        await using var own = await OpenImapAsync(owner, "Work");
        Assert.That(Encoding.ASCII.GetString((await own.FetchAllAsync()).Single()), Is.EqualTo("Subject: by a friend\r\n\r\nx\r\n"));
        Assert.That(await own.FlagsAsync(), Is.EqualTo(new[] { @"\Draft" }));
        Assert.That(await own.SendAsync("LSUB \"\" *"), Does.Not.Contain("Other Users"));
        await using var other = await OpenImapAsync(friend);
        var received = await other.FetchAllAsync();
        Assert.That(received, Has.Count.EqualTo(2));
        Assert.That(received, Has.All.EqualTo("Subject: shared\r\n\r\nfirst line\r\n.\r\n\u00ff\r\n".Select(static octet => (byte)octet).ToArray()));
    }

    [Test]
    [Property("Fact", "the piped octets are those delivered; the owner's session by hand finds \\Seen set, and the copy is in the other's mailbox")]
    public async Task Mutt_reads_another_users_mailbox_within_its_rights()
    {
        ClientTool.Mutt.Require();
        var (owner, friend) = (NewAccount(), NewAccount());
        var messages = new[] { StoredMessage.Make("one"), StoredMessage.Make("two") };
        await DeliverAsync(owner, messages);
        await using var own = await OpenImapAsync(owner);
        await own.SendAsync($"SETACL INBOX {friend} lrs");
        var folder = Directory.CreateDirectory(Path.Combine(Server.Folder, friend)).FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "muttrc"), $"""
            set certificate_file="{Path.Combine(Server.DataFolder, "development-certificate.pem")}" ssl_force_tls=yes imap_authenticators="login"
            # Else mutt takes the dots in the owner's address for separators too.
            set imap_delim_chars="/"
            set imap_user="{friend}" imap_pass="{SampleServer.Password}"
            set folder="imaps://127.0.0.1:{Server.Imaps}/" spoolfile="imaps://127.0.0.1:{Server.Imaps}/Other Users/{owner}/INBOX"
            set copy=no wait_key=no pipe_decode=no delete=yes quit=yes confirmappend=no confirmcreate=no mark_old=no header_cache="" sort=mailbox-order

            """);

        // A key that is not allowed would end the sequence: mutt knows it from MYRIGHTS, and says "Operation not permitted by ACL".
        var keys = "<first-entry><pipe-message>cat > piped<enter><first-entry><display-message><exit><last-entry><copy-message>=INBOX<enter><sync-mailbox><exit>";
        (await Terminal.RunAsync(
            $"mutt -n -F {Path.Combine(folder, "muttrc")} -e 'push \"{keys}\"'", new(folder, new() { ["HOME"] = folder, ["LC_ALL"] = "C.UTF-8" }))).Succeeded();

        var piped = Encoding.UTF8.GetString(await File.ReadAllBytesAsync(Path.Combine(folder, "piped"))).ReplaceLineEndings("\r\n");
        StoredMessage.AssertCarries(Encoding.UTF8.GetBytes(piped), messages[0]);
        await own.SendAsync("NOOP");
        Assert.That(await own.FlagsAsync(), Has.Count.EqualTo(2).And.ItemAt(0).Contains(@"\Seen"));
        await using var other = await OpenImapAsync(friend);
        StoredMessage.AssertCarries((await other.FetchAllAsync()).Single(), messages[1]);
    }

    [Test]
    [Property("Fact", "curl prints the octets delivered into the shared account; the session by hand that shares it finds no \\Seen, for which no right was given")]
    public async Task Curl_reads_a_mailbox_of_the_shared_account()
    {
        ClientTool.Curl.Require();
        var (reader, office, message) = (NewAccount(), "user8@example.org", StoredMessage.Make("shared"));
        await DeliverAsync(office, message);
        await using var own = await OpenImapAsync(office);
        await own.SendAsync("CREATE Sales");
        await own.SendAsync("SETACL Sales anyone lr");
        await own.SendAsync("COPY 1 Sales");

        var result = await ClientTool.Curl.RunAsync(
            ["-sS", "-k", "--max-time", "50", $"imaps://127.0.0.1:{Server.Imaps}/Shared/Sales;MAILINDEX=1", "--user", $"{reader}:{SampleServer.Password}"]);
        var refused = await ClientTool.Curl.RunAsync(
            ["-sS", "-k", "--max-time", "50", $"imaps://127.0.0.1:{Server.Imaps}/Shared/INBOX;MAILINDEX=1", "--user", $"{reader}:{SampleServer.Password}"]);

        StoredMessage.AssertCarries(result.Succeeded().Output, message);
        Assert.That(refused.ExitCode, Is.Not.Zero);
        await own.SendAsync("SELECT Sales");
        Assert.That(await own.FlagsAsync(), Has.One.Not.Contains(@"\Seen"));
    }

    [Test]
    [Property("Fact", "the source that imapflow read is what was delivered; the owner's session by hand finds the flag that was allowed and not the other")]
    public async Task Imapflow_finds_reads_and_copies_what_others_have_opened()
    {
        NodeScript.Require("imapflow");
        var (owner, friend) = (NewAccount(), NewAccount());
        var message = StoredMessage.Make("imapflow");
        await DeliverAsync(owner, message);
        await using var own = await OpenImapAsync(owner);
        await own.SendAsync("CREATE Sent (USE (\\Sent))");
        await own.SendAsync($"SETACL Sent {friend} lr");
        await own.SendAsync($"SETACL INBOX {friend} lrs");

        await using var client = NodeScript.Start("imapflow_sharing_client.cjs", Server.Folder, $"{Server.Imaps}", friend, SampleServer.Password, $"Other Users/{owner}/INBOX");
        Assert.That(await client.WaitForExitAsync(TimeSpan.FromMinutes(1)), Is.Zero, client.Output);

        var said = JsonDocument.Parse(client.Output.Split('\n').Single(static line => line.StartsWith('{'))).RootElement;
        Assert.That(said.GetProperty("acl").GetBoolean());
        Assert.That(said.GetProperty("namespaces")[0].GetString(), Is.EqualTo("Other Users/"));
        Assert.That(said.GetProperty("found")[0].GetProperty("selectable").GetBoolean());
        Assert.That(said.GetProperty("permanentFlags").EnumerateArray().Select(static flag => flag.GetString()), Is.EqualTo(new[] { @"\Seen" }));
        StoredMessage.AssertCarries(said.GetProperty("source").GetString()!.Select(static octet => (byte)octet).ToArray(), message);
        Assert.That((said.GetProperty("seen").GetBoolean(), said.GetProperty("flagged").GetBoolean(), said.GetProperty("copied").GetBoolean()), Is.EqualTo((true, false, true)));
        await own.SendAsync("NOOP");
        Assert.That(await own.FlagsAsync(), Has.One.Contains(@"\Seen").And.None.Contains(@"\Flagged"));
        await using var other = await OpenImapAsync(friend);
        StoredMessage.AssertCarries((await other.FetchAllAsync()).Single(), message);
    }

    private static string Answer(JsonElement said, string name) => string.Join(' ', said.GetProperty(name).EnumerateArray().Select(static part => part.GetString()));
}

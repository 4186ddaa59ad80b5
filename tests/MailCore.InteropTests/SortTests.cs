using System.Text;
using System.Text.Json;
using MailCore.InteropTests.Server;
using MailCore.InteropTests.Tools;
using NUnit.Framework;

namespace MailCore.InteropTests;

/// <summary>SORT and THREAD asked for by clients that others wrote.</summary>
internal sealed class SortTests : SampleFixture
{
    protected override int Accounts => 2;

    [Test]
    [Property("Fact", "Python, from the headers it fetched and dates it parsed itself, comes to the same order and the same threads")]
    public async Task Imaplib_sorts_and_threads()
    {
        ClientTool.Python.Require();
        var account = NewAccount();

        var said = await PythonScript.RunAsync("imap_sort_client.py", $"{Server.Imaps}", account, SampleServer.Password, "30");

        var result = JsonDocument.Parse(said.Succeeded().Text).RootElement;
        foreach (var key in new[] { "date", "subject", "again", "thread" })
        {
            Assert.That(result.GetProperty(key).ToString(), Is.EqualTo(result.GetProperty("own " + key).ToString()), key);
        }

        Assert.That(result.GetProperty("refs").ToString().Split('(', ')', ' ').Count(static number => number.Length > 0), Is.EqualTo(30));
    }

    [Test]
    [Property("Fact", "what mutt, that threads by itself, shows as one thread is one thread of THREAD REFERENCES, seen by hand")]
    public async Task Mutt_shows_the_threads_that_the_server_has()
    {
        ClientTool.Mutt.Require();
        var account = NewAccount();
        byte[][] messages = [.. new[] { ("a", ""), ("b", "a"), ("c", "b"), ("d", ""), ("e", "a") }.Select(static (message, index) => Encoding.ASCII.GetBytes(
            $"From: x@example.com\r\nMessage-ID: <{message.Item1}@x>\r\nDate: {index + 1} Jan 2026 10:00:00 +0000\r\nSubject: {message.Item1}\r\n"
            + (message.Item2.Length == 0 ? "" : $"References: <{message.Item2}@x>\r\n") + "\r\nx\r\n"))];
        await DeliverAsync(account, messages);
        await using var imap = await OpenImapAsync(account);
        var folder = Directory.CreateDirectory(Path.Combine(Server.Folder, account)).FullName;
        var settings = Path.Combine(folder, "muttrc");
        await File.WriteAllTextAsync(settings, $"""
            set certificate_file="{Path.Combine(Server.DataFolder, "development-certificate.pem")}" ssl_force_tls=yes imap_authenticators="login"
            set folder="imaps://127.0.0.1:{Server.Imaps}/" spoolfile="imaps://127.0.0.1:{Server.Imaps}/INBOX" imap_user="{account}" imap_pass="{SampleServer.Password}"
            set sort=threads strict_threads=yes quit=yes delete=yes wait_key=no header_cache="" mark_old=no
            """);

        // Flags the whole thread of the first message.
        var keys = "<first-entry><tag-thread><tag-prefix><flag-message><sync-mailbox><exit>";
        (await Terminal.RunAsync($"mutt -n -F {settings} -e 'push \"{keys}\"'", new ClientSurroundings(folder, new() { ["HOME"] = folder, ["LC_ALL"] = "C.UTF-8" }))).Succeeded();

        var flagged = (await imap.FlagsAsync()).Select(static (flags, index) => (flags, index)).Where(static item => item.flags.Contains(@"\Flagged")).Select(static item => item.index + 1);
        Assert.That(flagged, Is.EqualTo(new[] { 1, 2, 3, 5 }));
        var answer = await imap.SendAsync("THREAD REFERENCES UTF-8 FLAGGED");
        Assert.That(answer.Select(static line => line.Text), Has.Some.EqualTo("* THREAD (1 (2 3)(5))"));
    }
}

using System.Text.Json;
using MailCore.InteropTests.Server;
using MailCore.InteropTests.Tools;
using NUnit.Framework;

namespace MailCore.InteropTests;

internal sealed class ThunderbirdTests : SampleFixture
{
    protected override int Accounts => 1;

    [Test]
    [Property("Fact", "after each step a session by hand has the messages, flags and mailboxes that Thunderbird's own database shows")]
    public async Task Synchronises_is_told_in_idle_flags_moves_and_deletes()
    {
        ClientTool.Thunderbird.Require();
        ClientTool.Python.Require();
        var account = NewAccount();
        var folder = Directory.CreateDirectory(Path.Combine(Server.Folder, "thunderbird")).FullName;

        var said = (await PythonScript.RunAsync("thunderbird_client.py", TimeSpan.FromMinutes(5), $"{Server.Imaps}", $"{Server.Lmtp}", account, SampleServer.Password, folder)).Succeeded()
            .Text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => JsonDocument.Parse(line).RootElement.EnumerateObject().Single()).ToDictionary(static step => step.Name, static step => step.Value);

        TestContext.Out.WriteLine($"Thunderbird {said["version"]}");
        Assert.That(said["folders"].ToString(), Does.Contain("INBOX").And.Contain("Work"));
        Assert.That(Subjects(said["synchronised"]), Is.EqualTo(new[] { "one", "two", "three" }));
        Assert.That(said["synchronised"].EnumerateArray().Select(static message => message.GetProperty("offline").GetBoolean()), Has.All.True);
        Assert.That(said["idle"].EnumerateArray().Select(static subject => subject.GetString()), Is.EqualTo(new[] { "one", "two", "three", "four" }));
        Assert.That(said.ContainsKey("ended"));
        await AssertSameAsync(account, "INBOX", said["view"].GetProperty("Inbox"), ["two", "four"], ["\\Flagged \\Seen", ""]);
        await AssertSameAsync(account, "Work", said["view"].GetProperty("Work"), ["three"], [""]);
    }

    private async Task AssertSameAsync(string account, string mailbox, JsonElement view, string[] subjects, string[] flags)
    {
        Assert.That(Subjects(view), Is.EqualTo(subjects));
        Assert.That(view.EnumerateArray().Select(static message => message.GetProperty("flagged").GetBoolean()), Is.EqualTo(flags.Select(static all => all.Contains("Flagged", StringComparison.Ordinal))));
        Assert.That(view.EnumerateArray().Select(static message => message.GetProperty("read").GetBoolean()), Is.EqualTo(flags.Select(static all => all.Contains("Seen", StringComparison.Ordinal))));
        await using var imap = await OpenImapAsync(account, mailbox);
        Assert.That(await imap.FlagsAsync(), Is.EqualTo(flags));
        var stored = await imap.FetchAllAsync();
        Assert.That(stored.Select(static octets => System.Text.Encoding.ASCII.GetString(octets).Split("Subject: ")[1].Split('\r')[0]), Is.EqualTo(subjects));
        var uids = (await imap.SendAsync("UID SEARCH ALL"))[0].Text.Split(' ')[2..];
        Assert.That(view.EnumerateArray().Select(static message => message.GetProperty("key").ToString()), Is.EqualTo(uids));
    }

    private static IEnumerable<string?> Subjects(JsonElement view) => view.EnumerateArray().Select(static message => message.GetProperty("subject").GetString());
}

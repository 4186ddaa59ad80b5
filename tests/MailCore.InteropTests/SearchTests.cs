using System.Globalization;
using System.Text;
using System.Text.Json;
using MailCore.InteropTests.Server;
using MailCore.InteropTests.Tools;
using MailCore.InteropTests.Wire;
using NUnit.Framework;

namespace MailCore.InteropTests;

/// <summary>Clients' searches, each held against the octets and flags that a session by hand fetches.</summary>
internal sealed class SearchTests : SampleFixture
{
    private static readonly string[] Subjects = ["Budget for =?utf-8?q?M=C3=BCnchen?=", "a boat", "Budget", "=?utf-8?B?R3LDvMOfZQ==?=", "nothing much", "BOAT and budget"];

    protected override int Accounts => 3;

    [Test]
    [Property("Fact", "the UIDs that imapflow found are those of the messages whose fetched octets or flags say so")]
    public async Task Imapflow_finds_what_is_in_the_octets()
    {
        NodeScript.Require("imapflow");
        var account = NewAccount();
        await using var imap = await FillAsync(account);
        var octets = (await imap.FetchAllAsync()).ConvertAll(static message => Encoding.UTF8.GetString(message));
        var flags = await imap.FlagsAsync();
        (string Query, Func<int, bool> Matches)[] queries =
        [
            ("""{"subject":"budget"}""", number => Subject(octets[number]).Contains("budget", StringComparison.OrdinalIgnoreCase)),
            ("""{"subject":"MÜNCHEN"}""", number => Subject(octets[number]).Contains("M=C3=BCnchen", StringComparison.Ordinal)),
            // As i;unicode-casemap has it, and so as a Mac writes it.
            ("""{"subject":"mu\u0308NCHEN"}""", number => Subject(octets[number]).Contains("M=C3=BCnchen", StringComparison.Ordinal)),
            ("""{"body":"GRu\u0308ßE"}""", number => octets[number].Contains("\r\nGrüße\r\n", StringComparison.Ordinal)),
            ("""{"text":"ｎｅｅｄｌｅ\u00A03"}""", number => octets[number].Contains("needle 3", StringComparison.Ordinal)),
            ("""{"body":"grusse"}""", static _ => false),
            ("""{"body":"grüße"}""", number => octets[number].Contains("\r\nGrüße\r\n", StringComparison.Ordinal)),
            ("""{"body":"needle 3"}""", number => octets[number].Contains("needle 3", StringComparison.Ordinal)),
            ("""{"text":"needle 5","not":{"subject":"boat"}}""", static _ => false),
            ("""{"flagged":true}""", number => flags[number].Contains(@"\Flagged", StringComparison.Ordinal)),
            ("""{"flagged":false,"seen":false}""", number => flags[number].Length == 0),
            ("""{"keyword":"Later"}""", number => flags[number].Contains("Later", StringComparison.Ordinal)),
            ("""{"or":[{"keyword":"Later"},{"subject":"boat"}]}""", number => flags[number].Contains("Later", StringComparison.Ordinal) || Subject(octets[number]).Contains("boat", StringComparison.OrdinalIgnoreCase)),
            ("""{"header":{"Message-ID":"@example.com"}}""", static _ => true),
            ("""{"header":{"X-Nothing":true}}""", static _ => false),
            ("""{"sentSince":"2026-01-02T00:00:00Z"}""", static _ => false),
            ("""{"sentOn":"2026-01-01T00:00:00Z","larger":900}""", number => octets[number].Length > 900),
            ("""{"uid":"2:4","from":"SENDER"}""", static number => number is >= 1 and <= 3),
        ];
        await using var client = NodeScript.Start("imapflow_search.cjs", Server.Folder, $"{Server.Imaps}", account, SampleServer.Password, $"[{string.Join(',', queries.Select(static query => query.Query))}]");
        Assert.That(await client.WaitForExitAsync(TimeSpan.FromMinutes(1)), Is.Zero, client.Output);

        var found = JsonDocument.Parse(client.Output.Split('\n').Single(static line => line.StartsWith('['))).RootElement.EnumerateArray().ToList();
        for (var i = 0; i < queries.Length; i++)
        {
            var expected = Enumerable.Range(0, octets.Count).Where(queries[i].Matches).Select(static number => number + 1);
            Assert.That(found[i].EnumerateArray().Select(static uid => uid.GetInt32()), Is.EqualTo(expected), queries[i].Query);
        }
    }

    [Test]
    [Property("Fact", "the flags that a session by hand fetches are those that imapfilter set on what it had found")]
    public async Task Imapfilter_marks_what_it_finds()
    {
        ClientTool.Imapfilter.Require();
        var account = NewAccount();
        await using var imap = await FillAsync(account);
        var folder = Directory.CreateDirectory(Path.Combine(Server.Folder, "imapfilter-search")).FullName;
        var settings = Path.Combine(folder, "config.lua");
        await File.WriteAllTextAsync(settings, $$"""
            options.timeout = 50
            options.certificates = false
            options.charset = 'UTF-8'
            account = IMAP { server = 'localhost', port = {{Server.Imaps}}, username = '{{account}}', password = '{{SampleServer.Password}}', ssl = 'auto' }
            inbox = account.INBOX;
            (inbox:contain_subject('budget') * inbox:contain_body('needle')):add_flags({ 'both' });
            (inbox:contain_subject('budget') + inbox:contain_field('X-Number', '4')):add_flags({ 'either' });
            (inbox:contain_subject('budget') - inbox:contain_subject('boat')):add_flags({ 'only' })
            inbox:contain_subject('münchen'):add_flags({ 'umlaut' })
            inbox:contain_message('needle 2'):add_flags({ 'text' })
            inbox:is_newer(1):add_flags({ 'newer' })
            inbox:is_older(1):add_flags({ 'older' })
            inbox:is_larger(1000000):add_flags({ 'large' })
            inbox:match_subject('^a b'):add_flags({ 'matched' })
            inbox:has_keyword('Later'):add_flags({ 'later2' })

            """);

        (await ClientTool.Imapfilter.RunAsync(
            ["-t", Path.Combine(Server.DataFolder, "development-certificate.pem"), "-c", settings],
            surroundings: new ClientSurroundings(folder, new() { ["HOME"] = folder }))).Succeeded();

        Assert.That(await imap.FlagsAsync(), Is.EqualTo(new[]
        {
            "both either newer only umlaut",
            @"Later \Flagged later2 matched newer text",
            "both either newer only",
            @"\Seen either newer",
            "newer",
            "both either newer",
        }));
    }

    [Test]
    [Property("Fact", "the flags that a session by hand fetches are those that mutt set on what its limits left")]
    public async Task Mutt_limits_by_searches_of_the_server()
    {
        ClientTool.Mutt.Require();
        var account = NewAccount();
        await using var imap = await FillAsync(account);
        var folder = Directory.CreateDirectory(Path.Combine(Server.Folder, "mutt-search")).FullName;
        var settings = Path.Combine(folder, "muttrc");
        await File.WriteAllTextAsync(settings, $"""
            set certificate_file="{Path.Combine(Server.DataFolder, "development-certificate.pem")}"
            set ssl_force_tls=yes imap_authenticators="login" imap_user="{account}" imap_pass="{SampleServer.Password}"
            set folder="imaps://127.0.0.1:{Server.Imaps}/" spoolfile="imaps://127.0.0.1:{Server.Imaps}/INBOX"
            set quit=yes mark_old=no header_cache="" sort=mailbox-order

            """);

        // "=b" and "=h" are searched by the server, "~s" by mutt; the second limit holds both.
        const string Keys = "<limit>=b 'needle 3'<enter><flag-message><limit>=b needle ! ~s boat<enter><tag-pattern>.<enter><tag-prefix><set-flag>!"
            + "<limit>=h 'X-Number: 6'<enter><set-flag>r<limit>all<enter><sync-mailbox><exit>";
        (await Terminal.RunAsync($"mutt -n -F {settings} -e \"push \\\"{Keys}\\\"\"", new ClientSurroundings(folder, new() { ["HOME"] = folder, ["LC_ALL"] = "C.UTF-8" }))).Succeeded();
        Assert.That(await imap.FlagsAsync(), Is.EqualTo(new[] { @"\Flagged", @"Later \Flagged", @"\Flagged", @"\Flagged \Seen", "", @"\Answered \Seen" }));
    }

    private async Task<RawImap> FillAsync(string account)
    {
        await DeliverAsync(account, [.. Subjects.Select(static (subject, index) => Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(
            StoredMessage.Make(subject, string.Create(CultureInfo.InvariantCulture, $"{(index == 4 ? "hay" : $"needle {index + 1}")}")))
            .Replace("MIME-Version:", string.Create(CultureInfo.InvariantCulture, $"X-Number: {index + 1}\r\nMIME-Version:"), StringComparison.Ordinal)))]);
        var imap = await OpenImapAsync(account);
        await imap.SendAsync("STORE 2 +FLAGS (\\Flagged Later)");
        await imap.SendAsync("STORE 4 +FLAGS (\\Seen)");
        return imap;
    }

    private static string Subject(string message) => message.Split("\r\nSubject: ")[1].Split("\r\n")[0];
}

using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using MailCore.InteropTests.Server;
using MailCore.InteropTests.Tools;
using MailCore.InteropTests.Wire;
using NUnit.Framework;

namespace MailCore.InteropTests;

/// <summary>samples/CustomStore as its user runs it: what a client does is looked up in the application's own list of tickets.</summary>
internal sealed partial class CustomStoreTests
{
    private string _folder = "";
    private ChildProcess _sample = null!;
    private int _lists;

    [SetUp]
    public async Task StartAsync()
    {
        ClientTool.Curl.Require();
        _folder = SourceTree.NewFolder();
        await StartSampleAsync();
    }

    [TearDown]
    public async Task StopAsync()
    {
        if (_sample is not null)
        {
            await _sample.DisposeAsync();
            Directory.Delete(_folder, recursive: true);
        }
    }

    [Test]
    [Property("Fact", "curl prints the octets that the ticket's title and text make")]
    public async Task A_ticket_opened_in_the_application_is_a_message()
    {
        await _sample.SendLineAsync("Drücker klemmt");
        Assert.That(await ListAsync(), Is.EqualTo("1 Drücker klemmt"));

        var message = (await CurlAsync(";MAILINDEX=1")).Text;

        Assert.That(message, Does.Contain($"Subject: =?utf-8?B?{Convert.ToBase64String(Encoding.UTF8.GetBytes("Drücker klemmt"))}?=\r\n").And.EndsWith("\r\n\r\nOpened by hand.\r\n"));
        var size = (await CurlAsync("", "--request", "FETCH 1 (RFC822.SIZE ENVELOPE FLAGS)")).Text;
        Assert.That(size, Does.Contain(string.Create(CultureInfo.InvariantCulture, $"RFC822.SIZE {message.Length}")).And.Contain("<ticket-1@tickets.example.org>"));
    }

    [Test]
    [Property("Fact", "the application's list has the ticket that curl appended, urgent once curl has flagged it, and not when curl has expunged it; all of it after a restart too")]
    public async Task What_curl_appends_flags_and_expunges_is_in_the_application()
    {
        var file = Path.Combine(_folder, "new.eml");
        await File.WriteAllTextAsync(file, "From: a@example.com\r\nSubject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\n\r\nText\r\n");
        await _sample.SendLineAsync("Stays");
        await CurlAsync("", "--upload-file", file);
        Assert.That(await ListAsync(), Is.EqualTo("1 Stays\n2 Grüße"));

        await CurlAsync("", "--request", @"STORE 2 +FLAGS \Flagged");
        Assert.That(await ListAsync(), Is.EqualTo("1 Stays\n2 urgent Grüße"));

        await CurlAsync("", "--request", @"STORE 1 +FLAGS \Deleted");
        await CurlAsync("", "--request", "EXPUNGE");
        Assert.That(await ListAsync(), Is.EqualTo("2 urgent Grüße"));

        await _sample.DisposeAsync();
        await StartSampleAsync();
        Assert.That(await ListAsync(), Is.EqualTo("2 urgent Grüße"));
        Assert.That((await CurlAsync("", "--request", "UID SEARCH ALL")).Text.Trim(), Is.EqualTo("* SEARCH 2"));
        await _sample.SendLineAsync("Next");
        Assert.That(await ListAsync(), Is.EqualTo("2 urgent Grüße\n3 Next"));
    }

    [Test]
    [Property("Fact", "a session by hand that waits in IDLE is told of a ticket as the application opens it")]
    public async Task A_waiting_client_hears_of_a_ticket_that_the_application_opens()
    {
        await using var wire = await WireConnection.ConnectAsync(new Uri(Url()).Port, tls: false);
        await wire.ReadLineAsync();
        await wire.WriteAsync("a LOGIN support@example.org secret\r\nb SELECT INBOX\r\nc IDLE\r\n");
        while (!(await wire.ReadLineAsync())!.StartsWith('+'))
        {
        }

        await _sample.SendLineAsync("Opened while a client waits");

        Assert.That(await wire.ReadLineAsync(), Is.EqualTo("* 1 EXISTS"));
    }

    [Test]
    [Property("Fact", "curl is refused what a list of tickets has no place for, and the list is as it was")]
    public async Task What_the_store_does_not_claim_is_refused()
    {
        await _sample.SendLineAsync("Only");
        await ListAsync();
        foreach (var request in new[] { "STORE 1 +FLAGS keyword", "COPY 1 INBOX", "CREATE Archive", "SUBSCRIBE INBOX" })
        {
            var result = await ClientTool.Curl.RunAsync(["-sS", "--max-time", "50", "--url", Url(), "--request", request]);
            Assert.That(result.ExitCode, Is.Not.Zero, request);
        }

        Assert.That(await ListAsync(), Is.EqualTo("1 Only"));
    }

    private async Task StartSampleAsync()
    {
        _lists = 0;
        _sample = ChildProcess.Start(SourceTree.Program("samples/CustomStore"), [_folder, "0"], _folder);
        await _sample.WaitForOutputAsync(static output => output.EndsWith("/INBOX", StringComparison.Ordinal));
    }

    private string Url() => UrlLine().Match(_sample.Output).Value;

    /// <summary>What the application prints when it is asked for its tickets.</summary>
    private async Task<string> ListAsync()
    {
        var number = ++_lists;
        await _sample.SendLineAsync("");
        await _sample.WaitForOutputAsync(output => output.Split("\n--").Length > number);
        return _sample.Output.Split("\n--")[number - 1].Split('\n', 2)[1];
    }

    private async Task<ClientResult> CurlAsync(string path, params string[] arguments) =>
        (await ClientTool.Curl.RunAsync(["-sS", "--max-time", "50", "--url", Url() + path, .. arguments])).Succeeded();

    [GeneratedRegex(@"imap://\S+/INBOX")]
    private static partial Regex UrlLine();
}

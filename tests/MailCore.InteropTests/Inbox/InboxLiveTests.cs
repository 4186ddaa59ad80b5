using System.Text;
using MailCore.Testing;
using NUnit.Framework;

namespace MailCore.InteropTests.Inbox;

/// <summary>What happens elsewhere while the page is open.</summary>
internal sealed class InboxLiveTests : InboxFixture
{
    [Test]
    [Property("Fact", "the other server's store has the message's octets behind the fields that say it was sent again")]
    public async Task Releases_to_a_real_address_and_says_why_not()
    {
        await using var remote = await RemoteMta.StartAsync();
        await using var host = await HostedInbox.StartAsync(
            static options => options.AllowRelease("postmaster@example.org", "*@partner.example"),
            mail => mail.AddRelayDomain("partner.example", via: remote.NextHop));
        await host.SendAsync("to be seen", "by others");
        await using var page = await InboxPage.OpenAsync(Browser, host.Url);
        await page.OpenAsync("to be seen");

        await page.PressAsync("r");
        await page.WaitAsync("document.querySelector('#release-dialog').open && document.querySelector('#release-hint').textContent.includes('*@partner.example')");
        await page.Page.Keyboard.TypeAsync("joe@elsewhere.example");
        await page.PressAsync("Enter");
        await page.WaitAsync("document.querySelector('#release-dialog .fault').textContent.includes('joe@elsewhere.example')");
        await page.ReadAsync<object>("void (document.querySelector('#release-to').value = '')");
        await page.Page.TypeAsync("#release-to", "joe@partner.example, ann@partner.example");
        await page.Page.ClickAsync("#release-dialog .go");

        await page.WaitAsync("!document.querySelector('#release-dialog').open && document.querySelector('#toast').textContent === 'Released to joe@partner.example, ann@partner.example.'");
        var released = await remote.Mail.WaitForAsync(static message => message.Subject == "to be seen", TimeSpan.FromSeconds(30));
        Assert.That(Encoding.UTF8.GetString(released.Octets.Span), Does.EndWith("\r\n\r\nby others\r\n"));
        Assert.That(released.Envelope.From.ToString(), Is.EqualTo("postmaster@example.org"));
    }

    [Test]
    public async Task Two_pages_show_the_same()
    {
        await using var host = await HostedInbox.StartAsync();
        await host.SendAsync("one", "text");
        await host.SendAsync("two", "text");
        await using var left = await InboxPage.OpenAsync(Browser, host.Url);
        await using var right = await InboxPage.OpenAsync(Browser, host.Url);
        await left.OpenAsync("one");
        await right.WaitAsync("document.querySelectorAll('.row.unseen').length === 1 && document.title.startsWith('(1)')");
        await right.OpenAsync("one");
        await left.ReadAsync<object>("void document.querySelector('#search').focus()");
        await right.ReadAsync<object>("void document.querySelector('.actions .danger').click()");
        await left.WaitForListAsync("two");
        await left.WaitAsync("document.querySelector('.nothing')?.textContent === 'This message has been deleted.'");
        Assert.That(await left.ReadAsync<string>("document.activeElement.id"), Is.EqualTo("search"), "who types goes on typing");

        await using var imap = await host.OpenImapAsync();
        await imap.SendAsync("STORE 1 +FLAGS (\\Deleted)");
        await imap.SendAsync("EXPUNGE");
        await left.WaitForListAsync();
        await right.WaitForListAsync();
        await host.SendAsync("three", "text");
        await left.WaitForListAsync("three");
        await right.WaitForListAsync("three");
    }

    [Test]
    [Property("Fact", "the second server is another object with a store of its own on the same port")]
    public async Task Reconnects_after_a_restart_of_the_server_and_shows_what_is_there_then()
    {
        var host = await HostedInbox.StartAsync();
        await host.SendAsync("before", "text");
        await using var page = await InboxPage.OpenAsync(Browser, host.Url);
        await page.OpenAsync("before");
        await host.DisposeAsync();
        await page.WaitAsync("document.querySelector('#live').dataset.state === 'lost' && document.querySelector('#live').textContent === 'Reconnecting…'");

        host = await HostedInbox.StartAsync(httpPort: host.HttpPort);
        await using var again = host;
        await host.SendAsync("after", "text");
        await page.WaitAsync("document.querySelector('#live').dataset.state === 'live'");
        await page.WaitForListAsync("after");
        await host.SendAsync("later", "text");
        await page.WaitForListAsync("later", "after");
        await page.WaitAsync("document.querySelector('#error').hidden");
    }

    [Test]
    public async Task Shows_an_error_and_tries_again()
    {
        var host = await HostedInbox.StartAsync();
        await host.SendAsync("there", "text");
        await using var page = await InboxPage.OpenAsync(Browser, host.Url);
        await page.WaitForListAsync("there");
        await host.DisposeAsync();
        await page.WaitAsync("document.querySelector('#live').dataset.state === 'lost'");
        await page.PressAsync("j");
        await page.WaitAsync("document.querySelector('#error').checkVisibility() && document.querySelector('#error').innerText.includes('The server does not answer.')");
        Assert.That(await page.SubjectsAsync(), Is.EqualTo(new[] { "there" }));
        await using var again = await HostedInbox.StartAsync(httpPort: host.HttpPort);
        await page.ReadAsync<object>("void document.querySelector('#error button').click()");
        await page.WaitAsync("document.querySelector('#error').hidden && !document.querySelector('#none').hidden");
    }

    [Test]
    [Property("Fact", "the rows in the document are counted at the top, at the end and in between")]
    public async Task Ten_thousand_messages_are_scrolled_with_few_rows_in_the_document()
    {
        const int Count = 10_000;
        await using var host = await HostedInbox.StartAsync();
        await FillAsync(host, Count);
        await using var page = await InboxPage.OpenAsync(Browser, host.Url);
        await page.WaitAsync("document.querySelector('#count').textContent.startsWith('10,000 messages')");
        await AssertFewRowsAsync(page);
        Assert.That((await page.SubjectsAsync())[0], Is.EqualTo("message 10000"));
        Assert.That(host.Requests.Count(static request => request == "GET /mail/api/messages 200"), Is.LessThan(4), "pages that nobody looks at are not asked for");

        await page.ReadAsync<object>("void (document.querySelector('#list').scrollTop = document.querySelector('#list').scrollHeight / 2)");
        await page.WaitAsync("[...document.querySelectorAll('.row .subject')].some(s => s.textContent === 'message 5000')");
        await AssertFewRowsAsync(page);
        var top = await page.ReadAsync<string>("document.elementFromPoint(100, 300).closest('.row').dataset.id");
        await host.SendAsync("the newest", "text");
        await page.WaitAsync("document.querySelector('#arrived').textContent.startsWith('1 new message')");
        Assert.That(await page.ReadAsync<string>("document.elementFromPoint(100, 300).closest('.row').dataset.id"), Is.EqualTo(top), "what is in sight stays where it is");

        await page.ReadAsync<object>("void document.querySelector('#list').focus()");
        await page.PressAsync("End");
        await page.WaitForSelectedAsync("message 1");
        await page.WaitForOpenAsync("message 1");
        await AssertFewRowsAsync(page);
        await page.PressAsync("Home");
        await page.WaitForSelectedAsync("the newest");
        await page.WaitAsync("document.querySelector('#arrived').hidden");

        await using var imap = await host.OpenImapAsync();
        await imap.SendAsync("STORE 1:10000 +FLAGS.SILENT (\\Deleted)");
        await imap.SendAsync("EXPUNGE");
        await page.WaitForListAsync("the newest");
        Assert.That(page.Faults, Is.Empty);
    }

    private static async Task AssertFewRowsAsync(InboxPage page) => Assert.That(await page.ReadAsync<int>("document.querySelectorAll('.row').length"), Is.InRange(5, 60));

    private static async Task FillAsync(HostedInbox host, int count)
    {
        await using var imap = await host.OpenImapAsync();
        for (var number = 1; number <= count; number++)
        {
            var message = Encoding.ASCII.GetBytes($"From: robot{number}@example.com\r\nTo: alice@example.org\r\nSubject: message {number}\r\n\r\nText {number}\r\n");
            await imap.AppendAsync("INBOX", message.Length, new MemoryStream(message));
        }
    }
}

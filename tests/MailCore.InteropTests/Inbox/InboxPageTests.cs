using System.Text;
using NUnit.Framework;

namespace MailCore.InteropTests.Inbox;

/// <summary>The page as its user has it: by mouse, by keyboard, live.</summary>
internal sealed class InboxPageTests : InboxFixture
{
    [Test]
    [Property("Fact", "the page was loaded once; the second message came in by SMTP after that, and IMAP by hand finds the flag that opening it set")]
    public async Task Mail_appears_without_a_reload_and_what_is_selected_stays()
    {
        await using var host = await HostedInbox.StartAsync();
        await host.SendAsync("first", "one");
        await using var page = await InboxPage.OpenAsync(Browser, host.Url);
        await page.WaitForListAsync("first");
        await page.WaitAsync("document.title === '(1) Inbox – mx.example.org'");
        await page.OpenAsync("first");
        await page.WaitAsync("document.title === 'Inbox – mx.example.org'");

        await host.SendAsync("second", "two");

        await page.WaitForListAsync("second", "first");
        await page.WaitAsync("document.title === '(1) Inbox – mx.example.org'");
        await page.WaitAsync("document.querySelector('#said').textContent === 'New message from \"Sam Sender\" <sam@example.com>: second' || document.querySelector('#said').textContent === 'New message from Sam Sender <sam@example.com>: second'");
        await page.WaitForSelectedAsync("first");
        Assert.That(await page.TextAsync("#reader h2"), Is.EqualTo("first"));
        Assert.That(await page.ReadAsync<bool>("document.querySelector('.row.unseen .subject').textContent === 'second'"));
        Assert.That(host.Requests.Count(static request => request == "GET /mail/ 200"), Is.EqualTo(1));
        Assert.That(page.Faults, Is.Empty);
        await using var imap = await host.OpenImapAsync();
        Assert.That(await imap.FlagsAsync(), Is.EqualTo(new[] { @"\Seen", "" }));
    }

    [Test]
    [Property("Fact", "the source that is shown is the octets which IMAP by hand fetches")]
    public async Task Every_tab_shows_its_part_of_the_message()
    {
        await using var host = await HostedInbox.StartAsync(mail: static mail => mail.RecordSessions());
        await host.SendMessageAsync(Samples.Everything);
        await using var page = await InboxPage.OpenAsync(Browser, host.Url);
        await page.OpenAsync("Grüße & <b>more</b>");

        Assert.That(await page.TextAsync(".who"), Does.Contain("Jürgen <j@there.example>").And.Contain("alice@example.org").And.Contain("carol@there.example"));
        var frame = await (await page.Page.WaitForSelectorAsync("#panel-html iframe")).ContentFrameAsync();
        await frame.WaitForSelectorAsync("h1");
        Assert.That(await frame.EvaluateExpressionAsync<string>("document.body.innerText"), Does.Contain("Hello in HTML"));
        Assert.That(await frame.EvaluateExpressionAsync<bool>("document.querySelector('img').src.startsWith('data:image/png;base64,') && document.querySelector('img').naturalWidth === 1"), "the picture that the message brings");
        Assert.That(await page.ReadAsync<string[]>("[...document.querySelectorAll('.links a')].map(a => a.href)"), Is.EqualTo(new[] { "https://shop.example/confirm?token=1" }));
        await page.Page.ClickAsync(".widths input[value=phone]");
        await page.WaitAsync("document.querySelector('iframe').clientWidth === 375");
        await page.OpenTabAsync("text", "Hello in plain text, grüße");
        Assert.That(await page.ReadAsync<string>("document.querySelector('#panel-text a').href"), Is.EqualTo("https://shop.example/plain"));
        await page.OpenTabAsync("headers", "Grüße & <b>more</b>");
        await page.Page.ClickAsync("#panel-headers input");
        await page.WaitAsync("document.querySelector('#panel-headers').innerText.includes('Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe_&_<b>more</b>?=')");
        await page.OpenTabAsync("source", "X-Odd:  two  spaces");
        await page.OpenTabAsync("attachments", "notes <1>.txt");
        Assert.That(await page.ReadAsync<bool>("(async () => (await (await fetch(document.querySelector('#panel-attachments li:last-child a').href)).text()) === 'the notes')()"), "what the link leads to");
        await page.OpenTabAsync("structure", "multipart/alternative");
        Assert.That(await page.TextAsync("#panel-structure"), Does.Match(@"(?s)multipart/mixed.*1\s*multipart/related.*1\.1\s*multipart/alternative.*1\.1\.1\s*text/plain; charset=iso-8859-1.*2\s*text/plain.*notes <1>\.txt"));
        await page.OpenTabAsync("envelope", "<sender@example.com>");
        Assert.That(await page.TextAsync("#panel-envelope"), Does.Contain("<alice@example.org>").And.Contain("client.example"));
        await page.OpenTabAsync("transcript", "C: EHLO client.example");

        await using var imap = await host.OpenImapAsync();
        var source = await page.ReadAsync<string>("(async () => (await fetch(document.querySelector('#panel-source a').href)).text())()");
        Assert.That(Encoding.UTF8.GetBytes(source), Is.EqualTo(await imap.FetchAsync(1)));
        Assert.That(page.Faults, Is.Empty);
    }

    [Test]
    [Property("Fact", "IMAP by hand finds the messages that are left")]
    public async Task Deletes_one_by_key_and_the_rest_after_a_question()
    {
        await using var host = await HostedInbox.StartAsync();
        foreach (var subject in (string[])["one", "two", "three"])
            await host.SendAsync(subject, "text");

        await using var page = await InboxPage.OpenAsync(Browser, host.Url);
        await page.OpenAsync("two");
        await page.PressAsync("Delete");
        await page.WaitForListAsync("three", "one");
        await page.WaitForSelectedAsync("one");
        await page.WaitForOpenAsync("one");
        await using var imap = await host.OpenImapAsync();
        await page.WaitAsync("document.querySelector('#count').textContent.startsWith('2 messages')");
        Assert.That(await imap.CountAsync(), Is.EqualTo(2));

        await page.Page.ClickAsync("#empty");
        await page.WaitAsync("document.querySelector('#empty-dialog').open");
        Assert.That(await page.TextAsync("#empty-text"), Is.EqualTo("All mail: 2 messages. They do not come back."));
        await page.PressAsync("Escape");
        await page.WaitAsync("!document.querySelector('#empty-dialog').open");
        Assert.That(host.Requests, Has.None.StartsWith("DELETE /mail/api/messages 2"));
        await page.Page.ClickAsync("#empty");
        await page.Page.ClickAsync("#empty-dialog .go");
        await page.WaitAsync("!document.querySelector('#none').hidden && document.querySelector('.nothing') !== null");
        Assert.That(await page.TextAsync("#none"), Does.Contain($"smtp://127.0.0.1:{host.SmtpPort}").And.Contain(HostedInbox.Alice));
        await imap.SendAsync("NOOP");
        Assert.That(await imap.CountAsync(), Is.Zero);
        Assert.That(page.Faults, Is.Empty);
    }

    [Test]
    [Property("Fact", "the server notes every request, and there was none that deletes")]
    public async Task Shows_neither_delete_nor_release_where_they_are_not_allowed()
    {
        await using var host = await HostedInbox.StartAsync(static options => options.AllowsDelete = false);
        await host.SendAsync("kept", "text");
        await using var page = await InboxPage.OpenAsync(Browser, host.Url);
        await page.OpenAsync("kept");
        Assert.That(await page.TextAsync(".actions"), Does.Not.Contain("Delete").And.Not.Contain("Release").And.Contain("Download"));
        Assert.That(await page.ReadAsync<bool>("document.querySelector('#empty').hidden"));
        await page.PressAsync("Delete");
        await page.PressAsync("r");
        await page.PressAsync("u");
        await page.WaitAsync("document.querySelector('.row.unseen') !== null");
        Assert.That(await page.SubjectsAsync(), Is.EqualTo(new[] { "kept" }));
        Assert.That(await page.ReadAsync<bool>("document.querySelector('dialog[open]') === null"));
        Assert.That(host.Requests, Has.None.StartsWith("DELETE"));
    }

    [Test]
    public async Task Searches_as_one_types_and_limits_to_a_mailbox()
    {
        await using var host = await HostedInbox.StartAsync();
        await host.SendAsync("invoice", "about apples");
        await host.SendAsync("report", "about pears");
        await host.SendAsync("for Bob", "about apples", HostedInbox.Bob);
        await using var page = await InboxPage.OpenAsync(Browser, host.Url);
        await page.WaitForSetAsync("for Bob", "report", "invoice");

        await page.PressAsync("/");
        await page.Page.Keyboard.TypeAsync("apples");
        await page.WaitForSetAsync("for Bob", "invoice");
        await page.WaitAsync("document.querySelector('#count').textContent === '2 messages found'");
        await host.SendAsync("late", "about apples");
        await host.SendAsync("other", "about plums");
        await page.WaitForSetAsync("late", "for Bob", "invoice");

        await page.ReadAsync<object>("void (document.querySelector('#mailbox').value = [...document.querySelectorAll('option')].find(o => o.textContent.startsWith('alice')).value, document.querySelector('#mailbox').dispatchEvent(new Event('change')))");
        await page.WaitForListAsync("late", "invoice");
        await page.PressAsync("Escape");
        await page.WaitForListAsync("other", "late", "report", "invoice");
        await page.PressAsync("/");
        await page.Page.Keyboard.TypeAsync("nowhere");
        await page.WaitAsync("document.querySelector('#none').innerText.includes('Nothing found for “nowhere”.')");
        Assert.That(page.Faults, Is.Empty);
    }

    [Test]
    [Property("Fact", "each key of docs/inbox.md does what it says")]
    public async Task Is_used_by_keyboard_alone()
    {
        await using var host = await HostedInbox.StartAsync(static options => options.AllowRelease("postmaster@example.org", "*@partner.example"));
        foreach (var subject in (string[])["one", "two", "three"])
            await host.SendAsync(subject, $"text of {subject}");

        await using var page = await InboxPage.OpenAsync(Browser, host.Url);
        await page.WaitForListAsync("three", "two", "one");
        await PressAsync(page, "three", "j");
        await PressAsync(page, "two", "j");
        await PressAsync(page, "one", "ArrowDown");
        await PressAsync(page, "two", "k");
        await PressAsync(page, "three", "ArrowUp");
        await PressAsync(page, "one", "End");
        await PressAsync(page, "three", "Home");
        Assert.That(await page.ReadAsync<string>("document.querySelector('#list').getAttribute('aria-activedescendant')"), Is.EqualTo(await page.ReadAsync<string>("document.querySelector('.row[aria-selected=true]').id")));

        await page.PressAsync("3");
        await page.WaitAsync("document.querySelector('#panel-headers').checkVisibility()");
        await page.PressAsync("u");
        await page.WaitAsync("document.querySelector('.row.unseen .subject')?.textContent === 'three'");
        await page.PressAsync("u");
        await page.WaitAsync("document.querySelector('.row.unseen') === null");
        await page.PressAsync("Enter");
        await page.WaitAsync("document.activeElement.id === 'reader'");
        await page.PressAsync("Escape");
        await page.WaitAsync("document.activeElement.id === 'list'");
        await page.PressAsync("?");
        await page.WaitAsync("document.querySelector('#keys-dialog').open");
        await page.PressAsync("j");
        await page.PressAsync("Escape");
        await page.WaitAsync("!document.querySelector('#keys-dialog').open");
        await page.PressAsync("r");
        await page.WaitAsync("document.querySelector('#release-dialog').open");
        await page.Page.Keyboard.TypeAsync("jku");
        await page.PressAsync("Escape");
        await page.WaitAsync("!document.querySelector('#release-dialog').open");
        await page.WaitForSelectedAsync("three");

        await page.PressAsync("/");
        await page.WaitAsync("document.activeElement.id === 'search'");
        await page.Page.Keyboard.TypeAsync("j");
        await page.PressAsync("Escape");
        await page.WaitAsync("document.activeElement.id === 'list' && document.querySelector('#search').value === ''");
        await page.WaitForListAsync("three", "two", "one");
        await page.PressAsync("Delete");
        await page.WaitForListAsync("two", "one");
        await page.WaitForOpenAsync("two");

        // The tabs of a message are a list of tabs, as the ARIA practices have it.
        await page.ReadAsync<object>("void document.querySelector('[role=tab][aria-selected=true]').focus()");
        await page.PressAsync("ArrowRight");
        await page.WaitAsync("document.activeElement.id === 'tab-source' && document.querySelector('#panel-source').checkVisibility()");
        Assert.That(page.Faults, Is.Empty);
    }

    private static async Task PressAsync(InboxPage page, string opened, string key)
    {
        await page.PressAsync(key);
        await page.WaitForSelectedAsync(opened);
        await page.WaitForOpenAsync(opened);
    }
}

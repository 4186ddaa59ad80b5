using System.Text.Json;
using MailCore.InteropTests.Server;
using MailCore.InteropTests.Tools;
using NUnit.Framework;

namespace MailCore.InteropTests.Inbox;

/// <summary>How the page looks, and to whom it is of use.</summary>
internal sealed class InboxLayoutTests : InboxFixture
{
    private const int MaxPictureLength = 300_000;

    [TestCase(1280, false)]
    [TestCase(1280, true)]
    [TestCase(390, false)]
    [TestCase(390, true)]
    [Property("Fact", "axe-core, which others wrote, finds nothing against WCAG 2.1 AA in any state of the page: contrast, names, roles, focus")]
    public async Task Axe_finds_nothing_to_complain_of(int width, bool isDark)
    {
        NodeScript.Require("axe-core");
        var axe = await File.ReadAllTextAsync(Path.Combine(SourceTree.Root, "artifacts", "npm", "node_modules", "axe-core", "axe.min.js"));
        await using var host = await HostedInbox.StartAsync(static options => options.AllowRelease("postmaster@example.org", "*@example.org"), static mail => mail.RecordSessions());
        await host.SendMessageAsync(Samples.Everything);
        await host.SendAsync("unread", "text");
        await using var page = await InboxPage.OpenAsync(Browser, host.Url, width, isDark: isDark);
        await page.ReadAsync<object>(axe + ";undefined");
        await AssertCleanAsync(page, "list");
        await page.OpenAsync("Grüße & <b>more</b>");
        foreach (var tab in (string[])["html", "text", "headers", "source", "attachments", "structure", "envelope", "transcript"])
        {
            await page.OpenTabAsync(tab, "");
            await page.WaitAsync($"document.querySelector('#panel-{tab}').childElementCount > 0");
            await AssertCleanAsync(page, tab);
        }

        foreach (var (key, dialog) in ((string, string)[])[("r", "release"), ("?", "keys")])
        {
            await page.PressAsync(key);
            await page.WaitAsync($"document.querySelector('#{dialog}-dialog').open");
            await AssertCleanAsync(page, dialog);
            await page.PressAsync("Escape");
            await page.WaitAsync("document.querySelector('dialog[open]') === null");
        }

        await page.PressAsync("Escape");
        await page.ReadAsync<object>("void document.querySelector('#empty').click()");
        await AssertCleanAsync(page, "empty");
        await page.ReadAsync<object>("void document.querySelector('#empty-dialog .go').click()");
        await page.WaitAsync("!document.querySelector('#none').hidden && document.querySelector('dialog[open]') === null");
        await AssertCleanAsync(page, "no mail");
    }

    [Test]
    public async Task Focus_is_seen_and_arrivals_are_told()
    {
        await using var host = await HostedInbox.StartAsync();
        await host.SendAsync("one", "text");
        await using var page = await InboxPage.OpenAsync(Browser, host.Url);
        await page.OpenAsync("one");

        // Through all that Tab reaches, until it comes around.
        var seen = new List<string>();
        for (var step = 0; step < 60; step++)
        {
            await page.PressAsync("Tab");
            var focused = await page.ReadAsync<string>("(e => `${e.tagName} ${e.id || e.textContent.trim().slice(0, 12)} ${getComputedStyle(e).outlineStyle} ${getComputedStyle(document.querySelector('.row[aria-selected=true]')).outlineStyle}`)(document.activeElement)");
            if (seen.Contains(focused))
                break;

            seen.Add(focused);
        }

        Assert.That(string.Join('\n', seen), Does.Contain("SELECT mailbox").And.Contain("INPUT search").And.Contain("BUTTON keys").And.Contain("DIV list").And.Contain("BUTTON tab-text").And.Contain("BUTTON Delete"));
        Assert.That(seen.Where(static focused => !focused.StartsWith("BODY", StringComparison.Ordinal)), Has.All.Contains(" solid").Or.Contains(" auto"));
        Assert.That(await page.ReadAsync<string>("document.querySelector('#said').getAttribute('aria-live')"), Is.EqualTo("polite"));
        await host.SendAsync("two", "text");
        await page.WaitAsync("document.querySelector('#said').textContent.endsWith(': two')");
    }

    [Test]
    public async Task A_narrow_page_shows_the_list_or_the_message()
    {
        await using var host = await HostedInbox.StartAsync();
        await host.SendAsync("one", "text");
        await host.SendAsync("two", "text");
        await using var page = await InboxPage.OpenAsync(Browser, host.Url, 390);
        Assert.That(await ShownAsync(page), Is.EqualTo("list"));
        await page.OpenAsync("one");
        Assert.That(await ShownAsync(page), Is.EqualTo("message"));
        await page.Page.ClickAsync(".back");
        Assert.That(await ShownAsync(page), Is.EqualTo("list"));
        await page.WaitForSelectedAsync("one");
        await page.PressAsync("Enter");
        Assert.That(await ShownAsync(page), Is.EqualTo("message"));
        await page.PressAsync("Escape");
        Assert.That(await ShownAsync(page), Is.EqualTo("list"));
        Assert.That(await page.ReadAsync<bool>("document.documentElement.scrollWidth <= innerWidth"), "nothing is wider than the screen");
        Assert.That(page.Faults, Is.Empty);
    }

    [Test]
    [Property("Fact", "with MAILCORE_SCREENSHOT=path the picture of the docs is written there")]
    public async Task A_wide_page_shows_both_side_by_side()
    {
        await using var host = await HostedInbox.StartAsync(static options => options.AllowRelease("postmaster@example.org", "*@example.org"), static mail => mail.RecordSessions());
        foreach (var message in Samples.Demonstration)
            await host.SendMessageAsync(message);

        await using var page = await InboxPage.OpenAsync(Browser, host.Url, 1280, 820);
        await page.OpenAsync("Welcome to the Example Shop");
        await page.OpenAsync("Confirm your address");
        await page.WaitAsync("document.querySelectorAll('.row.unseen').length === 4");
        Assert.That(await ShownAsync(page), Is.EqualTo("both"));
        var frame = await (await page.Page.WaitForSelectorAsync("#panel-html iframe")).ContentFrameAsync();
        await frame.WaitForSelectorAsync("a");
        await page.WaitAsync("!document.querySelector('.links').hidden");
        await page.WaitAsync("document.getAnimations().length === 0");
        var picture = await page.Page.ScreenshotDataAsync();
        Assert.That(picture, Has.Length.LessThan(MaxPictureLength));
        if (Environment.GetEnvironmentVariable("MAILCORE_SCREENSHOT") is { Length: > 0 } path)
            await File.WriteAllBytesAsync(path, picture);
    }

    private static Task<string> ShownAsync(InboxPage page) => page.ReadAsync<string>(
        "(([list, reader]) => list && reader ? 'both' : list ? 'list' : reader ? 'message' : 'nothing')([...document.querySelectorAll('.messages, .reader')].map(pane => pane.checkVisibility()))");

    private static async Task AssertCleanAsync(InboxPage page, string state)
    {
        var found = await page.ReadAsync<string>(
            "axe.run(document, { iframes: false, runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'] }).then(found => JSON.stringify(found.violations.map(rule => `${rule.id}: ${rule.nodes.map(node => node.html + ' ' + node.failureSummary).join(' | ')}`)))");
        Assert.That(JsonSerializer.Deserialize<string[]>(found), Is.Empty, state);
    }
}

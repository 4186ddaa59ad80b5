using System.Text.Json;
using NUnit.Framework;
using PuppeteerSharp;

namespace MailCore.InteropTests.Inbox;

/// <summary>Hostile mail, and hostile sites in another tab. Each attempt is first shown to work where nothing is in its way.</summary>
internal sealed class InboxSafetyTests : InboxFixture
{
    private static readonly string[] Links = ["target=_top", "target=_blank", "target=_parent", "target=other", ""];

    private HostedInbox _host = null!;
    private OtherSite _site = null!;

    [SetUp]
    public async Task StartAsync()
    {
        _host = await HostedInbox.StartAsync(static options => options.AllowRelease("postmaster@example.org", "*@evil.example"));
        _site = await OtherSite.StartAsync();
    }

    [TearDown]
    public async Task StopAsync()
    {
        await _host.DisposeAsync();
        await _site.DisposeAsync();
    }

    [Test]
    [Property("Fact", "a listener of ours counts the requests: the same document on a page of its own makes each of them, in the inbox none")]
    public async Task Html_runs_nothing_and_loads_nothing_from_elsewhere()
    {
        await _host.SendMessageAsync(HostileMail.Message("hostile", HostileMail.Document($"{_site.Url}/inbox")));
        await using var page = await InboxPage.OpenAsync(Browser, _host.Url);
        var answered = new List<string>();
        page.Page.Response += (_, e) => answered.Add(e.Response.Url);
        await page.OpenAsync("hostile");
        var frame = await (await page.Page.WaitForSelectorAsync("#panel-html iframe")).ContentFrameAsync();
        await frame.WaitForSelectorAsync("#f");

        _site.Pages["/control"] = HostileMail.Document($"{_site.Url}/control");
        await OpenControlAsync();
        await UntilAsync(() => HostileMail.Expected.All(path => _site.Hits.Contains($"/control{path}")), () => $"Not asked for: {string.Join(' ', HostileMail.Expected.Where(path => !_site.Hits.Contains($"/control{path}")))}");

        Assert.That(_site.Hits, Has.None.StartsWith("/inbox"));
        Assert.That(answered, Has.All.StartsWith(_host.Url).Or.StartsWith("data:"));
        Assert.That(await page.ReadAsync<string>("document.title"), Does.StartWith("Inbox"));
        Assert.That(page.Page.Url, Does.StartWith(_host.Url));
        Assert.That(await frame.EvaluateExpressionAsync<string>("origin"), Is.EqualTo("null"));
    }

    [Test]
    public async Task Html_does_not_lead_away_by_itself()
    {
        await _host.SendMessageAsync(HostileMail.Message("redirecting", HostileMail.Redirecting($"{_site.Url}/inbox")));
        await using var page = await InboxPage.OpenAsync(Browser, _host.Url);
        await page.OpenAsync("redirecting");
        var frame = await (await page.Page.WaitForSelectorAsync("#panel-html iframe")).ContentFrameAsync();
        await frame.WaitForSelectorAsync("p");
        _site.Pages["/control"] = HostileMail.Redirecting($"{_site.Url}/control");
        await OpenControlAsync();
        await UntilAsync(() => _site.Hits.Contains("/control/refresh"), () => "The control was not redirected.");

        Assert.That(_site.Hits, Has.None.StartsWith("/inbox"));
        Assert.That(await frame.EvaluateExpressionAsync<string>("document.body.innerText"), Does.Contain("wait"));
    }

    [TestCaseSource(nameof(Links))]
    public Task A_click_on_a_link_leads_nowhere(string link) => AssertClickIsDeadAsync(target => HostileMail.Clickable(target, link));

    [Test]
    public Task A_form_is_not_sent() => AssertClickIsDeadAsync(HostileMail.Form);

    [Test]
    [Property("Fact", "the texts are read back from the page as they were sent, and none of them became an element")]
    public async Task Header_fields_and_names_of_files_stay_text()
    {
        const string Name = "<img src=x onerror=alert(1)>";
        var attack = $"<img src={_site.Url}/inbox/text onerror=alert(1)><script>alert(1)</script>";
        await _host.SendMessageAsync(
            $"From: \"{attack}\" <mallory@evil.example>\r\nTo: alice@example.org\r\nSubject: {attack}\r\nX-Attack: {attack}\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n" +
            $"--m\r\nContent-Type: text/plain\r\n\r\n{attack} javascript:alert(1)\r\n--m\r\nContent-Type: text/html; name=\"{Name}\"\r\nContent-Disposition: attachment; filename=\"{Name}\"\r\n\r\n<script>alert(1)</script>\r\n--m--\r\n");
        await using var page = await InboxPage.OpenAsync(Browser, _host.Url);
        await page.OpenAsync(attack);
        foreach (var (tab, text) in ((string, string)[])[("text", attack), ("headers", attack), ("source", attack), ("attachments", Name), ("structure", Name)])
            await page.OpenTabAsync(tab, text);

        Assert.That(await page.ReadAsync<int>("document.querySelectorAll('body img, body script').length"), Is.Zero);
        Assert.That(_site.Hits, Is.Empty);

        // The part that is HTML is a file to keep, and nothing to look at.
        var address = await page.ReadAsync<string>("document.querySelector('#panel-attachments a').href");
        using var http = new HttpClient();
        using var part = await http.GetAsync(new Uri(address));
        Assert.That(part.Content.Headers.ContentDisposition?.DispositionType, Is.EqualTo("attachment"));
        Assert.That(part.Content.Headers.ContentType?.MediaType, Is.EqualTo("application/octet-stream"));
        Assert.That(page.Faults, Is.Empty);
    }

    [Test]
    [Property("Fact", "the inbox's server notes that the attempts reached it, and what it answered; IMAP by hand finds the message, unread")]
    public async Task Another_site_can_neither_read_nor_change_anything()
    {
        await _host.SendAsync("private", "the secret word");
        await using var page = await InboxPage.OpenAsync(Browser, _host.Url);
        await page.WaitForListAsync("private");
        var id = await page.ReadAsync<string>("document.querySelector('.row').dataset.id");
        _site.Pages["/evil"] = EvilPage(_host.Url, id);
        var evil = await Browser.NewPageAsync();
        await evil.GoToAsync($"{_site.Url}/evil", WaitUntilNavigation.DOMContentLoaded);
        await evil.WaitForExpressionAsync("window.results !== undefined", new WaitForFunctionOptions { Timeout = 30_000, PollingInterval = 50 });
        var results = JsonDocument.Parse(await evil.EvaluateExpressionAsync<string>("JSON.stringify(window.results)")).RootElement;
        await UntilAsync(() => _host.Requests.Count(static request => request.StartsWith("POST ", StringComparison.Ordinal)) >= 2, () => "The forms did not reach the server.");

        foreach (var attempt in results.EnumerateObject())
            Assert.That(attempt.Value.GetString(), Is.AnyOf("refused", "opaque"), attempt.Name);

        Assert.That(_host.Requests.Where(static request => request.StartsWith("POST ", StringComparison.Ordinal)), Has.All.EndsWith(" 403"));
        Assert.That(_host.Requests, Has.None.StartsWith("DELETE "));
        await using var imap = await _host.OpenImapAsync();
        Assert.That(await imap.FlagsAsync(), Is.EqualTo(new[] { "" }));
    }

    // "opaque": there was an answer which the site's script can't look into.
    private static string EvilPage(string inbox, string id) => $$"""
        <!doctype html><body><iframe name=sink></iframe>
        <form id=seen action="{{inbox}}api/messages/{{id}}/seen" method=post enctype=text/plain target=sink><input name='{"seen":true,"x":"' value='"}'></form>
        <form id=release action="{{inbox}}api/messages/{{id}}/release" method=post enctype=text/plain target=sink><input name='{"to":["mallory@evil.example"],"x":"' value='"}'></form>
        <script type=module>
        const inbox = '{{inbox}}', one = inbox + 'api/messages/{{id}}';
        const results = {};
        const attempt = async (name, path, options) => {
          try {
            const answer = await fetch(path, options);
            results[name] = answer.type === 'opaque' ? 'opaque' : await answer.text();
          } catch { results[name] = 'refused'; }
        };
        await attempt('list', inbox + 'api/messages');
        await attempt('list with cookies', inbox + 'api/messages', { credentials: 'include' });
        await attempt('list blindly', inbox + 'api/messages', { mode: 'no-cors' });
        await attempt('text', one + '/text');
        await attempt('delete', one, { method: 'DELETE' });
        await attempt('delete with the header', one, { method: 'DELETE', headers: { 'X-MailCore-Inbox': '1' } });
        await attempt('empty with the header', inbox + 'api/messages', { method: 'DELETE', headers: { 'X-MailCore-Inbox': '1' } });
        await attempt('seen with the header', one + '/seen', { method: 'POST', headers: { 'X-MailCore-Inbox': '1', 'Content-Type': 'application/json' }, body: '{"seen":true}' });
        const loads = (tag, address, attribute = 'src') => new Promise(done => {
          const element = document.createElement(tag);
          element.onload = () => done('loaded ' + element.tagName);
          element.onerror = () => done('refused');
          element[attribute] = address;
          document.body.append(element);
        });
        results.script = await loads('script', inbox + 'api/messages');
        results.picture = await loads('img', one + '/source');
        results.events = await new Promise(done => {
          const events = new EventSource(inbox + 'api/events');
          events.onopen = () => done('opened');
          events.onerror = () => done('refused');
        });
        const frame = document.createElement('iframe');
        frame.src = inbox;
        await new Promise(done => { frame.onload = done; document.body.append(frame); });
        try { results.frame = 'read ' + frame.contentDocument.title; } catch { results.frame = 'opaque'; }
        if (frame.contentDocument === null) results.frame = 'opaque';
        document.querySelector('#seen').submit();
        document.querySelector('[name=sink]').onload = () => document.querySelector('#release').submit();
        window.results = results;
        </script>
        """;

    private async Task AssertClickIsDeadAsync(Func<string, string> html)
    {
        await _host.SendMessageAsync(HostileMail.Message("click", html($"{_site.Url}/inbox")));
        await using var page = await InboxPage.OpenAsync(Browser, _host.Url);
        await page.OpenAsync("click");
        var element = await page.Page.WaitForSelectorAsync("#panel-html iframe");
        var frame = await element.ContentFrameAsync();
        await frame.WaitForSelectorAsync("a, button");
        var box = await element.BoundingBoxAsync();
        await page.Page.Mouse.ClickAsync((decimal)box.X + 40, (decimal)box.Y + 40);

        _site.Pages["/control"] = html($"{_site.Url}/control");
        var control = await OpenControlAsync();
        await control.WaitForSelectorAsync("a, button");
        await control.Mouse.ClickAsync(40, 40);
        await UntilAsync(() => _site.Hits.Contains("/control/click"), () => "The control's click did nothing.");

        Assert.That(_site.Hits, Has.None.StartsWith("/inbox"));
        Assert.That(page.Page.Url, Does.StartWith(_host.Url));
        await page.WaitForListAsync("click");
    }

    // It goes where it likes, so nobody waits for it to be there. It is closed with the browser.
    private async Task<IPage> OpenControlAsync()
    {
        var control = await Browser.NewPageAsync();
        control.DefaultTimeout = 30_000;
        await control.EvaluateExpressionAsync($"void setTimeout(() => location.href = '{_site.Url}/control')");
        return control;
    }

    private static async Task UntilAsync(Func<bool> condition, Func<string> fault)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (!condition())
        {
            try
            {
                await timer.WaitForNextTickAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                Assert.Fail(fault());
            }
        }
    }
}

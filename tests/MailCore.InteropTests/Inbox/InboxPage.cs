using NUnit.Framework;
using PuppeteerSharp;

namespace MailCore.InteropTests.Inbox;

/// <summary>The inbox in a tab of the browser, as its user sees it.</summary>
internal sealed class InboxPage : IAsyncDisposable
{
    private static readonly WaitForFunctionOptions Patience = new() { Timeout = 30_000, PollingInterval = 50 };

    private readonly List<string> _faults = [];

    private InboxPage(IPage page)
    {
        Page = page;
        page.Console += (_, e) =>
        {
            // A message may be gone while the page asks for it.
            var isGone = e.Message.Text.Contains("404", StringComparison.Ordinal) && e.Message.Location?.URL?.Contains("/api/messages/", StringComparison.Ordinal) == true;
            if (e.Message.Type is ConsoleType.Error or ConsoleType.Warning && !isGone)
                _faults.Add($"{e.Message.Text} {e.Message.Location?.URL}");
        };
        page.PageError += (_, e) => _faults.Add(e.Message);
    }

    public IPage Page { get; }

    /// <summary>What the browser complained of: scripts' errors, what a policy forbade, requests that failed.</summary>
    public IReadOnlyList<string> Faults => _faults;

    /// <summary>Opens it; returns when it is told of news and its list is shown.</summary>
    public static async Task<InboxPage> OpenAsync(IBrowser browser, string url, int width = 1280, int height = 800, bool isDark = false)
    {
        var page = await browser.NewPageAsync();
        page.DefaultTimeout = 30_000;
        await page.SetViewportAsync(new ViewPortOptions { Width = width, Height = height });
        await page.EmulateMediaFeaturesAsync([new MediaFeatureValue { MediaFeature = MediaFeature.PrefersColorScheme, Value = isDark ? "dark" : "light" }]);
        var inbox = new InboxPage(page);
        await page.GoToAsync(url, WaitUntilNavigation.DOMContentLoaded);
        await inbox.WaitAsync("document.querySelector('#live').dataset.state === 'live'");
        await inbox.WaitAsync("document.querySelector('.row[data-id]') !== null || !document.querySelector('#none').hidden");
        return inbox;
    }

    /// <summary>Waits until an expression is true.</summary>
    public async Task WaitAsync(string expression)
    {
        try
        {
            await Page.WaitForExpressionAsync(expression, Patience);
        }
        catch (WaitTaskTimeoutException)
        {
            Assert.Fail($"Not in time: {expression}\n{string.Join('\n', _faults)}\n{await ReadAsync<string>("document.title + '\\n' + document.body.innerText")}");
        }
    }

    public Task<T> ReadAsync<T>(string expression) => Page.EvaluateExpressionAsync<T>(expression);

    /// <summary>Waits until the list shows exactly these subjects, from the top.</summary>
    public Task WaitForListAsync(params string[] subjects) =>
        WaitAsync($"JSON.stringify({Subjects}) === JSON.stringify([{string.Join(", ", subjects.Select(Quote))}])");

    /// <summary>The same in any order: mail of several accounts that came in the same second has none.</summary>
    public Task WaitForSetAsync(params string[] subjects) =>
        WaitAsync($"JSON.stringify({Subjects}.sort()) === JSON.stringify([{string.Join(", ", subjects.Select(Quote))}].sort())");

    public Task<string[]> SubjectsAsync() => ReadAsync<string[]>(Subjects);

    public Task WaitForSelectedAsync(string subject) =>
        WaitAsync($"document.querySelector('.row[aria-selected=true] .subject')?.textContent === {Quote(subject)}");

    /// <summary>Waits until the message is open.</summary>
    public Task WaitForOpenAsync(string subject) => WaitAsync($"document.querySelector('#reader h2')?.textContent === {Quote(subject)}");

    /// <summary>Clicks on a row, and waits until its message is open.</summary>
    public async Task OpenAsync(string subject)
    {
        await WaitAsync($"{RowOf(subject)} !== undefined");
        await ReadAsync<object>($"void {RowOf(subject)}.click()");
        await WaitForOpenAsync(subject);
    }

    /// <summary>Opens a tab of the message and waits until its text holds this.</summary>
    public async Task OpenTabAsync(string tab, string text)
    {
        await Page.ClickAsync($"#tab-{tab}");
        await WaitAsync($"document.querySelector('#panel-{tab}').checkVisibility() && document.querySelector('#panel-{tab}').innerText.includes({Quote(text)})");
    }

    public Task<string> TextAsync(string selector) => ReadAsync<string>($"document.querySelector({Quote(selector)}).innerText");

    public Task PressAsync(string key) => Page.Keyboard.PressAsync(key);

    public static string Quote(string text) => System.Text.Json.JsonSerializer.Serialize(text);

    public async ValueTask DisposeAsync() => await Page.CloseAsync();

    private const string Rows = "[...document.querySelectorAll('.row[data-id]')].sort((a, b) => a.ariaPosInSet - b.ariaPosInSet)";

    private const string Subjects = Rows + ".map(row => row.querySelector('.subject').textContent)";

    private static string RowOf(string subject) => $"{Rows}.find(row => row.querySelector('.subject').textContent === {Quote(subject)})";
}

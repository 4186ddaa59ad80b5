using MailCore.InteropTests.Server;
using MailCore.InteropTests.Tools;
using NUnit.Framework;
using PuppeteerSharp;

namespace MailCore.InteropTests.Inbox;

/// <summary>Tests in one headless Chromium.</summary>
[CancelAfter(300_000)]
internal abstract class InboxFixture
{
    protected IBrowser Browser { get; private set; } = null!;

    [OneTimeSetUp]
    public async Task StartBrowserAsync()
    {
        ClientTool.Chromium.Require();

        // Root's Chromium has no sandbox of processes; that of frames, which is tested here, is not part of it.
        string[] root = Environment.IsPrivilegedProcess ? ["--no-sandbox"] : [];
        Browser = await Puppeteer.LaunchAsync(new LaunchOptions
        {
            ExecutablePath = ClientTool.Chromium.Find(),
            Headless = true,
            Timeout = 120_000,
            ProtocolTimeout = 60_000,
            UserDataDir = SourceTree.NewFolder(),
            Args = [.. root, "--disable-dev-shm-usage", "--lang=en-US"],
        });
    }

    [OneTimeTearDown]
    public async Task StopBrowserAsync()
    {
        if (Browser is not null)
            await Browser.DisposeAsync();
    }
}

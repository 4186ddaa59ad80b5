using NUnit.Framework;

namespace MailCore.InteropTests.Server;

/// <summary>Tests that share one sample server, with an account for each.</summary>
internal abstract class SampleFixture
{
    private int _used;

    protected SampleServer Server { get; private set; } = null!;

    /// <summary>Making an account costs a password hash; so there are no more than needed.</summary>
    protected abstract int Accounts { get; }

    protected virtual string[] Arguments => [];

    [OneTimeSetUp]
    public async Task StartServerAsync() => Server = await SampleServer.StartAsync(new SampleSetUp
    {
        Accounts = [.. Enumerable.Range(1, Accounts).Select(static number => $"user{number}@example.org")],
        Arguments = Arguments,
    });

    [OneTimeTearDown]
    public async Task StopServerAsync()
    {
        if (Server is not null)
            await Server.DisposeAsync();
    }

    /// <summary>An account that no other test of the fixture uses.</summary>
    protected string NewAccount() => ++_used <= Accounts ? $"user{_used}@example.org" : throw new InvalidOperationException($"Raise {nameof(Accounts)}.");

    protected Task<Wire.RawImap> OpenImapAsync(string account, string? mailbox = "INBOX") =>
        Wire.RawImap.ConnectAsync(Server.Imaps, account, SampleServer.Password, mailbox);

    protected Task<Wire.RawPop3> OpenPop3Async(string account) => Wire.RawPop3.ConnectAsync(Server.Pop3s, account, SampleServer.Password);

    /// <summary>Puts messages into INBOX by LMTP; what is stored is then a prefix and exactly these octets.</summary>
    protected async Task DeliverAsync(string account, params byte[][] messages)
    {
        await using var lmtp = await Wire.RawSmtp.ConnectAsync(Server.Lmtp, "LHLO driver.example");
        foreach (var message in messages)
            Assert.That(await lmtp.DeliverAsync("sender@example.com", account, new MemoryStream(message)), Does.StartWith("250"));
    }
}

using System.IO.Pipelines;
using MailCore.Hosting;
using MailCore.Storage;
using Microsoft.Extensions.DependencyInjection;

namespace MailCore.LimitHost;

/// <summary>The library as a host has it from its container, on a SQLite store and without endpoints.</summary>
internal sealed class Library : IAsyncDisposable
{
    private readonly ServiceProvider _services;

    private Library(ServiceProvider services) => _services = services;

    public MailAccounts Accounts => _services.GetRequiredService<MailAccounts>();

    public IMailDirectory Directory => _services.GetRequiredService<IMailDirectory>();

    public static Library Open(string folder)
    {
        var services = new ServiceCollection();
        services.AddMailServer(mail => mail.UseSqliteStore(folder));
        return new Library(services.BuildServiceProvider());
    }

    public async Task<Mailbox> OpenInboxAsync(AccountId account) =>
        await (await Accounts.OpenAsync(account))!.FindMailboxAsync(MailboxName.Inbox)
        ?? throw new InvalidOperationException("There is no INBOX.");

    public async Task<StagedMessage> StageAsync(byte[] message)
    {
        var reader = PipeReader.Create(new(message));
        var staged = await Accounts.StageAsync(reader, new StageHint(message.Length, []));
        await reader.CompleteAsync();
        return staged;
    }

    public ValueTask DisposeAsync() => _services.DisposeAsync();
}

using System.Text;
using MailCore.Storage;
using MailCore.Storage.InMemory;
using MailCore.Testing;
using MailCore.Tests.Storage.WrongStores;

namespace MailCore.Tests.Storage;

/// <summary>Accounts on a memory store behind a gate that counts and holds back what the view asks.</summary>
internal sealed class StoreFixture
{
    public StoreFixture()
    {
        Memory = new InMemoryMailStore(Clock);
        Gate = new GatedStore(Memory);
        Accounts = new MailAccounts(Gate, Signal, Clock);
    }

    public ManualTimeProvider Clock { get; } = new();

    public InMemoryMailStore Memory { get; }

    public GatedStore Gate { get; }

    public LocalChangeSignal Signal { get; } = new();

    public MailAccounts Accounts { get; }

    public async Task<MailAccount> AccountAsync(string name = "alice") => (await Accounts.OpenAsync(new AccountId(name)))!;

    public async Task<Mailbox> InboxAsync(string name = "alice") => (await (await AccountAsync(name)).FindMailboxAsync(MailboxName.Inbox))!;

    public static async Task<Uid> AppendAsync(Mailbox mailbox, string text = "Subject: x\r\n\r\n", AppendOptions? options = null) =>
        (await mailbox.AppendAsync(new MemoryStream(Encoding.UTF8.GetBytes(text)), options ?? AppendOptions.Default)).Uids[0];

    /// <summary>Fills a mailbox with messages that share their content.</summary>
    public async Task FillAsync(Mailbox mailbox, int count)
    {
        await using var staged = await Memory.StageAsync(System.IO.Pipelines.PipeReader.Create(new MemoryStream("x"u8.ToArray())), default, default);
        var message = new AppendMessage(mailbox.Id, staged, default, SystemFlags.None, [], Clock.GetUtcNow(), default);
        for (var left = count; left > 0; left -= 10_000)
        {
            await mailbox.Account.CommitAsync([.. Enumerable.Repeat(message, Math.Min(left, 10_000))]);
        }
    }

    public static Uid[] Uids(params IEnumerable<int> values) => [.. values.Select(static value => new Uid((uint)value))];
}

internal sealed class GatedStore(IMailStore inner) : StoreWrapper(inner)
{
    private int _questions;
    private int _loads;
    private int _opens;

    public int Questions => Volatile.Read(ref _questions);

    public int Loads => Volatile.Read(ref _loads);

    public int Opens => Volatile.Read(ref _opens);

    /// <summary>Awaited after the store was asked for changes and before its answer is passed on.</summary>
    public Func<Task>? AfterChanges { get; set; }

    public Func<Task>? BeforeOpen { get; set; }

    public override async ValueTask<IAccountStore?> OpenAsync(AccountId account, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _opens);
        await (BeforeOpen?.Invoke() ?? Task.CompletedTask);
        return account.Value == "nobody" ? null : await base.OpenAsync(account, cancellationToken);
    }

    protected override ValueTask<MailboxLoad?> LoadAsync(IAccountStore account, MailboxId mailbox)
    {
        Interlocked.Increment(ref _loads);
        return base.LoadAsync(account, mailbox);
    }

    protected override async ValueTask<ChangeSet> ChangesSinceAsync(IAccountStore account, ModSeq since, MailboxId? scope, int limit)
    {
        Interlocked.Increment(ref _questions);
        var changes = await base.ChangesSinceAsync(account, since, scope, limit);
        await (AfterChanges?.Invoke() ?? Task.CompletedTask);
        return changes;
    }
}

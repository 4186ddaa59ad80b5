using MailCore.Storage;
using static MailCore.Testing.Storage.MailStoreConformance;

namespace MailCore.Testing.Storage;

/// <summary>What sessions show must be right whatever becomes of the hints: the feed is the truth.</summary>
internal static class HintCases
{
    public static IEnumerable<ConformanceCase> All =>
    [
        Case(Lost_hints_cost_no_change),
        Case(Hints_that_say_anything_do_no_harm),
        Case(A_hint_storm_ends_in_the_truth),
    ];

    private static async Task<(MailboxView View, Mailbox Mailbox)> OpenAsync(StoreProbe s, IChangeSignal signal)
    {
        var accounts = new MailAccounts(s.Store, signal, s.Target.Clock);
        var account = Check.NotNull(await accounts.OpenAsync(await s.AccountAsync()), "Opening an account");
        var mailbox = Check.NotNull(await account.FindMailboxAsync(MailboxName.Inbox), "The inbox");
        return (Check.NotNull(await mailbox.OpenViewAsync(), "The inbox's view"), mailbox);
    }

    private static async Task CheckSameAsync(StoreProbe s, MailboxViewState state) =>
        Check.Sequence((await s.LoadAsync(state.Info.Id)).Rows, state.Range(0, state.Count), $"Rows shown as of {state.AsOf}");

    private static async Task Lost_hints_cost_no_change(StoreProbe s)
    {
        var (view, mailbox) = await OpenAsync(s, new LostSignal());
        for (var step = 0; step < 10; step++)
        {
            var uid = await s.AppendAsync(mailbox.Id);
            await CheckSameAsync(s, await view.RefreshAsync());
            await mailbox.SetFlagsAsync([new Uid(uid)], new FlagChange(FlagMode.Add, SystemFlags.Seen));
            await CheckSameAsync(s, await view.RefreshAsync());
            if (step % 3 == 2)
            {
                await s.DoAsync(new Expunge(mailbox.Id, [uid - 1], OnlyDeleted: false));
                await CheckSameAsync(s, await view.RefreshAsync());
            }
        }
    }

    private static async Task Hints_that_say_anything_do_no_harm(StoreProbe s)
    {
        var signal = new LocalChangeSignal();
        var (view, mailbox) = await OpenAsync(s, signal);
        await s.AppendAsync(mailbox.Id);
        foreach (var modSeq in new[] { 0L, 1L, long.MaxValue, view.State.AsOf.Value })
        {
            await signal.RaiseAsync(await s.AccountAsync(), new ChangeHint(new ModSeq(modSeq)));
            await CheckSameAsync(s, await view.RefreshAsync());
        }

        await signal.RaiseAsync(new AccountId("nobody"), new ChangeHint(new ModSeq(5)));
    }

    private static async Task A_hint_storm_ends_in_the_truth(StoreProbe s)
    {
        var signal = new LocalChangeSignal();
        var (view, mailbox) = await OpenAsync(s, signal);
        var account = await s.AccountAsync();
        var refreshes = new System.Collections.Concurrent.ConcurrentQueue<Task>();
        using var listener = view.OnHint(() => refreshes.Enqueue(view.RefreshAsync().AsTask()));
        await using var content = await s.StageAsync("x");
        var storm = StoreProbe.AllAtOnceAsync(4, async () =>
        {
            for (var i = 0; i < 2000; i++)
            {
                await signal.RaiseAsync(account, new ChangeHint(new ModSeq(i % 7)));
            }

            return true;
        });
        for (var i = 0; i < 40; i++)
        {
            await s.Store.CommitAsync([new ChangeBatch(account, [StoreProbe.Message(mailbox.Id, content)])], default);
            await Task.Yield();
        }

        await storm.WaitAsync(s.Target.Patience);
        await Task.WhenAll(refreshes).WaitAsync(s.Target.Patience);
        Check.That(refreshes.Count >= 8000, "A hint was lost that was not to be.");
        await CheckSameAsync(s, await view.RefreshAsync());
        Check.Equal(40, view.State.Count, "Rows shown");
    }

    private sealed class LostSignal : IChangeSignal
    {
        public IDisposable Listen(AccountId account, Action<ChangeHint> hint) => new MemoryStream();

        public ValueTask RaiseAsync(AccountId account, ChangeHint hint) => ValueTask.CompletedTask;
    }
}

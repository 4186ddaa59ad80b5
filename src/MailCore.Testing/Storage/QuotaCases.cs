using MailCore.Storage;
using static MailCore.Testing.Storage.MailStoreConformance;

namespace MailCore.Testing.Storage;

internal static class QuotaCases
{
    public static IEnumerable<ConformanceCase> All =>
    [
        Case(The_quota_is_exact_and_counts_prefixes, StoreTraits.Quota | StoreTraits.FaithfulContent),
        Case(Copies_count_and_moves_do_not, StoreTraits.Quota | StoreTraits.Mailboxes | StoreTraits.Copy | StoreTraits.FaithfulContent),
        Case(Expunges_and_deletes_free_what_they_took, StoreTraits.Quota | StoreTraits.Mailboxes | StoreTraits.FaithfulContent),
        Case(The_quota_counts_within_a_batch, StoreTraits.Quota | StoreTraits.FaithfulContent),
        Case(What_a_batch_frees_it_can_take_again, StoreTraits.Quota | StoreTraits.FaithfulContent),
        Case(A_quota_of_messages_is_exact_in_all_mailboxes_together, StoreTraits.Quota | StoreTraits.Mailboxes | StoreTraits.Copy),
        Case(Appends_that_race_do_not_pass_the_quota, StoreTraits.Quota | StoreTraits.FaithfulContent),
    ];

    private static async Task The_quota_is_exact_and_counts_prefixes(StoreProbe s)
    {
        var inbox = await s.InboxAsync();
        await s.DoAsync(new SetQuota(100));
        Check.Equal(100L, (await s.SnapshotAsync()).QuotaLimit, "Quota");
        await using var content = await s.StageAsync(new byte[60]);
        await s.RefusedAsync(CommitError.OverQuota, 0, StoreProbe.Message(inbox, content) with { Prefix = new byte[41] });
        await s.DoAsync(StoreProbe.Message(inbox, content) with { Prefix = new byte[40] });
        Check.Equal(100L, (await s.SnapshotAsync()).QuotaUsed, "Quota used");
        await using var octet = await s.StageAsync("x");
        await s.RefusedAsync(CommitError.OverQuota, 0, StoreProbe.Message(inbox, octet));
        await s.DoAsync(StoreProbe.Message(inbox, octet) with { IgnoreQuota = true });
        Check.Equal(101L, (await s.SnapshotAsync()).QuotaUsed, "Quota used");
        await using var nothing = await s.StageAsync("");
        await s.DoAsync(new SetQuota(null));
        Check.Equal(null, (await s.SnapshotAsync()).QuotaLimit, "Quota lifted");
        await s.DoAsync(StoreProbe.Message(inbox, content));
        await s.DoAsync(StoreProbe.Message(inbox, nothing));
    }

    private static async Task Copies_count_and_moves_do_not(StoreProbe s)
    {
        var (inbox, work) = (await s.InboxAsync(), await s.CreateAsync("Work"));
        await using var content = await s.StageAsync(new byte[60]);
        var uid = (await s.DoAsync(StoreProbe.Message(inbox, content))).NewUids[0];
        await s.DoAsync(new SetQuota(100));
        await s.RefusedAsync(CommitError.OverQuota, 0, new Copy(inbox, [uid], work, Move: false));
        await s.DoAsync(new Copy(inbox, [uid], work, Move: true));
        Check.Equal(60L, (await s.SnapshotAsync()).QuotaUsed, "Quota used");
    }

    private static async Task Expunges_and_deletes_free_what_they_took(StoreProbe s)
    {
        var (inbox, work) = (await s.InboxAsync(), await s.CreateAsync("Work"));
        await using var content = await s.StageAsync(new byte[60]);
        var uid = (await s.DoAsync(StoreProbe.Message(inbox, content))).NewUids[0];
        await s.DoAsync(StoreProbe.Message(work, content) with { Prefix = new byte[5] });
        Check.Equal(125L, (await s.SnapshotAsync()).QuotaUsed, "Quota used");
        await s.DoAsync(new Expunge(inbox, [uid], OnlyDeleted: false));
        Check.Equal(65L, (await s.SnapshotAsync()).QuotaUsed, "Quota used after the expunge");
        await s.DoAsync(new DeleteMailbox(work));
        Check.Equal(0L, (await s.SnapshotAsync()).QuotaUsed, "Quota used after the delete");
    }

    private static async Task The_quota_counts_within_a_batch(StoreProbe s)
    {
        var inbox = await s.InboxAsync();
        await s.DoAsync(new SetQuota(150));
        await using var content = await s.StageAsync(new byte[60]);
        await s.RefusedAsync(CommitError.OverQuota, 2, StoreProbe.Message(inbox, content), StoreProbe.Message(inbox, content), StoreProbe.Message(inbox, content));
        var two = await s.CommitAsync(StoreProbe.Message(inbox, content), StoreProbe.Message(inbox, content));
        Check.Equal(CommitError.None, two.Error, "Appending what fits");
    }

    private static async Task What_a_batch_frees_it_can_take_again(StoreProbe s)
    {
        var inbox = await s.InboxAsync();
        await s.DoAsync(new SetQuota(100, 1));
        await using var first = await s.StageAsync(new byte[60]);
        await using var larger = await s.StageAsync(new byte[100]);
        await using var tooLarge = await s.StageAsync(new byte[101]);
        var uid = (await s.DoAsync(StoreProbe.Message(inbox, first))).NewUids[0];
        await s.RefusedAsync(CommitError.OverQuota, 1, new Expunge(inbox, [uid], OnlyDeleted: false), StoreProbe.Message(inbox, tooLarge));
        Check.Equal(60L, (await s.SnapshotAsync()).QuotaUsed, "Quota used after the refusal");
        Check.Equal(CommitError.None, (await s.CommitAsync(new Expunge(inbox, [uid], OnlyDeleted: false), StoreProbe.Message(inbox, larger))).Error, "Replacing a message");
        Check.Equal((100L, 1L), ((await s.SnapshotAsync()).QuotaUsed, (await s.SnapshotAsync()).Messages), "Quota used");
    }

    private static async Task A_quota_of_messages_is_exact_in_all_mailboxes_together(StoreProbe s)
    {
        var (inbox, work) = (await s.InboxAsync(), await s.CreateAsync("Work"));
        await using var content = await s.StageAsync("x");
        var first = (await s.DoAsync(StoreProbe.Message(inbox, content))).NewUids[0];
        await s.DoAsync(new SetQuota(null, 3));
        Check.Equal((null, 3L), ((await s.SnapshotAsync()).QuotaLimit, (await s.SnapshotAsync()).MessageLimit), "Quota");
        await s.RefusedAsync(CommitError.OverQuota, 2, StoreProbe.Message(inbox, content), StoreProbe.Message(work, content), StoreProbe.Message(inbox, content));
        await s.DoAsync(StoreProbe.Message(work, content));
        await s.DoAsync(new Copy(inbox, [first], work, Move: false));
        await s.RefusedAsync(CommitError.OverQuota, 0, StoreProbe.Message(inbox, content));
        await s.RefusedAsync(CommitError.OverQuota, 0, new Copy(inbox, [first], work, Move: false));
        var moved = (await s.DoAsync(new Copy(inbox, [first], work, Move: true))).NewUids[0];
        await s.DoAsync(StoreProbe.Message(inbox, content) with { IgnoreQuota = true });
        Check.Equal(4L, (await s.SnapshotAsync()).Messages, "Messages");
        await s.DoAsync(new Expunge(work, [moved], OnlyDeleted: false));
        await s.RefusedAsync(CommitError.OverQuota, 0, StoreProbe.Message(inbox, content));
        await s.DoAsync(new DeleteMailbox(work));
        await s.DoAsync(StoreProbe.Message(inbox, content));
        await s.DoAsync(StoreProbe.Message(inbox, content));
        await s.RefusedAsync(CommitError.OverQuota, 0, StoreProbe.Message(inbox, content));
        await s.DoAsync(new SetQuota(1000));
        Check.Equal(null, (await s.SnapshotAsync()).MessageLimit, "Quota of messages lifted");
        await s.DoAsync(StoreProbe.Message(inbox, content));
    }

    private static async Task Appends_that_race_do_not_pass_the_quota(StoreProbe s)
    {
        var (inbox, account) = (await s.InboxAsync(), await s.AccountAsync());
        await using var content = await s.StageAsync(new byte[100]);
        for (var round = 1; round <= 10; round++)
        {
            await s.DoAsync(new SetQuota((await s.SnapshotAsync()).QuotaUsed + 350));
            var results = await StoreProbe.AllAtOnceAsync(8, async () =>
                (await s.Store.CommitAsync([new ChangeBatch(account, [StoreProbe.Message(inbox, content)])], default))[0].Error);
            Check.Equal(3, results.Count(static error => error == CommitError.None), "Appends of 100 octets accepted with 350 left");
            Check.Equal(5, results.Count(static error => error == CommitError.OverQuota), "Appends refused");
            Check.Equal(round * 300L, (await s.SnapshotAsync()).QuotaUsed, "Quota used");
        }
    }
}

using MailCore.Storage;
using static MailCore.Testing.Storage.MailStoreConformance;

namespace MailCore.Testing.Storage;

internal static class DeliveryKeyCases
{
    public static IEnumerable<ConformanceCase> All =>
    [
        Case(A_delivery_key_delivers_once),
        Case(A_delivery_key_is_remembered_for_seven_days),
        Case(A_delivery_key_is_remembered_when_its_message_is_gone),
        Case(A_delivery_key_counts_within_one_batch),
        Case(A_delivery_key_is_of_its_account),
        Case(Deliveries_that_race_deliver_once),
    ];

    private static async Task<AppendMessage> DeliveryAsync(StoreProbe s, StagedContent content, string key) =>
        StoreProbe.Message(await s.InboxAsync(), content) with { DeliveryKey = key };

    private static async Task A_delivery_key_delivers_once(StoreProbe s)
    {
        await using var content = await s.StageAsync("x");
        var first = await s.CommitAsync(await DeliveryAsync(s, content, "Q1 alice"));
        var second = await s.CommitAsync(await DeliveryAsync(s, content, "Q1 alice"));
        Check.Equal(CommitError.None, second.Error, "The second delivery");
        Check.That(second.ModSeq is null, "The second delivery has a ModSeq.");
        Check.Sequence(first.Changes[0].NewUids, second.Changes[0].NewUids, "UID of the second delivery");
        Check.Equal(first.Changes[0].UidValidity, second.Changes[0].UidValidity, "UIDVALIDITY of the second delivery");
        await s.CommitAsync(await DeliveryAsync(s, content, "Q1 ALICE"));
        Check.Equal(2L, (await s.FindAsync("INBOX")).Messages, "Messages");
    }

    private static async Task A_delivery_key_is_remembered_for_seven_days(StoreProbe s)
    {
        await using var content = await s.StageAsync("x");
        await s.DoAsync(await DeliveryAsync(s, content, "Q1"));
        for (var day = 0; day < 6; day++)
        {
            s.Target.Clock.Advance(TimeSpan.FromDays(1));
            await s.DoAsync(await DeliveryAsync(s, content, $"day {day}"));
        }

        s.Target.Clock.Advance(TimeSpan.FromDays(1) - TimeSpan.FromMinutes(1));
        await s.DoAsync(await DeliveryAsync(s, content, "Q1"));
        Check.Equal(7L, (await s.FindAsync("INBOX")).Messages, "Messages");
    }

    private static async Task A_delivery_key_is_remembered_when_its_message_is_gone(StoreProbe s)
    {
        var inbox = await s.InboxAsync();
        await using var content = await s.StageAsync("x");
        var uid = (await s.DoAsync(await DeliveryAsync(s, content, "Q1"))).NewUids[0];
        await s.DoAsync(new Expunge(inbox, [uid], OnlyDeleted: false));
        Check.Equal(0, (await s.DoAsync(await DeliveryAsync(s, content, "Q1"))).NewUids.Length, "UIDs of a delivery whose message is gone");
        Check.Equal(0L, (await s.FindAsync("INBOX")).Messages, "Messages");
    }

    private static async Task A_delivery_key_counts_within_one_batch(StoreProbe s)
    {
        await using var content = await s.StageAsync("x");
        var result = await s.CommitAsync(await DeliveryAsync(s, content, "Q1"), await DeliveryAsync(s, content, "Q1"), await DeliveryAsync(s, content, "Q2"));
        Check.Sequence(result.Changes[0].NewUids, result.Changes[1].NewUids, "UID of the second delivery");
        Check.Equal(2L, (await s.FindAsync("INBOX")).Messages, "Messages");
        var account = await s.AccountAsync();
        ChangeBatch batch = new(account, [await DeliveryAsync(s, content, "Q3")]);
        var results = await s.Store.CommitAsync([batch, batch], default);
        Check.Sequence(results[0].Changes[0].NewUids, results[1].Changes[0].NewUids, "UID of the second batch");
        Check.Equal(3L, (await s.FindAsync("INBOX")).Messages, "Messages");
    }

    private static async Task A_delivery_key_is_of_its_account(StoreProbe s)
    {
        var bob = await s.NewAccountAsync("bob@example.org");
        await using var content = await s.StageAsync("x");
        await using var second = await s.StageAsync("y");
        await s.DoAsync(await DeliveryAsync(s, content, "Q1"));
        var theirs = (await s.FindAsync("INBOX", bob)).Id;
        await s.Store.CommitAsync([new ChangeBatch(bob, [StoreProbe.Message(theirs, second) with { DeliveryKey = "Q1" }])], default);
        Check.Equal(1L, (await s.FindAsync("INBOX", bob)).Messages, "Messages of the other account");
    }

    private static async Task Deliveries_that_race_deliver_once(StoreProbe s)
    {
        var (inbox, account) = (await s.InboxAsync(), await s.AccountAsync());
        for (var round = 0; round < 5; round++)
        {
            var results = await StoreProbe.AllAtOnceAsync(16, async () =>
            {
                await using var content = await s.StageAsync("the same again");
                ChangeBatch batch = new(account, [StoreProbe.Message(inbox, content) with { DeliveryKey = $"round {round}" }]);
                return (await s.Store.CommitAsync([batch], default))[0];
            });
            Check.That(results.All(static result => result.Error == CommitError.None), "A delivery failed.");
            Check.Equal(1, results.Select(static result => result.Changes[0].NewUids.Only()).Distinct().Count(), "Different UIDs of one delivery");
            Check.Equal(round + 1L, (await s.FindAsync("INBOX")).Messages, "Messages");
        }
    }
}

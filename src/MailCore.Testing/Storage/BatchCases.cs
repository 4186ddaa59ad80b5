using MailCore.Storage;
using static MailCore.Testing.Storage.MailStoreConformance;

namespace MailCore.Testing.Storage;

internal static class BatchCases
{
    public static IEnumerable<ConformanceCase> All =>
    [
        Case(A_batch_has_one_modseq),
        Case(Each_batch_has_a_modseq_of_its_own),
        Case(A_failing_change_takes_the_whole_batch_with_it, StoreTraits.Copy | StoreTraits.Keywords | StoreTraits.Mailboxes),
        Case(A_failing_batch_takes_no_other_with_it),
        Case(An_error_names_the_first_change_that_fails, StoreTraits.Mailboxes),
        Case(Changes_see_those_before_them, StoreTraits.Copy | StoreTraits.Import),
        Case(An_empty_batch_and_no_batch_do_nothing),
        Case(Accounts_do_not_see_each_other, StoreTraits.Mailboxes),
        Case(A_cancelled_commit_throws_or_happens),
    ];

    private static async Task A_batch_has_one_modseq(StoreProbe s)
    {
        var inbox = await s.InboxAsync();
        var old = await s.AppendAsync(inbox);
        await using var content = await s.StageAsync("x");
        var result = await s.CommitAsync(
            StoreProbe.Message(inbox, content), new SetFlags(inbox, [old], FlagMode.Add, SystemFlags.Seen, [], null), StoreProbe.Message(inbox, content));
        var load = await s.LoadAsync(inbox);
        Check.That(load.Rows.All(row => row.ModSeq == result.ModSeq), "Rows of one batch have several ModSeqs.");
        Check.Equal(result.ModSeq, load.AsOf, "AsOf after the batch");
        StoreProbe.CheckAscending([result.Changes[0].NewUids[0], result.Changes[2].NewUids[0]], "UIDs in the order of the changes");
    }

    private static async Task Each_batch_has_a_modseq_of_its_own(StoreProbe s)
    {
        var (inbox, account) = (await s.InboxAsync(), await s.AccountAsync());
        await using var content = await s.StageAsync("x");
        var before = (await s.SnapshotAsync()).AsOf;
        var results = await s.Store.CommitAsync([.. Enumerable.Range(0, 5).Select(_ => new ChangeBatch(account, [StoreProbe.Message(inbox, content)]))], default);
        Check.Equal(5, results.Count, "Results");
        var last = before;
        foreach (var result in results)
        {
            var modSeq = result.ModSeq ?? throw new ConformanceException("An append has no ModSeq.");
            Check.That(modSeq > last, $"ModSeq {modSeq} of a batch follows {last}.");
            last = modSeq;
        }

        Check.Sequence(results.Select(static result => result.ModSeq!.Value), (await s.LoadAsync(inbox)).Rows.Select(static row => row.ModSeq), "ModSeqs of the rows");
    }

    private static async Task A_failing_change_takes_the_whole_batch_with_it(StoreProbe s)
    {
        var inbox = await s.InboxAsync();
        var uids = await s.AppendManyAsync(inbox, 3);
        var content = await s.StageAsync("never stored");
        var load = await s.LoadAsync(inbox);
        await s.RefusedAsync(
            CommitError.NoMailbox,
            5,
            StoreProbe.Message(inbox, content, SystemFlags.None, "new-keyword") with { DeliveryKey = "failed" },
            new SetFlags(inbox, [uids[0]], FlagMode.Add, SystemFlags.Deleted, ["another-keyword"], null),
            new Expunge(inbox, [uids[0]], OnlyDeleted: true),
            new Copy(inbox, [uids[1]], inbox, Move: true),
            new Subscribe("Somewhere", true),
            StoreProbe.Message(new MailboxId("no-such-mailbox"), content));
        Check.Sequence(load.Rows, (await s.LoadAsync(inbox)).Rows, "Rows after a rejected batch");
        Check.Equal(0, (await s.ChangesAsync(load.AsOf)).Mailboxes.Count, "Mailboxes in the feed after a rejected batch");
        Check.That(!(await s.ReadOneAsync(inbox, uids[0])).Expunged, "A rejected batch expunged.");

        var id = content.Id;
        await content.DisposeAsync();
        Check.That(await s.Store.OpenContentAsync(id, default) is null, "Content of a rejected append can be opened after its disposal.");
        Check.That(await s.AppendAsync(inbox) > uids[^1], "UIDs went back.");

        // The key was not used up.
        await using var again = await s.StageAsync("stored");
        Check.Equal(1, (await s.DoAsync(StoreProbe.Message(inbox, again) with { DeliveryKey = "failed" })).NewUids.Length, "UIDs given to the second attempt");
        Check.Equal(5L, (await s.FindAsync("INBOX")).Messages, "Messages after the second attempt");
    }

    private static async Task A_failing_batch_takes_no_other_with_it(StoreProbe s)
    {
        var (inbox, account) = (await s.InboxAsync(), await s.AccountAsync());
        await using var content = await s.StageAsync("x");
        ChangeBatch good = new(account, [StoreProbe.Message(inbox, content)]);
        ChangeBatch bad = new(account, [StoreProbe.Message(inbox, content), StoreProbe.Message(new MailboxId("no-such-mailbox"), content)]);
        var results = await s.Store.CommitAsync([good, bad, good, bad], default);
        Check.Sequence(
            [CommitError.None, CommitError.NoMailbox, CommitError.None, CommitError.NoMailbox], results.Select(static result => result.Error), "Results");
        Check.Sequence(
            [results[0].Changes[0].NewUids[0], results[2].Changes[0].NewUids[0]], (await s.LoadAsync(inbox)).Uids, "UIDs");
    }

    private static async Task An_error_names_the_first_change_that_fails(StoreProbe s)
    {
        var inbox = await s.InboxAsync();
        var nowhere = new MailboxId("no-such-mailbox");
        for (var failing = 0; failing < 4; failing++)
        {
            StoreChange[] changes = [.. Enumerable.Repeat<StoreChange>(new Subscribe("Name", true), 4)];
            changes[failing] = new Expunge(nowhere, [1], OnlyDeleted: false);
            changes[3] = failing == 3 ? changes[3] : new ClaimRecent(nowhere);
            await s.RefusedAsync(CommitError.NoMailbox, failing, changes);
        }

        Check.That((await s.CommitAsync(new ClaimRecent(inbox))).Error == CommitError.None, "Nothing can be committed after rejected batches.");
    }

    private static async Task Changes_see_those_before_them(StoreProbe s)
    {
        var inbox = await s.InboxAsync();
        var next = (await s.FindAsync("INBOX")).UidNext.Value;
        await using var content = await s.StageAsync("x");
        var result = await s.CommitAsync(
            StoreProbe.Message(inbox, content) with { KeepUid = new Uid(next) },
            new SetFlags(inbox, [next], FlagMode.Add, SystemFlags.Deleted, [], null),
            new Copy(inbox, [next], inbox, Move: false),
            new Expunge(inbox, [next], OnlyDeleted: true));
        Check.Equal(CommitError.None, result.Error, "The batch");
        Check.Sequence([next], result.Changes[1].SourceUids, "Rows flagged");
        Check.Sequence([next], result.Changes[3].SourceUids, "Rows expunged");
        var load = await s.LoadAsync(inbox);
        Check.Sequence(result.Changes[2].NewUids, load.Uids, "Rows left");
        Check.Equal(SystemFlags.Deleted, load.Rows[0].Flags, "Flags of the copy");
    }

    private static async Task An_empty_batch_and_no_batch_do_nothing(StoreProbe s)
    {
        await s.InboxAsync();
        var before = (await s.SnapshotAsync()).AsOf;
        var result = await s.CommitAsync();
        Check.That(result.Error == CommitError.None && result.ModSeq is null, "An empty batch fails or has a ModSeq.");
        Check.Equal(0, (await s.Store.CommitAsync([], default)).Count, "Results for no batch");
        Check.Equal(before, (await s.SnapshotAsync()).AsOf, "ModSeq");
    }

    private static async Task Accounts_do_not_see_each_other(StoreProbe s)
    {
        var inbox = await s.InboxAsync();
        var uid = await s.AppendAsync(inbox);
        var bob = await s.NewAccountAsync("bob@example.org");
        Check.Equal(0L, (await s.FindAsync("INBOX", bob)).Messages, "Messages of another account");
        Check.That(await (await s.OpenAsync(bob)).LoadAsync(inbox, default) is null, "An account can load another's mailbox.");
        Check.Equal(0, (await (await s.OpenAsync(bob)).ReadAsync(inbox, new[] { new Uid(uid) }, MessageFields.All, default)).Count, "Rows of another account");
        var results = await s.Store.CommitAsync([new ChangeBatch(bob, [new Expunge(inbox, [uid], OnlyDeleted: false)])], default);
        Check.Equal(CommitError.NoMailbox, results[0].Error, "Expunging another account's message");

        // Ids that differ in case are different accounts.
        var shouting = await s.NewAccountAsync("BOB@example.org");
        var before = (await s.SnapshotAsync(bob)).AsOf;
        await s.Store.CommitAsync([new ChangeBatch(shouting, [new Subscribe("Mine", true)])], default);
        Check.Equal(before, (await s.SnapshotAsync(bob)).AsOf, "ModSeq of another account");
        Check.Equal(0, (await s.SnapshotAsync(bob)).Subscriptions.Count, "Subscriptions of another account");
    }

    private static async Task A_cancelled_commit_throws_or_happens(StoreProbe s)
    {
        var inbox = await s.InboxAsync();
        await using var content = await s.StageAsync("x");
        var done = 0L;
        for (var i = 0; i < 20; i++)
        {
            using var cancel = new CancellationTokenSource();
            var commit = s.Store.CommitAsync([new ChangeBatch(await s.AccountAsync(), [StoreProbe.Message(inbox, content)])], cancel.Token).AsTask();
            await cancel.CancelAsync();
            try
            {
                done += (await commit)[0].Changes.Count;
            }
            catch (OperationCanceledException)
            {
                // Whether it happened is known only by looking.
                done = (await s.FindAsync("INBOX")).Messages;
            }
        }

        Check.Equal(done, (await s.FindAsync("INBOX")).Messages, "Messages");
    }
}

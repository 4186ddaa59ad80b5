using MailCore.Storage;
using static MailCore.Testing.Storage.MailStoreConformance;

namespace MailCore.Testing.Storage;

internal static class FlagCases
{
    public static IEnumerable<ConformanceCase> All =>
    [
        Case(Flags_are_added_removed_and_replaced, StoreTraits.Keywords),
        Case(Flags_already_as_asked_change_nothing),
        Case(Rows_changed_since_are_refused_and_left_alone),
        Case(A_row_changed_in_the_same_batch_is_newer_than_its_predecessor),
        Case(Keywords_compare_without_case_and_keep_their_first_spelling, StoreTraits.Keywords),
        Case(A_mailbox_has_56_keywords_and_not_one_more, StoreTraits.Keywords | StoreTraits.Mailboxes),
        Case(Uids_that_do_not_exist_are_passed_over),
        Case(Claiming_recent_gives_each_message_to_one_claimer),
    ];

    private static async Task Flags_are_added_removed_and_replaced(StoreProbe s)
    {
        var inbox = await s.InboxAsync();
        var uid = await s.AppendAsync(inbox, SystemFlags.Seen, "one");
        var other = await s.AppendAsync(inbox, SystemFlags.Draft, "two");

        await s.DoAsync(new SetFlags(inbox, [uid], FlagMode.Add, SystemFlags.Deleted, ["three"], null));
        await ExpectAsync(SystemFlags.Seen | SystemFlags.Deleted, "one", "three");
        await s.DoAsync(new SetFlags(inbox, [uid], FlagMode.Remove, SystemFlags.Seen, ["one", "never-seen"], null));
        await ExpectAsync(SystemFlags.Deleted, "three");
        await s.DoAsync(new SetFlags(inbox, [uid], FlagMode.Replace, SystemFlags.Answered, ["two"], null));
        await ExpectAsync(SystemFlags.Answered, "two");
        await s.DoAsync(new SetFlags(inbox, [uid], FlagMode.Replace, SystemFlags.None, [], null));
        await ExpectAsync(SystemFlags.None);
        var load = await s.LoadAsync(inbox);
        Check.Equal(SystemFlags.Draft, load.Row(other).Flags, "Flags of the other message");
        Check.Sequence(["two"], load.KeywordsOf(load.Row(other)), "Keywords of the other message");

        async Task ExpectAsync(SystemFlags flags, params string[] keywords)
        {
            var now = await s.LoadAsync(inbox);
            Check.Equal(flags, now.Row(uid).Flags, "Flags");
            Check.Sequence(keywords, now.KeywordsOf(now.Row(uid)), "Keywords");
            StoreProbe.Verify(now);
        }
    }

    private static async Task Flags_already_as_asked_change_nothing(StoreProbe s)
    {
        var inbox = await s.InboxAsync();
        var seen = await s.AppendAsync(inbox, SystemFlags.Seen);
        var unseen = await s.AppendAsync(inbox);
        var before = (await s.LoadAsync(inbox)).Row(seen);
        var idle = await s.CommitAsync(new SetFlags(inbox, [seen], FlagMode.Add, SystemFlags.Seen, [], null));
        Check.Equal(CommitError.None, idle.Error, "Setting a flag that is set");
        Check.That(idle.ModSeq is null, "Setting a flag that is set has a ModSeq.");
        Check.Equal(0, idle.Changes[0].SourceUids.Length, "Rows altered by setting a flag that is set");
        var both = await s.DoAsync(new SetFlags(inbox, [seen, unseen], FlagMode.Add, SystemFlags.Seen, [], null));
        Check.Sequence([unseen], both.SourceUids, "Rows altered");
        Check.Equal(before, (await s.LoadAsync(inbox)).Row(seen), "The row that had the flag");
    }

    private static async Task Rows_changed_since_are_refused_and_left_alone(StoreProbe s)
    {
        var inbox = await s.InboxAsync();
        var (first, second, third) = (await s.AppendAsync(inbox), await s.AppendAsync(inbox), await s.AppendAsync(inbox));
        var asOf = (await s.LoadAsync(inbox)).AsOf;
        await s.DoAsync(new SetFlags(inbox, [second], FlagMode.Add, SystemFlags.Flagged, [], null));
        var result = await s.DoAsync(new SetFlags(inbox, [first, second, third], FlagMode.Add, SystemFlags.Seen, [], asOf));
        Check.Sequence([second], result.Refused, "Rows refused");
        Check.Sequence([first, third], result.SourceUids.Order(), "Rows altered");
        Check.Equal(SystemFlags.Flagged, (await s.LoadAsync(inbox)).Row(second).Flags, "Flags of the row refused");

        // Even when the flags are as asked: the client's idea of the row is old.
        var again = await s.DoAsync(new SetFlags(inbox, [second], FlagMode.Add, SystemFlags.Flagged, [], asOf));
        Check.Sequence([second], again.Refused, "Rows refused");
    }

    private static async Task A_row_changed_in_the_same_batch_is_newer_than_its_predecessor(StoreProbe s)
    {
        var inbox = await s.InboxAsync();
        var uid = await s.AppendAsync(inbox);
        var asOf = (await s.LoadAsync(inbox)).AsOf;
        var result = await s.CommitAsync(
            new SetFlags(inbox, [uid], FlagMode.Add, SystemFlags.Seen, [], asOf),
            new SetFlags(inbox, [uid], FlagMode.Add, SystemFlags.Flagged, [], asOf));
        Check.Sequence([uid], result.Changes[1].Refused, "Rows refused by the second change");
        Check.Equal(SystemFlags.Seen, (await s.LoadAsync(inbox)).Row(uid).Flags, "Flags");
    }

    private static async Task Keywords_compare_without_case_and_keep_their_first_spelling(StoreProbe s)
    {
        var inbox = await s.InboxAsync();
        var first = await s.AppendAsync(inbox, SystemFlags.None, "$Junk");
        var second = await s.AppendAsync(inbox, SystemFlags.None, "$JUNK");
        await s.DoAsync(new SetFlags(inbox, [second], FlagMode.Add, SystemFlags.None, ["Other", "$junk"], null));
        var load = await s.LoadAsync(inbox);
        Check.Sequence(["$Junk", "Other"], load.Info.Keywords, "Keywords of the mailbox");
        Check.Sequence(["$Junk"], load.KeywordsOf(load.Row(first)), "Keywords of the first message");
        await s.DoAsync(new SetFlags(inbox, [first], FlagMode.Remove, SystemFlags.None, ["$jUNK"], null));
        load = await s.LoadAsync(inbox);
        Check.Equal(0, load.KeywordsOf(load.Row(first)).Count(), "Keywords left");
    }

    private static async Task A_mailbox_has_56_keywords_and_not_one_more(StoreProbe s)
    {
        var inbox = await s.InboxAsync();
        string[] names = [.. Enumerable.Range(0, StorageLimits.KeywordsPerMailbox).Select(static i => $"keyword{i}")];
        var uid = await s.AppendAsync(inbox, SystemFlags.None, names[..30]);
        await s.DoAsync(new SetFlags(inbox, [uid], FlagMode.Add, SystemFlags.None, names[30..], null));
        var load = await s.LoadAsync(inbox);
        Check.Sequence(names, load.KeywordsOf(load.Row(uid)), "Keywords of a message that has all there can be");
        await s.RefusedAsync(CommitError.KeywordLimit, 0, new SetFlags(inbox, [uid], FlagMode.Add, SystemFlags.Seen, ["keyword56"], null));
        await using var content = await s.StageAsync("x");
        await s.RefusedAsync(
            CommitError.KeywordLimit, 1, new SetFlags(inbox, [uid], FlagMode.Add, SystemFlags.Seen, [], null), StoreProbe.Message(inbox, content, SystemFlags.None, "one-more"));
        var other = await s.CreateAsync("Other");
        await s.AppendAsync(other, SystemFlags.None, "a-keyword-of-its-own");
    }

    private static async Task Uids_that_do_not_exist_are_passed_over(StoreProbe s)
    {
        var inbox = await s.InboxAsync();
        var uid = await s.AppendAsync(inbox);
        var gone = await s.AppendAsync(inbox);
        await s.DoAsync(new Expunge(inbox, [gone], OnlyDeleted: false));
        var result = await s.DoAsync(new SetFlags(inbox, [uint.MaxValue, gone, uid], FlagMode.Add, SystemFlags.Seen, [], null));
        Check.Sequence([uid], result.SourceUids, "Rows altered");
        Check.Equal(0, result.Refused.Length, "Rows refused");
        var nothing = await s.CommitAsync(new SetFlags(inbox, [gone], FlagMode.Add, SystemFlags.Seen, [], null), new Expunge(inbox, [gone, 7777], false));
        Check.Equal(CommitError.None, nothing.Error, "Changes of rows that are not there");
        Check.That(nothing.ModSeq is null, "Changes of rows that are not there have a ModSeq.");
        await s.RefusedAsync(CommitError.NoMailbox, 0, new SetFlags(new MailboxId("no-such-mailbox"), [1], FlagMode.Add, SystemFlags.Seen, [], null));
    }

    private static async Task Claiming_recent_gives_each_message_to_one_claimer(StoreProbe s)
    {
        var inbox = await s.InboxAsync();
        var first = await s.AppendAsync(inbox);
        await s.AppendAsync(inbox);
        var before = await s.SnapshotAsync();
        var claim = await s.CommitAsync(new ClaimRecent(inbox));
        Check.That(claim.ModSeq is null, "ClaimRecent has a ModSeq.");
        Check.That(claim.Changes[0].RecentFrom.Value <= first, $"Recent from {claim.Changes[0].RecentFrom} on leaves out UID {first}.");
        Check.Equal(before.AsOf, (await s.SnapshotAsync()).AsOf, "ModSeq after ClaimRecent");
        var next = (await s.FindAsync("INBOX")).UidNext;
        Check.Equal(next, (await s.DoAsync(new ClaimRecent(inbox))).RecentFrom, "Recent of the second claimer");
        Check.Equal(next, (await s.FindAsync("INBOX")).RecentFrom, "RecentFrom of the mailbox");
        var third = await s.AppendAsync(inbox);
        Check.That((await s.DoAsync(new ClaimRecent(inbox))).RecentFrom.Value <= third, "A new message is not recent.");

        // Of many who claim at once one gets it.
        var last = await s.AppendAsync(inbox);
        var account = await s.AccountAsync();
        var claims = await StoreProbe.AllAtOnceAsync(8, async () =>
            (await s.Store.CommitAsync([new ChangeBatch(account, [new ClaimRecent(inbox)])], default))[0].Changes[0].RecentFrom);
        Check.Equal(1, claims.Count(from => from.Value <= last), "Claimers that got one message");
    }
}

using MailCore.Storage;
using static MailCore.Testing.Storage.MailStoreConformance;

namespace MailCore.Testing.Storage;

internal static class FeedCases
{
    public static IEnumerable<ConformanceCase> All =>
    [
        Case(Nothing_changed_is_an_empty_answer),
        Case(A_row_is_in_the_feed_once_and_as_it_is_now),
        Case(A_scope_leaves_other_mailboxes_out, StoreTraits.Mailboxes),
        Case(Highestmodseq_is_of_the_mailbox_and_modseq_of_the_account, StoreTraits.Mailboxes),
        Case(Past_the_limit_the_answer_is_truncated_and_never_a_page),
        Case(Every_earlier_modseq_can_be_asked_from),
        Case(A_question_from_long_ago_is_answered_exactly_or_truncated),
        Case(A_new_keyword_comes_with_its_row, StoreTraits.Keywords),
    ];

    private static async Task Nothing_changed_is_an_empty_answer(StoreProbe s)
    {
        var inbox = await s.InboxAsync();
        await s.AppendAsync(inbox);
        var asOf = (await s.SnapshotAsync()).AsOf;
        foreach (var scope in new MailboxId?[] { null, inbox })
        {
            var changes = await s.ChangesAsync(asOf, scope, limit: 0);
            Check.Equal(asOf, changes.AsOf, "AsOf");
            Check.That(!changes.Truncated && !changes.StructureChanged, "Nothing changed, and the feed says something.");
            Check.Equal(0, changes.Mailboxes.Count + changes.Removed.Count, "Mailboxes in the feed");
            Check.That(changes.OldestKept <= asOf, $"OldestKept {changes.OldestKept} is past {asOf}.");
        }

        Check.Equal(asOf, (await s.ChangesAsync(asOf, new MailboxId("no-such-mailbox"))).AsOf, "AsOf for a mailbox that never was");
    }

    private static async Task A_row_is_in_the_feed_once_and_as_it_is_now(StoreProbe s)
    {
        var inbox = await s.InboxAsync();
        var old = await s.AppendManyAsync(inbox, 3);
        var asOf = (await s.SnapshotAsync()).AsOf;
        var uid = await s.AppendAsync(inbox);
        await s.DoAsync(new SetFlags(inbox, [uid, old[1]], FlagMode.Add, SystemFlags.Seen, [], null));
        await s.DoAsync(new SetFlags(inbox, [uid], FlagMode.Replace, SystemFlags.Flagged, [], null));
        var changes = await s.ChangesAsync(asOf);
        var rows = new List<MailboxRow>();
        StoreProbe.AddRows(changes.Mailboxes.Only().Changed, rows);
        var load = await s.LoadAsync(inbox);
        Check.Sequence([load.Row(old[1]), load.Row(uid)], rows, "Rows changed");
        Check.Equal(load.AsOf, changes.AsOf, "AsOf of the feed against the load's");
        Check.Equal(load.Info.HighestModSeq, changes.Mailboxes[0].Info.HighestModSeq, "HighestModSeq of the feed against the load's");
    }

    private static async Task A_scope_leaves_other_mailboxes_out(StoreProbe s)
    {
        var (inbox, work) = (await s.InboxAsync(), await s.CreateAsync("Work"));
        var asOf = (await s.SnapshotAsync()).AsOf;
        await s.AppendManyAsync(inbox, 20);
        var uid = await s.AppendAsync(work);

        // The other mailbox's rows don't count against the limit either.
        var changes = await s.ChangesAsync(asOf, work, limit: 1);
        Check.That(!changes.Truncated, "Rows of another mailbox count against the limit.");
        Check.Sequence([work], changes.Mailboxes.Select(static delta => delta.Info.Id), "Mailboxes in the feed");
        Check.Sequence([uid], changes.Mailboxes[0].Changed.Uids, "Rows changed");
        Check.Equal((await s.SnapshotAsync()).AsOf, changes.AsOf, "AsOf");
        Check.Equal(2, (await s.ChangesAsync(asOf)).Mailboxes.Count, "Mailboxes in the feed of all");
    }

    private static async Task Highestmodseq_is_of_the_mailbox_and_modseq_of_the_account(StoreProbe s)
    {
        var (inbox, work) = (await s.InboxAsync(), await s.CreateAsync("Work"));
        await s.AppendAsync(inbox);
        var before = (await s.FindAsync("INBOX")).HighestModSeq;
        var result = await s.CommitAsync(new CreateMailbox("Play"));
        await s.AppendAsync(work);
        Check.Equal(before, (await s.FindAsync("INBOX")).HighestModSeq, "HighestModSeq of a mailbox that did not change");
        var asOf = (await s.SnapshotAsync()).AsOf;
        Check.Equal(asOf, (await s.FindAsync("Work")).HighestModSeq, "HighestModSeq of the mailbox that changed last");
        Check.That(asOf > result.ModSeq, "ModSeq of the account did not grow.");
        Check.Equal(asOf, (await s.LoadAsync(inbox)).AsOf, "AsOf of a load");
    }

    private static async Task Past_the_limit_the_answer_is_truncated_and_never_a_page(StoreProbe s)
    {
        var inbox = await s.InboxAsync();
        var old = await s.AppendManyAsync(inbox, 10);
        var asOf = (await s.SnapshotAsync()).AsOf;
        await s.AppendManyAsync(inbox, 5);
        await s.DoAsync(new Expunge(inbox, old[..4], OnlyDeleted: false));
        await s.DoAsync(new SetFlags(inbox, [old[9]], FlagMode.Add, SystemFlags.Seen, [], null));
        foreach (var scope in new MailboxId?[] { null, inbox })
        {
            var whole = await s.ChangesAsync(asOf, scope, limit: 10);
            Check.That(!whole.Truncated, "Ten changed rows pass a limit of ten.");
            Check.Equal(6, whole.Mailboxes.Only().Changed.Count, "Rows changed");
            Check.Equal(4, whole.Mailboxes.Only().Vanished.Length, "Rows vanished");
            var cut = await s.ChangesAsync(asOf, scope, limit: 5);
            Check.That(cut.Truncated, "Ten changed rows do not pass a limit of five.");
            Check.Equal(whole.AsOf, cut.AsOf, "AsOf of a truncated answer");
        }
    }

    private static async Task Every_earlier_modseq_can_be_asked_from(StoreProbe s)
    {
        var (inbox, random) = (await s.InboxAsync(), new Random(4711));
        var mirrors = new List<FeedMirror>();
        for (var step = 0; step < 40; step++)
        {
            var mirror = new FeedMirror();
            mirror.Apply(await s.ChangesAsync(default, null, int.MaxValue));
            mirrors.Add(mirror);
            uint[] uids = [.. (await s.LoadAsync(inbox)).Uids.Where(_ => random.Next(3) == 0)];
            if (random.Next(2) == 0)
            {
                await s.AppendManyAsync(inbox, 3);
            }
            else if (random.Next(2) == 0)
            {
                await s.DoAsync(new SetFlags(inbox, uids, FlagMode.Replace, (SystemFlags)random.Next(32), [], null));
            }
            else
            {
                await s.DoAsync(new Expunge(inbox, uids, OnlyDeleted: false));
            }
        }

        var load = await s.LoadAsync(inbox);
        foreach (var mirror in mirrors)
        {
            mirror.Apply(await s.ChangesAsync(mirror.AsOf, null, int.MaxValue));
            mirror.CheckSame(load);
        }
    }

    private static async Task A_question_from_long_ago_is_answered_exactly_or_truncated(StoreProbe s)
    {
        var inbox = await s.InboxAsync();
        var uids = await s.AppendManyAsync(inbox, 30);
        var mirrors = new List<FeedMirror>();
        for (var step = 0; step < 12; step++)
        {
            mirrors.Add(FeedMirror.From(await s.LoadAsync(inbox)));
            await s.DoAsync(new Expunge(inbox, uids[(2 * step)..(2 * step + 2)], OnlyDeleted: false));
            s.Target.Clock.Advance(TimeSpan.FromDays(7));
            await s.AppendAsync(inbox);
        }

        // The mirror of each step is in turn a client that comes back after so many weeks.
        foreach (var mirror in mirrors)
        {
            var (before, changes, load) = (mirror.AsOf, await s.ChangesAsync(mirror.AsOf, inbox), await s.LoadAsync(inbox));
            Check.Equal(load.AsOf, changes.AsOf, "AsOf");
            if (changes.Truncated)
            {
                Check.That(before < changes.OldestKept, $"The feed is truncated from {before} and says that it is kept from {changes.OldestKept}.");
                var reloaded = FeedMirror.From(load);
                await s.AppendAsync(inbox);
                reloaded.Apply(await s.ChangesAsync(load.AsOf, inbox));
                reloaded.CheckSame(await s.LoadAsync(inbox));
            }
            else
            {
                mirror.Apply(changes);
                mirror.CheckSame(load);
            }
        }
    }

    private static async Task A_new_keyword_comes_with_its_row(StoreProbe s)
    {
        var inbox = await s.InboxAsync();
        var uid = await s.AppendAsync(inbox, SystemFlags.None, "first");
        var asOf = (await s.SnapshotAsync()).AsOf;
        await s.DoAsync(new SetFlags(inbox, [uid], FlagMode.Add, SystemFlags.None, ["second"], null));
        var delta = (await s.ChangesAsync(asOf)).Mailboxes.Only();
        Check.Sequence(["first", "second"], delta.Info.Keywords, "Keywords in the feed");
        Check.Equal(0b11UL, delta.Changed.Flags.Only() >> 8, "Keyword bits of the row");
    }
}

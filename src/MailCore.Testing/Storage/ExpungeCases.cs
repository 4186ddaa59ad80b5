using MailCore.Storage;
using static MailCore.Testing.Storage.MailStoreConformance;

namespace MailCore.Testing.Storage;

internal static class ExpungeCases
{
    public static IEnumerable<ConformanceCase> All =>
    [
        Case(Only_deleted_is_judged_inside_the_commit),
        Case(An_expunge_of_anything_asks_no_flag),
        Case(The_feed_names_every_uid_that_vanished),
        Case(A_message_that_came_and_left_between_two_questions_is_named),
        Case(Rows_and_content_of_expunged_messages_stay_readable_for_35_minutes),
        Case(Rows_and_content_of_a_deleted_mailbox_stay_readable_for_35_minutes, StoreTraits.Mailboxes),
        Case(An_open_reader_outlives_the_message),
        Case(Content_stays_while_any_row_names_it, StoreTraits.Copy),
    ];

    private static async Task Only_deleted_is_judged_inside_the_commit(StoreProbe s)
    {
        var inbox = await s.InboxAsync();
        var kept = await s.AppendAsync(inbox, SystemFlags.Deleted);
        var gone = await s.AppendAsync(inbox, SystemFlags.Deleted | SystemFlags.Seen);
        var never = await s.AppendAsync(inbox);

        // Another session takes the flag away after this one looked and before it expunges.
        await s.DoAsync(new SetFlags(inbox, [kept], FlagMode.Remove, SystemFlags.Deleted, [], null));
        var result = await s.DoAsync(new Expunge(inbox, [kept, gone, never], OnlyDeleted: true));
        Check.Sequence([gone], result.SourceUids, "Rows expunged");
        Check.Sequence([kept, never], (await s.LoadAsync(inbox)).Uids, "Rows left");
    }

    private static async Task An_expunge_of_anything_asks_no_flag(StoreProbe s)
    {
        var inbox = await s.InboxAsync();
        var uids = await s.AppendManyAsync(inbox, 4);
        var result = await s.CommitAsync(new Expunge(inbox, [uids[3], uids[1]], OnlyDeleted: false));
        Check.Sequence([uids[1], uids[3]], result.Changes[0].SourceUids.Order(), "Rows expunged");
        var load = await s.LoadAsync(inbox);
        Check.Sequence([uids[0], uids[2]], load.Uids, "Rows left");
        Check.Equal(result.ModSeq, load.Info.HighestModSeq, "HighestModSeq after an expunge");
    }

    private static async Task The_feed_names_every_uid_that_vanished(StoreProbe s)
    {
        var inbox = await s.InboxAsync();
        var uids = await s.AppendManyAsync(inbox, 300);
        var steps = new List<(ModSeq AsOf, uint[] Left)>();
        foreach (var group in uids.Chunk(30))
        {
            steps.Add(((await s.SnapshotAsync()).AsOf, [.. (await s.LoadAsync(inbox)).Uids]));
            await s.DoAsync(new Expunge(inbox, [.. group.Where(static uid => uid % 7 != 0)], OnlyDeleted: false));
        }

        var end = (await s.LoadAsync(inbox)).Uids.ToHashSet();
        foreach (var (asOf, left) in steps)
        {
            var delta = (await s.ChangesAsync(asOf, inbox)).Mailboxes.Only();
            Check.Sequence(left.Where(uid => !end.Contains(uid)), delta.Vanished, $"UIDs vanished since {asOf}");
            Check.Equal(0, delta.Changed.Count, "Rows changed");
        }
    }

    private static async Task A_message_that_came_and_left_between_two_questions_is_named(StoreProbe s)
    {
        var inbox = await s.InboxAsync();
        var asOf = (await s.SnapshotAsync()).AsOf;
        var uid = await s.AppendAsync(inbox);
        await s.DoAsync(new Expunge(inbox, [uid], OnlyDeleted: false));
        var delta = (await s.ChangesAsync(asOf, inbox)).Mailboxes.Only();
        Check.Sequence([uid], delta.Vanished, "UIDs vanished");
        Check.Equal(0, delta.Changed.Count, "Rows changed");
        Check.That(delta.Info.UidNext.Value > uid, "UIDNEXT went back.");
    }

    private static async Task Rows_and_content_of_expunged_messages_stay_readable_for_35_minutes(StoreProbe s)
    {
        var inbox = await s.InboxAsync();
        await using var content = await s.StageAsync("still here\r\n");
        var uid = (await s.DoAsync(StoreProbe.Message(inbox, content) with { Prefix = "p"u8.ToArray(), Summary = "s"u8.ToArray() })).NewUids[0];
        await content.DisposeAsync();
        var before = await s.ReadOneAsync(inbox, uid);
        var octets = await s.ContentAsync(before.Content);
        await s.DoAsync(new Expunge(inbox, [uid], OnlyDeleted: false));
        for (var half = 0; half < 2; half++)
        {
            s.Target.Clock.Advance(TimeSpan.FromMinutes(17.49));

            // A commit is when many stores tidy up.
            await s.AppendAsync(inbox);
            var row = await s.ReadOneAsync(inbox, uid);
            Check.That(row.Expunged, "An expunged message is not marked so.");
            Check.Equal(before.EmailId, row.EmailId, "EMAILID");
            Check.Equal(before.InternalDate, row.InternalDate, "Internal date");
            Check.Octets(before.Prefix, row.Prefix, "Prefix");
            Check.Octets(before.Summary, row.Summary, "Summary");
            Check.Octets(octets, await s.ContentAsync(row.Content), "Content");
        }
    }

    private static async Task Rows_and_content_of_a_deleted_mailbox_stay_readable_for_35_minutes(StoreProbe s)
    {
        var mailbox = await s.CreateAsync("Short-lived");
        var uid = await s.AppendAsync(mailbox);
        var octets = await s.ContentAsync((await s.ReadOneAsync(mailbox, uid)).Content);
        await s.DoAsync(new DeleteMailbox(mailbox));
        s.Target.Clock.Advance(TimeSpan.FromMinutes(34.98));
        await s.AppendAsync(await s.InboxAsync());
        var row = await s.ReadOneAsync(mailbox, uid);
        Check.That(row.Expunged, "A message of a deleted mailbox is not marked as expunged.");
        Check.Octets(octets, await s.ContentAsync(row.Content), "Content");
    }

    private static async Task An_open_reader_outlives_the_message(StoreProbe s)
    {
        var inbox = await s.InboxAsync();
        byte[] octets = [.. Enumerable.Range(0, 200_000).Select(static i => (byte)i)];
        var content = await s.StageAsync(octets);
        var uid = (await s.DoAsync(StoreProbe.Message(inbox, content))).NewUids[0];
        await content.DisposeAsync();
        await using var reader = await s.OpenContentAsync((await s.ReadOneAsync(inbox, uid)).Content);
        octets = s.IsFaithful ? octets : await StoreProbe.ReadAllAsync(reader);
        await s.DoAsync(new Expunge(inbox, [uid], OnlyDeleted: false));
        for (var hour = 0; hour < 3; hour++)
        {
            s.Target.Clock.Advance(TimeSpan.FromHours(1));
            await s.AppendAsync(inbox);
        }

        Check.Octets(octets, await StoreProbe.ReadAllAsync(reader), "Content of a message expunged three hours ago");
    }

    private static async Task Content_stays_while_any_row_names_it(StoreProbe s)
    {
        var inbox = await s.InboxAsync();
        var uid = await s.AppendAsync(inbox);
        var copy = (await s.DoAsync(new Copy(inbox, [uid], inbox, Move: false))).NewUids[0];
        await s.DoAsync(new Expunge(inbox, [uid], OnlyDeleted: false));
        for (var hour = 0; hour < 3; hour++)
        {
            s.Target.Clock.Advance(TimeSpan.FromHours(1));
            await s.AppendAsync(inbox);
        }

        Check.Octets("Subject: hello\r\n\r\nworld\r\n"u8.ToArray(), await s.ContentAsync((await s.ReadOneAsync(inbox, copy)).Content), "Content of the copy");
    }
}

using MailCore.Storage;
using static MailCore.Testing.Storage.MailStoreConformance;

namespace MailCore.Testing.Storage;

internal static class CopyCases
{
    public static IEnumerable<ConformanceCase> All =>
    [
        Case(A_copy_keeps_all_but_uid_and_save_date, StoreTraits.Mailboxes | StoreTraits.Copy | StoreTraits.FaithfulContent),
        Case(Keywords_are_copied_by_name, StoreTraits.Mailboxes | StoreTraits.Keywords | StoreTraits.Copy),
        Case(Copies_stand_in_the_order_asked_for, StoreTraits.Mailboxes | StoreTraits.Copy),
        Case(A_copy_into_the_same_mailbox_doubles_the_message, StoreTraits.Copy),
        Case(A_move_is_one_change_with_one_modseq, StoreTraits.Mailboxes | StoreTraits.Copy),
        Case(A_move_into_the_same_mailbox_gives_new_uids, StoreTraits.Copy),
        Case(Copying_from_or_to_a_mailbox_that_is_not_there_is_refused, StoreTraits.Copy),
        Case(A_copy_that_would_pass_the_keyword_limit_is_refused_whole, StoreTraits.Mailboxes | StoreTraits.Keywords | StoreTraits.Copy),
    ];

    private static async Task A_copy_keeps_all_but_uid_and_save_date(StoreProbe s)
    {
        var (inbox, archive) = (await s.InboxAsync(), await s.CreateAsync("Archive"));
        await s.AppendManyAsync(archive, 3);
        await using var content = await s.StageAsync("Subject: x\r\n\r\n");
        var message = StoreProbe.Message(inbox, content, SystemFlags.Seen | SystemFlags.Deleted) with { Prefix = "p"u8.ToArray(), Summary = "s"u8.ToArray() };
        var uid = (await s.DoAsync(message)).NewUids[0];
        s.Target.Clock.Advance(TimeSpan.FromDays(1));
        var result = await s.DoAsync(new Copy(inbox, [uid], archive, Move: false));
        Check.Equal(archive, result.Mailbox, "Mailbox of the result");
        Check.Equal((await s.FindAsync("Archive")).UidValidity, result.UidValidity, "UIDVALIDITY of the result");
        var (from, to) = (await s.ReadOneAsync(inbox, uid), await s.ReadOneAsync(archive, result.NewUids.Only()));
        Check.Equal(from.EmailId, to.EmailId, "EMAILID");
        Check.Equal(from.InternalDate, to.InternalDate, "Internal date");
        Check.Equal(from.InternalDate.Offset, to.InternalDate.Offset, "Zone of the internal date");
        Check.That(to.SaveDate - from.SaveDate >= TimeSpan.FromHours(23), "The copy has the save date of the original.");
        Check.Octets("p"u8.ToArray(), to.Prefix, "Prefix");
        Check.Octets("s"u8.ToArray(), to.Summary, "Summary");
        Check.Octets("Subject: x\r\n\r\n"u8.ToArray(), await s.ContentAsync(to.Content), "Content");
        var (original, copy) = ((await s.LoadAsync(inbox)).Row(uid), (await s.LoadAsync(archive)).Row(to.Uid.Value));
        Check.Equal(original.Flags, copy.Flags, "Flags");
        Check.Equal(original.Size, copy.Size, "Size");
        Check.That(copy.ModSeq > original.ModSeq, "The copy has the ModSeq of the original.");
    }

    private static async Task Keywords_are_copied_by_name(StoreProbe s)
    {
        var (inbox, archive) = (await s.InboxAsync(), await s.CreateAsync("Archive"));
        await s.AppendAsync(archive, SystemFlags.None, "zero", "shared");
        var uid = await s.AppendAsync(inbox, SystemFlags.None, "one", "Shared", "two");
        var created = (await s.DoAsync(new Copy(inbox, [uid], archive, Move: false))).NewUids[0];
        var load = await s.LoadAsync(archive);
        Check.Sequence(["one", "shared", "two"], load.KeywordsOf(load.Row(created)).Order(StringComparer.Ordinal), "Keywords of the copy");
    }

    private static async Task Copies_stand_in_the_order_asked_for(StoreProbe s)
    {
        var (inbox, archive) = (await s.InboxAsync(), await s.CreateAsync("Archive"));
        var uids = await s.AppendManyAsync(inbox, 5);
        await s.DoAsync(new Expunge(inbox, [uids[2]], OnlyDeleted: false));
        var result = await s.DoAsync(new Copy(inbox, [uids[4], uids[2], 9999, uids[0], uids[1]], archive, Move: false));
        Check.Sequence([uids[4], uids[0], uids[1]], result.SourceUids, "Sources");
        StoreProbe.CheckAscending(result.NewUids, "New UIDs");
        Check.Equal(3, result.NewUids.Length, "New UIDs, pairwise with the sources");
        for (var i = 0; i < 3; i++)
        {
            var (from, to) = (await s.ReadOneAsync(inbox, result.SourceUids[i]), await s.ReadOneAsync(archive, result.NewUids[i]));
            Check.Equal(from.EmailId, to.EmailId, $"EMAILID of copy {i}");
        }

        var none = await s.CommitAsync(new Copy(inbox, [uids[2], 9999], archive, Move: true));
        Check.That(none.Error == CommitError.None && none.ModSeq is null, "A copy of nothing fails or has a ModSeq.");
        Check.Equal(0, none.Changes[0].NewUids.Length, "UIDs given for nothing");
    }

    private static async Task A_copy_into_the_same_mailbox_doubles_the_message(StoreProbe s)
    {
        var inbox = await s.InboxAsync();
        var uids = await s.AppendManyAsync(inbox, 2);

        // The UID after next is not yet there when the copy begins.
        var result = await s.DoAsync(new Copy(inbox, [uids[0], uids[1], uids[1] + 1], inbox, Move: false));
        Check.Sequence(uids, result.SourceUids, "Sources");
        Check.Sequence([.. uids, .. result.NewUids], (await s.LoadAsync(inbox)).Uids, "UIDs");
    }

    private static async Task A_move_is_one_change_with_one_modseq(StoreProbe s)
    {
        var (inbox, archive) = (await s.InboxAsync(), await s.CreateAsync("Archive"));
        var uids = await s.AppendManyAsync(inbox, 4);
        var before = await s.SnapshotAsync();
        var result = await s.CommitAsync(new Copy(inbox, [uids[1], uids[3]], archive, Move: true));
        Check.Sequence([uids[0], uids[2]], (await s.LoadAsync(inbox)).Uids, "Rows left at the source");
        var moved = await s.LoadAsync(archive);
        Check.Sequence(result.Changes[0].NewUids, moved.Uids, "Rows at the destination");
        Check.That(moved.Rows.All(row => row.ModSeq == result.ModSeq), "A row at the destination has another ModSeq than the move.");
        var after = await s.SnapshotAsync();
        Check.Equal(before.QuotaUsed, after.QuotaUsed, "Quota used after a move");

        var changes = await s.ChangesAsync(before.AsOf);
        Check.Sequence([uids[1], uids[3]], changes.Mailboxes.Where(delta => delta.Info.Id == inbox).Only().Vanished, "UIDs vanished from the source");
        Check.Sequence(
            result.Changes[0].NewUids, changes.Mailboxes.Where(delta => delta.Info.Id == archive).Only().Changed.Uids, "UIDs new at the destination");
        Check.That((await s.ReadOneAsync(inbox, uids[1])).Expunged, "A moved message is not marked as expunged at its source.");
    }

    private static async Task A_move_into_the_same_mailbox_gives_new_uids(StoreProbe s)
    {
        var inbox = await s.InboxAsync();
        var uids = await s.AppendManyAsync(inbox, 3);
        var result = await s.DoAsync(new Copy(inbox, [uids[0]], inbox, Move: true));
        Check.Sequence([uids[1], uids[2], .. result.NewUids], (await s.LoadAsync(inbox)).Uids, "UIDs");
    }

    private static async Task Copying_from_or_to_a_mailbox_that_is_not_there_is_refused(StoreProbe s)
    {
        var (inbox, nowhere) = (await s.InboxAsync(), new MailboxId("no-such-mailbox"));
        var uid = await s.AppendAsync(inbox);
        await s.RefusedAsync(CommitError.NoMailbox, 0, new Copy(inbox, [uid], nowhere, Move: true));
        await s.RefusedAsync(CommitError.NoMailbox, 0, new Copy(nowhere, [uid], inbox, Move: false));
    }

    private static async Task A_copy_that_would_pass_the_keyword_limit_is_refused_whole(StoreProbe s)
    {
        var (inbox, archive) = (await s.InboxAsync(), await s.CreateAsync("Archive"));
        await s.AppendAsync(archive, SystemFlags.None, [.. Enumerable.Range(0, StorageLimits.KeywordsPerMailbox).Select(static i => $"keyword{i}")]);
        var plain = await s.AppendAsync(inbox, SystemFlags.None, "keyword7");
        var special = await s.AppendAsync(inbox, SystemFlags.None, "one-more");
        await s.RefusedAsync(CommitError.KeywordLimit, 0, new Copy(inbox, [plain, special], archive, Move: true));
        await s.DoAsync(new Copy(inbox, [plain], archive, Move: true));
    }
}

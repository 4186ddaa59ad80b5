using MailCore.Storage;
using static MailCore.Testing.Storage.MailStoreConformance;

namespace MailCore.Testing.Storage;

/// <summary>What every store can do, the one that can only be read too. Messages come the way the application adds them.</summary>
internal static class ReadCases
{
    public static IEnumerable<ConformanceCase> All =>
    [
        CaseFor(StoreTraits.None, An_account_has_an_inbox),
        CaseFor(StoreTraits.None, Messages_are_as_long_as_their_rows_say),
        CaseFor(StoreTraits.None, Content_is_the_same_whenever_and_wherever_it_is_read),
        CaseFor(StoreTraits.None, Rows_come_in_the_order_asked_for_and_unknown_ones_are_left_out),
        CaseFor(StoreTraits.None, A_scan_shows_what_a_read_gives),
        CaseFor(StoreTraits.None, More_uids_than_the_limit_in_one_read_are_refused),
        CaseFor(StoreTraits.None, Details_asked_for_are_there),
        CaseFor(StoreTraits.None, The_feed_tells_of_what_the_application_adds),
        CaseFor(StoreTraits.None, A_question_from_the_future_is_truncated),
        CaseFor(StoreTraits.None, What_is_not_claimed_is_refused),
        CaseFor(StoreTraits.None, Recent_and_summaries_are_never_refused),
        CaseFor(StoreTraits.None, Content_that_never_was_is_null),
        CaseFor(StoreTraits.None, A_mailbox_that_never_was_has_no_rows),
    ];

    private static async Task An_account_has_an_inbox(StoreProbe s)
    {
        var snapshot = await s.SnapshotAsync();
        var inbox = snapshot.Mailboxes.Where(static info => info.Name == "INBOX").Only();
        Check.That(inbox.UidValidity > 0, "UIDVALIDITY is 0.");
        Check.That(inbox.UidNext.Value > 0, "UIDNEXT is 0.");
        Check.That(inbox.HighestModSeq.Value > 0, "HIGHESTMODSEQ is 0.");
        CheckObjectId(inbox.Id.Value);
        var again = (await s.SnapshotAsync()).Mailboxes.Where(static info => info.Name == "INBOX").Only();
        Check.Equal((inbox.Id, inbox.UidValidity), (again.Id, again.UidValidity), "Id and UIDVALIDITY of the inbox when asked again");
    }

    private static async Task Messages_are_as_long_as_their_rows_say(StoreProbe s)
    {
        var inbox = await s.InboxAsync();
        var uids = await s.SeedAsync(5);
        var load = await s.LoadAsync(inbox);
        foreach (var row in await s.ReadAsync(inbox, MessageFields.Content, uids))
        {
            // RFC 3501 2.3.4: RFC822.SIZE must be what BODY[] has, to the octet.
            Check.Equal((long)load.Row(row.Uid.Value).Size, row.Prefix.Length + (await s.ContentAsync(row.Content)).LongLength, $"Octets of UID {row.Uid}, prefix and content");
        }
    }

    private static async Task Content_is_the_same_whenever_and_wherever_it_is_read(StoreProbe s)
    {
        var inbox = await s.InboxAsync();
        var row = await s.ReadOneAsync(inbox, (await s.SeedAsync(1))[0]);
        var octets = await s.ContentAsync(row.Content);
        s.Target.Clock.Advance(TimeSpan.FromDays(1));
        Check.Octets(octets, await s.ContentAsync(row.Content), "Content a day later");
        await using var reader = await s.OpenContentAsync(row.Content);
        for (var offset = 0; offset <= octets.Length + 1; offset++)
        {
            var buffer = new byte[7];
            var count = await reader.ReadAsync(offset, buffer, default);
            Check.That(offset < octets.Length ? count is > 0 and <= 7 : count == 0, $"{count} octets read from {offset} of {octets.Length}.");
            Check.Octets(octets.AsMemory(Math.Min(offset, octets.Length), count), buffer.AsMemory(0, count), $"Octets from {offset}");
        }
    }

    private static async Task Rows_come_in_the_order_asked_for_and_unknown_ones_are_left_out(StoreProbe s)
    {
        var inbox = await s.InboxAsync();
        var uids = await s.SeedAsync(5);
        var rows = await s.ReadAsync(inbox, MessageFields.None, uids[3], uint.MaxValue, uids[0], uids[4] + 1, uids[2]);
        Check.Sequence([uids[3], uids[0], uids[2]], rows.Select(static row => row.Uid.Value), "Rows read");
        Check.That(rows.All(static row => !row.Expunged), "A message in its mailbox is marked as expunged.");
    }

    private static async Task A_scan_shows_what_a_read_gives(StoreProbe s)
    {
        var inbox = await s.InboxAsync();
        var uids = await s.SeedAsync(7);
        await ScanAsync(s, inbox, MessageFields.Dates | MessageFields.EmailId | MessageFields.Summary, uids);
        await ScanAsync(s, inbox, MessageFields.Summary, [uids[1], uids[2], uids[6], uids[6] + 1, uids[6] + 2, uint.MaxValue]);
        await ScanAsync(s, inbox, MessageFields.Dates, [uids[5], uids[0], uids[3]]);
        await ScanAsync(s, inbox, MessageFields.None, uids);
        await ScanAsync(s, inbox, MessageFields.All, []);
    }

    private static async Task ScanAsync(StoreProbe s, MailboxId mailbox, MessageFields fields, params uint[] uids)
    {
        var rows = await s.ReadAsync(mailbox, fields, uids);
        var shown = new List<MessageRow>();
        await (await s.OpenAsync()).ScanAsync(mailbox, uids.Select(static uid => new Uid(uid)).ToArray(), fields, Show, default);
        Check.Sequence(rows.Select(static row => row.Uid.Value), shown.Select(static row => row.Uid.Value), "UIDs shown");
        foreach (var (row, glance) in rows.Zip(shown))
        {
            Check.Equal((row.InternalDate, row.SaveDate, row.EmailId), (glance.InternalDate, glance.SaveDate, glance.EmailId), $"Dates and EMAILID shown of UID {row.Uid}");
            Check.Octets(row.Summary, glance.Summary, $"The summary shown of UID {row.Uid}");
        }

        void Show(in MessageGlance glance) => shown.Add(new MessageRow(
            glance.Uid, glance.InternalDate, glance.SaveDate, glance.EmailId, default, default, glance.Summary.ToArray(), Expunged: false));
    }

    private static async Task More_uids_than_the_limit_in_one_read_are_refused(StoreProbe s)
    {
        var inbox = await s.InboxAsync();
        var uids = await s.SeedAsync(StorageLimits.UidsPerRead + 1);
        Check.Equal(StorageLimits.UidsPerRead, (await s.ReadAsync(inbox, MessageFields.All, uids[1..])).Count, "Rows in one read");
        try
        {
            await s.ReadAsync(inbox, MessageFields.All, uids);
        }
        catch (ArgumentException)
        {
            return;
        }

        throw new ConformanceException("A read of too many UIDs did not throw ArgumentException.");
    }

    private static async Task Details_asked_for_are_there(StoreProbe s)
    {
        var inbox = await s.InboxAsync();
        var rows = await s.ReadAsync(inbox, MessageFields.All, await s.SeedAsync(3));
        foreach (var row in rows)
        {
            Check.That(row.InternalDate != default, "A message has no internal date.");
            Check.That(row.SaveDate != default, "A message has no save date.");
            CheckObjectId(row.EmailId.Value);
        }

        Check.Equal(3, rows.Select(static row => row.EmailId).Distinct().Count(), "Different EMAILIDs of three messages");
        Check.Sequence(
            rows.Select(static row => (row.Uid, row.EmailId)),
            (await s.ReadAsync(inbox, MessageFields.EmailId, [.. rows.Select(static row => row.Uid.Value)])).Select(static row => (row.Uid, row.EmailId)),
            "EMAILIDs when asked again");
    }

    private static async Task The_feed_tells_of_what_the_application_adds(StoreProbe s)
    {
        var inbox = await s.InboxAsync();
        var mirror = new FeedMirror();
        for (var i = 1; i <= 5; i++)
        {
            await s.SeedAsync(i);
            mirror.Apply(await s.ChangesAsync(mirror.AsOf));
            mirror.CheckSame(await s.LoadAsync(inbox));
            foreach (var scope in new MailboxId?[] { null, inbox })
            {
                var nothing = await s.ChangesAsync(mirror.AsOf, scope, limit: 0);
                Check.Equal(mirror.AsOf, nothing.AsOf, "AsOf when nothing changed");
                Check.That(!nothing.Truncated && !nothing.StructureChanged && nothing.Mailboxes.Count + nothing.Removed.Count == 0, "Nothing changed, and the feed says something.");
            }
        }

        Check.That((await s.ChangesAsync(default, inbox, limit: 3)).Truncated, "Fifteen changed rows do not pass a limit of three.");
    }

    // As after a backup was restored: what the asker knows never happened.
    private static async Task A_question_from_the_future_is_truncated(StoreProbe s)
    {
        var inbox = await s.InboxAsync();
        await s.SeedAsync(1);
        var asOf = (await s.SnapshotAsync()).AsOf;
        foreach (var scope in new MailboxId?[] { null, inbox })
        {
            var changes = await s.ChangesAsync(new ModSeq(asOf.Value + 1000), scope);
            Check.That(changes.Truncated, "A question from a ModSeq that was never reached is answered as if all were well.");
            Check.Equal(asOf, changes.AsOf, "AsOf of a truncated answer");
        }
    }

    private static async Task What_is_not_claimed_is_refused(StoreProbe s)
    {
        var inbox = await s.InboxAsync();
        var uid = (await s.SeedAsync(1))[0];
        await using var content = await s.StageAsync("Subject: x\r\n\r\n");
        var before = await s.LoadAsync(inbox);
        (StoreTraits Needs, StoreChange Change)[] changes =
        [
            (StoreTraits.Append, StoreProbe.Message(inbox, content)),
            (StoreTraits.Append | StoreTraits.Import, StoreProbe.Message(inbox, content) with { KeepUid = new Uid(1_000_000) }),
            (StoreTraits.Append | StoreTraits.Import, StoreProbe.Message(inbox, content) with { KeepEmailId = new EmailId("elsewhere") }),
            (StoreTraits.Append | StoreTraits.Keywords, StoreProbe.Message(inbox, content, SystemFlags.None, "keyword")),
            (StoreTraits.Flags, new SetFlags(inbox, [uid], FlagMode.Add, SystemFlags.Flagged, [], null)),
            (StoreTraits.Flags | StoreTraits.Keywords, new SetFlags(inbox, [uid], FlagMode.Add, SystemFlags.None, ["keyword"], null)),
            (StoreTraits.Expunge, new Expunge(inbox, [uid], OnlyDeleted: false)),
            (StoreTraits.Copy, new Copy(inbox, [uid], inbox, Move: false)),
            (StoreTraits.Copy, new Copy(inbox, [uid], inbox, Move: true)),
            (StoreTraits.Mailboxes, new CreateMailbox("Work")),
            (StoreTraits.Mailboxes, new Subscribe("Work", true)),
            (StoreTraits.Quota, new SetQuota(1)),
            (StoreTraits.Metadata, new SetMetadata(inbox, "/private/comment", [1])),
            (StoreTraits.Metadata, new SetMetadata(null, "/private/comment", [1])),
            (StoreTraits.Acl, new SetAcl(inbox, "bob", FlagMode.Add, "lr")),
        ];
        foreach (var (needs, change) in changes)
        {
            if ((s.Store.Traits & needs) != needs)
            {
                // The rest of the change is fine, and must not be done without the part that is not.
                await s.RefusedAsync(CommitError.NotSupported, 0, change);
            }
        }

        Check.Sequence(before.Rows, (await s.LoadAsync(inbox)).Rows, "Rows after refused changes");
        Check.Equal(0, (await (await s.OpenAsync()).ReadMetadataAsync(inbox, default)).Count, "Annotations after none was set");
    }

    private static async Task Recent_and_summaries_are_never_refused(StoreProbe s)
    {
        var inbox = await s.InboxAsync();
        var uid = (await s.SeedAsync(1))[0];
        var before = await s.SnapshotAsync();
        var result = await s.CommitAsync(new ClaimRecent(inbox), new PutSummary(inbox, new Uid(uid), new byte[] { 1 }));
        Check.Equal(CommitError.None, result.Error, "ClaimRecent and PutSummary");
        Check.That(result.ModSeq is null, "ClaimRecent or PutSummary has a ModSeq.");
        Check.Equal(inbox, result.Changes[0].Mailbox, "Mailbox of the result");
        Check.Equal(before.AsOf, (await s.SnapshotAsync()).AsOf, "ModSeq of the account");
        await s.RefusedAsync(CommitError.NoMailbox, 0, new ClaimRecent(new MailboxId("no-such-mailbox")));
    }

    private static async Task Content_that_never_was_is_null(StoreProbe s)
    {
        await s.InboxAsync();
        foreach (var id in new[] { "x", "", "../../../etc/passwd", "00000000-1", new string('9', 300), "'; DROP TABLE messages; --" })
        {
            Check.That(await s.Store.OpenContentAsync(new ContentId(id), default) is null, $"Content '{id}' can be opened.");
        }
    }

    private static async Task A_mailbox_that_never_was_has_no_rows(StoreProbe s)
    {
        await s.SeedAsync(1);
        var (account, nowhere) = (await s.OpenAsync(), new MailboxId("no-such-mailbox"));
        Check.That(await account.LoadAsync(nowhere, default) is null, "A mailbox that never was can be loaded.");
        Check.Equal(0, (await s.ReadAsync(nowhere, MessageFields.All, 1)).Count, "Rows of a mailbox that never was");
        var asOf = (await s.SnapshotAsync()).AsOf;
        var changes = await s.ChangesAsync(default, nowhere);
        Check.Equal((asOf, 0), (changes.AsOf, changes.Mailboxes.Count), "The feed of a mailbox that never was");
    }

    // RFC 8474 4: 1 to 255 of letters, digits, '_' and '-'.
    private static void CheckObjectId(string? id) =>
        Check.That(id is { Length: > 0 and <= 255 } && id.All(static c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-'), $"'{id}' is no objectid.");
}

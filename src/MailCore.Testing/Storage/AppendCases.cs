using System.Text;
using MailCore.Storage;
using static MailCore.Testing.Storage.MailStoreConformance;

namespace MailCore.Testing.Storage;

internal static class AppendCases
{
    public static IEnumerable<ConformanceCase> All =>
    [
        Case(An_account_starts_with_an_empty_inbox),
        Case(An_appended_message_is_there_when_the_commit_returns),
        Case(Uids_ascend_and_are_never_used_again),
        Case(An_internal_date_keeps_its_zone),
        Case(A_prefix_stands_beside_the_content_and_counts_in_the_size, StoreTraits.FaithfulContent),
        Case(One_content_with_a_prefix_for_each_account, StoreTraits.SharedContent | StoreTraits.FaithfulContent),
        Case(Summaries_are_kept_as_they_are_and_can_be_replaced, StoreTraits.FaithfulContent),
        Case(Fields_not_asked_for_are_default, StoreTraits.FaithfulContent),
        Case(A_kept_uid_must_not_be_below_uidnext, StoreTraits.Import),
        Case(A_kept_email_id_is_kept_and_others_differ, StoreTraits.Import),
        Case(Appending_to_a_mailbox_that_is_not_there_is_refused),
        Case(A_large_mailbox_loads_in_segments),
    ];

    private static async Task An_account_starts_with_an_empty_inbox(StoreProbe s)
    {
        var snapshot = await s.SnapshotAsync();
        Check.Equal(1, snapshot.Mailboxes.Count, "Mailboxes of a new account");
        var inbox = snapshot.Mailboxes[0];
        Check.Equal("INBOX", inbox.Name, "Its name");
        Check.Equal(0L, inbox.Messages, "Messages");
        Check.That(inbox.UidValidity > 0, "UIDVALIDITY is 0.");
        Check.That(inbox.UidNext.Value > 0, "UIDNEXT is 0.");
        Check.Equal(0, snapshot.Subscriptions.Count, "Subscriptions");
        Check.Equal(0L, snapshot.QuotaUsed, "Quota used");
        var again = await s.SnapshotAsync();
        Check.Equal(inbox.Id, again.Mailboxes[0].Id, "Id of the inbox when the account is opened again");
    }

    private static async Task An_appended_message_is_there_when_the_commit_returns(StoreProbe s)
    {
        var inbox = await s.InboxAsync();
        var before = await s.FindAsync("INBOX");
        await using var content = await s.StageAsync("Subject: one\r\n\r\nbody\r\n");
        var result = await s.CommitAsync(StoreProbe.Message(inbox, content, SystemFlags.Seen | SystemFlags.Flagged, s.Keywords("$Forwarded", "work")));
        Check.Equal(CommitError.None, result.Error, "Appending");
        var modSeq = Check.NotNull(result.ModSeq as object, "ModSeq of an append");
        var uid = result.Changes[0].NewUids.Only();
        Check.Equal(before.UidValidity, result.Changes[0].UidValidity, "UIDVALIDITY of the result");
        Check.Equal(inbox, result.Changes[0].Mailbox, "Mailbox of the result");
        Check.That(uid >= before.UidNext.Value, $"UID {uid} is below UIDNEXT {before.UidNext}.");

        var load = await s.LoadAsync(inbox);
        var row = load.Row(uid);
        Check.Equal(SystemFlags.Seen | SystemFlags.Flagged, row.Flags, "Flags");
        Check.Sequence(s.Keywords("$Forwarded", "work"), load.KeywordsOf(row), "Keywords");
        Check.Equal(modSeq, row.ModSeq, "ModSeq of the row against the commit's");
        Check.That(load.AsOf >= row.ModSeq, "The load is older than the commit.");
        var details = await s.ReadOneAsync(inbox, uid);
        Check.That(!details.Expunged, "A message in its mailbox is marked as expunged.");
        var octets = await s.ContentAsync(details.Content);
        Check.Equal((uint)(details.Prefix.Length + octets.Length), row.Size, "Size");
        if (s.IsFaithful)
        {
            Check.Equal(content.Id, details.Content, "Content id");
            Check.Octets("Subject: one\r\n\r\nbody\r\n"u8.ToArray(), octets, "Content");
        }
    }

    private static async Task Uids_ascend_and_are_never_used_again(StoreProbe s)
    {
        var inbox = await s.InboxAsync();
        var uids = new List<uint> { await s.AppendAsync(inbox), await s.AppendAsync(inbox), await s.AppendAsync(inbox) };
        await s.DoAsync(new Expunge(inbox, [uids[2]], OnlyDeleted: false));
        uids.Add(await s.AppendAsync(inbox));
        await s.DoAsync(new Expunge(inbox, [.. uids], OnlyDeleted: false));
        uids.Add(await s.AppendAsync(inbox));
        StoreProbe.CheckAscending(uids, "UIDs given");
    }

    private static async Task An_internal_date_keeps_its_zone(StoreProbe s)
    {
        var inbox = await s.InboxAsync();
        DateTimeOffset[] dates =
        [
            new(2024, 2, 29, 23, 59, 58, TimeSpan.FromHours(5.5)),
            new(1960, 1, 1, 0, 0, 0, TimeSpan.FromHours(-3.5)),
            new(1970, 1, 1, 0, 0, 0, TimeSpan.Zero),
            new(2100, 12, 31, 12, 0, 1, TimeSpan.FromHours(14)),
            new(1999, 6, 1, 1, 2, 3, TimeSpan.FromHours(-12)),
        ];
        await using var content = await s.StageAsync("x");
        foreach (var date in dates)
        {
            var uid = (await s.DoAsync(StoreProbe.Message(inbox, content) with { InternalDate = date })).NewUids[0];
            var row = await s.ReadOneAsync(inbox, uid);
            Check.Equal(date, row.InternalDate, "Internal date");
            Check.Equal(date.Offset, row.InternalDate.Offset, "Its zone");
            var age = s.Target.Clock.GetUtcNow() - row.SaveDate;
            Check.That(age >= TimeSpan.Zero && age < TimeSpan.FromSeconds(2), $"Save date {row.SaveDate} is not the time of the append.");
        }
    }

    private static async Task A_prefix_stands_beside_the_content_and_counts_in_the_size(StoreProbe s)
    {
        var inbox = await s.InboxAsync();
        await using var content = await s.StageAsync("body\r\n");
        var uid = (await s.DoAsync(StoreProbe.Message(inbox, content) with { Prefix = "Return-Path: <>\r\n"u8.ToArray() })).NewUids[0];
        var row = await s.ReadOneAsync(inbox, uid);
        Check.Octets("Return-Path: <>\r\n"u8.ToArray(), row.Prefix, "Prefix");
        Check.Octets("body\r\n"u8.ToArray(), await s.ContentAsync(row.Content), "Content");
        Check.Equal(23u, (await s.LoadAsync(inbox)).Row(uid).Size, "Size with the prefix");
        Check.Equal(23L, (await s.FindAsync("INBOX")).Bytes, "Bytes of the mailbox");
    }

    private static async Task One_content_with_a_prefix_for_each_account(StoreProbe s)
    {
        var bob = await s.NewAccountAsync("bob@example.org");
        var bobsInbox = (await s.FindAsync("INBOX", bob)).Id;
        var content = await s.StageAsync("shared\r\n");
        var results = await s.Store.CommitAsync(
            [
                new ChangeBatch(await s.AccountAsync(), [StoreProbe.Message(await s.InboxAsync(), content) with { Prefix = "Delivered-To: alice\r\n"u8.ToArray() }]),
                new ChangeBatch(bob, [StoreProbe.Message(bobsInbox, content) with { Prefix = "Delivered-To: bob\r\n"u8.ToArray() }]),
            ],
            default);
        await content.DisposeAsync();
        Check.Sequence([CommitError.None, CommitError.None], results.Select(static result => result.Error), "Results");
        var alices = await s.ReadOneAsync(await s.InboxAsync(), results[0].Changes[0].NewUids[0]);
        var bobs = (await (await s.OpenAsync(bob)).ReadAsync(bobsInbox, new[] { new Uid(results[1].Changes[0].NewUids[0]) }, MessageFields.All, default))[0];
        Check.Octets("Delivered-To: alice\r\n"u8.ToArray(), alices.Prefix, "First recipient's prefix");
        Check.Octets("Delivered-To: bob\r\n"u8.ToArray(), bobs.Prefix, "Second recipient's prefix");

        // One recipient's expunge takes nothing from the other.
        await s.DoAsync(new Expunge(await s.InboxAsync(), [alices.Uid.Value], OnlyDeleted: false));
        s.Target.Clock.Advance(TimeSpan.FromHours(2));
        Check.Octets("shared\r\n"u8.ToArray(), await s.ContentAsync(bobs.Content), "Content after the other recipient's expunge");
    }

    private static async Task Summaries_are_kept_as_they_are_and_can_be_replaced(StoreProbe s)
    {
        var inbox = await s.InboxAsync();
        byte[] summary = [.. Enumerable.Range(0, 5000).Select(static i => (byte)(i * 7))];
        await using var content = await s.StageAsync("x");
        var given = summary.ToArray();
        var uid = (await s.DoAsync(StoreProbe.Message(inbox, content) with { Summary = given })).NewUids[0];
        Array.Clear(given);
        Check.Octets(summary, (await s.ReadOneAsync(inbox, uid)).Summary, "Summary");
        var other = await s.AppendAsync(inbox);
        var before = (await s.SnapshotAsync()).AsOf;
        Check.That((await s.CommitAsync(new PutSummary(inbox, new Uid(uid), new byte[] { 1, 2, 3 }))).ModSeq is null, "PutSummary has a ModSeq.");
        Check.Octets(new byte[] { 1, 2, 3 }, (await s.ReadOneAsync(inbox, uid)).Summary, "Summary put");
        Check.Octets(Array.Empty<byte>(), (await s.ReadOneAsync(inbox, other)).Summary, "Another message's summary");
        Check.Equal(before, (await s.SnapshotAsync()).AsOf, "ModSeq after PutSummary");
    }

    private static async Task Fields_not_asked_for_are_default(StoreProbe s)
    {
        var inbox = await s.InboxAsync();
        await using var content = await s.StageAsync("x");
        var uid = (await s.DoAsync(StoreProbe.Message(inbox, content) with { Prefix = "p"u8.ToArray(), Summary = "s"u8.ToArray() })).NewUids[0];
        foreach (var fields in new[] { MessageFields.None, MessageFields.Dates, MessageFields.EmailId, MessageFields.Content, MessageFields.Summary, MessageFields.All })
        {
            var row = (await s.ReadAsync(inbox, fields, uid)).Only();
            Check.Equal(fields.HasFlag(MessageFields.Dates), row.InternalDate != default, $"Internal date for {fields}");
            Check.Equal(fields.HasFlag(MessageFields.Dates), row.SaveDate != default, $"Save date for {fields}");
            Check.Equal(fields.HasFlag(MessageFields.EmailId), row.EmailId != default, $"EMAILID for {fields}");
            Check.Equal(fields.HasFlag(MessageFields.Content), row.Content != default, $"Content id for {fields}");
            Check.Equal(fields.HasFlag(MessageFields.Content), !row.Prefix.IsEmpty, $"Prefix for {fields}");
            Check.Equal(fields.HasFlag(MessageFields.Summary), !row.Summary.IsEmpty, $"Summary for {fields}");
        }
    }

    private static async Task A_kept_uid_must_not_be_below_uidnext(StoreProbe s)
    {
        var inbox = await s.InboxAsync();
        await s.AppendAsync(inbox);
        await using var content = await s.StageAsync("x");
        var next = (await s.FindAsync("INBOX")).UidNext.Value;
        Check.Equal(next, (await s.DoAsync(StoreProbe.Message(inbox, content) with { KeepUid = new Uid(next) })).NewUids[0], "A UID kept at UIDNEXT");
        Check.Equal(5000u, (await s.DoAsync(StoreProbe.Message(inbox, content) with { KeepUid = new Uid(5000) })).NewUids[0], "A UID kept past UIDNEXT");
        await s.RefusedAsync(CommitError.NotSupported, 0, StoreProbe.Message(inbox, content) with { KeepUid = new Uid(5000) });
        await s.RefusedAsync(CommitError.NotSupported, 0, StoreProbe.Message(inbox, content) with { KeepUid = new Uid(4000) });
        Check.That(await s.AppendAsync(inbox) > 5000, "The UID after a kept one is not higher.");
    }

    private static async Task A_kept_email_id_is_kept_and_others_differ(StoreProbe s)
    {
        var inbox = await s.InboxAsync();
        await using var content = await s.StageAsync("x");
        var kept = (await s.DoAsync(StoreProbe.Message(inbox, content) with { KeepEmailId = new EmailId("M0123-from-elsewhere") })).NewUids[0];
        Check.Equal("M0123-from-elsewhere", (await s.ReadOneAsync(inbox, kept)).EmailId.Value, "EMAILID kept");
        var uids = await s.AppendManyAsync(inbox, 3);
        var ids = (await s.ReadAsync(inbox, MessageFields.EmailId, uids)).Select(static row => row.EmailId.Value).ToList();
        Check.Equal(3, ids.Distinct().Count(), "Different EMAILIDs of three appends");

        // RFC 8474 4: 1 to 255 of letters, digits, '_' and '-'.
        foreach (var id in ids.Append((await s.FindAsync("INBOX")).Id.Value))
        {
            Check.That(id.Length is > 0 and <= 255 && id.All(static c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-'), $"'{id}' is no objectid.");
        }
    }

    private static async Task Appending_to_a_mailbox_that_is_not_there_is_refused(StoreProbe s)
    {
        await using var content = await s.StageAsync(Encoding.ASCII.GetBytes("x"));
        await s.RefusedAsync(CommitError.NoMailbox, 0, StoreProbe.Message(new MailboxId("no-such-mailbox"), content));
        Check.That(await (await s.OpenAsync()).LoadAsync(new MailboxId("no-such-mailbox"), default) is null, "A mailbox that never was can be loaded.");
    }

    private static async Task A_large_mailbox_loads_in_segments(StoreProbe s)
    {
        var inbox = await s.InboxAsync();
        for (var i = 0; i < 5; i++)
        {
            await s.AppendManyAsync(inbox, 1000);
        }

        // LoadAsync looks at the sizes of the segments.
        var load = await s.LoadAsync(inbox);
        Check.Equal(5000, load.Rows.Count, "Rows");
        await s.DoAsync(new Expunge(inbox, [.. load.Uids.Where(static uid => uid % 3 == 0)], OnlyDeleted: false));
        Check.Sequence(load.Uids.Where(static uid => uid % 3 != 0), (await s.LoadAsync(inbox)).Uids, "UIDs left after an expunge");
    }
}

using MailCore.Storage;
using static MailCore.Testing.Storage.MailStoreConformance;

namespace MailCore.Testing.Storage;

internal static class ReopenCases
{
    public static IEnumerable<ConformanceCase> All =>
    [
        Case(Everything_is_there_after_reopening, StoreTraits.Durable | StoreTraits.Mailboxes | StoreTraits.Keywords | StoreTraits.Quota | StoreTraits.FaithfulContent),
        Case(Metadata_and_access_control_lists_survive_reopening, StoreTraits.Durable | StoreTraits.Metadata | StoreTraits.Acl),
        Case(Uids_and_modseqs_go_on_after_reopening, StoreTraits.Durable | StoreTraits.Mailboxes),
        Case(Expunged_messages_and_the_feed_survive_reopening, StoreTraits.Durable | StoreTraits.Mailboxes),
        Case(Delivery_keys_survive_reopening, StoreTraits.Durable),
        Case(Staged_content_of_a_closed_store_is_dropped, StoreTraits.Durable),
    ];

    private static async Task ReopenAsync(StoreProbe s) =>
        Check.That(await s.Target.ReopenAsync(), "A durable store can't be opened again: the target must implement ReopenAsync.");

    private static async Task Everything_is_there_after_reopening(StoreProbe s)
    {
        var inbox = await s.InboxAsync();
        var work = (await s.DoAsync(new CreateMailbox("Wörk/Deep") { SpecialUse = "\\Archive" })).Mailbox;
        var octets = ContentCases.Octets(300_000, 1);
        await using var content = await s.StageAsync(octets);
        var uid = (await s.DoAsync(StoreProbe.Message(inbox, content, SystemFlags.Seen, "a", "b") with { Prefix = "p"u8.ToArray(), Summary = "s"u8.ToArray() })).NewUids[0];
        await s.AppendManyAsync(work, 20);
        await s.DoAsync(new SetFlags(work, [3, 4], FlagMode.Add, SystemFlags.Flagged, ["c"], null));
        await s.DoAsync(new Expunge(work, [5, 6], OnlyDeleted: false));
        await s.DoAsync(new Subscribe("Wörk", true));
        await s.DoAsync(new SetQuota(1_000_000_000, 1000));
        await s.DoAsync(new ClaimRecent(work));
        var (snapshot, load, row) = (await s.SnapshotAsync(), await s.LoadAsync(work), await s.ReadOneAsync(inbox, uid));
        await ReopenAsync(s);

        var after = await s.SnapshotAsync();
        Check.Equal(snapshot.AsOf, after.AsOf, "ModSeq");
        Check.Sequence(snapshot.Mailboxes.Select(Plain), after.Mailboxes.Select(Plain), "Mailboxes");
        Check.Sequence(snapshot.Subscriptions, after.Subscriptions, "Subscriptions");
        Check.Equal((snapshot.QuotaUsed, snapshot.QuotaLimit, snapshot.MessageLimit), (after.QuotaUsed, after.QuotaLimit, after.MessageLimit), "Quota");
        Check.Sequence(load.Rows, (await s.LoadAsync(work)).Rows, "Rows");
        Check.Sequence(load.Info.Keywords, (await s.LoadAsync(work)).Info.Keywords, "Keywords");
        var again = await s.ReadOneAsync(inbox, uid);
        Check.Equal((row.EmailId, row.Content, row.InternalDate, row.SaveDate), (again.EmailId, again.Content, again.InternalDate, again.SaveDate), "Details");
        Check.Octets("p"u8.ToArray(), again.Prefix, "Prefix");
        Check.Octets("s"u8.ToArray(), again.Summary, "Summary");
        Check.Octets(octets, await s.ContentAsync(again.Content), "Content");

        static MailboxInfo Plain(MailboxInfo info) => info with { Keywords = [], Acl = [] };
    }

    private static async Task Metadata_and_access_control_lists_survive_reopening(StoreProbe s)
    {
        var inbox = await s.InboxAsync();
        await s.DoAsync(AttributeCases.Metadata(inbox, "/shared/comment", "a"));
        await s.DoAsync(AttributeCases.Metadata(null, "/shared/admin", "b"));
        await s.DoAsync(new SetAcl(inbox, "bob", FlagMode.Replace, "lr"));
        await ReopenAsync(s);
        await AttributeCases.ExpectMetadataAsync(s, inbox, ("/shared/comment", "a"));
        await AttributeCases.ExpectMetadataAsync(s, null, ("/shared/admin", "b"));
        Check.Sequence([new AclEntry("bob", "lr")], (await s.FindAsync("INBOX")).Acl, "Access control list");
    }

    private static async Task Uids_and_modseqs_go_on_after_reopening(StoreProbe s)
    {
        var inbox = await s.InboxAsync();
        var work = await s.CreateAsync("Work");
        var validity = (await s.FindAsync("Work")).UidValidity;
        await s.DoAsync(new DeleteMailbox(work));
        var uids = await s.AppendManyAsync(inbox, 3);
        await s.DoAsync(new Expunge(inbox, uids, OnlyDeleted: false));
        var asOf = (await s.SnapshotAsync()).AsOf;
        await ReopenAsync(s);
        Check.That(await s.AppendAsync(inbox) > uids[2], "A UID was used again.");
        Check.That((await s.SnapshotAsync()).AsOf > asOf, "ModSeq went back.");
        await s.CreateAsync("Work");
        Check.That((await s.FindAsync("Work")).UidValidity > validity, "UIDVALIDITY went back.");
    }

    private static async Task Expunged_messages_and_the_feed_survive_reopening(StoreProbe s)
    {
        var inbox = await s.InboxAsync();
        var gone = await s.CreateAsync("Gone");
        var uids = await s.AppendManyAsync(inbox, 10);
        var mirror = new FeedMirror();
        mirror.Apply(await s.ChangesAsync(default, null, int.MaxValue));
        await s.DoAsync(new Expunge(inbox, uids[2..6], OnlyDeleted: false));
        await s.DoAsync(new DeleteMailbox(gone));
        await ReopenAsync(s);
        var changes = await s.ChangesAsync(mirror.AsOf, null, int.MaxValue);
        Check.Sequence([gone], changes.Removed, "Mailboxes removed");
        mirror.Apply(changes);
        mirror.CheckSame(await s.LoadAsync(inbox));
        var row = await s.ReadOneAsync(inbox, uids[2]);
        Check.That(row.Expunged, "An expunged message is not marked so.");
        Check.Octets("Subject: one of many\r\n\r\n"u8.ToArray(), await s.ContentAsync(row.Content), "Content of an expunged message");
    }

    private static async Task Delivery_keys_survive_reopening(StoreProbe s)
    {
        var inbox = await s.InboxAsync();
        var content = await s.StageAsync("x");
        var uid = (await s.DoAsync(StoreProbe.Message(inbox, content) with { DeliveryKey = "Q1" })).NewUids[0];
        await content.DisposeAsync();
        await ReopenAsync(s);
        await using var again = await s.StageAsync("x");
        Check.Sequence([uid], (await s.DoAsync(StoreProbe.Message(inbox, again) with { DeliveryKey = "Q1" })).NewUids, "UID of the second delivery");
        Check.Equal(1L, (await s.FindAsync("INBOX")).Messages, "Messages");
    }

    private static async Task Staged_content_of_a_closed_store_is_dropped(StoreProbe s)
    {
        await s.InboxAsync();
        var before = await s.Target.CountContentsAsync();
        foreach (var size in new[] { 100, 2_000_000 })
        {
            // Never disposed, as after a crash.
            await s.StageAsync(new byte[size]);
        }

        await ReopenAsync(s);
        await s.AppendAsync(await s.InboxAsync());
        Check.Equal(before + 1, await s.Target.CountContentsAsync(), "Contents kept");
    }
}

using MailCore.Storage;
using static MailCore.Testing.Storage.MailStoreConformance;

namespace MailCore.Testing.Storage;

internal static class MailboxCases
{
    public static IEnumerable<ConformanceCase> All =>
    [
        Case(A_mailbox_is_made_once, StoreTraits.Mailboxes),
        Case(Names_are_unicode_and_compare_ordinally, StoreTraits.Mailboxes),
        Case(Inbox_is_known_in_any_case, StoreTraits.Mailboxes),
        Case(Names_that_are_none_are_refused, StoreTraits.Mailboxes),
        Case(The_inbox_is_neither_deleted_nor_renamed, StoreTraits.Mailboxes),
        Case(A_rename_keeps_identity_and_takes_what_is_below_along, StoreTraits.Mailboxes),
        Case(A_rename_onto_a_name_that_is_taken_is_refused, StoreTraits.Mailboxes),
        Case(A_mailbox_can_be_renamed_below_itself, StoreTraits.Mailboxes),
        Case(A_delete_spares_what_is_below, StoreTraits.Mailboxes),
        Case(A_deleted_mailbox_answers_nothing, StoreTraits.Mailboxes | StoreTraits.Copy),
        Case(A_name_made_again_has_a_higher_uidvalidity, StoreTraits.Mailboxes),
        Case(A_kept_uidvalidity_must_be_higher_than_those_before, StoreTraits.Mailboxes | StoreTraits.Import),
        Case(A_name_taken_by_a_rename_has_a_higher_uidvalidity, StoreTraits.Mailboxes | StoreTraits.Import),
        Case(An_inbox_that_held_nothing_can_be_given_a_uidvalidity, StoreTraits.Import),
        Case(Special_use_is_kept, StoreTraits.Mailboxes),
        Case(Subscriptions_need_no_mailbox, StoreTraits.Mailboxes),
        Case(A_thousand_mailboxes, StoreTraits.Mailboxes),
        Case(Structure_is_in_the_feed, StoreTraits.Mailboxes),
    ];

    private static async Task A_mailbox_is_made_once(StoreProbe s)
    {
        var result = await s.CommitAsync(new CreateMailbox("Work"));
        Check.Equal(CommitError.None, result.Error, "Creating");
        Check.That(result.ModSeq is not null, "Creating a mailbox has no ModSeq.");
        var info = await s.FindAsync("Work");
        Check.Equal(info.Id, result.Changes[0].Mailbox, "Id of the result");
        Check.Equal(info.UidValidity, result.Changes[0].UidValidity, "UIDVALIDITY of the result");
        Check.That(info.HighestModSeq.Value >= 1, "A new mailbox has no HighestModSeq.");
        await s.RefusedAsync(CommitError.MailboxExists, 0, new CreateMailbox("Work"));
        await s.CreateAsync("Work/Projects/2025");
        Check.That((await s.SnapshotAsync()).Mailboxes.All(static mailbox => mailbox.Name != "Work/Projects"), "A parent was made.");
    }

    private static async Task Names_are_unicode_and_compare_ordinally(StoreProbe s)
    {
        string[] names = ["Entwürfe", "送信済み", "📬/archive", "work", "Work", "a b", "q\"uo\\te", "50% *off*", "O'Brien; DROP TABLE", "..", "x/../y", new string('n', 900)];
        var ids = new Dictionary<string, MailboxId>();
        foreach (var name in names)
        {
            ids[name] = await s.CreateAsync(name);
        }

        Check.Sequence(names.Append("INBOX").Order(StringComparer.Ordinal), (await s.SnapshotAsync()).Mailboxes.Select(static info => info.Name), "Names");
        foreach (var (name, id) in ids)
        {
            Check.Equal(id, (await s.FindAsync(name)).Id, $"Id of {name}");
        }
    }

    private static async Task Inbox_is_known_in_any_case(StoreProbe s)
    {
        await s.RefusedAsync(CommitError.MailboxExists, 0, new CreateMailbox("inbox"));
        await s.RefusedAsync(CommitError.MailboxExists, 0, new CreateMailbox("InBoX"));
        await s.CreateAsync("inbox/Lists");
        await s.FindAsync("INBOX/Lists");
        await s.RefusedAsync(CommitError.MailboxExists, 0, new CreateMailbox("INBOX/Lists"));
        await s.DoAsync(new Subscribe("inbox", true));
        Check.Sequence(["INBOX"], (await s.SnapshotAsync()).Subscriptions, "Subscriptions");
        var work = await s.CreateAsync("Work");
        await s.RefusedAsync(CommitError.MailboxExists, 0, new RenameMailbox(work, "inbox"));
    }

    private static async Task Names_that_are_none_are_refused(StoreProbe s)
    {
        var work = await s.CreateAsync("Work");
        foreach (var name in new[] { "", "/", "/a", "a/", "a//b", "a\rb", "a\nb", "a\0b", "a\u007f", "a\ud800", new string('n', MailboxName.MaxOctets + 1) })
        {
            await s.RefusedAsync(CommitError.NotSupported, 0, new CreateMailbox(name));
            await s.RefusedAsync(CommitError.NotSupported, 0, new RenameMailbox(work, name));
        }
    }

    private static async Task The_inbox_is_neither_deleted_nor_renamed(StoreProbe s)
    {
        var inbox = await s.InboxAsync();
        await s.RefusedAsync(CommitError.NotSupported, 0, new DeleteMailbox(inbox));
        await s.RefusedAsync(CommitError.NotSupported, 0, new RenameMailbox(inbox, "Elsewhere"));
    }

    private static async Task A_rename_keeps_identity_and_takes_what_is_below_along(StoreProbe s)
    {
        var ids = new[] { await s.CreateAsync("Old"), await s.CreateAsync("Old/Child"), await s.CreateAsync("Old/Child/Grandchild"), await s.CreateAsync("Older") };
        var uid = await s.AppendAsync(ids[1], SystemFlags.Seen);
        var before = await s.LoadAsync(ids[1]);
        await s.DoAsync(new RenameMailbox(ids[0], "New/Place"));
        Check.Sequence(
            ["INBOX", "New/Place", "New/Place/Child", "New/Place/Child/Grandchild", "Older"], (await s.SnapshotAsync()).Mailboxes.Select(static info => info.Name), "Names");
        Check.Equal(ids[2], (await s.FindAsync("New/Place/Child/Grandchild")).Id, "Id after the rename");
        var after = await s.LoadAsync(ids[1]);
        Check.Equal(before.Info.UidValidity, after.Info.UidValidity, "UIDVALIDITY after the rename");
        Check.Equal(before.Row(uid), after.Row(uid), "A row after the rename");
        await s.CreateAsync("Old");
    }

    private static async Task A_rename_onto_a_name_that_is_taken_is_refused(StoreProbe s)
    {
        var (a, _) = (await s.CreateAsync("A"), await s.CreateAsync("A/X"));
        await s.CreateAsync("B");
        await s.CreateAsync("C/X");
        await s.RefusedAsync(CommitError.MailboxExists, 0, new RenameMailbox(a, "B"));
        await s.RefusedAsync(CommitError.MailboxExists, 0, new RenameMailbox(a, "A"));

        // "C" is free, but "C/X" is where "A/X" would go.
        await s.RefusedAsync(CommitError.MailboxExists, 0, new RenameMailbox(a, "C"));
        await s.RefusedAsync(CommitError.NoMailbox, 0, new RenameMailbox(new MailboxId("no-such-mailbox"), "D"));
    }

    private static async Task A_mailbox_can_be_renamed_below_itself(StoreProbe s)
    {
        var (a, x) = (await s.CreateAsync("A"), await s.CreateAsync("A/X"));
        await s.DoAsync(new RenameMailbox(a, "A/B"));
        Check.Equal(a, (await s.FindAsync("A/B")).Id, "The mailbox renamed");
        Check.Equal(x, (await s.FindAsync("A/B/X")).Id, "The one below it");
    }

    private static async Task A_delete_spares_what_is_below(StoreProbe s)
    {
        var (a, x) = (await s.CreateAsync("A"), await s.CreateAsync("A/X"));
        await s.AppendManyAsync(a, 3);
        var uid = await s.AppendAsync(x);
        await s.DoAsync(new DeleteMailbox(a));
        Check.Sequence(["A/X", "INBOX"], (await s.SnapshotAsync()).Mailboxes.Select(static info => info.Name), "Names");
        Check.Sequence([uid], (await s.LoadAsync(x)).Uids, "Rows below");
    }

    private static async Task A_deleted_mailbox_answers_nothing(StoreProbe s)
    {
        var (inbox, work) = (await s.InboxAsync(), await s.CreateAsync("Work"));
        var uid = await s.AppendAsync(work);
        await s.DoAsync(new DeleteMailbox(work));
        Check.That(await (await s.OpenAsync()).LoadAsync(work, default) is null, "A deleted mailbox can be loaded.");
        await using var content = await s.StageAsync("x");
        StoreChange[] changes =
        [
            StoreProbe.Message(work, content), new SetFlags(work, [uid], FlagMode.Add, SystemFlags.Seen, [], null), new Expunge(work, [uid], false),
            new Copy(work, [uid], inbox, false), new Copy(inbox, [1], work, false), new RenameMailbox(work, "Again"), new DeleteMailbox(work),
            new ClaimRecent(work), new PutSummary(work, new Uid(uid), new byte[1]), StoreProbe.Message(work, content) with { IgnoreQuota = true },
        ];
        foreach (var change in changes)
        {
            await s.RefusedAsync(CommitError.NoMailbox, 0, change);
        }
    }

    private static async Task A_name_made_again_has_a_higher_uidvalidity(StoreProbe s)
    {
        var seen = new HashSet<MailboxId>();
        var last = 0u;
        for (var i = 0; i < 5; i++)
        {
            var id = await s.CreateAsync("Again");
            var info = await s.FindAsync("Again");
            Check.That(seen.Add(id), "A mailbox id was used again.");
            Check.That(info.UidValidity > last, $"UIDVALIDITY {info.UidValidity} follows {last}.");
            last = info.UidValidity;
            await s.AppendAsync(id);
            await s.DoAsync(i % 2 == 0 ? new DeleteMailbox(id) : new RenameMailbox(id, $"Kept{i}"));
        }
    }

    private static async Task A_kept_uidvalidity_must_be_higher_than_those_before(StoreProbe s)
    {
        var id = (await s.DoAsync(new CreateMailbox("Import", KeepUidValidity: 4_000_000_000))).Mailbox;
        Check.Equal(4_000_000_000, (await s.FindAsync("Import")).UidValidity, "UIDVALIDITY kept");
        await s.DoAsync(new DeleteMailbox(id));
        await s.RefusedAsync(CommitError.NotSupported, 0, new CreateMailbox("Import", KeepUidValidity: 4_000_000_000));
        await s.DoAsync(new CreateMailbox("Import"));
        Check.That((await s.FindAsync("Import")).UidValidity > 4_000_000_000, "UIDVALIDITY is not higher than the one before.");
        await s.DoAsync(new CreateMailbox("Other", KeepUidValidity: 12));
        Check.Equal(12u, (await s.FindAsync("Other")).UidValidity, "UIDVALIDITY kept");
    }

    private static async Task A_name_taken_by_a_rename_has_a_higher_uidvalidity(StoreProbe s)
    {
        var old = (await s.DoAsync(new CreateMailbox("Old", KeepUidValidity: 100))).Mailbox;
        var child = (await s.DoAsync(new CreateMailbox("Old/Child", KeepUidValidity: 100))).Mailbox;
        await s.DoAsync(new DeleteMailbox((await s.DoAsync(new CreateMailbox("New", KeepUidValidity: 4_000_000_000))).Mailbox));
        await s.DoAsync(new DeleteMailbox((await s.DoAsync(new CreateMailbox("New/Child", KeepUidValidity: 100))).Mailbox));

        // Clients may remember UIDs of another mailbox by these names.
        var result = await s.DoAsync(new RenameMailbox(old, "New"));
        Check.That((await s.FindAsync("New")).UidValidity > 4_000_000_000, "UIDVALIDITY of the name went back.");
        Check.Equal((await s.FindAsync("New")).UidValidity, result.UidValidity, "UIDVALIDITY of the result");
        Check.That((await s.FindAsync("New/Child")).UidValidity > 100, "UIDVALIDITY of the name below is the same as before.");
        Check.Equal((old, child), ((await s.FindAsync("New")).Id, (await s.FindAsync("New/Child")).Id), "Ids after the rename");
        await s.DoAsync(new RenameMailbox(child, "Apart"));
        Check.That((await s.FindAsync("Apart")).UidValidity > 100, "UIDVALIDITY went back.");
    }

    private static async Task An_inbox_that_held_nothing_can_be_given_a_uidvalidity(StoreProbe s)
    {
        var inbox = await s.InboxAsync();
        var before = (await s.SnapshotAsync()).AsOf;
        var result = await s.DoAsync(new CreateMailbox("Inbox", KeepUidValidity: 1234));
        Check.Equal((inbox, 1234u), (result.Mailbox, result.UidValidity), "The inbox of the result");
        Check.Equal(1234u, (await s.FindAsync("INBOX")).UidValidity, "UIDVALIDITY of the inbox");
        Check.Equal(inbox, (await s.FindAsync("INBOX")).Id, "Id of the inbox");
        Check.Equal(1234u, (await s.ChangesAsync(before, inbox)).Mailboxes.Only().Info.UidValidity, "UIDVALIDITY in the feed");
        var uid = await s.AppendAsync(inbox);
        await s.RefusedAsync(CommitError.MailboxExists, 0, new CreateMailbox("INBOX", KeepUidValidity: 1235));
        await s.DoAsync(new Expunge(inbox, [uid], OnlyDeleted: false));
        await s.RefusedAsync(CommitError.MailboxExists, 0, new CreateMailbox("INBOX", KeepUidValidity: 4_000_000_000));
    }

    private static async Task Special_use_is_kept(StoreProbe s)
    {
        var id = (await s.DoAsync(new CreateMailbox("Sent") { SpecialUse = "\\Sent" })).Mailbox;
        Check.Equal("\\Sent", (await s.FindAsync("Sent")).SpecialUse, "Special use");
        Check.Equal("\\Sent", (await s.LoadAsync(id)).Info.SpecialUse, "Special use in the load");
        Check.Equal(null, (await s.FindAsync("INBOX")).SpecialUse, "Special use of the inbox");
        await s.DoAsync(new RenameMailbox(id, "Gesendet"));
        Check.Equal("\\Sent", (await s.FindAsync("Gesendet")).SpecialUse, "Special use after a rename");

        // Whether two may have the same use is for engines to say.
        await s.DoAsync(new CreateMailbox("Sent") { SpecialUse = "\\Sent" });
        await s.DoAsync(new DeleteMailbox(id));
        await s.CreateAsync("Gesendet");
        Check.Equal(null, (await s.FindAsync("Gesendet")).SpecialUse, "Special use of a name made again");
    }

    private static async Task Subscriptions_need_no_mailbox(StoreProbe s)
    {
        await s.DoAsync(new Subscribe("Not/There", true));
        await s.DoAsync(new Subscribe("Another", true));
        Check.Sequence(["Another", "Not/There"], (await s.SnapshotAsync()).Subscriptions.Order(StringComparer.Ordinal), "Subscriptions");
        Check.That((await s.CommitAsync(new Subscribe("Another", true))).ModSeq is null, "Subscribing twice has a ModSeq.");
        await s.DoAsync(new Subscribe("Another", false));
        Check.Sequence(["Not/There"], (await s.SnapshotAsync()).Subscriptions, "Subscriptions");
        Check.That((await s.CommitAsync(new Subscribe("Another", false))).ModSeq is null, "Unsubscribing twice has a ModSeq.");
    }

    private static async Task A_thousand_mailboxes(StoreProbe s)
    {
        var created = new List<StoreChange>();
        for (var i = 0; i < 1000; i++)
        {
            created.Add(new CreateMailbox($"Folder/{i / 100}/{i:000}"));
        }

        var result = await s.CommitAsync([.. created]);
        Check.Equal(CommitError.None, result.Error, "Creating a thousand mailboxes");
        Check.Equal(1001, (await s.SnapshotAsync()).Mailboxes.Count, "Mailboxes");
        Check.Equal(1000, result.Changes.Select(static change => change.Mailbox).Distinct().Count(), "Different ids");
        var uid = await s.AppendAsync(result.Changes[777].Mailbox);
        Check.Sequence([uid], (await s.LoadAsync((await s.FindAsync("Folder/7/777")).Id)).Uids, "Rows");
    }

    private static async Task Structure_is_in_the_feed(StoreProbe s)
    {
        var start = (await s.SnapshotAsync()).AsOf;
        var work = await s.CreateAsync("Work");
        var gone = await s.CreateAsync("Gone");
        var created = await s.ChangesAsync(start);
        Check.That(created.StructureChanged, "A created mailbox is no change of structure.");
        Check.Sequence(["Gone", "Work"], created.Mailboxes.Select(static delta => delta.Info.Name).Order(), "Mailboxes in the feed");

        await s.DoAsync(new RenameMailbox(work, "Play"));
        await s.DoAsync(new DeleteMailbox(gone));
        var changes = await s.ChangesAsync(created.AsOf);
        Check.That(changes.StructureChanged, "A renamed mailbox is no change of structure.");
        Check.Sequence(["Play"], changes.Mailboxes.Select(static delta => delta.Info.Name), "Mailboxes in the feed");
        Check.Sequence([gone], changes.Removed, "Mailboxes removed");
        Check.Sequence([gone], (await s.ChangesAsync(created.AsOf, gone)).Removed, "Mailboxes removed, asked for that one");

        await s.DoAsync(new Subscribe("Play", true));
        Check.That((await s.ChangesAsync(changes.AsOf)).StructureChanged, "A subscription is no change of structure.");
        var asOf = (await s.SnapshotAsync()).AsOf;
        await s.AppendAsync(work);
        Check.That(!(await s.ChangesAsync(asOf)).StructureChanged, "An append is a change of structure.");
        Check.Equal(0, (await s.ChangesAsync(asOf)).Removed.Count, "Mailboxes removed later");
    }
}

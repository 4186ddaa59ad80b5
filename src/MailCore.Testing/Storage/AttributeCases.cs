using System.Globalization;
using System.Text;
using MailCore.Storage;
using static MailCore.Testing.Storage.MailStoreConformance;

namespace MailCore.Testing.Storage;

/// <summary>What is said about mailboxes beside their messages: metadata (RFC 5464) and access control lists (RFC 4314).</summary>
internal static class AttributeCases
{
    public static IEnumerable<ConformanceCase> All =>
    [
        Case(Metadata_is_kept_as_it_is_and_can_be_replaced_and_removed, StoreTraits.Metadata),
        Case(Metadata_has_limits, StoreTraits.Metadata),
        Case(Metadata_is_in_the_feed, StoreTraits.Metadata),
        Case(Metadata_stays_with_its_mailbox, StoreTraits.Metadata | StoreTraits.Mailboxes),
        Case(Metadata_is_set_as_a_whole_or_not_at_all, StoreTraits.Metadata),
        Case(Rights_are_added_removed_and_replaced, StoreTraits.Acl),
        Case(An_access_control_list_has_a_limit, StoreTraits.Acl),
        Case(An_access_control_list_is_in_the_feed_and_stays_with_its_mailbox, StoreTraits.Acl | StoreTraits.Mailboxes),
        Case(Rights_altered_at_once_all_count, StoreTraits.Acl),
        Case(Who_shares_with_whom_is_found, StoreTraits.Acl | StoreTraits.Mailboxes),
    ];

    public static async Task ExpectMetadataAsync(StoreProbe s, MailboxId? mailbox, params (string Entry, string Value)[] expected) =>
        Check.Sequence(
            expected.Select(static pair => $"{pair.Entry} = {pair.Value}"),
            (await (await s.OpenAsync()).ReadMetadataAsync(mailbox, default)).Select(static entry => $"{entry.Entry} = {Encoding.UTF8.GetString(entry.Value.Span)}"),
            "Metadata");

    public static SetMetadata Metadata(MailboxId? mailbox, string entry, string? value) =>
        new(mailbox, entry, value is null ? null : Encoding.UTF8.GetBytes(value));

    private static async Task ExpectAclAsync(StoreProbe s, string expected) =>
        Check.Equal(expected, string.Join(' ', (await s.FindAsync("INBOX")).Acl.Select(static entry => $"{entry.Identifier}={entry.Rights}")), "Access control list");

    private static async Task Metadata_is_kept_as_it_is_and_can_be_replaced_and_removed(StoreProbe s)
    {
        var inbox = await s.InboxAsync();
        await ExpectMetadataAsync(s, inbox);
        await ExpectMetadataAsync(s, null);
        byte[] octets = [.. Enumerable.Range(0, 256).Select(static i => (byte)i)];
        var given = octets.ToArray();
        await s.DoAsync(new SetMetadata(inbox, "/private/vendor/octets", given));
        Array.Clear(given);
        var read = await (await s.OpenAsync()).ReadMetadataAsync(inbox, default);
        Check.Octets(octets, read.Only().Value, "Value");
        await s.DoAsync(Metadata(inbox, "/private/vendor/octets", null));

        // Nothing is not the same as none.
        await s.DoAsync(Metadata(inbox, "/shared/comment", ""));
        await s.DoAsync(Metadata(inbox, "/private/comment", "first"));
        await s.DoAsync(Metadata(null, "/shared/admin", "mailto:root"));
        await ExpectMetadataAsync(s, inbox, ("/private/comment", "first"), ("/shared/comment", ""));
        await ExpectMetadataAsync(s, null, ("/shared/admin", "mailto:root"));
        await s.DoAsync(Metadata(inbox, "/private/comment", "second"));
        await s.DoAsync(Metadata(inbox, "/shared/comment", null));
        await ExpectMetadataAsync(s, inbox, ("/private/comment", "second"));
        Check.That((await s.CommitAsync(Metadata(inbox, "/private/comment", "second"))).ModSeq is null, "Setting what is set has a ModSeq.");
        Check.That((await s.CommitAsync(Metadata(inbox, "/shared/comment", null))).ModSeq is null, "Removing what is not there has a ModSeq.");
        await s.RefusedAsync(CommitError.NoMailbox, 0, Metadata(new MailboxId("no-such-mailbox"), "/private/comment", "x"));
        await ExpectMetadataAsync(s, new MailboxId("no-such-mailbox"));
    }

    private static async Task Metadata_has_limits(StoreProbe s)
    {
        var inbox = await s.InboxAsync();
        await s.DoAsync(new SetMetadata(inbox, "/private/large", new byte[StorageLimits.MetadataOctets]));
        await s.RefusedAsync(CommitError.TooMany, 0, new SetMetadata(inbox, "/private/large", new byte[StorageLimits.MetadataOctets + 1]));
        for (var i = 1; i < StorageLimits.MetadataEntries; i++)
        {
            await s.DoAsync(Metadata(inbox, string.Create(CultureInfo.InvariantCulture, $"/private/{i}"), "x"));
        }

        await s.RefusedAsync(CommitError.TooMany, 0, Metadata(inbox, "/private/one-more", "x"));
        await s.DoAsync(Metadata(inbox, "/private/1", "another value"));
        await s.DoAsync(Metadata(null, "/private/of-the-account", "x"));
    }

    private static async Task Metadata_is_in_the_feed(StoreProbe s)
    {
        var inbox = await s.InboxAsync();
        await s.AppendAsync(inbox);
        var before = await s.SnapshotAsync();
        var result = await s.CommitAsync(Metadata(inbox, "/private/comment", "x"));
        Check.That(result.ModSeq > before.AsOf, "Setting metadata has no ModSeq of its own.");
        var changes = await s.ChangesAsync(before.AsOf);
        var delta = changes.Mailboxes.Only();
        Check.Equal(inbox, delta.Info.Id, "Mailbox in the feed");
        Check.Equal(0, delta.Changed.Count + delta.Vanished.Length, "Rows in the feed");
        Check.Equal(before.Mailboxes[0].HighestModSeq, delta.Info.HighestModSeq, "HighestModSeq, which is of messages");
        Check.That(!changes.StructureChanged, "A mailbox's metadata is a change of structure.");
        await s.DoAsync(Metadata(null, "/private/comment", "x"));
        changes = await s.ChangesAsync(changes.AsOf);
        Check.That(changes.StructureChanged && changes.Mailboxes.Count == 0, "The account's own metadata is no change of structure, or one of a mailbox.");
    }

    private static async Task Metadata_stays_with_its_mailbox(StoreProbe s)
    {
        var work = await s.CreateAsync("Work");
        await s.DoAsync(Metadata(work, "/private/comment", "mine"));
        await s.DoAsync(new RenameMailbox(work, "Play"));
        await ExpectMetadataAsync(s, work, ("/private/comment", "mine"));
        await ExpectMetadataAsync(s, await s.CreateAsync("Work"));
        await s.DoAsync(new DeleteMailbox(work));
        await ExpectMetadataAsync(s, work);
        await ExpectMetadataAsync(s, await s.CreateAsync("Play"));
    }

    private static async Task Metadata_is_set_as_a_whole_or_not_at_all(StoreProbe s)
    {
        var inbox = await s.InboxAsync();
        await s.DoAsync(Metadata(inbox, "/private/a", "before"));
        await s.RefusedAsync(
            CommitError.TooMany,
            2,
            Metadata(inbox, "/private/a", "after"),
            Metadata(null, "/private/b", "after"),
            new SetMetadata(inbox, "/private/c", new byte[StorageLimits.MetadataOctets + 1]));
        await ExpectMetadataAsync(s, inbox, ("/private/a", "before"));
        await ExpectMetadataAsync(s, null);
    }

    private static async Task Rights_are_added_removed_and_replaced(StoreProbe s)
    {
        var inbox = await s.InboxAsync();
        await ExpectAclAsync(s, "");
        await s.DoAsync(new SetAcl(inbox, "bob", FlagMode.Replace, "rlsr"));
        await s.DoAsync(new SetAcl(inbox, "anyone", FlagMode.Add, "lp"));
        await s.DoAsync(new SetAcl(inbox, "-eve@example.org", FlagMode.Replace, "r"));
        await ExpectAclAsync(s, "-eve@example.org=r anyone=lp bob=lrs");
        await s.DoAsync(new SetAcl(inbox, "bob", FlagMode.Add, "wl"));
        await s.DoAsync(new SetAcl(inbox, "anyone", FlagMode.Remove, "lx"));
        await s.DoAsync(new SetAcl(inbox, "-eve@example.org", FlagMode.Remove, "r"));
        await ExpectAclAsync(s, "anyone=p bob=lrsw");
        await s.DoAsync(new SetAcl(inbox, "Bob", FlagMode.Replace, "r"));
        await s.DoAsync(new SetAcl(inbox, "bob", FlagMode.Replace, ""));
        await ExpectAclAsync(s, "Bob=r anyone=p");
        Check.That((await s.CommitAsync(new SetAcl(inbox, "anyone", FlagMode.Add, "p"))).ModSeq is null, "Giving a right that is given has a ModSeq.");
        Check.That((await s.CommitAsync(new SetAcl(inbox, "nobody", FlagMode.Replace, ""))).ModSeq is null, "Removing who is not there has a ModSeq.");
        await s.RefusedAsync(CommitError.NoMailbox, 0, new SetAcl(new MailboxId("no-such-mailbox"), "bob", FlagMode.Add, "r"));
        foreach (var (identifier, rights) in new[] { ("", "r"), ("a\tb", "r"), ("a\nb", "r"), ("a", "\n") })
        {
            await s.RefusedAsync(CommitError.NotSupported, 0, new SetAcl(inbox, identifier, FlagMode.Add, rights));
        }

        await s.DoAsync(new SetAcl(inbox, "Zoë & Søn = 送信", FlagMode.Add, "r"));
        await ExpectAclAsync(s, "Bob=r Zoë & Søn = 送信=r anyone=p");
    }

    private static async Task An_access_control_list_has_a_limit(StoreProbe s)
    {
        var inbox = await s.InboxAsync();
        var all = Enumerable.Range(0, StorageLimits.AclEntries).Select(i => new SetAcl(inbox, string.Create(CultureInfo.InvariantCulture, $"user{i}"), FlagMode.Add, "lr"));
        Check.Equal(CommitError.None, (await s.CommitAsync([.. all])).Error, "As many identifiers as there can be");
        await s.RefusedAsync(CommitError.TooMany, 0, new SetAcl(inbox, "one more", FlagMode.Add, "l"));
        await s.DoAsync(new SetAcl(inbox, "user7", FlagMode.Add, "w"));
    }

    private static async Task An_access_control_list_is_in_the_feed_and_stays_with_its_mailbox(StoreProbe s)
    {
        var work = await s.CreateAsync("Work");
        var before = (await s.SnapshotAsync()).AsOf;
        await s.DoAsync(new SetAcl(work, "bob", FlagMode.Replace, "lr"));
        var info = (await s.ChangesAsync(before)).Mailboxes.Only().Info;
        Check.Sequence([new AclEntry("bob", "lr")], info.Acl, "Access control list in the feed");
        await s.DoAsync(new RenameMailbox(work, "Play"));
        Check.Sequence([new AclEntry("bob", "lr")], (await s.LoadAsync(work)).Info.Acl, "Access control list after the rename");
        await s.DoAsync(new DeleteMailbox(work));
        await s.CreateAsync("Play");
        Check.Equal(0, (await s.FindAsync("Play")).Acl.Count, "Identifiers of a mailbox made again");
    }

    private static async Task Rights_altered_at_once_all_count(StoreProbe s)
    {
        var (inbox, account) = (await s.InboxAsync(), await s.AccountAsync());
        var next = -1;
        await StoreProbe.AllAtOnceAsync(8, async () =>
        {
            var right = "lrswipkx"[Interlocked.Increment(ref next)].ToString();
            return (await s.Store.CommitAsync([new ChangeBatch(account, [new SetAcl(inbox, "bob", FlagMode.Add, right)])], default))[0].Error;
        });
        await ExpectAclAsync(s, "bob=iklprswx");
    }

    private static async Task Who_shares_with_whom_is_found(StoreProbe s)
    {
        await ExpectSharingAsync(s, false, "bob", "anyone");
        var work = await s.CreateAsync("Work");
        await s.DoAsync(new SetAcl(work, "bob", FlagMode.Replace, "lr"));
        await s.DoAsync(new SetAcl(work, "$sales team", FlagMode.Replace, "l"));
        await ExpectSharingAsync(s, true, "bob");
        await ExpectSharingAsync(s, true, "eve", "$sales team");
        await ExpectSharingAsync(s, false, "bo", "$sales", "anyone", "lr");
        await s.DoAsync(new RenameMailbox(work, "Play"));
        await ExpectSharingAsync(s, true, "bob");
        await s.DoAsync(new SetAcl(work, "bob", FlagMode.Replace, ""));
        await ExpectSharingAsync(s, false, "bob");
        await s.DoAsync(new DeleteMailbox(work));
        await ExpectSharingAsync(s, false, "$sales team");
    }

    private static async Task ExpectSharingAsync(StoreProbe s, bool expected, params IReadOnlyList<string> identifiers) => Check.Equal(
        expected,
        (await s.Store.FindSharingAsync(identifiers, default)).Contains(await s.AccountAsync()),
        $"Whether the account is found to share with {string.Join(", ", identifiers)}");
}

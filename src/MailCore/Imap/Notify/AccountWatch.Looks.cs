using MailCore.Authentication;
using MailCore.Imap.Mailboxes;
using MailCore.Imap.Metadata;
using MailCore.Imap.Wire;
using MailCore.Storage;

namespace MailCore.Imap.Notify;

internal sealed partial class AccountWatch
{
    private async ValueTask LookAsync()
    {
        var changes = await account.Store.ChangesSinceAsync(_asOf, null, ChangeLimit, session.Aborted);
        if (_reconsiders || changes.Truncated || changes.StructureChanged || changes.Removed.Count > 0 || changes.Mailboxes.Any(IsStructural))
        {
            await LookAtAllAsync(changes);
            _reconsiders = false;
            return;
        }

        foreach (var delta in changes.Mailboxes)
        {
            if (_known.TryGetValue(delta.Info.Id, out var mailbox))
            {
                await TellAsync(mailbox, delta.Info, hasDelta: true);
            }
        }

        _asOf = changes.AsOf;
    }

    // Made or renamed, or who may look at it is another matter now.
    private bool IsStructural(MailboxDelta delta) =>
        !_known.TryGetValue(delta.Info.Id, out var mailbox) || mailbox.Info.Name != delta.Info.Name || !mailbox.Info.Acl.SequenceEqual(delta.Info.Acl);

    private async ValueTask LookAtAllAsync(ChangeSet changes)
    {
        var snapshot = await account.SnapshotAsync(session.Aborted);
        var subscribedBefore = watch.Subscribed;
        if (_isPersonal)
        {
            watch.Subscribe(snapshot.Subscriptions.ToHashSet(StringComparer.Ordinal));
        }

        var changed = changes.Truncated ? null : changes.Mailboxes.Select(static delta => delta.Info.Id).ToHashSet();
        var before = _known;
        var after = new Dictionary<MailboxId, WatchedMailbox>();
        var visible = new List<VisibleMailbox>();
        foreach (var info in snapshot.Mailboxes)
        {
            if (await FollowAsync(before.GetValueOrDefault(info.Id), info) is { } mailbox)
            {
                after.Add(info.Id, mailbox);
                visible.Add(new VisibleMailbox(account.OpenMailbox(info.Id), info with { Name = mailbox.Name }, MailboxRights.None));
            }
        }

        _known = after;
        var tree = new MailboxTree(new VisibleMailboxes(visible, [.. watch.Subscribed]), ListSelection.None);
        await TellNamesAsync(tree, before, subscribedBefore);
        foreach (var info in snapshot.Mailboxes)
        {
            if (before.TryGetValue(info.Id, out var old) && after.TryGetValue(info.Id, out var mailbox))
            {
                TellAccess(tree, old, mailbox);
                await TellAsync(mailbox, info, hasDelta: changed?.Contains(info.Id) ?? true);
            }
        }

        await TellServerMetadataAsync();
        _asOf = snapshot.AsOf;
        ListenToMailboxes();
    }

    private async ValueTask TellNamesAsync(MailboxTree tree, Dictionary<MailboxId, WatchedMailbox> before, HashSet<string> subscribedBefore)
    {
        var affected = new SortedDictionary<string, string?>(StringComparer.Ordinal);
        var renames = _known.Where(pair => before.TryGetValue(pair.Key, out var old) && old.Name != pair.Value.Name).ToDictionary(pair => before[pair.Key].Name, static pair => pair.Value.Name);
        foreach (var (from, to) in renames)
        {
            if (!watch.IsOwn(to, orAbove: true) && !GoesWithParent(renames, from, to))
            {
                affected[to] = from;
            }
        }

        foreach (var (id, mailbox) in _known)
        {
            if (!before.ContainsKey(id))
            {
                Affect(affected, mailbox.Name);
            }
        }

        foreach (var (id, old) in before)
        {
            if (!_known.ContainsKey(id))
            {
                Affect(affected, old.Name);
            }
        }

        var names = affected.Where(pair => Listens(pair.Key, NotifyEvents.MailboxName)).ToList();
        if (_isPersonal)
        {
            foreach (var name in subscribedBefore.Except(watch.Subscribed).Concat(watch.Subscribed.Except(subscribedBefore)).Order(StringComparer.Ordinal))
            {
                if (!watch.IsOwn(name) && !names.Exists(pair => pair.Key == name) && Listens(name, NotifyEvents.SubscriptionChange))
                {
                    names.Add(KeyValuePair.Create(name, (string?)null));
                }
            }
        }

        foreach (var (name, old) in names)
        {
            WriteList(tree, name, old);
            await FlushIfFullAsync();
        }
    }

    private bool Listens(string name, NotifyEvents wanted) => watch.Rules.Of(name, _isPersonal, watch.Subscribed).HasFlag(wanted);

    // RFC 5465 5.4: with its direct parent.
    private void Affect(SortedDictionary<string, string?> affected, string name)
    {
        if (watch.IsOwn(name))
        {
            return;
        }

        affected.TryAdd(name, null);
        if (name.LastIndexOf(MailboxName.Separator) is > 0 and var cut)
        {
            affected.TryAdd(name[..cut], null);
        }
    }

    // RFC 5465 5.4: renamed with a mailbox above it.
    private static bool GoesWithParent(Dictionary<string, string> renames, string from, string to)
    {
        for (var cut = from.LastIndexOf(MailboxName.Separator); cut > 0; cut = from.LastIndexOf(MailboxName.Separator, cut - 1))
        {
            if (renames.TryGetValue(from[..cut], out var parent) && parent + from[cut..] == to)
            {
                return true;
            }
        }

        return false;
    }

    // RFC 5465 5.9.
    private void TellAccess(MailboxTree tree, WatchedMailbox old, WatchedMailbox now)
    {
        if (now.Named == NotifyEvents.None || now.HasNoAccess == old.HasNoAccess)
        {
            return;
        }

        if (now.HasNoAccess)
        {
            WriteNoAccess(now);
        }
        else
        {
            WriteList(tree, now.Name, null);
        }
    }

    private async ValueTask TellAsync(WatchedMailbox mailbox, MailboxInfo now, bool hasDelta)
    {
        var changed = ChangedSince(mailbox.Info, now, session.Has(ImapFeatures.CondStore));
        mailbox.Info = now;
        if (!IsSelected(now.Id))
        {
            WriteStatus(mailbox, changed);
        }

        if (hasDelta && mailbox.Metadata is { } known && mailbox.Events.HasFlag(NotifyEvents.MailboxMetadataChange))
        {
            mailbox.Metadata = await ReadMetadataAsync(now.Id);
            WriteMetadata(mailbox.Name, WatchedMailbox.Differences(known, mailbox.Metadata));
        }

        await FlushIfFullAsync();
    }

    private async ValueTask TellServerMetadataAsync()
    {
        if (_serverMetadata is { } known)
        {
            _serverMetadata = WatchedMailbox.DigestsOf(await account.ReadMetadataAsync(session.Aborted));
            WriteMetadata("", WatchedMailbox.Differences(known, _serverMetadata));
        }
    }

    private static NotifyEvents ChangedSince(MailboxInfo old, MailboxInfo now, bool tellsModSeqs)
    {
        if (now.Messages != old.Messages || now.UidNext != old.UidNext || now.UidValidity != old.UidValidity)
        {
            return NotifyEvents.MessageNew | NotifyEvents.MessageExpunge;
        }

        // RFC 5465 5.1: other flags are of interest to those alone who ask for what has changed since.
        return now.Unseen != old.Unseen || (tellsModSeqs && now.HighestModSeq != old.HighestModSeq) ? NotifyEvents.FlagChange : NotifyEvents.None;
    }

    // RFC 5465 3.1, 5.1 to 5.3. All of them at once is where the mailbox stands at the start.
    private void WriteStatus(WatchedMailbox mailbox, NotifyEvents changed)
    {
        var events = mailbox.Events;
        if ((events & changed & NotifyEvents.OfMessages) == NotifyEvents.None)
        {
            return;
        }

        var items = new List<StatusItem>();
        if ((changed & (NotifyEvents.MessageNew | NotifyEvents.MessageExpunge)) != 0)
        {
            items.AddRange(StatusItem.Messages, StatusItem.UidNext);
        }

        items.Add(StatusItem.UidValidity);
        if (events.HasFlag(NotifyEvents.FlagChange))
        {
            items.Add(StatusItem.Unseen);
        }

        if (session.Has(ImapFeatures.CondStore) || (events & changed).HasFlag(NotifyEvents.OfMessages))
        {
            items.Add(StatusItem.HighestModSeq);
        }

        StatusResponse.Write(session.Writer, _isPersonal ? mailbox.Info : mailbox.Info with { Name = mailbox.Name }, items);
    }

    private void WriteMetadata(string mailbox, List<string> entries)
    {
        if (entries.Count > 0)
        {
            MetadataResponse.WriteNames(session.Writer, mailbox, entries);
        }
    }

    private void WriteNoAccess(WatchedMailbox mailbox) => session.Writer.Raw("* LIST (\\NoAccess) \"/\" "u8).Mailbox(mailbox.Name).Line();

    private void WriteList(MailboxTree tree, string name, string? oldName)
    {
        var writer = session.Writer.Raw("* LIST ("u8);
        writer.Raw(tree.Find(name) is null ? "\\NonExistent "u8 : ""u8).Raw(tree.IsSubscribed(name) ? "\\Subscribed "u8 : ""u8);
        writer.Raw(tree.HasChildren(name) ? "\\HasChildren"u8 : "\\HasNoChildren"u8).Raw(") \"/\" "u8).Mailbox(name);
        if (oldName is not null)
        {
            writer.Raw(" (\"OLDNAME\" ("u8).Mailbox(oldName).Raw("))"u8);
        }

        writer.Line();
    }
}

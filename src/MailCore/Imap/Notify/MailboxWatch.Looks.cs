using MailCore.Authentication;
using MailCore.Imap.Mailboxes;
using MailCore.Imap.Metadata;
using MailCore.Imap.Wire;
using MailCore.Storage;

namespace MailCore.Imap.Notify;

internal sealed partial class MailboxWatch
{
    private async ValueTask LookAsync()
    {
        var changes = await _account.Store.ChangesSinceAsync(_asOf, null, ChangeLimit, _session.Aborted);
        if (changes.Truncated || changes.StructureChanged || changes.Removed.Count > 0 || changes.Mailboxes.Any(IsStructural))
        {
            await LookAtAllAsync(changes);
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
        var snapshot = await _account.SnapshotAsync(_session.Aborted);
        var subscribed = snapshot.Subscriptions.ToHashSet(StringComparer.Ordinal);
        var (before, subscribedBefore) = (_known, _subscribed);
        _subscribed = subscribed;
        var changed = changes.Truncated ? null : changes.Mailboxes.Select(static delta => delta.Info.Id).ToHashSet();
        var visible = new List<MailboxInfo>();
        var after = new Dictionary<MailboxId, WatchedMailbox>();
        foreach (var info in snapshot.Mailboxes)
        {
            if (await FollowAsync(before.GetValueOrDefault(info.Id), info) is { } mailbox)
            {
                after.Add(info.Id, mailbox);
                visible.Add(info);
            }
        }

        _known = after;
        var told = new Dictionary<MailboxId, MailboxInfo>(before.Select(static pair => KeyValuePair.Create(pair.Key, pair.Value.Info)));
        await TellNamesAsync(told, snapshot with { Mailboxes = visible }, subscribedBefore);
        foreach (var info in visible)
        {
            if (told.ContainsKey(info.Id))
            {
                await TellAsync(after[info.Id], info, hasDelta: changed?.Contains(info.Id) ?? true);
            }
        }

        await TellServerMetadataAsync();
        _asOf = snapshot.AsOf;
        ListenToMailboxes();
        if (IsTooMuch())
        {
            // RFC 5465 5.8: as after NOTIFY NONE.
            _session.Writer.Raw("* OK [NOTIFICATIONOVERFLOW] There are too many mailboxes to listen to"u8).Line();
            Dispose();
            Rules = new NotifyRules(new NotifyRequest(TellsStatus: false, []));
            _session.WakeSelection();
        }
    }

    // The same mailbox after a change of names, rights or subscriptions; what its client has been told of it stays.
    private async ValueTask<WatchedMailbox?> FollowAsync(WatchedMailbox? known, MailboxInfo info)
    {
        if (known is null)
        {
            return await MeetAsync(info);
        }

        var rights = await _session.RightsAsync(info.Name);
        if (!rights.HasFlag(MailboxRights.Lookup))
        {
            return null;
        }

        var hadNoAccess = known.HasNoAccess;
        var mailbox = new WatchedMailbox(known.Info, rights) { Named = Rules.Of(info.Name, isPersonal: true, _subscribed), Metadata = known.Metadata };
        if (mailbox.Metadata is null && mailbox.Events.HasFlag(NotifyEvents.MailboxMetadataChange))
        {
            mailbox.Metadata = WatchedMailbox.DigestsOf(await ReadMetadataAsync(info.Id));
        }

        if (mailbox.Named != NotifyEvents.None && mailbox.HasNoAccess != hadNoAccess)
        {
            // RFC 5465 5.9.
            if (mailbox.HasNoAccess)
            {
                WriteNoAccess(mailbox);
            }
            else
            {
                _session.Writer.Raw("* LIST () \"/\" "u8).Mailbox(info.Name).Line();
            }
        }

        return mailbox;
    }

    private async ValueTask TellNamesAsync(Dictionary<MailboxId, MailboxInfo> before, AccountSnapshot now, HashSet<string> subscribedBefore)
    {
        var tree = new MailboxTree(now, ListSelection.None);
        var affected = new SortedDictionary<string, string?>(StringComparer.Ordinal);
        var renames = now.Mailboxes.Where(info => before.TryGetValue(info.Id, out var old) && old.Name != info.Name).ToDictionary(info => before[info.Id].Name, static info => info.Name);
        foreach (var info in now.Mailboxes)
        {
            if (!before.TryGetValue(info.Id, out var old))
            {
                Affect(affected, info.Name);
            }
            else if (old.Name != info.Name && !_own.Contains(info.Name) && !GoesWithParent(renames, old.Name, info.Name))
            {
                affected[info.Name] = old.Name;
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
        foreach (var name in subscribedBefore.Except(_subscribed).Concat(_subscribed.Except(subscribedBefore)).Order(StringComparer.Ordinal))
        {
            if (!_own.Contains(name) && !names.Exists(pair => pair.Key == name) && Listens(name, NotifyEvents.SubscriptionChange))
            {
                names.Add(KeyValuePair.Create(name, (string?)null));
            }
        }

        foreach (var (name, old) in names)
        {
            WriteList(tree, name, old);
            await FlushIfFullAsync();
        }
    }

    private bool Listens(string name, NotifyEvents wanted) => Rules.Of(name, isPersonal: true, _subscribed).HasFlag(wanted);

    // RFC 5465 5.4: with its direct parent.
    private void Affect(SortedDictionary<string, string?> affected, string name)
    {
        if (_own.Contains(name))
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
    private bool GoesWithParent(Dictionary<string, string> renames, string from, string to)
    {
        for (var cut = from.LastIndexOf(MailboxName.Separator); cut > 0; cut = from.LastIndexOf(MailboxName.Separator, cut - 1))
        {
            if (renames.TryGetValue(from[..cut], out var parent) && parent + from[cut..] == to)
            {
                return true;
            }
        }

        // What the client renamed itself took this along.
        return _own.Any(own => to.Length > own.Length && to.StartsWith(own, StringComparison.Ordinal) && to[own.Length] == MailboxName.Separator);
    }

    private async ValueTask TellAsync(WatchedMailbox mailbox, MailboxInfo now, bool hasDelta)
    {
        var old = mailbox.Info;
        mailbox.Info = now;
        if (!IsSelected(now.Id))
        {
            WriteStatus(now, mailbox.Events, ChangedSince(old, now, _session.Has(ImapFeatures.CondStore)));
        }

        if (hasDelta && mailbox.Metadata is { } known && mailbox.Events.HasFlag(NotifyEvents.MailboxMetadataChange))
        {
            var entries = WatchedMailbox.DigestsOf(await ReadMetadataAsync(now.Id));
            WriteMetadata(now.Name, WatchedMailbox.Differences(known, entries));
            mailbox.Metadata = entries;
        }

        await FlushIfFullAsync();
    }

    private async ValueTask TellServerMetadataAsync()
    {
        if (_serverMetadata is { } known)
        {
            _serverMetadata = WatchedMailbox.DigestsOf(await _account.ReadMetadataAsync(_session.Aborted));
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
    private void WriteStatus(MailboxInfo info, NotifyEvents events, NotifyEvents changed)
    {
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

        if (_session.Has(ImapFeatures.CondStore) || (events & changed).HasFlag(NotifyEvents.OfMessages))
        {
            items.Add(StatusItem.HighestModSeq);
        }

        StatusResponse.Write(_session.Writer, info, items);
    }

    private void WriteMetadata(string mailbox, List<string> entries)
    {
        if (entries.Count > 0)
        {
            MetadataResponse.WriteNames(_session.Writer, mailbox, entries);
        }
    }

    private void WriteNoAccess(WatchedMailbox mailbox) => _session.Writer.Raw("* LIST (\\NoAccess) \"/\" "u8).Mailbox(mailbox.Info.Name).Line();

    private void WriteList(MailboxTree tree, string name, string? oldName)
    {
        var writer = _session.Writer.Raw("* LIST ("u8);
        writer.Raw(tree.Find(name) is null ? "\\NonExistent "u8 : ""u8).Raw(_subscribed.Contains(name) ? "\\Subscribed "u8 : ""u8);
        writer.Raw(tree.HasChildren(name) ? "\\HasChildren"u8 : "\\HasNoChildren"u8).Raw(") \"/\" "u8).Mailbox(name);
        if (oldName is not null)
        {
            writer.Raw(" (\"OLDNAME\" ("u8).Mailbox(oldName).Raw("))"u8);
        }

        writer.Line();
    }
}

using System.Collections.Immutable;

namespace MailCore.Storage.InMemory;

internal sealed partial class AccountTransaction
{
    private CommitError Create(CreateMailbox create, ref ChangeResult result)
    {
        if (!MailboxName.TryParse(create.Name, out var name))
        {
            return CommitError.NotSupported;
        }

        if (_state.Names.TryGetValue(name.Value, out var existing))
        {
            return name.IsInbox && create.KeepUidValidity is { } imported ? ImportInbox(existing, imported, ref result) : CommitError.MailboxExists;
        }

        var used = _state.UsedValidities.GetValueOrDefault(name.Value);
        if (create.KeepUidValidity is { } kept && kept <= used)
        {
            return CommitError.NotSupported;
        }

        var validity = create.KeepUidValidity ?? NewValidity(used);
        var mailbox = new MailboxState(_account.Store.NewMailboxId(), name.Value, validity, _serial)
        {
            SpecialUse = create.SpecialUse,
            HighestModSeq = _modSeq,
            InfoModSeq = _modSeq,
        };
        _state = _state with
        {
            Mailboxes = _state.Mailboxes.Add(mailbox.Id, mailbox),
            Names = _state.Names.Add(name.Value, mailbox.Id),
            LastUidValidity = Math.Max(_state.LastUidValidity, validity),
        };
        StructureChanged();
        result = Result(mailbox);
        return CommitError.None;
    }

    private CommitError ImportInbox(MailboxId id, uint validity, ref ChangeResult result)
    {
        TryFork(id, out var inbox);
        if (inbox.UidNext > 1)
        {
            return CommitError.MailboxExists;
        }

        inbox.UidValidity = validity;
        inbox.InfoModSeq = _modSeq;
        StructureChanged();
        result = Result(inbox);
        return CommitError.None;
    }

    // By the clock, so that a name made again after a restart does not repeat what clients remember.
    private uint NewValidity(uint used)
    {
        var atLeast = Math.Max(used + 1L, _now.ToUnixTimeSeconds());
        var unique = Math.Max(atLeast, _state.LastUidValidity + 1L);
        return (uint)Math.Min(unique <= uint.MaxValue ? unique : atLeast, uint.MaxValue);
    }

    private CommitError Rename(RenameMailbox rename, ref ChangeResult result)
    {
        if (!TryFork(rename.Id, out var mailbox))
        {
            return CommitError.NoMailbox;
        }

        if (mailbox.Name == MailboxName.Inbox.Value || !MailboxName.TryParse(rename.Name, out var name))
        {
            return CommitError.NotSupported;
        }

        var old = mailbox.Name;
        var moved = _state.Names.Where(pair => pair.Key == old || pair.Key.StartsWith(old + MailboxName.Separator, StringComparison.Ordinal)).ToList();
        var names = _state.Names.RemoveRange(moved.Select(static pair => pair.Key));
        var validities = _state.UsedValidities;
        foreach (var (from, id) in moved)
        {
            var to = name.Value + from[old.Length..];
            if (_state.Names.ContainsKey(to))
            {
                return CommitError.MailboxExists;
            }

            if (!MailboxName.TryParse(to, out _))
            {
                return CommitError.NotSupported;
            }

            TryFork(id, out var child);
            names = names.Add(to, id);
            validities = Used(validities, from, child.UidValidity);
            if (validities.GetValueOrDefault(to) is var used && used >= child.UidValidity)
            {
                child.UidValidity = NewValidity(used);
                _state = _state with { LastUidValidity = Math.Max(_state.LastUidValidity, child.UidValidity) };
            }

            child.Name = to;
            child.InfoModSeq = _modSeq;
        }

        _state = _state with { Names = names, UsedValidities = validities };
        StructureChanged();
        result = Result(mailbox);
        return CommitError.None;
    }

    private CommitError Delete(DeleteMailbox delete, ref ChangeResult result)
    {
        if (!_state.Mailboxes.TryGetValue(delete.Id, out var mailbox))
        {
            return CommitError.NoMailbox;
        }

        if (mailbox.Name == MailboxName.Inbox.Value)
        {
            return CommitError.NotSupported;
        }

        var removed = _state.Removed.Add((_modSeq, mailbox.Id));
        var oldestKept = _state.OldestKept;
        if (removed.Count > _account.Store.TombstonesPerMailbox)
        {
            var drop = removed.Count / 4;
            oldestKept = removed.Items[drop - 1].ModSeq;
            removed = removed.DropFirst(drop);
        }

        _state = _state with
        {
            Mailboxes = _state.Mailboxes.Remove(mailbox.Id),
            Names = _state.Names.Remove(mailbox.Name),
            UsedValidities = Used(_state.UsedValidities, mailbox.Name, mailbox.UidValidity),
            Deleted = _state.Deleted.Add(new DeletedMailbox(_now + InMemoryMailStore.ReadableAfterExpunge, mailbox)),
            Removed = removed,
            OldestKept = oldestKept,
        };
        _quotaUsed -= mailbox.Bytes;
        _messages -= mailbox.Messages;
        StructureChanged();
        _buries = true;
        result = Result(mailbox);
        return CommitError.None;
    }

    private CommitError Subscribe(Subscribe subscribe)
    {
        if (!MailboxName.TryParse(subscribe.Name, out var name))
        {
            return CommitError.NotSupported;
        }

        var subscriptions = subscribe.On ? _state.Subscriptions.Add(name.Value) : _state.Subscriptions.Remove(name.Value);
        if (!ReferenceEquals(subscriptions, _state.Subscriptions))
        {
            _state = _state with { Subscriptions = subscriptions };
            StructureChanged();
        }

        return CommitError.None;
    }

    private CommitError SetQuota(SetQuota quota)
    {
        _state = _state with { QuotaLimit = quota.Limit, MessageLimit = quota.MessageLimit };
        return CommitError.None;
    }

    private CommitError SetMetadata(SetMetadata set, ref ChangeResult result)
    {
        MailboxState? mailbox = null;
        if (set.Mailbox is { } id && !TryFork(id, out mailbox))
        {
            return CommitError.NoMailbox;
        }

        var before = mailbox?.Metadata ?? _state.Metadata;
        var after = set.Value is { } value ? before.SetItem(set.Entry, [.. value]) : before.Remove(set.Entry);
        if (set.Value?.Length > StorageLimits.MetadataOctets || after.Count > Math.Max(before.Count, StorageLimits.MetadataEntries))
        {
            return CommitError.TooMany;
        }

        result = mailbox is null ? NoResult() : Result(mailbox);
        if (set.Value is { } given ? before.TryGetValue(set.Entry, out var known) && given.AsSpan().SequenceEqual(known) : after == before)
        {
            return CommitError.None;
        }

        if (mailbox is null)
        {
            _state = _state with { Metadata = after };
            StructureChanged();
        }
        else
        {
            mailbox.Metadata = after;
            InfoChanged(mailbox);
        }

        return CommitError.None;
    }

    private CommitError SetAcl(SetAcl set, ref ChangeResult result)
    {
        if (!TryFork(set.Mailbox, out var mailbox))
        {
            return CommitError.NoMailbox;
        }

        if (!set.IsWellFormed)
        {
            return CommitError.NotSupported;
        }

        result = Result(mailbox);
        var after = set.ApplyTo(mailbox.Acl);
        if (after.Count > Math.Max(mailbox.Acl.Count, StorageLimits.AclEntries))
        {
            return CommitError.TooMany;
        }

        if (!ReferenceEquals(after, mailbox.Acl))
        {
            mailbox.Acl = after;
            _account.Store.NoteSharing(_account.Id);
            InfoChanged(mailbox);
        }

        return CommitError.None;
    }

    private void InfoChanged(MailboxState mailbox)
    {
        mailbox.InfoModSeq = _modSeq;
        _needsModSeq = true;
    }

    private void StructureChanged()
    {
        _state = _state with { StructureModSeq = _modSeq };
        _needsModSeq = true;
    }

    private static ImmutableDictionary<string, uint> Used(ImmutableDictionary<string, uint> validities, string name, uint validity) =>
        validities.SetItem(name, Math.Max(validity, validities.GetValueOrDefault(name)));
}

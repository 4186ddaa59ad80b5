namespace MailCore.Storage.InMemory;

/// <summary>
/// One account. Readers take the published state and never wait; writers take turns under the lock, work on forks and publish
/// them by one assignment.
/// </summary>
internal sealed class MemoryAccount : IAccountStore
{
    private readonly Lock _lock = new();
    private readonly DeliveryKeys _deliveryKeys = new();
    private volatile AccountState _state;
    private volatile CachedSnapshot? _snapshot;
    private long _transactions;

    public MemoryAccount(InMemoryMailStore store, AccountId id)
    {
        (Store, Id) = (store, id);
        _state = new AccountState();
        var transaction = new AccountTransaction(this, _state, ++_transactions, _deliveryKeys);
        transaction.Apply([new CreateMailbox("INBOX")]);
        _state = transaction.Publish();
    }

    public InMemoryMailStore Store { get; }

    public AccountId Id { get; }

    public CommitResult Commit(IReadOnlyList<StoreChange> changes)
    {
        lock (_lock)
        {
            var transaction = new AccountTransaction(this, _state, ++_transactions, _deliveryKeys);
            var result = transaction.Apply(changes);
            if (result.Error == CommitError.None)
            {
                _state = transaction.Publish();
            }

            return result;
        }
    }

    /// <summary>Whether a mailbox has an access control list that names one of the identifiers.</summary>
    public bool SharesWith(IReadOnlyList<string> identifiers) =>
        _state.Mailboxes.Values.Any(mailbox => mailbox.Acl.Any(entry => identifiers.Contains(entry.Identifier)));

    /// <summary>Drops what was expunged long enough ago; false when nothing is left that will have to be dropped.</summary>
    public bool Sweep(DateTimeOffset now)
    {
        var released = new List<MemoryContent>();
        bool more;
        lock (_lock)
        {
            var mailboxes = _state.Mailboxes.ToBuilder();
            ++_transactions;
            foreach (var (id, mailbox) in _state.Mailboxes)
            {
                if (mailbox.Graves.Length > 0)
                {
                    var fork = mailbox.Fork(_transactions);
                    fork.Sweep(now, released);
                    mailboxes[id] = fork;
                }
            }

            foreach (var deleted in _state.Deleted)
            {
                if (deleted.Expires <= now)
                {
                    deleted.State.CollectContents(released);
                }
            }

            _state = _state with { Mailboxes = mailboxes.ToImmutable(), Deleted = _state.Deleted.RemoveAll(deleted => deleted.Expires <= now) };
            more = !_state.Deleted.IsEmpty || _state.Mailboxes.Values.Any(static mailbox => mailbox.Graves.Length > 0);
        }

        released.ForEach(static content => content.Release());
        return more;
    }

    public ValueTask<AccountSnapshot> SnapshotAsync(CancellationToken cancellationToken)
    {
        var state = _state;
        if (_snapshot is not { } cached || cached.State != state)
        {
            _snapshot = cached = new CachedSnapshot(state, new AccountSnapshot(
                new ModSeq(state.ModSeq),
                [.. state.Names.Values.Select(id => state.Mailboxes[id].Info)],
                state.Subscriptions,
                state.QuotaUsed,
                state.QuotaLimit)
            {
                MessageLimit = state.MessageLimit,
            });
        }

        return ValueTask.FromResult(cached.Snapshot);
    }

    public ValueTask<MailboxLoad?> LoadAsync(MailboxId mailbox, CancellationToken cancellationToken)
    {
        var state = _state;
        return ValueTask.FromResult(state.Mailboxes.TryGetValue(mailbox, out var found)
            ? new MailboxLoad(new ModSeq(state.ModSeq), found.Info, SegmentsOf(found))
            : null);
    }

    public ValueTask<IReadOnlyList<MessageRow>> ReadAsync(
        MailboxId mailbox, ReadOnlyMemory<Uid> uids, MessageFields fields, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(uids.Length, StorageLimits.UidsPerRead);
        var state = _state;
        var isDeleted = !state.Mailboxes.TryGetValue(mailbox, out var found);
        found ??= state.Deleted.Find(deleted => deleted.State.Id == mailbox)?.State;
        var rows = new List<MessageRow>(uids.Length);
        foreach (var uid in uids.Span)
        {
            if (found is null)
            {
                break;
            }

            if (found.TryFind(uid.Value, out var block, out var row))
            {
                rows.Add(ToRow(uid, found.Block(block).Details(row), fields, isDeleted));
            }
            else if (found.FindGrave(uid.Value, out row) is { } grave)
            {
                rows.Add(ToRow(uid, grave.Details(row), fields, expunged: true));
            }
        }

        return ValueTask.FromResult<IReadOnlyList<MessageRow>>(rows);
    }

    public ValueTask<ChangeSet> ChangesSinceAsync(ModSeq since, MailboxId? scope, int limit, CancellationToken cancellationToken)
    {
        var state = _state;
        var asOf = new ModSeq(state.ModSeq);
        var scoped = scope is not { } only ? state.Mailboxes.Values
            : state.Mailboxes.TryGetValue(only, out var found) ? [found] : Array.Empty<MailboxState>();
        var oldestKept = state.OldestKept;
        foreach (var mailbox in scoped)
        {
            oldestKept = Math.Max(oldestKept, mailbox.OldestKept);
        }

        var truncated = new ChangeSet(asOf, true, new ModSeq(oldestKept), [], [], false);
        if (since.Value < oldestKept || since > asOf)
        {
            return ValueTask.FromResult(truncated);
        }

        var deltas = new List<MailboxDelta>();
        foreach (var mailbox in scoped)
        {
            if (mailbox.HighestModSeq > since.Value || mailbox.InfoModSeq > since.Value)
            {
                var delta = DeltaOf(mailbox, since.Value, limit);
                limit -= delta.Changed.Count + delta.Vanished.Length;
                if (limit < 0)
                {
                    return ValueTask.FromResult(truncated);
                }

                deltas.Add(delta);
            }
        }

        var removed = new List<MailboxId>();
        foreach (var (modSeq, id) in state.Removed.Items)
        {
            if (modSeq > since.Value && (scope is null || scope == id))
            {
                removed.Add(id);
            }
        }

        return ValueTask.FromResult(new ChangeSet(asOf, false, new ModSeq(oldestKept), deltas, removed, state.StructureModSeq > since.Value));
    }

    public ValueTask<IReadOnlyList<MetadataEntry>> ReadMetadataAsync(MailboxId? mailbox, CancellationToken cancellationToken)
    {
        var state = _state;
        var metadata = mailbox is not { } id ? state.Metadata : state.Mailboxes.GetValueOrDefault(id)?.Metadata ?? AccountState.NoMetadata;
        return ValueTask.FromResult<IReadOnlyList<MetadataEntry>>([.. metadata.Select(static pair => new MetadataEntry(pair.Key, pair.Value))]);
    }

    // Counts one past the limit at most; the caller only needs to know that it was passed.
    private static MailboxDelta DeltaOf(MailboxState mailbox, long since, int limit)
    {
        var changed = new ChangedRows();
        for (var i = 0; i < mailbox.BlockCount && changed.Count <= limit; i++)
        {
            mailbox.Block(i).CollectChanged(since, changed);
        }

        var vanished = new List<uint>();
        mailbox.CollectVanished(since, vanished, (int)Math.Clamp((long)limit - changed.Count + 1, 0, int.MaxValue));
        vanished.Sort();
        return new MailboxDelta(mailbox.Info, changed.ToSegment(), [.. vanished]);
    }

    private static async IAsyncEnumerable<ColumnSegment> SegmentsOf(MailboxState mailbox)
    {
        await ValueTask.CompletedTask;
        for (var i = 0; i < mailbox.BlockCount; i++)
        {
            yield return mailbox.Block(i).Columns();
        }
    }

    private MessageRow ToRow(Uid uid, in RowDetails details, MessageFields fields, bool expunged)
    {
        var dates = fields.HasFlag(MessageFields.Dates);
        var content = fields.HasFlag(MessageFields.Content);
        return new MessageRow(
            uid,
            dates ? RowBlock.UnpackDate(details.Date) : default,
            dates ? DateTimeOffset.FromUnixTimeSeconds(details.SaveDate) : default,
            fields.HasFlag(MessageFields.EmailId) ? new EmailId(details.KeptEmailId ?? Store.NameOf(details.EmailSerial)) : default,
            content ? Store.NameOf(details.Content) : default,
            content ? details.Prefix : default,
            fields.HasFlag(MessageFields.Summary) ? details.Summary : default,
            expunged);
    }

    private sealed record CachedSnapshot(AccountState State, AccountSnapshot Snapshot);
}

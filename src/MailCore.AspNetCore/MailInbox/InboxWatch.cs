using MailCore.Storage;

namespace MailCore.AspNetCore.MailInbox;

/// <summary>Takes a change.</summary>
internal delegate void InboxChangeHandler(InboxChangeKind kind, MessageKey key, string account, string mailbox);

/// <summary>Compares the mailboxes that are shown with what they were, when the store hints that they have changed.</summary>
/// <remarks>Threading: hints come from any thread and only leave a mark; the rest is done by one loop.</remarks>
internal sealed class InboxWatch(InboxAccounts inbox, MailAccounts accounts, InboxChangeHandler publish) : IDisposable
{
    private const int MaxIgnored = 10_000;

    private readonly Lock _lock = new();
    private readonly HashSet<AccountId> _marked = [];
    private readonly SemaphoreSlim _hinted = new(0);
    private readonly Dictionary<AccountId, Watched> _watched = [];
    private readonly HashSet<AccountId> _ignored = [];
    private IDisposable? _listening;

    /// <summary>Takes all mailboxes as they are.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        _listening = accounts.Listen(Mark);
        foreach (var account in await inbox.ListAsync(cancellationToken).ConfigureAwait(false))
        {
            if (await WatchAsync(account, cancellationToken).ConfigureAwait(false) is { } watched)
            {
                await CompareAsync(watched, isNew: true, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Waits for a hint, and publishes what it was about.</summary>
    public async ValueTask NextAsync(CancellationToken cancellationToken)
    {
        await _hinted.WaitAsync(cancellationToken).ConfigureAwait(false);
        AccountId[] marked;
        lock (_lock)
        {
            marked = [.. _marked];
            _marked.Clear();
        }

        foreach (var id in marked)
        {
            if (!_watched.TryGetValue(id, out var watched))
            {
                watched = await DiscoverAsync(id, cancellationToken).ConfigureAwait(false);
            }

            if (watched is not null)
            {
                await CompareAsync(watched, isNew: false, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    public void Dispose()
    {
        _listening?.Dispose();
        foreach (var watched in _watched.Values)
        {
            watched.Listening.Dispose();
        }
    }

    private void Mark(AccountId account)
    {
        lock (_lock)
        {
            if (!_marked.Add(account))
            {
                return;
            }
        }

        _hinted.Release();
    }

    private async ValueTask<Watched?> DiscoverAsync(AccountId id, CancellationToken cancellationToken)
    {
        if (_ignored.Contains(id))
        {
            return null;
        }

        if (await inbox.FindAsync(id, cancellationToken).ConfigureAwait(false) is { } account)
        {
            return await WatchAsync(account, cancellationToken).ConfigureAwait(false);
        }

        if (_ignored.Count == MaxIgnored)
        {
            _ignored.Clear();
        }

        _ignored.Add(id);
        return null;
    }

    private async ValueTask<Watched?> WatchAsync(InboxAccount account, CancellationToken cancellationToken)
    {
        if (await inbox.OpenAsync(account, cancellationToken).ConfigureAwait(false) is not { } open)
        {
            return null;
        }

        var watched = new Watched(account, open, open.Listen(() => Mark(account.Id)));
        _watched.Add(account.Id, watched);
        return watched;
    }

    private async ValueTask CompareAsync(Watched watched, bool isNew, CancellationToken cancellationToken)
    {
        var snapshot = await watched.Open.SnapshotAsync(cancellationToken).ConfigureAwait(false);
        foreach (var info in snapshot.Mailboxes)
        {
            if (!watched.Mailboxes.TryGetValue(info.Id, out var known))
            {
                known = await watched.Open.OpenMailbox(info.Id).OpenViewAsync(cancellationToken).ConfigureAwait(false) is { } view ? new Known(view) : null;
                if (known is not null)
                {
                    watched.Mailboxes.Add(info.Id, known);
                    if (!isNew)
                    {
                        PublishAll(watched, known.State);
                    }
                }
            }
            else if (known.IsOlderThan(info))
            {
                var older = known.State;
                known.State = await known.View.RefreshAsync(cancellationToken).ConfigureAwait(false);
                PublishChanges(watched, older, known.State);
            }
        }

        var present = snapshot.Mailboxes.Select(static info => info.Id).ToHashSet();
        foreach (var gone in watched.Mailboxes.Keys.Where(id => !present.Contains(id)).ToArray())
        {
            watched.Mailboxes.Remove(gone);
            publish(InboxChangeKind.Reset, default, watched.Account.Address, "");
        }
    }

    private void PublishAll(Watched watched, MailboxViewState state)
    {
        if (state.Count > InboxFeed.Kept)
        {
            publish(InboxChangeKind.Reset, default, watched.Account.Address, state.Info.Name);
            return;
        }

        foreach (var row in state.Range(0, state.Count))
        {
            Publish(watched, state, InboxChangeKind.Added, row.Uid);
        }
    }

    private void PublishChanges(Watched watched, MailboxViewState older, MailboxViewState newer)
    {
        if (newer.IsRemoved || older.Info.Name != newer.Info.Name)
        {
            publish(InboxChangeKind.Reset, default, watched.Account.Address, newer.Info.Name);
            return;
        }

        var count = 0;
        foreach (var change in newer.ChangesFrom(older))
        {
            if (count++ == InboxFeed.Kept)
            {
                publish(InboxChangeKind.Reset, default, watched.Account.Address, newer.Info.Name);
                return;
            }

            Publish(watched, newer, change.Kind switch
            {
                RowChangeKind.Added => InboxChangeKind.Added,
                RowChangeKind.Vanished => InboxChangeKind.Removed,
                _ => InboxChangeKind.Changed,
            }, change.Uid);
        }
    }

    private void Publish(Watched watched, MailboxViewState state, InboxChangeKind kind, Uid uid) =>
        publish(kind, new MessageKey(watched.Account.Id, state.Info.Id, uid), watched.Account.Address, state.Info.Name);

    private sealed record Watched(InboxAccount Account, MailAccount Open, IDisposable Listening)
    {
        public Dictionary<MailboxId, Known> Mailboxes { get; } = [];
    }

    /// <summary>Holds the view, which is shared with the lists and with sessions of IMAP.</summary>
    private sealed class Known(MailboxView view)
    {
        public MailboxView View => view;

        public MailboxViewState State { get; set; } = view.State;

        public bool IsOlderThan(MailboxInfo info) =>
            info.HighestModSeq != State.Info.HighestModSeq || info.Messages != State.Count || info.Name != State.Info.Name;
    }
}

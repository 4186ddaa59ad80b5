namespace MailCore.Storage;

/// <summary>One user's mailboxes. Thread-safe; shared by all sessions of the account in this process.</summary>
public sealed class MailAccount
{
    // Guards _views. A view lives as long as a session holds it.
    private readonly Lock _lock = new();
    private readonly Dictionary<MailboxId, WeakReference<MailboxView>> _views = [];
    private readonly AccountListeners _listeners;
    private MailboxId? _inbox;

    internal MailAccount(MailAccounts accounts, AccountId id, IAccountStore store)
    {
        (Accounts, Id, Store) = (accounts, id, store);
        _listeners = new AccountListeners(this);
    }

    /// <summary>Which account this is.</summary>
    public AccountId Id { get; }

    internal MailAccounts Accounts { get; }

    internal IAccountStore Store { get; }

    /// <summary>Mailboxes, subscriptions and quota at this moment.</summary>
    public ValueTask<AccountSnapshot> SnapshotAsync(CancellationToken cancellationToken = default) => Store.SnapshotAsync(cancellationToken);

    /// <summary>The mailbox of this name, or null.</summary>
    public async ValueTask<Mailbox?> FindMailboxAsync(MailboxName name, CancellationToken cancellationToken = default)
    {
        // The inbox can be neither renamed nor deleted.
        if (name.IsInbox && _inbox is { } inbox)
        {
            return new Mailbox(this, inbox);
        }

        foreach (var info in (await SnapshotAsync(cancellationToken)).Mailboxes)
        {
            if (info.Name == name.Value)
            {
                if (name.IsInbox)
                {
                    _inbox = info.Id;
                }

                return new Mailbox(this, info.Id);
            }
        }

        return null;
    }

    /// <summary>The mailbox of this id. Not looked up: operations on one that is gone say <see cref="CommitError.NoMailbox"/>.</summary>
    public Mailbox OpenMailbox(MailboxId id) => new(this, id);

    /// <summary>Makes a mailbox, not its parents.</summary>
    /// <param name="name">Its full name.</param>
    /// <param name="specialUse">RFC 6154 attribute with its backslash, or null.</param>
    /// <param name="cancellationToken">Gives up waiting for the store.</param>
    public async ValueTask<MailboxNamedResult> CreateMailboxAsync(MailboxName name, string? specialUse = null, CancellationToken cancellationToken = default) =>
        Named(await CommitAsync(new CreateMailbox(name.Value) { SpecialUse = specialUse }, cancellationToken));

    /// <summary>Renames a mailbox and all below it; the inbox is refused.</summary>
    public async ValueTask<MailboxNamedResult> RenameMailboxAsync(MailboxId id, MailboxName name, CancellationToken cancellationToken = default) =>
        Named(await CommitAsync(new RenameMailbox(id, name.Value), cancellationToken));

    /// <summary>Deletes a mailbox and its messages, not those below it; the inbox is refused.</summary>
    public async ValueTask<MailboxResult> DeleteMailboxAsync(MailboxId id, CancellationToken cancellationToken = default) =>
        Plain(await CommitAsync(new DeleteMailbox(id), cancellationToken));

    /// <summary>Adds or removes a subscription; the name need not exist.</summary>
    public async ValueTask<MailboxResult> SubscribeAsync(MailboxName name, bool on, CancellationToken cancellationToken = default) =>
        Plain(await CommitAsync(new Subscribe(name.Value, on), cancellationToken));

    /// <summary>Sets the limits in octets and in messages; null lifts one.</summary>
    public async ValueTask<MailboxResult> SetQuotaAsync(long? limit, long? messageLimit = null, CancellationToken cancellationToken = default) =>
        Plain(await CommitAsync(new SetQuota(limit, messageLimit), cancellationToken));

    /// <summary>The account's own annotations.</summary>
    public ValueTask<IReadOnlyList<MetadataEntry>> ReadMetadataAsync(CancellationToken cancellationToken = default) =>
        Store.ReadMetadataAsync(null, cancellationToken);

    /// <inheritdoc cref="Mailbox.SetMetadataAsync"/>
    public ValueTask<MailboxResult> SetMetadataAsync(IReadOnlyList<(string Entry, byte[]? Value)> entries, CancellationToken cancellationToken = default) =>
        SetMetadataAsync(null, entries, cancellationToken);

    /// <summary>
    /// Calls <paramref name="hint"/> after changes of this account until disposal, on the thread that made the change: it must not
    /// block or throw. May miss a change; ask again from time to time.
    /// </summary>
    public IDisposable Listen(Action hint)
    {
        ArgumentNullException.ThrowIfNull(hint);
        return _listeners.Listen(hint);
    }

    /// <summary>As <see cref="Listen(Action)"/>, of changes of one mailbox; those of others cost nothing.</summary>
    public IDisposable Listen(MailboxId mailbox, Action hint)
    {
        ArgumentNullException.ThrowIfNull(hint);
        return _listeners.Listen(mailbox, hint);
    }

    /// <summary>
    /// As <see cref="Listen(Action)"/>, of mailboxes made, renamed, deleted and shared, of subscriptions, and of the account's own annotations.
    /// </summary>
    public IDisposable ListenToStructure(Action hint)
    {
        ArgumentNullException.ThrowIfNull(hint);
        return _listeners.ListenToStructure(hint);
    }

    /// <summary>Commits one batch of this account.</summary>
    public async ValueTask<CommitResult> CommitAsync(IReadOnlyList<StoreChange> changes, CancellationToken cancellationToken = default) =>
        (await Accounts.CommitAsync([new ChangeBatch(Id, changes)], cancellationToken))[0];

    internal ValueTask<CommitResult> CommitAsync(StoreChange change, CancellationToken cancellationToken) => CommitAsync([change], cancellationToken);

    internal MailboxView ShareView(Mailbox mailbox)
    {
        lock (_lock)
        {
            if (_views.TryGetValue(mailbox.Id, out var weak) && weak.TryGetTarget(out var view))
            {
                return view;
            }

            foreach (var (id, other) in _views)
            {
                if (!other.TryGetTarget(out _))
                {
                    _views.Remove(id);
                }
            }

            view = new MailboxView(mailbox);
            _views[mailbox.Id] = new WeakReference<MailboxView>(view);
            return view;
        }
    }

    internal async ValueTask<MailboxResult> SetMetadataAsync(
        MailboxId? mailbox, IReadOnlyList<(string Entry, byte[]? Value)> entries, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(entries);
        var changes = new StoreChange[entries.Count];
        for (var i = 0; i < changes.Length; i++)
        {
            if (!MetadataEntry.TryParseName(entries[i].Entry, out var name))
            {
                return new MailboxResult(CommitError.NotSupported, null);
            }

            changes[i] = new SetMetadata(mailbox, name, entries[i].Value);
        }

        return Plain(await CommitAsync(changes, cancellationToken));
    }

    internal static MailboxResult Plain(CommitResult result) => new(result.Error, result.ModSeq);

    private MailboxNamedResult Named(CommitResult result) =>
        new(result.Error, result.ModSeq, result.Error == CommitError.None ? new Mailbox(this, result.Changes[0].Mailbox) : null);
}

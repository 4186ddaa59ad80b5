namespace MailCore.Storage;

/// <summary>
/// A mailbox's rows, shared by all sessions of this process that show it. Sessions keep the <see cref="MailboxViewState"/> they
/// last told their client of, and compare it with a newer one when they may speak of changes.
/// </summary>
/// <remarks>
/// Threading: <see cref="State"/> is published whole, by one refresh at a time. A refresh asked for while one is under way may
/// not be answered by it, since it may have looked before the asker's own commit; all who ask meanwhile share the one after it.
/// </remarks>
public sealed class MailboxView
{
    /// <summary>Rows past which a change set costs more than a load.</summary>
    internal const int ChangeLimit = 32 * 1024;

    private readonly Lock _lock = new();
    private volatile MailboxViewState? _state;
    private TaskCompletionSource<MailboxViewState>? _running;
    private TaskCompletionSource<MailboxViewState>? _queued;

    internal MailboxView(Mailbox mailbox) => Mailbox = mailbox;

    /// <summary>What is shown.</summary>
    public Mailbox Mailbox { get; }

    /// <summary>The newest state known, without asking the store.</summary>
    public MailboxViewState State => _state ?? throw new InvalidOperationException("The view has not been loaded.");

    /// <summary>
    /// Asks the store for changes and returns a state that has at least all that was committed before this call. Throws what the
    /// store throws; the view then stays as it was.
    /// </summary>
    public ValueTask<MailboxViewState> RefreshAsync(CancellationToken cancellationToken = default)
    {
        TaskCompletionSource<MailboxViewState> flight;
        bool mine;
        lock (_lock)
        {
            mine = _running is null;
            flight = mine ? _running = NewFlight() : _queued ??= NewFlight();
        }

        if (mine)
        {
            // Without the caller's token: others may join.
            _ = FlyAsync(flight);
        }

        return flight.Task.IsCompletedSuccessfully
            ? ValueTask.FromResult(flight.Task.Result)
            : new ValueTask<MailboxViewState>(flight.Task.WaitAsync(cancellationToken));
    }

    /// <inheritdoc cref="MailAccount.Listen(MailboxId, Action)"/>
    public IDisposable OnHint(Action hint) => Mailbox.Account.Listen(Mailbox.Id, hint);

    private static TaskCompletionSource<MailboxViewState> NewFlight() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task FlyAsync(TaskCompletionSource<MailboxViewState> flight)
    {
        try
        {
            var state = await NextStateAsync(_state);
            _state = state;
            flight.SetResult(state);
        }
        catch (Exception e)
        {
            flight.SetException(e);
        }

        TaskCompletionSource<MailboxViewState>? next;
        lock (_lock)
        {
            _running = next = _queued;
            _queued = null;
        }

        if (next is not null)
        {
            // On another thread: this one belongs to a caller who has its answer.
            _ = Task.Run(() => FlyAsync(next));
        }
    }

    private async ValueTask<MailboxViewState> NextStateAsync(MailboxViewState? known)
    {
        if (known is null)
        {
            return await LoadAsync(null);
        }

        if (known.IsRemoved)
        {
            return known;
        }

        var changes = await Mailbox.Account.Store.ChangesSinceAsync(known.AsOf, Mailbox.Id, ChangeLimit, CancellationToken.None);
        if (changes.Truncated)
        {
            return await LoadAsync(known);
        }

        if (changes.Removed.Contains(Mailbox.Id))
        {
            return known.AsRemoved(changes.AsOf);
        }

        foreach (var delta in changes.Mailboxes)
        {
            if (delta.Info.Id == Mailbox.Id)
            {
                return known.With(changes.AsOf, delta);
            }
        }

        return changes.AsOf == known.AsOf ? known : known.With(changes.AsOf);
    }

    private async ValueTask<MailboxViewState> LoadAsync(MailboxViewState? known)
    {
        if (await Mailbox.Account.Store.LoadAsync(Mailbox.Id, CancellationToken.None) is not { } load)
        {
            return known is null ? MailboxViewState.Missing(Mailbox.Id) : known.AsRemoved(known.AsOf);
        }

        return new MailboxViewState(load.AsOf, load.Info, await RowSegments.LoadAsync(load.Segments, known?.Rows));
    }
}

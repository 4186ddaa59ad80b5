using System.Collections.Immutable;
using System.Diagnostics.Metrics;
using System.IO.Pipelines;
using MailCore.Mime;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace MailCore.Storage;

/// <summary>
/// The way in to everything stored: one per process, thread-safe. Every change goes through <see cref="CommitAsync"/>, which
/// wakes those who wait for changes of the accounts it touched.
/// </summary>
/// <remarks>
/// An account is opened once and shared while anybody holds it. Only weak references are kept here, so there is nothing to give
/// back: ten thousand accounts that took a delivery each cost what a garbage collection has not yet reclaimed.
/// </remarks>
public sealed partial class MailAccounts : IMessageStaging
{
    private const int SweepFloor = 256;

    // Guards _open and _sweepAt; never held while the store works.
    private readonly Lock _lock = new();
    private readonly Dictionary<AccountId, Entry> _open = [];
    private readonly ILogger _logger;
    private readonly StoreMetrics _metrics;
    private int _sweepAt = SweepFloor;

    // Replaced as a whole, under _lock; called outside it.
    private ImmutableArray<Action<AccountId>> _listeners = [];

    /// <summary>Works on one store.</summary>
    public MailAccounts(IMailStore store, IChangeSignal signal, TimeProvider time, ILogger<MailAccounts>? logger = null, IMeterFactory? meters = null)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(signal);
        ArgumentNullException.ThrowIfNull(time);
        (Store, Signal, Time, _logger) = (store, signal, time, logger ?? NullLogger<MailAccounts>.Instance);
        _metrics = new StoreMetrics(meters);
    }

    /// <summary>What the store can do.</summary>
    public StoreTraits Traits => Store.Traits;

    internal IMailStore Store { get; }

    /// <summary>The store's index of texts, if it has that ability.</summary>
    /// <summary>Whether the store knows from an index where texts are (<see cref="IMessageSearch"/>).</summary>
    public bool HasTextIndex => Search is { HasIndex: true };

    internal IMessageSearch? Search => Store as IMessageSearch;

    internal IChangeSignal Signal { get; }

    internal TimeProvider Time { get; }

    /// <summary>Entries kept, live or not yet swept.</summary>
    internal int Cached
    {
        get
        {
            lock (_lock)
            {
                return _open.Count;
            }
        }
    }

    /// <summary>
    /// The account, the same object for all who hold it at the same time; null when the store has none and makes none. Hold it as
    /// long as it is of use; there is nothing to dispose.
    /// </summary>
    public async ValueTask<MailAccount?> OpenAsync(AccountId account, CancellationToken cancellationToken = default)
    {
        Task<MailAccount?> opening;
        TaskCompletionSource<MailAccount?>? mine = null;
        lock (_lock)
        {
            if (_open.TryGetValue(account, out var entry))
            {
                if (entry.Account is { } weak && weak.TryGetTarget(out var open))
                {
                    return open;
                }
            }

            if (entry?.Opening is null)
            {
                mine = new TaskCompletionSource<MailAccount?>(TaskCreationOptions.RunContinuationsAsynchronously);
                _open[account] = entry = new Entry(null, mine.Task);
            }

            opening = entry.Opening!;
        }

        if (mine is not null)
        {
            // Not cancelled with its first caller: others may have joined.
            _ = OpenAsync(account, mine);
        }

        return await opening.WaitAsync(cancellationToken);
    }

    /// <summary>
    /// Commits batches as <see cref="IMailStore.CommitAsync"/> does, then signals each account that changed. Results stand in the
    /// order of the batches; throws what the store throws.
    /// </summary>
    public async ValueTask<IReadOnlyList<CommitResult>> CommitAsync(IReadOnlyList<ChangeBatch> batches, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(batches);
        var started = _metrics.Now();
        IReadOnlyList<CommitResult> results;
        try
        {
            results = await Store.CommitAsync(batches, cancellationToken);
        }
        catch
        {
            _metrics.Failed(batches.Count, started);
            throw;
        }

        _metrics.Committed(results, started);
        for (var i = 0; i < results.Count; i++)
        {
            if (results[i].ModSeq is { } modSeq)
            {
                await RaiseAsync(batches[i].Account, ChangeHint.Of(batches[i], results[i], modSeq));
            }
        }

        return results;
    }

    /// <summary>
    /// Calls <paramref name="hint"/> after commits of this process, of any account, until disposal: for those who must learn of accounts that
    /// they do not know. Runs on the thread that made the change and must not block or throw. What other processes change is told by
    /// <see cref="MailAccount.Listen(Action)"/> alone.
    /// </summary>
    public IDisposable Listen(Action<AccountId> hint)
    {
        ArgumentNullException.ThrowIfNull(hint);
        // A delegate of its own: the same may listen twice.
        Action<AccountId> listener = account => hint(account);
        lock (_lock)
        {
            _listeners = _listeners.Add(listener);
        }

        return new Listening(this, listener);
    }

    /// <summary>
    /// Receives a message, computing its summary while the octets pass. If reading fails or is cancelled nothing stays behind and
    /// the reader's exception is passed on. The pipe is the caller's to complete.
    /// </summary>
    public async ValueTask<StagedMessage> StageAsync(PipeReader message, StageHint hint, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(message);
        var summarizer = new MessageSummarizer();
        var content = await Store.StageAsync(new SummarizingPipeReader(message, summarizer), hint, cancellationToken);
        try
        {
            return new StagedMessage(content, summarizer.Complete().Encode());
        }
        catch
        {
            await content.DisposeAsync();
            throw;
        }
    }

    /// <summary>Opens a message's octets; null when they are gone.</summary>
    public async ValueTask<MessageContent?> OpenContentAsync(ContentId content, ReadOnlyMemory<byte> prefix, CancellationToken cancellationToken = default) =>
        await Store.OpenContentAsync(content, cancellationToken) is { } reader ? new MessageContent(prefix, reader) : null;

    /// <summary>Accounts that may have a mailbox whose access control list names one of the identifiers (<see cref="SetAcl"/>).</summary>
    public ValueTask<IReadOnlyList<AccountId>> FindSharingAsync(IReadOnlyList<string> identifiers, CancellationToken cancellationToken = default) =>
        Store.FindSharingAsync(identifiers, cancellationToken);

    private async Task OpenAsync(AccountId id, TaskCompletionSource<MailAccount?> opening)
    {
        try
        {
            var store = await Store.OpenAsync(id, CancellationToken.None);
            var account = store is null ? null : new MailAccount(this, id, store);
            lock (_lock)
            {
                if (account is null)
                {
                    _open.Remove(id);
                }
                else
                {
                    _open[id] = new Entry(new WeakReference<MailAccount>(account), null);
                    Sweep();
                }
            }

            opening.SetResult(account);
        }
        catch (Exception e)
        {
            lock (_lock)
            {
                _open.Remove(id);
            }

            opening.SetException(e);
        }
    }

    // Under the lock. Amortised: the next sweep comes when the live ones have doubled.
    private void Sweep()
    {
        if (_open.Count < _sweepAt)
        {
            return;
        }

        foreach (var (id, entry) in _open)
        {
            if (entry.Account is { } weak && !weak.TryGetTarget(out _))
            {
                _open.Remove(id);
            }
        }

        _sweepAt = Math.Max(SweepFloor, _open.Count * 2);
    }

    private async ValueTask RaiseAsync(AccountId account, ChangeHint hint)
    {
        try
        {
            await Signal.RaiseAsync(account, hint);
        }
        catch (Exception e)
        {
            // The commit stands, and a hint may get lost.
            SignalFailed(e, account);
        }

        ImmutableArray<Action<AccountId>> listeners;
        lock (_lock)
        {
            listeners = _listeners;
        }

        foreach (var listener in listeners)
        {
            listener(account);
        }
    }

    [LoggerMessage(EventId = 3001, Level = LogLevel.Warning, Message = "The change signal for account {Account} failed; listeners will notice the change later.")]
    private partial void SignalFailed(Exception exception, AccountId account);

    private sealed class Listening(MailAccounts owner, Action<AccountId> listener) : IDisposable
    {
        public void Dispose()
        {
            lock (owner._lock)
            {
                owner._listeners = owner._listeners.Remove(listener);
            }
        }
    }

    private sealed record Entry(WeakReference<MailAccount>? Account, Task<MailAccount?>? Opening);
}

using System.Collections.Concurrent;
using System.Globalization;
using System.IO.Pipelines;
using System.Security.Cryptography;

namespace MailCore.Storage.InMemory;

/// <summary>
/// A store that lasts as long as the process, for tests and for hosts that forward what they receive. Makes accounts on first
/// use. Honours the whole contract except durability and several nodes.
/// </summary>
public sealed class InMemoryMailStore : IMailStore
{
    private static readonly TimeSpan SweepInterval = TimeSpan.FromMinutes(5);

    private readonly ConcurrentDictionary<AccountId, MemoryAccount> _accounts = new();
    private readonly ConcurrentDictionary<long, MemoryContent> _contents = new();
    private readonly ConcurrentDictionary<AccountId, byte> _sharing = new();
    private readonly string _instance = RandomNumberGenerator.GetHexString(8, lowercase: true);

    // Guards _toSweep and _timer; the timer runs only while there is something to drop.
    private readonly Lock _sweepLock = new();
    private readonly HashSet<MemoryAccount> _toSweep = [];
    private ITimer? _timer;
    private long _serial;

    /// <summary>Starts empty.</summary>
    public InMemoryMailStore(TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        Time = time;
    }

    /// <inheritdoc/>
    public StoreTraits Traits =>
        StoreTraits.SharedContent | StoreTraits.FaithfulContent | StoreTraits.Quota | StoreTraits.Keywords | StoreTraits.Mailboxes
        | StoreTraits.Acl | StoreTraits.Metadata | StoreTraits.Writes | StoreTraits.Copy | StoreTraits.Import;

    /// <summary>How long rows and content stay readable after their expunge.</summary>
    internal static TimeSpan ReadableAfterExpunge { get; } = TimeSpan.FromMinutes(35);

    /// <summary>Expunged UIDs remembered for the change feed.</summary>
    internal int TombstonesPerMailbox { get; init; } = 250_000;

    internal TimeProvider Time { get; }

    /// <summary>Contents held.</summary>
    internal int ContentCount => _contents.Count;

    /// <inheritdoc/>
    public ValueTask<IAccountStore?> OpenAsync(AccountId account, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(account.Value, nameof(account));
        return ValueTask.FromResult<IAccountStore?>(_accounts.GetOrAdd(account, static (id, store) => new MemoryAccount(store, id), this));
    }

    /// <inheritdoc/>
    public async ValueTask<StagedContent> StageAsync(PipeReader bytes, StageHint hint, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(bytes);
        var (chunks, length) = await MemoryStaging.ReadAsync(bytes, cancellationToken);
        return new MemoryContent.Staged(new MemoryContent(this, NextSerial(), chunks, length));
    }

    /// <inheritdoc/>
    public ValueTask<IContentReader?> OpenContentAsync(ContentId id, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IContentReader?>(TrySerial(id.Value, out var serial) && _contents.TryGetValue(serial, out var content) && content.TryClaim()
            ? new MemoryContent.Reader(content)
            : null);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<CommitResult>> CommitAsync(IReadOnlyList<ChangeBatch> batches, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(batches);
        cancellationToken.ThrowIfCancellationRequested();
        var claimed = ClaimStaged(batches);
        try
        {
            var results = new CommitResult[batches.Count];
            for (var i = 0; i < results.Length; i++)
            {
                results[i] = _accounts.TryGetValue(batches[i].Account, out var account)
                    ? account.Commit(batches[i].Changes)
                    : new CommitResult(CommitError.NoAccount, 0, null, []);
            }

            return ValueTask.FromResult<IReadOnlyList<CommitResult>>(results);
        }
        finally
        {
            claimed.ForEach(static content => content.Release());
        }
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<AccountId>> FindSharingAsync(IReadOnlyList<string> identifiers, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(identifiers);
        return ValueTask.FromResult<IReadOnlyList<AccountId>>(
            [.. _sharing.Keys.Where(id => _accounts.TryGetValue(id, out var account) && account.SharesWith(identifiers))]);
    }

    /// <summary>An account with an access control list, once there has been one.</summary>
    internal void NoteSharing(AccountId account) => _sharing.TryAdd(account, 0);

    internal long NextSerial() => Interlocked.Increment(ref _serial);

    internal string NameOf(long serial) => string.Create(CultureInfo.InvariantCulture, $"{_instance}-{serial:x}");

    internal ContentId NameOf(MemoryContent content) => new(NameOf(content.Serial));

    internal MailboxId NewMailboxId() => new(NameOf(NextSerial()));

    internal void Register(MemoryContent content)
    {
        if (content.TryRegister())
        {
            _contents[content.Serial] = content;
        }
    }

    internal void Forget(MemoryContent content) => _contents.TryRemove(content.Serial, out _);

    internal void SweepLater(MemoryAccount account)
    {
        lock (_sweepLock)
        {
            _toSweep.Add(account);
            _timer ??= Time.CreateTimer(static store => ((InMemoryMailStore)store!).Sweep(), this, SweepInterval, SweepInterval);
        }
    }

    // A caller's mistake is found before the first batch takes effect.
    private List<MemoryContent> ClaimStaged(IReadOnlyList<ChangeBatch> batches)
    {
        var claimed = new List<MemoryContent>();
        foreach (var batch in batches)
        {
            foreach (var change in batch.Changes)
            {
                if (change is not AppendMessage append)
                {
                    continue;
                }

                if (append.Content is MemoryContent.Staged staged && staged.Content.Store == this && staged.Content.TryClaim())
                {
                    claimed.Add(staged.Content);
                }
                else
                {
                    claimed.ForEach(static content => content.Release());
                    throw new ArgumentException("The content was not staged in this store, or was disposed.", nameof(batches));
                }
            }
        }

        return claimed;
    }

    private bool TrySerial(string? name, out long serial)
    {
        serial = 0;
        return name is not null && name.Length > _instance.Length && name.StartsWith(_instance, StringComparison.Ordinal) && name[_instance.Length] == '-'
            && long.TryParse(name.AsSpan(_instance.Length + 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out serial);
    }

    private void Sweep()
    {
        MemoryAccount[] accounts;
        lock (_sweepLock)
        {
            accounts = [.. _toSweep];
            _toSweep.Clear();
        }

        var now = Time.GetUtcNow();
        var more = accounts.Where(account => account.Sweep(now)).ToList();
        lock (_sweepLock)
        {
            _toSweep.UnionWith(more);
            if (_toSweep.Count == 0)
            {
                _timer?.Dispose();
                _timer = null;
            }
        }
    }
}
